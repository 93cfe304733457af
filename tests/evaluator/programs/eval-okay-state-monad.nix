let
  unit = x: s: { value = x; state = s; };
  bind = m: f: s: let r = m s; in f r.value r.state;
  get = s: { value = s; state = s; };
  put = s: _: { value = null; state = s; };
  tick = bind get (n: bind (put (n + 1)) (_: unit n));
  repeat = n: if n == 0 then unit [ ] else bind tick (x: bind (repeat (n - 1)) (xs: unit ([ x ] ++ xs)));
in
repeat 10 5
