# What a package says of itself, checked: `meta` of the package called `name`.
#
# Nothing is checked before `meta` is evaluated, and building never does. A package
# need not have it; whoever gives one says what the package is, where it comes from
# and under which licence.
{ name, meta }:

let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    isAttrs
    isList
    isString
    match
    substring
    typeOf
    ;

  licence = import ./licence.nix;
  fail = problem: throw "the `meta` of the package '${name}' is wrong: ${problem}";
  text = attribute: value: if isString value then value else fail "`${attribute}` is a ${typeOf value} and not a string";

  required = [
    "description"
    "homepage"
    "license"
  ];

  # Of which project a package is a part, or was before it went its own way. The rule of
  # the base looks for GNU (base-rule.nix).
  origins = [
    "Bell Labs"
    "FreeBSD"
    "GNU"
    "LLVM"
    "Linux"
    "MirOS"
    "NetBSD"
    "OpenBSD"
    "independent"
  ];

  # Each gives null, or what is wrong.
  fields = {
    description =
      value:
      let
        said = text "description" value;
        length = builtins.stringLength said;
      in
      if said == "" then
        "`description` is empty"
      else if length > 80 then
        "`description` has ${toString length} characters; it is one line, of 80 at most"
      else if match ".*\n.*" said != null then
        "`description` is not one line"
      else if substring (length - 1) 1 said == "." then
        "`description` ends in a full stop; it is no sentence"
      else
        null;

    homepage =
      value:
      if match "https?://[^ /]+(/[^ ]*)?" (text "homepage" value) == null then
        "`homepage` is '${value}' and not an address that begins with https:// or http://"
      else
        null;

    license =
      value:
      let
        problem = licence (text "license" value);
      in
      if problem == null then null else "`license` is '${value}', no SPDX expression: ${problem}";

    origin =
      value:
      if elem (text "origin" value) origins then
        null
      else
        "`origin` is '${value}'; there are ${concatStringsSep ", " origins}";

    maintainers =
      value:
      if !isList value then
        "`maintainers` is a ${typeOf value} and not a list"
      else if filter (one: !isString one || match ".+ <[^<>@ ]+@[^<>@ ]+>" one == null) value != [ ] then
        "`maintainers` are written NAME <ADDRESS>"
      else
        null;
  };

  names = attrNames meta;
  unknown = filter (attribute: !(fields ? ${attribute})) names;
  missing = filter (attribute: !(elem attribute names)) required;
  problems = filter (problem: problem != null) (map (attribute: fields.${attribute} meta.${attribute}) names);
in
if !isAttrs meta then
  fail "it is a ${typeOf meta} and not a set"
else if names == [ ] then
  meta
else if unknown != [ ] then
  fail "there is no `${builtins.head unknown}` in it; there are ${concatStringsSep ", " (attrNames fields)}"
else if missing != [ ] then
  fail "`${builtins.head missing}` is missing"
else if problems != [ ] then
  fail (builtins.head problems)
else
  meta
