{ lib }:
let
  inherit (builtins) all any concatLists concatMap elem elemAt filter foldl' genList head isList length partition sort tail;
in
rec {
  inherit all any concatMap foldl' partition;
  foldr = op: nul: list:
    let
      len = length list;
      fold' = n: if n == len then nul else op (elemAt list n) (fold' (n + 1));
    in
    fold' 0;
  foldl = op: nul: list:
    let fold' = n: if n == -1 then nul else op (fold' (n - 1)) (elemAt list n); in
    fold' (length list - 1);
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  flatten = x: if isList x then concatMap flatten x else [ x ];
  last = list: assert list != [ ]; elemAt list (length list - 1);
  optional = cond: elem: if cond then [ elem ] else [ ];
  optionals = cond: elems: if cond then elems else [ ];
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  remove = e: filter (x: x != e);
  reverseList = xs: let l = length xs; in genList (n: elemAt xs (l - n - 1)) l;
  sortOn = f: list: map (pair: pair.value) (sort (a: b: a.key < b.key) (map (value: { inherit value; key = f value; }) list));
  subtractLists = e: filter (x: !(elem x e));
  toList = x: if isList x then x else [ x ];
  unique = foldl' (acc: e: if elem e acc then acc else acc ++ [ e ]) [ ];
  zipListsWith = f: fst: snd:
    let shorter = if length fst < length snd then length fst else length snd; in
    genList (n: f (elemAt fst n) (elemAt snd n)) shorter;
  count = pred: foldl' (c: x: if pred x then c + 1 else c) 0;
}
