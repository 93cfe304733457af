# A package built by a shell script in phases, in a container whose `/` is the
# merged trees of `rootfs` and nothing else.
#
# Each phase is shell text that may be replaced: unpackPhase, patchPhase,
# configurePhase, buildPhase, checkPhase (run if `doCheck`), installPhase.
# `src` is a tree, usually from `unpack`. All other attributes become variables
# of the environment.
{ system }:

{
  pname,
  version,
  rootfs,
  shell ? "/bin/sh",
  patches ? [ ],
  doCheck ? false,
  configureFlags ? [ ],
  makeFlags ? [ ],
  # Modification times are kept: all are equal in the store, so that make finds
  # nothing to regenerate.
  unpackPhase ? ''
    cp -Rp "$src" source
    chmod -R u+w source
    cd source
  '',
  patchPhase ? ''
    for patch in $patches; do patch -p1 < "$patch"; done
  '',
  configurePhase ? ''
    ./configure --prefix="$out" $configureFlags
  '',
  buildPhase ? ''
    make -j"$NIX_BUILD_CORES" $makeFlags
  '',
  checkPhase ? ''
    make check $makeFlags
  '',
  installPhase ? ''
    make install $makeFlags
  '',
  ...
}@arguments:

derivation (
  builtins.removeAttrs arguments [
    "pname"
    "shell"
    "unpackPhase"
    "patchPhase"
    "configurePhase"
    "buildPhase"
    "checkPhase"
    "installPhase"
    "doCheck"
  ]
  // {
    name = "${pname}-${version}";
    inherit
      system
      rootfs
      patches
      configureFlags
      makeFlags
      ;
    builder = shell;
    args = [
      "-eu"
      "-c"
      (builtins.concatStringsSep "\n" (
        [
          unpackPhase
          patchPhase
          configurePhase
          buildPhase
        ]
        ++ (if doCheck then [ checkPhase ] else [ ])
        ++ [ installPhase ]
      ))
    ];
  }
)
