[
  (final: prev: {
    package3 = prev.package3.override { withDocs = true; };
    package5 = prev.package5.overrideAttrs (old: { patches = old.patches or [ ] ++ [ ./builder.sh ]; });
  })
  (final: prev: builtins.mapAttrs
    (name: package: package.overrideAttrs (old: { configureFlags = old.configureFlags or [ ] ++ [ "--with-overlay=${name}" ]; }))
    (prev.lib.getAttrs (map (i: "package${toString i}") [ 1 4 8 11 14 ]) prev))
  (final: prev: { newest = final.package9.override { package1 = final.package2; }; })
]
