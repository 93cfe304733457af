let try = x: (builtins.tryEval x); in
[ (try (throw "a")) (try (assert false; 1)) (try 5) (try (let x = throw "a"; in { y = x; } ? y)) (try (builtins.seq (throw "b") 1)).success
  (try (builtins.deepSeq [ { a = throw "c"; } ] 1)).success (try (try (throw "d"))).value.success ]
