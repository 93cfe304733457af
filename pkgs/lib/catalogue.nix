# The packages of a set: a list of { name, attribute, package }.
#
# Of the bundled set each folder is one, called where it is to be found: among the
# ordinary packages, in the smallest set that is bootstrapped (in its first stage, which
# is there soonest, if only the stages have it), or, where nothing has it, by itself
# (`attribute` is null). Where it cannot be built is passed over. What overlays
# add is in the list as well. Of any other set, every derivation in it.
set:

let
  inherit (builtins)
    all
    attrNames
    concatMap
    elem
    filter
    functionArgs
    head
    intersectAttrs
    isAttrs
    length
    map
    pathExists
    readDir
    sort
    ;

  isDerivation = value: isAttrs value && value.type or null == "derivation";
  isBundled = set ? bootstrap && set ? callPackage;

  entries = readDir ../.;
  fileOf = name: ../. + "/${name}/package.nix";
  folders = filter (name: entries.${name} == "directory" && pathExists (fileOf name)) (attrNames entries);

  # What overlays add has no folder.
  added =
    if set.isOverlaid or false then
      filter (name: !(elem name folders) && isDerivation set.${name} && set.${name} ? pname) (attrNames set)
    else
      [ ];

  # The smaller a set is, the sooner it is there.
  names =
    let
      size = name: length (attrNames (bootstrapped name).set);
    in
    sort (one: other: size one < size other) (attrNames set.bootstrap);

  # Seeds that say something of the whole.
  seedsOf = stages: filter (name: !(stages.${name}.seed.impure or false || stages.${name}.seed.demonstration or false)) (attrNames stages);

  bootstrapped =
    name:
    let
      stages = set.bootstrap.${name};
      seed = head (seedsOf stages);
    in
    if set ? ${name} then
      {
        prefix = "${name}.";
        set = set.${name};
      }
    else
      {
        prefix = "bootstrap.${name}.${seed}.stage0.packages.";
        set = stages.${seed}.stage0.packages;
      };

  scopes = [
    {
      prefix = "";
      inherit set;
    }
  ]
  ++ map bootstrapped (filter (name: set ? ${name}) names ++ filter (name: !(set ? ${name})) names);

  found =
    name:
    let
      having = filter (scope: scope.set ? ${name} && !(scope.prefix == "" && set.ofSets or { } ? ${name})) scopes;
      whole = filter (scope: scope.set.${name}.broken or null == null) having;
      scope = head (whole ++ having);
      arguments = functionArgs (import (fileOf name));
      isComplete = all (argument: arguments.${argument} || set ? ${argument}) (attrNames arguments);
    in
    if having != [ ] then
      [
        {
          inherit name;
          attribute = scope.prefix + name;
          package = scope.set.${name};
        }
      ]
    else if isComplete then
      [
        {
          inherit name;
          attribute = null;
          package = set.callPackage (fileOf name) (intersectAttrs arguments set);
        }
      ]
    else
      [ ];
in
if isBundled then
  concatMap found (sort (one: other: one < other) (folders ++ added))
else
  map (name: {
    inherit name;
    attribute = name;
    package = set.${name};
  }) (filter (name: isDerivation set.${name}) (attrNames set))
