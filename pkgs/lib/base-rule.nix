# Why `package` may not be in the base that `base` describes ({ packages, gnu }): a list
# of texts, empty if it may.
#
# It follows what is linked into the package and what has to be in the root where it
# runs. What it is built with is not followed: whether that left something in what was
# built, only that shows.
base: package:

let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    genericClosure
    isAttrs
    map
    match
    tryEval
    ;

  originOf =
    one:
    let
      # What is wrong with it is for the lint `meta`.
      said = tryEval (one.meta or { });
      meta = if said.success && isAttrs said.value then said.value else { };
    in
    meta.origin or (if match "https?://([^/]*[.])?gnu[.]org(/.*)?" (meta.homepage or "") == null then null else "GNU");

  isRefused = one: originOf one == "GNU" && !(elem (one.pname or one.name) base.gnu);

  step =
    path: words: inputs:
    map (one: {
      key = one.name;
      inherit one;
      path = path ++ [ "${words} ${one.name}" ];
    }) (filter (one: isAttrs one && one ? name) inputs);
  next =
    item:
    step item.path "is linked with" (item.one.libraries or [ ]) ++ step item.path "runs with" (item.one.runtime or [ ]);

  reached = genericClosure {
    startSet = [
      {
        key = package.name;
        one = package;
        path = [ ];
      }
    ];
    operator = next;
  };
  only = "of GNU only ${concatStringsSep " and " base.gnu} may be in the base";
in
concatMap (
  item:
  if !isRefused item.one then
    [ ]
  else if item.path == [ ] then
    [ "it is of GNU, and ${only}" ]
  else
    [ "it ${concatStringsSep ", which " item.path}, which is of GNU, and ${only}" ]
) reached
