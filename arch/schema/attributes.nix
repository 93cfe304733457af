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
    match
    toJSON
    ;

  matching = pattern: allowed: {
    accepts = value: isString value && match pattern value != null;
    inherit allowed;
  };

  word = matching "[A-Za-z0-9][A-Za-z0-9_.-]*" "a word of letters, digits, '_', '.' and '-'";

  oneOf = values: {
    accepts = value: elem value values;
    allowed = "one of ${concatStringsSep ", " (map toJSON values)}";
  };

  bool = {
    accepts = isBool;
    allowed = "true or false";
  };

  flag = matching "-[^[:space:]]+" "a flag of the compiler, which begins with '-' and has no space";

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

  bits32 = matchingInteger 4294967295;

  matchingInteger = most: {
    accepts = value: isInt value && value >= 0 && value <= most;
    allowed = "a whole number from 0 to ${toString most}";
  };
in
{
  description = matching "[^\n]*[^[:space:]][^\n]*" "a line of text";
  demonstration = bool // {
    default = false;
  };

  name = matching "[a-z][a-z0-9_]*" "a word of small letters, digits and '_' that begins with a letter";
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

  elf = set {
    class = oneOf [
      32
      64
    ];
    data = oneOf [
      "big"
      "little"
    ];
    machine = matchingInteger 65535;
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
