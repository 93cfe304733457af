# What joins the `/` of a build with the packages that it names.
let
  inherit (builtins)
    concatMap
    filter
    genericClosure
    isAttrs
    map
    ;

  # Packages before what they need, each once.
  closed =
    next: packages:
    let
      item = package: {
        key = builtins.unsafeDiscardStringContext (package.drvPath or (toString package));
        inherit package;
      };
    in
    map (found: found.package) (genericClosure {
      startSet = map item packages;
      operator = found: map item (next found.package);
    });

  # All outputs: who compiles against a package needs its headers.
  whole = package: if package.outputs or [ "out" ] == [ "out" ] then [ package ] else map (output: package.${output}) package.outputs;
in
{
  # Static libraries are linked with those that they are made of.
  librariesOf = packages: concatMap whole (closed (package: package.libraries or [ ]) packages);

  # What programs need where they run. Paths are for who makes a root.
  toolsOf = packages: concatMap whole (closed (package: filter isAttrs package.runtime or [ ]) packages);
}
