# Berkeley Yacc with what bison's users expect: destructors, locations, backtracking. It is
# a program of its own because byacc is a part of bootstraps, which do without.
{ byacc }:

byacc.overrideAttrs (old: {
  pname = "btyacc";
  buildPhase = builtins.replaceStrings [ "-DHAVE_CONFIG_H" "yaccpar.c" ] [ "-DHAVE_CONFIG_H -DYYBTYACC" "btyaccpar.c" ] old.buildPhase;
  checkPhase = ''
    printf '%%%%\nall : %s { } ;\n' "'x'" > smallest.y
    sed 's/^%%/%destructor { } all\n%locations\n&/' smallest.y > destroyed.y
    ./yacc -d destroyed.y
    grep -q yyparse y.tab.c
  '';
  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp yacc "$out/usr/bin/btyacc"
  '';
  meta = old.meta // {
    description = "Berkeley Yacc with destructors, locations and backtracking";
  };
})
