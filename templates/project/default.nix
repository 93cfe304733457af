# What this project builds: `chx build` builds all of it, `chx build letter` one.
#
# `inputs` are the trees that chx.toml names, as chx.lock pins them; `pkgs` is the
# package set that comes with chx.
{
  inputs,
  pkgs ? import <chx> { },
  ...
}:

let
  greet = import inputs.greeting;
in
{
  # A tree made of text; chx writes it by itself.
  letter = pkgs.writeTree {
    name = "letter";
    entries = [
      {
        path = "letter.txt";
        kind = "file";
        content = greet "world" + "\n";
      }
    ];
  };

  # A C program, compiled in a container that holds a toolchain and nothing else.
  program = pkgs.mkDerivation {
    pname = "program";
    version = "1";
    src = ./src;
    greeting = greet "world";
    configurePhase = "";
    buildPhase = ''cc -static -DGREETING="\"$greeting\"" -o program main.c'';
    installPhase = "mkdir -p $out/usr/bin && cp program $out/usr/bin/";
  };
}
