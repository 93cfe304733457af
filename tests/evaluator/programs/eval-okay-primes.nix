let
  range = a: b: if a > b then [ ] else [ a ] ++ range (a + 1) b;
  mod = a: b: a - b * (a / b);
  sieve = list:
    if list == [ ] then [ ] else
    let p = builtins.head list; in [ p ] ++ sieve (builtins.filter (n: mod n p != 0) (builtins.tail list));
in
sieve (range 2 100)
