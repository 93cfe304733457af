# What the maker of a root takes from a package beside its files, checked and complete:
# modes and owners, which objects of the store do not have, accounts, services, and the
# like. Nothing of it is known to the build.
#
# docs/packages.md has the table of the attributes.
{ name, arguments }:

let
  inherit (builtins)
    all
    any
    attrNames
    concatStringsSep
    elem
    filter
    genList
    hasContext
    head
    isAttrs
    isInt
    isList
    isString
    length
    mapAttrs
    match
    split
    substring
    typeOf
    unsafeGetAttrPos
    ;

  # Where something is: its attributes from the package on, and the line.
  inside =
    at: key: container:
    let
      position = unsafeGetAttrPos key container;
    in
    {
      path = at.path ++ [ key ];
      place = if position == null then at.place else " at ${position.file}:${toString position.line}";
    };
  spelt = key: if match "[A-Za-z_][A-Za-z0-9_'-]*" key == null then "\"${key}\"" else key;
  fail =
    at: problem:
    throw "the package '${name}'${at.place}: `${concatStringsSep "." (map spelt at.path)}` is wrong: ${problem}";

  kind = value: "${if typeOf value == "int" then "an" else "a"} ${typeOf value}";
  guess =
    known: given:
    let
      near = import ./nearest.nix known given;
    in
    if near == null then "there are ${concatStringsSep ", " known}" else "did you mean `${near}`?";

  # Kinds of values: `check` gives null or what is wrong, `normal` the value as it is
  # read. What has a `default` may be left out.
  isText = value: isString value && value != "" && match ".*\n.*" value == null;
  text = {
    check =
      value:
      if !isString value then
        "it is ${kind value} and not a string"
      else if !isText value then
        "it is not one line of text"
      else if hasContext value then
        "it names an object of the store, and packages find each other below /"
      else
        null;
  };
  # Text that `pattern` matches, or else `wanted` is missed.
  pattern =
    pattern: wanted:
    text
    // {
      check =
        value:
        let
          problem = text.check value;
        in
        if problem != null then
          problem
        else if match pattern value == null then
          "'${value}' is not ${wanted}"
        else
          null;
    };
  among = words: {
    check =
      value:
      if !isString value then
        "it is ${kind value} and not a string"
      else if elem value words then
        null
      else
        "there is no '${value}'; ${guess words value}";
  };
  either = words: among words // { default = head words; };
  between = least: most: {
    check =
      value:
      if !isInt value then
        "it is ${kind value} and not a whole number"
      else if value < least || (most != null && value > most) then
        "it is ${toString value} and not ${if most == null then "${toString least} or more" else "between ${toString least} and ${toString most}"}"
      else
        null;
  };
  optional = type: {
    default = null;
    check = value: if value == null then null else type.check value;
    normal = value: if value == null then null else (type.normal or (same: same)) value;
  };
  listOf = type: {
    default = [ ];
    check =
      value:
      let
        problems = filter (problem: problem != null) (map type.check value);
      in
      if !isList value then
        "it is ${kind value} and not a list"
      else if problems == [ ] then
        null
      else
        head problems;
  };
  boolean = {
    check = value: if builtins.isBool value then null else "it is ${kind value} and not true or false";
  };

  account = pattern "[a-z_][a-z0-9_-]*" "a name of small letters, digits, - and _";
  accountLike = "[a-z_][a-z0-9_-]*";
  identifier = between 0 65534;
  owner = pattern "${accountLike}:${accountLike}" "USER:GROUP, by their names";
  mode = {
    check =
      value:
      if isInt value then
        "it is a number: write \"${toString value}\""
      else if !isString value || match "[0-7]{3,4}" value == null then
        "it is not three or four octal digits, as \"4755\""
      else
        null;
    normal = value: if builtins.stringLength value == 3 then "0${value}" else value;
  };
  absolute = pattern "/.*" "an absolute path";

  # A path of the package, below `/`.
  below = {
    check =
      value:
      let
        parts = filter isString (split "/" value);
        rest = concatStringsSep "/" (filter (part: part != "" && part != ".") parts);
      in
      if text.check value != null then
        text.check value
      else if elem ".." parts then
        "'${value}' climbs"
      else if any (part: part == "" || part == ".") parts then
        "'${value}' is not as files are named here; write `${rest}`"
      else
        null;
  };

  command = {
    check =
      value:
      let
        words = command.normal value;
      in
      if !isString value && !isList value then
        "it is ${kind value}, and neither a line of text nor a list of words"
      else if isString value && text.check value != null then
        text.check value
      else if isString value && match ".*[\"'\\$`;|&<>].*" value != null then
        "no shell reads it: write a list of words, or call /bin/sh in one"
      else if words == [ ] then
        "it is empty"
      else if (listOf text).check words != null then
        (listOf text).check words
      else if substring 0 1 (head words) != "/" then
        "'${head words}' is not the absolute path of a program"
      else
        null;
    normal = value: if isList value then value else filter (word: isString word && word != "") (split " +" value);
  };

  script = {
    check =
      value:
      if !isString value && typeOf value != "path" then
        "it is ${kind value}, and neither the text of a script nor a file"
      else if isString value && hasContext value then
        "it names an object of the store, and packages find each other below /"
      else if script.normal value == "" then
        "it is empty"
      else
        null;
    normal = value: if isString value then value else builtins.readFile value;
  };

  checked =
    at: type: value:
    let
      problem = type.check value;
    in
    if value == null && type.isOptional or false then
      null
    else if type ? read && problem == null then
      type.read at value
    else if type ? fields then
      record at type value
    else if problem != null then
      fail at problem
    else
      (type.normal or (same: same)) value;

  # A set with `fields`; `whole` looks at it when they are right.
  record =
    at: type: value:
    let
      inherit (type) fields;
      unknown = filter (field: !(fields ? ${field})) (attrNames value);
      missing = filter (field: !(fields.${field} ? default || value ? ${field})) (attrNames fields);
      complete = mapAttrs (
        field: kind: if value ? ${field} then checked (inside at field value) kind value.${field} else kind.default
      ) fields;
      problem = (type.whole or (_: null)) complete;
    in
    if !isAttrs value then
      fail at "it is ${kind value} and not a set"
    else if unknown != [ ] then
      fail (inside at (head unknown) value) "there is no such thing; ${guess (attrNames fields) (head unknown)}"
    else if missing != [ ] then
      fail at "it has no `${head missing}`"
    else if problem != null then
      fail at problem
    else
      complete;

  # A set from names that are like `key` to values of a type.
  setOf =
    key: type: at: value:
    if !isAttrs value then
      fail at "it is ${kind value} and not a set"
    else
      mapAttrs (
        one: given:
        let
          here = inside at one value;
          problem = key.check one;
        in
        if problem != null then fail here problem else checked here type given
      ) value;

  sequenceOf =
    type: at: value:
    if !isList value then
      fail at "it is ${kind value} and not a list"
    else
      genList (
        number: checked (at // { path = at.path ++ [ (toString (number + 1)) ]; }) type (builtins.elemAt value number)
      ) (length value);

  alone = type: at: value: checked at type value;

  tmpfileTypes = [
    "f"
    "f+"
    "w"
    "w+"
    "d"
    "D"
    "e"
    "p"
    "p+"
    "L"
    "L+"
    "c"
    "c+"
    "b"
    "b+"
    "C"
    "C+"
    "x"
    "X"
    "r"
    "R"
    "z"
    "Z"
  ];
  names = listOf (pattern "[A-Za-z0-9._-]+" "the name of a service");

  # A set with `fields` that nobody wrote.
  wholeOf = type: mapAttrs (_: kind: kind.default) type.fields;

  # What apk calls a version, without its revision (docs/apk.md has the form).
  apkVersion = pattern (import ./apk-version.nix) "a version of apk, as 1.2.3, 1.2b, 1.2_rc1, 1.2_p1 or 1.2_git20240131";
  apkName = pattern "[A-Za-z0-9][A-Za-z0-9._+-]*" "the name of a package: letters, digits, and . _ + - after the first";
  relation = pattern "!?[][A-Za-z0-9._+,:/-]+([<>=~]{1,2}[A-Za-z0-9._~-]+)?" "a relation of apk, as zlib, zlib>=1.2 or !zlib";
  related = {
    depends = listOf relation;
    provides = listOf relation;
    replaces = listOf relation;
    installIf = listOf relation;
    providerPriority = optional (between 0 65535);
  };
  apkPackage = {
    check = _: null;
    fields = related // {
      version = optional apkVersion;
      replacesPriority = optional (between 0 65535);
      # Whether the links /bin and /lib are its own, and not those that each package has to be a root by itself.
      rootLinks = boolean // { default = false; };
      subpackages = {
        default = { };
        check = value: if isAttrs value then null else "it is ${kind value} and not a set";
        read = setOf apkName apkSubpackage;
      };
    };
  };
  packageChecks = {
    check = _: null;
    fields = {
      # Run by /bin/sh -e in a machine that has started from a root with the package.
      boot = script // {
        default = null;
        isOptional = true;
      };
    };
  };
  bootPackage = {
    check = _: null;
    fields = {
      kernel = bootKernel // { default = null; };
      # The program of EFI that starts a kernel which is part of its own file, and the program of an
      # initramfs that finds the root file system.
      stub = optional below;
      initramfs = optional below;
    };
  };
  bootKernel = {
    isOptional = true;
    check = _: null;
    fields = {
      file = below;
      console = optional (pattern "[A-Za-z0-9,]+" "the name of a console, as ttyS0");
      commandLine = listOf (pattern "[^ \"]+" "one word of a command line");
    };
  };
  apkSubpackage = {
    isOptional = true;
    check = _: null;
    fields = related // {
      name = optional apkName;
      description = optional text;
      paths = listOf below;
      links = listOf below;
    };
  };

  attributes = {
    modes = {
      default = { };
      read = setOf below {
        check = _: null;
        fields = {
          mode = optional mode;
          owner = owner // { default = "root:root"; };
        };
        whole = one: if one.mode == null && one.owner == "root:root" then "it has neither `mode` nor `owner`" else null;
      };
    };
    users = {
      default = { };
      read = setOf account {
        check = _: null;
        fields = {
          uid = optional identifier;
          group = optional account;
          groups = listOf account;
          home = absolute // { default = "/var/empty"; };
          shell = absolute // { default = "/usr/bin/nologin"; };
          description = optional (pattern "[^:]+" "one line without a colon");
        };
      };
    };
    groups = {
      default = { };
      read = setOf account {
        check = _: null;
        fields = {
          gid = optional identifier;
          members = listOf account;
        };
      };
    };
    tmpfiles = {
      default = [ ];
      read = sequenceOf {
        check = _: null;
        fields = {
          type = among tmpfileTypes;
          path = absolute;
          mode = optional mode;
          owner = owner // { default = "root:root"; };
          age = optional (pattern "([0-9]+(us|ms|s|m|h|d|w)?)+" "an age, as 10d");
          argument = optional text;
          boot = boolean // { default = false; };
        };
      };
    };
    services = {
      default = { };
      read = setOf (pattern "[A-Za-z0-9._-]+" "a name of letters, digits, ., - and _") {
        check = _: null;
        fields = {
          description = optional text;
          type = either [
            "process"
            "bgprocess"
            "scripted"
            "internal"
          ];
          command = optional command;
          stop = optional command;
          user = account // { default = "root"; };
          directory = optional absolute;
          environment = {
            default = { };
            check =
              value:
              if !isAttrs value then
                "it is ${kind value} and not a set"
              else if all (one: text.check value.${one} == null) (attrNames value) then
                null
              else
                "`${head (filter (one: text.check value.${one} != null) (attrNames value))}` is no line of text";
          };
          dependsOn = names;
          waitsFor = names;
          after = names;
          before = names;
          restart = either [
            "always"
            "on-failure"
            "never"
          ];
          pidFile = optional absolute;
          logFile = optional absolute;
          enable = boolean // { default = false; };
        };
        whole =
          one:
          if one.command == null && one.type != "internal" then
            "it has no `command`, which only the type \"internal\" does without"
          else if one.pidFile == null && one.type == "bgprocess" then
            "it has no `pidFile`, by which a program that goes to the background is found"
          else
            null;
      };
    };
    triggers = {
      default = { };
      read = setOf absolute script;
    };
    # Scripts that say whether a package works where it is installed.
    checks = {
      default = wholeOf packageChecks;
      read = at: value: checked at packageChecks value;
    };
    # What starts a machine, for who makes images of disks.
    boot = {
      default = wholeOf bootPackage;
      read = at: value: checked at bootPackage value;
    };
    alternatives = {
      default = { };
      read = setOf below {
        check = _: null;
        fields = {
          target = below;
          priority = between 0 1000 // { default = 100; };
        };
      };
    };
    revision = {
      default = 0;
      read = alone (between 0 null);
    };
    # Of what is beside the files in packages of apk, what does not follow from the rest.
    apk = {
      default = wholeOf apkPackage;
      read = at: value: checked at apkPackage value;
    };
    updateCheck = {
      default = null;
      read =
        at: value:
        if value == null then
          null
        else
          checked at {
            check = _: null;
            fields = {
              url = optional (pattern "https?://[^ /]+(/[^ ]*)?" "an address that begins with https:// or http://");
              pattern = optional text;
              ignore = listOf text;
            };
          } value;
    };
  };

  package = {
    path = [ ];
    place = "";
  };
  found = mapAttrs (
    attribute: known:
    if arguments ? ${attribute} then known.read (inside package attribute arguments) arguments.${attribute} else known.default
  ) attributes;
in
builtins.deepSeq found found
