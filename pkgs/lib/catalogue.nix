# The packages of a set: a list of { name, attribute, package }.
#
# Of the bundled set each folder is one, called in the set that has it: the ordinary
# one, one of those that are bootstrapped, or, where none has it, none (`attribute`
# is null). Of any other set, every derivation in it.
set:

let
  inherit (builtins)
    all
    attrNames
    concatMap
    filter
    functionArgs
    head
    intersectAttrs
    isAttrs
    map
    pathExists
    readDir
    ;

  isDerivation = value: isAttrs value && value.type or null == "derivation";
  isBundled = set ? bootstrap && set ? callPackage;

  entries = readDir ../.;
  fileOf = name: ../. + "/${name}/package.nix";
  folders = filter (name: entries.${name} == "directory" && pathExists (fileOf name)) (attrNames entries);

  scopes = [
    {
      prefix = "";
      inherit set;
    }
  ]
  ++ map (name: {
    prefix = "${name}.";
    set = set.${name};
  }) (filter (name: set ? ${name}) (attrNames set.bootstrap));

  found =
    name:
    let
      having = filter (scope: scope.set ? ${name}) scopes;
      scope = head having;
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
  concatMap found folders
else
  map (name: {
    inherit name;
    attribute = name;
    package = set.${name};
  }) (filter (name: isDerivation set.${name}) (attrNames set))
