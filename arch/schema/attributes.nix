# The attributes of a profile. Each accepts some values, and says in words which;
# one with a `default` may be left out.
let
  inherit (builtins)
    concatStringsSep
    elem
    isAttrs
    isBool
    isInt
    isList
    isString
    map
    replaceStrings
    substring
    toJSON
    ;

  # Patterns would say it shorter, but every evaluation of a package would wait for them.
  without = signs: text: replaceStrings signs (map (_: "") signs) text == text;

  # What a shell would take for something else, for these end in scripts.
  special = [
    " "
    "\t"
    "\n"
    "\""
    "'"
    "`"
    "$"
    "\\"
    "&"
    "|"
    ";"
    "<"
    ">"
    "("
    ")"
    "*"
    "?"
    "["
    "#"
    "~"
  ];

  word = {
    accepts = value: isString value && value != "" && without ([ "/" ] ++ special) value;
    allowed = "a word without spaces, slashes and what is special to a shell";
  };

  flag = {
    accepts = value: isString value && substring 0 1 value == "-" && without special value;
    allowed = "a flag of the compiler, which begins with '-' and has no space and nothing that is special to a shell";
  };

  line = {
    accepts = value: isString value && value != "" && without [ "\n" ] value;
    allowed = "a line of text";
  };

  oneOf = values: {
    accepts = value: elem value values;
    allowed = "one of ${concatStringsSep ", " (map toJSON values)}";
  };

  bool = {
    accepts = isBool;
    allowed = "true or false";
  };

  flags = {
    accepts = isList;
    allowed = "a list of flags of the compiler";
    elements = flag;
  };

  set = attributes: {
    accepts = isAttrs;
    allowed = "a set of ${concatStringsSep ", " (builtins.attrNames attributes)}";
    inherit attributes;
  };

  # What lld and the kernels of this family of machines work with.
  pageSize = oneOf [
    4096
    8192
    16384
    32768
    65536
  ];

  bits32 = upTo 4294967295;

  upTo = most: {
    accepts = value: isInt value && value >= 0 && value <= most;
    allowed = "a whole number from 0 to ${toString most}";
  };
in
{
  description = line;
  demonstration = bool // {
    default = false;
  };

  name = word;
  system = word;
  machine = word;
  triplet = word;

  endian = oneOf [
    "big"
    "little"
  ];
  wordSize = oneOf [
    32
    64
  ];
  inherit pageSize;
  usualPageSize = pageSize;
  longDouble = oneOf [
    "double"
    "quad"
    "x87"
  ];

  cpu = word;
  inherit flags;

  llvm = word;
  musl = word;
  loader = word;
  linux = word;
  qemu = word;
  debian = word;
  apk = word;
  oci = word;

  elf = set {
    class = oneOf [
      32
      64
    ];
    data = oneOf [
      "big"
      "little"
    ];
    machine = upTo 65535;
    flags = set {
      mask = bits32;
      value = bits32;
    };
  };

  hardening = set {
    autoVarInit = bool;
    branchProtection = flags;
    fortify = bool;
    integerSanitizers = bool;
    now = bool;
    pie = bool;
    relro = bool;
    stackClash = bool;
    stackProtector = bool;
  };

  lto = set {
    supported = bool;
    thin = bool;
  };
}
