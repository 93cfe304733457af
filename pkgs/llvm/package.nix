# clang, lld and LLVM's archive tools: one static program under many names.
#
# LLVM's own build system is not used: its sources lie in folders that say what they
# are, `parts.nix` names the folders, `tablegen/` what is generated of descriptions,
# and `compile.sh` writes makefiles of that. Neither cmake, ninja nor python is
# needed, and each part is a derivation, so that nobody has to compile all of it in
# one go.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  # What code can be made for, in LLVM's words.
  targets ? [ profile.llvm ],
}:

let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    map
    ;

  parts = import ./parts.nix;
  upstream = import ./source.nix { inherit fetchurl unpack; };
  inherit (upstream) version;

  source = upstream.part "llvm" [
    "llvm/include/**/*.h"
    "llvm/include/**/*.def"
    "llvm/include/**/*.inc"
    "llvm/include/**/*.td"
    "llvm/lib"
    "llvm/tools/llvm-ar"
    "llvm/tools/llvm-driver"
    "llvm/tools/llvm-nm"
    "llvm/tools/llvm-objcopy"
    "llvm/utils/TableGen"
    "clang/include"
    "clang/lib"
    "clang/tools/driver"
    "clang/utils/TableGen"
    "lld/Common"
    "lld/ELF"
    "lld/include"
    "lld/tools/lld"
  ];

  words = concatStringsSep " ";
  folders = part: words (concatMap (pch: map (folder: "${pch}=${folder}") part.${pch}) (attrNames part));
  exceptions = words (map (file: "${file}=${parts.exceptions.${file}}") (attrNames parts.exceptions));

  compiled =
    {
      pname,
      tools,
      prepare ? "",
      build ? "compile",
      install ? ''
        mkdir -p "$out"
        cp -R lib "$out/"
      '',
      ...
    }@arguments:
    mkDerivation (
      builtins.removeAttrs arguments [
        "build"
        "install"
        "prepare"
        "tools"
      ]
      // {
        inherit version source exceptions;
        byPath = [ source ] ++ tools;
        headers = ./pch;
        configurePhase = prepare;
        buildPhase = ''
          . ${./compile.sh}
          ${build}
        '';
        installPhase = install;
        fixupPhase = "";
      }
    );

  # Tables for everything that is not one target's, and their generators.
  tablegen = compiled {
    pname = "llvm-tablegen";
    tools = [ ];
    inherit (profile) triplet;
    folders = folders parts.tablegen;
    generators = folders parts.generators;
    prepare = ''
      mkdir generated bin
      generated=$PWD/generated
      . ${./configure.sh}
      configure generated
      . ${./targets.sh}
      targets='${words (attrNames parts.targets)}' select_targets generated
    '';
    build = ''
      compile
      folders=$generators
      rules > Makefile
      base="-Wl,--start-group lib/*.a -Wl,--end-group -lpthread -ldl -lm"

      # The smallest one makes what the others are compiled with.
      smallest=
      for name in ARMTargetDefEmitter Attributes DirectiveEmitter IntrinsicEmitter RISCVTargetDefEmitter TableGen VTEmitter; do
        smallest="$smallest objects/llvm/utils/TableGen/$name.cpp.o"
      done
      make -j"$NIX_BUILD_CORES" $smallest "$(library llvm/utils/TableGen/Basic)"
      c++ -static -o bin/llvm-min-tblgen $smallest $base
      grep ' llvm-min-tblgen ' ${./tablegen/common.txt} | tabulate bin generated

      make -j"$NIX_BUILD_CORES" all
      c++ -static -o bin/clang-tblgen objects/clang/utils/TableGen/*.o $base
      rm "$(library clang/utils/TableGen)"
      c++ -static -o bin/llvm-tblgen objects/llvm/utils/TableGen/*.o $base
      grep -v ' llvm-min-tblgen ' ${./tablegen/common.txt} | tabulate bin generated
    '';
    install = ''
      mkdir -p "$out/lib" "$out/bin"
      cp bin/llvm-tblgen "$out/bin/"
      strip "$out/bin/llvm-tblgen"
      cp -R generated "$out/"
      for folder in llvm/lib/Demangle llvm/lib/Support llvm/lib/Support/BLAKE3; do cp "$(library "$folder")" "$out/lib/"; done
    '';
  };

  tables = "${tablegen}/generated";

  part =
    name:
    compiled {
      pname = "llvm-${name}";
      tools = [ tablegen ];
      generated = tables;
      folders = folders parts.${name};
    };

  target =
    name:
    compiled {
      pname = "llvm-${name}";
      tools = [ tablegen ];
      folders = words (
        map (folder: "codegen=llvm/lib/Target/${folder}") (
          [ name ] ++ map (folder: "${name}/${folder}") parts.targets.${name}
        )
      );
      prepare = ''
        mkdir own
        generated="$PWD/own ${tables}"
      '';
      build = ''
        tabulate ${tablegen}/bin own < ${./tablegen + "/${name}.txt"}
        compile
      '';
    };

  # Headers of clang's own that are generated too, for the machines that have some.
  headers =
    let
      lists = builtins.filter builtins.pathExists (map (name: ./headers + "/${name}.txt") targets);
    in
    if lists == [ ] then
      [ ]
    else
      [
        (compiled {
          pname = "llvm-headers";
          tools = [ tablegen ];
          generated = tables;
          folders = folders parts.headers;
          build = ''
            compile
            mkdir bin
            rm "$(library clang/utils/TableGen)"
            c++ -static -o bin/clang-tblgen objects/clang/utils/TableGen/*.o -Wl,--start-group lib/*.a ${tablegen}/lib/*.a -Wl,--end-group -lpthread -ldl -lm
            cat ${words (map (list: "${list}") lists)} | tabulate bin .
          '';
          install = ''
            mkdir -p "$out"
            cp -R include "$out/"
          '';
        })
      ];

  libraries =
    map part [
      "core"
      "passes"
      "codegen"
      "frontend"
      "semantics"
      "backend"
    ]
    ++ map target targets;
in
compiled {
  pname = "llvm";
  tools = [ tablegen ] ++ libraries ++ headers;
  folders = folders parts.programs;
  inherit targets;

  prepare = ''
    mkdir own
    generated="$PWD/own ${tables}"
    . ${./targets.sh}
    select_targets own
    mkdir -p own/tools/llvm-driver own/lld/include
    : > own/lld/include/VCSVersion.inc
    cp ${tables}/lld/ELF/Options.inc own/lld/include/
    {
      for name in clang clang++ clang-cpp cc c++ cpp; do echo "LLVM_DRIVER_TOOL(\"$name\", clang)"; done
      for name in ld ld.lld lld; do echo "LLVM_DRIVER_TOOL(\"$name\", lld)"; done
      for name in ar ranlib; do echo "LLVM_DRIVER_TOOL(\"$name\", llvm_ar)"; done
      for name in objcopy strip; do echo "LLVM_DRIVER_TOOL(\"$name\", llvm_objcopy)"; done
      echo 'LLVM_DRIVER_TOOL("nm", llvm_nm)'
    } > own/tools/llvm-driver/LLVMDriverTools.def
  '';

  # lld's folders lie one level higher than all others, and see each other's headers.
  build = ''
    common_cxx="$common_cxx -I$source/lld/ELF"
    compile
    c++ $common_cxx -I"$source/llvm/include" -I${tables}/include -c ${./drivers.cpp} -o drivers.o
    c++ -static -s -Wl,--gc-sections -o llvm drivers.o -Wl,--start-group lib/*.a ${
      words (map (library: "${library}/lib/*.a") ([ tablegen ] ++ libraries))
    } -Wl,--end-group -lpthread -ldl -lm
  '';

  doCheck = true;
  checkPhase = ''
    ln -s llvm clang
    ln -s llvm ld.lld
    printf 'int answer(void) { return 6 * 7; }\n' > answer.c
    ./clang -c answer.c
    ./ld.lld -shared -o answer.so answer.o
  '';

  install = ''
    resources=$out/usr/lib/clang/${builtins.head (builtins.split "\\." version)}
    mkdir -p "$out/usr/bin" "$resources/include"
    cp llvm "$out/usr/bin/"
    for name in clang clang++ clang-cpp cc c++ cpp lld ld.lld ld \
      llvm-ar llvm-ranlib llvm-nm llvm-objcopy llvm-strip ar ranlib nm objcopy strip; do
      ln -s llvm "$out/usr/bin/$name"
    done
    (cd "$source/clang/lib/Headers" && find . -name '*.h') | while read -r header; do
      mkdir -p "$resources/include/''${header%/*}"
      cp "$source/clang/lib/Headers/$header" "$resources/include/$header"
    done
  ''
  + builtins.concatStringsSep "" (map (tree: "cp -R ${tree}/include/. \"$resources/include/\"\n") headers);

  meta = {
    description = "clang, lld and LLVM's tools for object files, as one program";
    homepage = "https://llvm.org/";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
// {
  inherit tablegen libraries source;
}
