# What a machine needs to come up and be logged in to: directories and accounts, a shell,
# tools, an init and its services. A kernel is named beside it.
{
  mkDerivation,
  base-files,
  service-manager,
  sysvinit,
  toybox-system,
  dash ? null,
  toybox ? null,
}:

mkDerivation {
  pname = "base-minimal";
  version = "1";

  broken = if dash == null || toybox == null then "it needs the shell and the tools of a system, which this set has none of" else null;

  unpackPhase = "";
  configurePhase = "";
  buildPhase = "";
  installPhase = ''
    mkdir -p "$out"
  '';
  fixupPhase = "";

  runtime = [
    base-files
    service-manager
    sysvinit
    toybox-system
  ]
  ++ builtins.filter (package: package != null) [
    dash
    toybox
  ];

  checks.boot = ''
    test "$(id -un)" = root
    test -n "$(hostname)"
    mountpoint -q /proc
    mountpoint -q /sys
    mountpoint -q /dev
    # What cannot be written to lies under what can.
    echo word > /etc/word
    test "$(cat /etc/word)" = word
    rm /etc/word
  '';

  lints.waive.empty = "it names the packages of a system";

  meta = {
    description = "the smallest system that starts and can be logged in to";
    homepage = "https://chimera-linux.org/docs/";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
