# A package built by a shell script in phases, in a container whose `/` is the
# merged trees of `rootfs` and nothing else.
#
# Each phase is shell text that may be replaced: unpackPhase, patchPhase,
# configurePhase, buildPhase, checkPhase (run if `doCheck`), installPhase,
# fixupPhase. `src` is a tree, usually from `unpack`. `tools` are the packages that
# phases name by store path. All other attributes become variables of the
# environment. The tools' names and flags, CC, CXX, AR, RANLIB, NM, STRIP, OBJCOPY,
# CFLAGS, CXXFLAGS and LDFLAGS, are always there, and are those for the machine that
# the package is to run on; CC_FOR_BUILD is for what runs during the build.
#
# A package is a tree as it lies below `/`, so programs are in `usr/bin`; the
# links `bin` and `lib` make it a small root by itself.
#
# The result has an attribute `inputs`: every derivation that it is built from.
{ system }:

{
  pname,
  version,
  rootfs,
  shell ? "/bin/sh",
  tools ? [ ],
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
  configurePhase ? ''
    ./configure --prefix=/usr $configureFlags
  '',
  buildPhase ? ''
    make -j"$NIX_BUILD_CORES" $makeFlags
  '',
  checkPhase ? ''
    make check $makeFlags
  '',
  installPhase ? ''
    make install DESTDIR="$out" $makeFlags
  '',
  fixupPhase ? ''
    for name in bin lib; do
      if [ -d "$out/usr/$name" ] && [ ! -e "$out/$name" ]; then ln -s "usr/$name" "$out/$name"; fi
    done
  '',
  ...
}@arguments:

let
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
    // builtins.removeAttrs arguments [
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
    ${text}'';

  script = builtins.concatStringsSep "\n" (
    [
      (phase "unpackPhase" unpackPhase)
      (phase "patchPhase" patchPhase)
      (phase "configurePhase" configurePhase)
      (phase "buildPhase" buildPhase)
    ]
    ++ (if doCheck && canRun then [ (phase "checkPhase" checkPhase) ] else [ ])
    ++ [
      (phase "installPhase" installPhase)
      (phase "fixupPhase" fixupPhase)
    ]
  );

  package = derivation (
    variables
    // {
      name = "${pname}-${version}";
      inherit system rootfs;
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
  declared = rootfs ++ tools ++ builtins.filter builtins.isAttrs ([ (arguments.src or null) ] ++ patches);
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
  inherit pname version;
  inputs =
    if undeclared == [ ] then
      declared
    else
      throw "the package '${package.name}' uses ${builtins.head undeclared}, which is neither in `rootfs` nor in `tools`";
}
