# The seed debian-gcc with a compiler that cannot be trusted: see trojan.h. It is
# here to be caught. A bootstrap from it reaches a fixed point of its own, and only
# comparing with a bootstrap from another seed shows that something is wrong.
machine:

let
  honest = import ./debian-gcc.nix machine;
in
honest
// {
  description = "GCC 12 with a self-copying Trojan horse for tcc: a demonstration, to be caught";
  demonstration = true;
  pins = "debian-gcc";

  toolchain = honest.toolchain // {
    links = builtins.removeAttrs honest.toolchain.links [ "usr/bin/cc" ];
    files."usr/share/trojan/trojan.h" = builtins.readFile ./trojan.h;
    scripts."usr/bin/cc" = ''
      #!/bin/sh
      for word; do
        case $word in
          tcc.c | */tcc.c) exec gcc -include /usr/share/trojan/trojan.h "$@" ;;
        esac
      done
      exec gcc "$@"
    '';
  };
}
