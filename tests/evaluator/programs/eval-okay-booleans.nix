let t = true; f = false; bottom = throw "not reached"; in
[ (t && f) (t || bottom) (f && bottom) (f -> bottom) (t -> f) (!t) (!f && t || f) (t == f) (if t then 1 else bottom)
  (t && f || t && t -> f) (f || f || t) (t && t && f) (!(t && f)) ]
