# A package built by a shell script in phases, in a container whose `/` is the
# merged trees of `rootfs` and nothing else.
#
# Each phase is shell text that may be replaced: unpackPhase, patchPhase,
# configurePhase, buildPhase, checkPhase (run if `doCheck`), installPhase,
# splitPhase (run if there are sub-outputs), fixupPhase. What they are without that
# follows from `style`. `preBuild` and `postBuild`, and likewise for every phase, are
# text before and after one. `src` is a tree, usually from `unpack`. `tools` are the
# packages that phases name by store path. docs/packages.md has the table of all
# attributes; those that are not in it become variables of the environment. The
# tools' names and flags, CC, CXX, AR, RANLIB, NM, STRIP, OBJCOPY, CFLAGS, CXXFLAGS
# and LDFLAGS, are always there, and are those for the machine that the package is to
# run on; CC_FOR_BUILD is for what runs during the build.
#
# A package is a tree as it lies below `/`, so programs are in `usr/bin`; the
# links `bin` and `lib` make it a small root by itself.
#
# The result has an attribute `inputs`: every derivation that it is built from.
{ system }:

let
  conventionsOf = import ./conventions.nix;

  placeOf =
    arguments:
    let
      position = builtins.unsafeGetAttrPos "pname" arguments;
    in
    if position == null then "" else " at ${position.file}:${toString position.line}";

  styled =
    pname: style: phase:
    let
      styles = import ./styles.nix { inherit pname; };
      phases =
        styles.${style}
          or (throw "the package '${pname}' has the style '${style}'; there are ${builtins.concatStringsSep ", " (builtins.attrNames styles)}");
    in
    phases.${phase};
in
{
  pname ? throw "mkDerivation needs a `pname`",
  version ? throw "the package '${pname}'${placeOf arguments} has no `version`, which mkDerivation needs",
  rootfs,
  shell ? "/bin/sh",
  tools ? [ ],
  # Packages that it is compiled and linked against: they join the container's `/`,
  # or what lies in it at `sysroot` for programs of another machine.
  libraries ? [ ],
  sysroot ? null,
  # What has to be in the root where it runs: packages, and paths that any may give.
  runtime ? [ ],
  patches ? [ ],
  doCheck ? false,
  # Whether what is built runs where it is built.
  canRun ? true,
  configureFlags ? [ ],
  makeFlags ? [ ],
  # Modification times are kept: all are equal in the store, so that make finds
  # nothing to regenerate.
  unpackPhase ?
    if arguments ? src then
      ''
        cp -Rp "$src" source
        chmod -R u+w source
        cd source
      ''
    else
      "",
  patchPhase ? ''
    for patch in $patches; do patch -p1 < "$patch"; done
  '',
  configurePhase ? styled pname style "configurePhase",
  buildPhase ? styled pname style "buildPhase",
  checkPhase ? styled pname style "checkPhase",
  installPhase ? styled pname style "installPhase",
  splitPhase ? import ./sub-outputs.nix outputs,
  fixupPhase ? ''
    for name in bin lib; do
      if [ -d "$out/usr/$name" ] && [ ! -e "$out/$name" ]; then ln -s "usr/$name" "$out/$name"; fi
    done
  '',
  outputs ? [ "out" ],
  style ? "configure",
  meta ? { },
  lints ? { },
  ...
}@arguments:

let
  name = "${pname}-${version}";
  conventions = conventionsOf { inherit name arguments; };

  compilers = {
    AR = "ar";
    CC = "cc";
    CC_FOR_BUILD = "cc";
    CFLAGS = "";
    CXX = "c++";
    CXXFLAGS = "";
    LDFLAGS = "-static";
    NM = "nm";
    OBJCOPY = "objcopy";
    RANLIB = "ranlib";
    STRIP = "strip";
  };

  variables =
    compilers
    // builtins.removeAttrs (conventions.variables arguments) [
      "pname"
      "shell"
      "tools"
      "unpackPhase"
      "patchPhase"
      "configurePhase"
      "buildPhase"
      "checkPhase"
      "installPhase"
      "fixupPhase"
      "doCheck"
      "canRun"
    ]
    // {
      inherit patches configureFlags makeFlags;
    };

  # Who watches is told which phase runs; such lines do not go to the log.
  phase = name: text: ''
    echo '@nix { "action": "setPhase", "phase": "${name}" }' >&2
    ${conventions.hooked name text}'';

  script = builtins.concatStringsSep "\n" (
    [
      (phase "unpackPhase" unpackPhase)
      (phase "patchPhase" patchPhase)
      (phase "configurePhase" configurePhase)
      (phase "buildPhase" buildPhase)
    ]
    ++ (
      if !doCheck then
        [ ]
      else if canRun then
        [ (phase "checkPhase" checkPhase) ]
      else
        [ "echo 'checkPhase is left out: what was built does not run on the machine that built it'" ]
    )
    ++ [ (phase "installPhase" installPhase) ]
    ++ (if outputs == [ "out" ] then [ ] else [ (phase "splitPhase" splitPhase) ])
    ++ [ (phase "fixupPhase" fixupPhase) ]
  );

  merged =
    if libraries == [ ] || sysroot == null then
      libraries
    else
      [
        (import ./merge.nix {
          name = "libraries";
          trees = libraries;
          under = sysroot;
        })
      ];

  package = derivation (
    variables
    // {
      inherit name system;
      rootfs = rootfs ++ merged;
      builder = shell;
      args = [
        "-eu"
        "-c"
        script
      ];
    }
  );

  # What the strings of the package refer to must be among what is declared:
  # otherwise a walk over `inputs` would overlook it.
  declared = rootfs ++ merged ++ libraries ++ tools ++ builtins.filter builtins.isAttrs ([ (arguments.src or null) ] ++ patches);
  pathOf = input: builtins.unsafeDiscardStringContext (input.drvPath or (toString input));
  mentioned = builtins.getContext (
    builtins.concatStringsSep "" ([ script ] ++ map toString (builtins.attrValues (builtins.removeAttrs variables [ "rootfs" ])))
  );
  undeclared = builtins.attrNames (
    builtins.removeAttrs mentioned (map pathOf declared ++ builtins.filter (path: !(mentioned.${path} ? outputs)) (builtins.attrNames mentioned))
  );
in
package
// {
  inherit
    pname
    version
    tools
    libraries
    runtime
    ;
  inherit (conventions) position;
  container = rootfs;
  meta = import ./meta.nix { inherit name meta; };
  lints = import ./lints.nix { inherit name lints; };
  inputs =
    if undeclared == [ ] then
      declared
    else
      throw "the package '${package.name}' uses ${builtins.head undeclared}, which is neither in `rootfs` nor in `libraries` nor in `tools`";
}
