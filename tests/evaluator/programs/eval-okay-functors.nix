let
  counter = { count ? 0 }: { inherit count; __functor = self: n: counter { count = self.count + n; }; };
  twice = { __functor = self: f: x: f (f x); };
in
[ (counter { } 1 2 3).count (twice (x: x * 2) 5) (map { __functor = _: x: x + 1; } [ 1 2 ])
  (builtins.isFunction twice) (builtins.functionArgs (twice.__functor twice)) ]
