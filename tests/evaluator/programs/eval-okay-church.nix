let
  zero = f: x: x; succ = n: f: x: f (n f x); add = m: n: f: x: m f (n f x); mul = m: n: f: m (n f);
  toInt = n: n (x: x + 1) 0; one = succ zero; two = succ one; three = add one two;
in
map toInt [ zero one two three (mul three three) (add (mul two three) one) ]
