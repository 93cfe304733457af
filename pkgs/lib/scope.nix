# What packages are written with: mkDerivation for programs that are compiled on the
# machine `build` and run on `host`, and what is the same in every set. A package is a
# function; what it asks for by name comes from here and from its set.
#
# `common` is what all packages of the set give mkDerivation, and what the set knows:
# `toolchain` ({ compiler, libc }, names that packages may ask for), `cxx` (what
# changes for a package in C++; without it there are none), `flagsFor` (a function
# from { hardening, lto } to CFLAGS, CXXFLAGS and LDFLAGS) and `onBuild` (a function
# from a package to the one that runs on the machine that builds).
{
  arch,
  build,
  common,
  host,
  lib,
}:

let
  inherit (import ./package-set.nix) callPackageWith;
  inherit (builtins)
    elem
    filter
    head
    intersectAttrs
    isAttrs
    listToAttrs
    map
    removeAttrs
    ;

  attributes = removeAttrs common [
    "cxx"
    "flagsFor"
    "onBuild"
    "toolchain"
  ];

  buildAndHost = {
    build = build.triplet;
    host = host.triplet;
    inherit (scope.toolchain) libc;
  };

  chosen = {
    hardening = { };
    lto = false;
  };
  isChosen = arguments: arguments ? hardening || arguments ? lto;

  # What is common to packages of this kind.
  commonFor =
    arguments:
    attributes
    // (if isCxx arguments then common.cxx or { } else { })
    // (if isChosen arguments && common ? flagsFor then common.flagsFor (chosen // intersectAttrs chosen arguments) else { })
    // {
      inherit buildAndHost;
    };
  isCxx = arguments: elem "c++" (arguments.languages or [ ]);

  toolsFor =
    arguments:
    if arguments.tools or [ ] == [ ] then
      { }
    else if common ? onBuild then
      { tools = map common.onBuild arguments.tools; }
    else
      { };

  # Why a package cannot be built in this set: null if nobody says that it cannot.
  reasonFor =
    arguments:
    let
      said = arguments.broken or null;
      needed = filter (one: isAttrs one && one.broken or null != null) (
        arguments.libraries or [ ] ++ (toolsFor arguments).tools or arguments.tools or [ ]
      );
    in
    if said == true then
      "it is broken"
    else if said != null && said != false then
      said
    else if arguments ? platforms && !(elem host.name arguments.platforms) then
      "it is for ${builtins.concatStringsSep ", " arguments.platforms}, not for ${host.name}"
    else if isCxx arguments && !(common ? cxx) then
      "it is written in C++, and the set has no compiler for that"
    else if needed != [ ] then
      "it needs ${(head needed).pname}: ${(head needed).broken}"
    else
      null;

  # Every way to build it says why not.
  broken =
    package: reason:
    let
      fail = throw "the package '${package.name}'${placed package} cannot be built in this set: ${reason}";
    in
    package
    // {
      drvPath = fail;
      outPath = fail;
      drvAttrs = fail;
    }
    // listToAttrs (
      map (name: {
        inherit name;
        value = fail;
      }) package.outputs or [ "out" ]
    );
  placed = package: if package.position or null == null then "" else " at ${package.position.file}:${toString package.position.line}";

  scope = {
    profile = host;
    buildProfile = build;
    toolchain =
      common.toolchain or {
        compiler = "cc";
        libc = "libc";
      };
    inherit (lib)
      fetchurl
      merge
      unpack
      writeTree
      ;
    mkDerivation =
      arguments:
      let
        package = lib.mkDerivation (commonFor arguments // arguments // toolsFor arguments);
        reason = reasonFor arguments;
        buildable = if reason == null then package else broken package reason;
      in
      buildable
      // {
        broken = reason;
        # As the schema completes it, for who asks.
        profile = arch.${host.name} or host;
        # Nothing to the build, which does not wait for it.
        apk = import ./apk.nix {
          package = buildable;
          # Its place is that of the package.
          told = intersectAttrs { pname = null; } arguments;
          architecture = host.apk;
        };
        overrideAttrs =
          change:
          let
            changed = if builtins.isFunction change then change arguments else change;
            all = arguments // (if builtins.isFunction changed then change all arguments else changed);
          in
          scope.mkDerivation all;
      };
    callPackage = callPackageWith scope;
  };
in
scope
