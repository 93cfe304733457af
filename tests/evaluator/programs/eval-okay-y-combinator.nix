let fix = f: let x = f x; in x; fac = self: n: if n == 0 then 1 else n * self (n - 1); in map (fix fac) [ 0 1 5 10 20 ]
