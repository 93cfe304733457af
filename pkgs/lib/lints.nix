# What a package says to the lints, checked when it is evaluated: `waive.LINT = "why"`.
#
# Which lints there are is known to `chx pkgs lint`.
{ name, lints }:

let
  inherit (builtins)
    attrNames
    filter
    head
    isAttrs
    isString
    match
    ;

  fail = problem: throw "the `lints` of the package '${name}' are wrong: ${problem}";
  waive = lints.waive or { };
  unknown = filter (attribute: attribute != "waive") (attrNames lints);
  without = filter (lint: !isString waive.${lint} || match "[ \n]*" waive.${lint} != null) (attrNames waive);
in
if !isAttrs lints || !isAttrs waive then
  fail "`lints` and `lints.waive` are sets"
else if unknown != [ ] then
  fail "there is no `${head unknown}` in them; there is waive"
else if without != [ ] then
  fail "`waive.${head without}` is no text that says why"
else
  { inherit waive; }
