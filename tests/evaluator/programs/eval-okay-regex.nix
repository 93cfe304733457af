[ (builtins.match "a(b*)c" "abbbc") (builtins.match "ab" "abc") (builtins.match "([a-z]+)-([0-9.]+)(-(pre))?" "foo-1.2")
  (builtins.match "[[:alpha:]_][[:alnum:]_]*" "x_1") (builtins.match ".*\\.(nix|json)" "a.b.json") (builtins.match "(a|b)*" "abab")
  (builtins.split "," "a,b,,c") (builtins.split "(-)([0-9])" "a-1b-2") (builtins.split "x*" "axxb") (builtins.split "[^a-z]+" "one  two--three")
  (builtins.match "a{2,3}" "aaaa") (builtins.split "a|ab|abc" "xabcx") ]
