# The packages of apk that a package is made into: a derivation, whose tree has them as
# `ARCHITECTURE/NAME-VERSION-rREVISION.apk`, neither signed nor packed. It says nothing
# to the build of the package. docs/apk.md tells what goes where.
{
  package,
  # What of its arguments errors point at.
  told,
  architecture,
}:

let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    filter
    head
    isAttrs
    listToAttrs
    map
    match
    ;

  inherit (package) installation meta;
  place = if package.position or null == null then "" else " at ${package.position.file}:${toString package.position.line}";
  fail = problem: throw "the package '${package.name}'${place} has no package of apk: ${problem}";

  given = installation.apk;
  isVersion = text: match (import ./apk-version.nix) text != null;
  version =
    if given.version != null then
      given.version
    else if isVersion package.version then
      package.version
    else
      fail "its version '${package.version}' is none of apk's; write what it is there, as `apk.version = \"1.2.3_git20240131\"`";

  # What has to be in the root where it runs: packages by name, programs by theirs.
  needed = concatMap (
    one:
    if isAttrs one then
      [ one.pname ]
    else
      let
        program = match "/(usr/)?bin/([^/]+)" one;
      in
      if program == null then [ ] else [ "cmd:${builtins.elemAt program 1}" ]
  ) package.runtime;

  # apk runs one script for all triggers of a package.
  scripts = attrValues installation.triggers;
  trigger =
    if scripts == [ ] then
      null
    else if filter (one: one != head scripts) scripts == [ ] then
      head scripts
    else
      fail "apk runs one script for all triggers of a package, and this one has several";

  automatic = filter (rule: !(given.subpackages ? ${rule.suffix})) (import ./sub-packages.nix);
  written = concatMap (
    suffix:
    let
      said = given.subpackages.${suffix};
    in
    if said == null then [ ] else [ (said // { inherit suffix; }) ]
  ) (attrNames given.subpackages);

  described = {
    name = package.pname;
    version = "${version}-r${toString installation.revision}";
    inherit architecture;
    description = meta.description or package.pname;
    url = meta.homepage or "";
    license = meta.license or "";
    maintainer = if meta.maintainers or [ ] == [ ] then "" else head meta.maintainers;
    depends = given.depends ++ needed;
    inherit (given)
      provides
      replaces
      installIf
      providerPriority
      replacesPriority
      rootLinks
      ;
    inherit (installation)
      alternatives
      groups
      modes
      tmpfiles
      users
      ;
    inherit trigger;
    triggers = attrNames installation.triggers;
    inherit written automatic;
    outputs = listToAttrs (
      map (name: {
        inherit name;
        value = "${package.${name}}";
      }) package.outputs or [ "out" ]
    );
  }
  # Only where there are some, so that packages without them are described as ever.
  // (if installation.services == { } then { } else { inherit (installation) services; });
in
derivation (
  told
  // {
    name = "${package.name}-apk";
    system = "builtin";
    builder = "builtin:apk";
    package = builtins.toJSON described;
  }
)
// {
  inherit (package) pname;
  inherit (described) version architecture;
}
