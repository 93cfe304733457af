# A package built by a shell script in phases, in a container whose `/` is the
# merged trees of `rootfs` and nothing else.
#
# Each phase is shell text that may be replaced: unpackPhase, patchPhase,
# configurePhase, buildPhase, checkPhase (run if `doCheck`), installPhase,
# splitPhase (run if there are sub-outputs), fixupPhase. What they are without that
# follows from `style`. `preBuild` and `postBuild`, and likewise for every phase, are
# text before and after one. `src` is a tree, usually from `unpack`. `tools` run during
# the build and join its `/`. docs/packages.md has the table of all attributes; those
# that are not in it become variables of the environment. The tools' names and flags,
# CC, CXX, AR, RANLIB, NM, STRIP, OBJCOPY, CFLAGS, CXXFLAGS and LDFLAGS, are always
# there, and are those for the machine that the package is to run on; CC_FOR_BUILD is
# for what runs during the build.
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

  words = import ./words.nix;
  styles = import ./styles.nix;
  inherit (import ./closure.nix) librariesOf toolsOf;

  # Text of a phase that the package does not write itself.
  styled =
    arguments: phase:
    let
      style = arguments.style or "configure";
      all = styles arguments;
      phases =
        all.${style}
          or (throw "the package '${arguments.pname}' has the style '${style}'; there are ${builtins.concatStringsSep ", " (builtins.attrNames all)}");
    in
    phases.${phase};
in
{
  pname ? throw "mkDerivation needs a `pname`",
  version ? throw "the package '${pname}'${placeOf arguments} has no `version`, which mkDerivation needs",
  rootfs,
  shell ? "/bin/sh",
  # Packages that run during the build: they join the container's `/`, and so does what
  # they need to run.
  tools ? [ ],
  # Packages that phases name by store path. Their files are nowhere else.
  byPath ? [ ],
  # Packages that it is compiled and linked against: they join the container's `/`,
  # or what lies in it at `sysroot` for programs of another machine. So do their own.
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
  # Words that are added to CFLAGS, LDFLAGS and other variables of this kind.
  toolFlags ? { },
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
  configurePhase ? styled arguments "configurePhase",
  buildPhase ? styled arguments "buildPhase",
  checkPhase ? styled arguments "checkPhase",
  installPhase ? styled arguments "installPhase",
  splitPhase ? import ./sub-outputs.nix outputs,
  fixupPhase ? ''
    for name in bin lib; do
      if [ -d "$out/usr/$name" ] && [ ! -e "$out/$name" ]; then ln -s "usr/$name" "$out/$name"; fi
    done
  '',
  outputs ? [ "out" ],
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
    // builtins.mapAttrs (
      name: more: "${arguments.${name} or compilers.${name} or ""} ${builtins.concatStringsSep " " more}"
    ) toolFlags
    // {
      inherit patches;
      configureFlags = words.variable configureFlags;
      makeFlags = words.variable makeFlags;
    }
    // searched;

  # What finds libraries is told where those of another machine lie.
  searched =
    if tools == [ ] || sysroot == null then
      { }
    else
      {
        PKG_CONFIG_LIBDIR = "/${sysroot}/usr/lib/pkgconfig:/${sysroot}/usr/share/pkgconfig";
        PKG_CONFIG_SYSROOT_DIR = "/${sysroot}";
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
    if libraries == [ ] then
      [ ]
    else if sysroot == null then
      librariesOf libraries
    else
      [
        (import ./merge.nix {
          name = "libraries";
          trees = librariesOf libraries;
          under = sysroot;
        })
      ];
  joined = (if tools == [ ] then [ ] else toolsOf tools) ++ merged;

  package = derivation (
    variables
    // {
      inherit name system;
      # What a package asks for takes the place of what the container has.
      rootfs = rootfs ++ map (tree: "+${tree}") joined;
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
  declared = rootfs ++ joined ++ libraries ++ tools ++ byPath ++ builtins.filter builtins.isAttrs ([ (arguments.src or null) ] ++ patches);
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
    byPath
    tools
    libraries
    runtime
    ;
  inherit (conventions) position;
  container = rootfs;
  meta = import ./meta.nix { inherit name meta; };
  lints = import ./lints.nix { inherit name lints; };
  installation = import ./installation.nix { inherit name arguments; };
  inputs =
    if undeclared == [ ] then
      declared
    else
      throw "the package '${package.name}' uses ${builtins.head undeclared}, which is neither in `rootfs` nor in `libraries` nor in `tools` nor in `byPath`";
}
