[ (map builtins.parseDrvName [ "nix-2.34.0" "hello" "a-b-c-1" "x-y" "-1" "a--2" ]) (map builtins.splitVersion [ "1.2.3" "1.2pre3" "a-b.c" "" ])
  (map (p: builtins.compareVersions (builtins.head p) (builtins.elemAt p 1)) [ [ "1" "2" ] [ "1.10" "1.9" ] [ "1.0pre1" "1.0" ] [ "1.0a" "1.0" ] [ "" "" ] ]) ]
