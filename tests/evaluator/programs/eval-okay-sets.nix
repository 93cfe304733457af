let s = { b = 2; a = 1; c = { d = 3; }; }; in
{
  names = builtins.attrNames s; values = builtins.attrValues s; has = [ (s ? a) (s ? c.d) (s ? c.e) (s ? a.b) ];
  update = s // { a = 10; e = 5; }; shallow = s // { c = { e = 4; }; }; remove = removeAttrs s [ "a" "zzz" ];
  intersect = builtins.intersectAttrs { a = null; c = null; } s; map = builtins.mapAttrs (n: v: n) s;
  cat = builtins.catAttrs "d" [ s.c s { d = 4; } ]; get = builtins.getAttr "a" s;
  list = builtins.listToAttrs [ { name = "x"; value = 1; } { name = "y"; value = s.a; } { name = "x"; value = 3; } ];
  zip = builtins.zipAttrsWith (n: vs: vs) [ s { a = 5; } ]; or_ = [ (s.z or 1) (s.c.d or 1) (s.c.z.y or 2) ];
}
