# What packages are built with, and those in turn: a list of
# { key, name, pname, inputs = [ { key, role } ], foreign }.
#
# Packages are what `mkDerivation` gave. The other trees of a container are those of a
# seed: `foreign` names them. Sources are left out.
packages:

let
  inherit (builtins)
    concatMap
    elem
    filter
    genericClosure
    isAttrs
    map
    ;

  keyOf = package: builtins.unsafeDiscardStringContext (package.drvPath or (toString package));
  isPackage = value: isAttrs value && value ? pname && value ? inputs;
  nameOf = tree: tree.name or (baseNameOf (builtins.unsafeDiscardStringContext (toString tree)));

  # What was merged to be put elsewhere counts one by one.
  parts = tree: if isAttrs tree && tree ? trees && !isPackage tree then concatMap parts tree.trees else [ tree ];

  roles =
    package:
    let
      used = package.tools or [ ] ++ package.byPath or [ ];
      tools = map keyOf used;
      withRole =
        role: trees:
        map (tree: {
          inherit role tree;
        }) (concatMap parts trees);
    in
    withRole "container" package.container or package.rootfs or [ ]
    # A package may call something else its libraries.
    ++ withRole "library" (filter (tree: !elem (keyOf tree) tools) package.libraries or [ ])
    ++ withRole "tool" used;

  described =
    package:
    let
      all = roles package;
      built = filter (one: isPackage one.tree) all;
    in
    {
      key = keyOf package;
      next = map (one: one.tree) built;
      value = {
        key = keyOf package;
        name = package.name;
        pname = package.pname or (builtins.parseDrvName package.name).name;
        inputs = map (one: {
          key = keyOf one.tree;
          inherit (one) role;
        }) built;
        foreign = map (one: nameOf one.tree) (filter (one: !isPackage one.tree) all);
      };
    };
in
map (item: item.value) (genericClosure {
  startSet = map described packages;
  operator = item: map described item.next;
})
