# What `mkDerivation` takes beside phases and variables: text around phases, and
# attributes that say something of a package and are nothing to its build.
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    substring
    ;

  phases = {
    unpackPhase = "Unpack";
    patchPhase = "Patch";
    configurePhase = "Configure";
    buildPhase = "Build";
    checkPhase = "Check";
    installPhase = "Install";
    splitPhase = "Split";
    fixupPhase = "Fixup";
  };

  hooks = concatMap (phase: [
    "pre${phases.${phase}}"
    "post${phases.${phase}}"
  ]) (attrNames phases);

  told = [
    "autoreconf"
    "broken"
    "buildAndHost"
    "buildDirectory"
    "byPath"
    "configureScript"
    "hardening"
    "languages"
    "libraries"
    "lints"
    "lto"
    "makeVariables"
    "meta"
    "platforms"
    "runtime"
    "splitPhase"
    "style"
    "sysroot"
    "toolFlags"
  ];

  # What installation.nix reads.
  installed = [
    "alternatives"
    "apk"
    "boot"
    "checks"
    "groups"
    "modes"
    "revision"
    "services"
    "tmpfiles"
    "triggers"
    "updateCheck"
    "users"
  ];

  # Regular expressions would say it shorter, but every evaluation of a package would wait for them.
  follows = before: attribute: rest: substring 0 rest attribute == before && isCapital (substring rest 1 attribute);
  isCapital = sign: sign >= "A" && sign <= "Z";
  isHook = attribute: follows "pre" attribute 3 || follows "post" attribute 4;

  # What mkDerivation knows beside hooks.
  known = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = true;
    }) (
      attrNames phases
      ++ told
      ++ installed
      ++ [
        "canRun"
        "configureFlags"
        "doCheck"
        "makeFlags"
        "outputs"
        "patches"
        "pname"
        "rootfs"
        "shell"
        "src"
        "tools"
        "version"
      ]
    )
  );

  # As somebody may spell it who remembers it, and the names that others have for it.
  plain =
    name:
    let
      letters = builtins.replaceStrings ([ "-" "_" ] ++ capitals) ([ "" "" ] ++ small) name;
      last = builtins.stringLength letters - 1;
    in
    if last >= 0 && substring last 1 letters == "s" then substring 0 last letters else letters;
  letters = text: builtins.genList (number: substring number 1 text) 26;
  capitals = letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  small = letters "abcdefghijklmnopqrstuvwxyz";
  meant =
    builtins.listToAttrs (
      map (name: {
        name = plain name;
        value = name;
      }) (attrNames known)
    )
    // {
      buildinput = "libraries";
      checkflag = "checkPhase";
      configureflag = "configureFlags";
      depend = "libraries";
      hostmakedepend = "tools";
      makedepend = "libraries";
      nativebuildinput = "tools";
      patch = "patches";
      propagatedbuildinput = "runtime";
      makeflag = "makeFlags";
    };
  # All in capitals is a variable that a program reads.
  isMisspelt =
    name: !(known ? ${name}) && meant ? ${plain name} && builtins.replaceStrings small capitals name != name;
in
{ name, arguments }:

let
  # A hook that is spelt wrong would be a variable that nobody reads.
  strange = filter (attribute: isHook attribute && !(elem attribute hooks)) (attrNames arguments);
  misspelt = filter isMisspelt (attrNames arguments);
in
{
  inherit hooks installed told;

  # Where the package is written down.
  position = builtins.unsafeGetAttrPos "pname" arguments;

  variables =
    attributes:
    if strange != [ ] then
      throw "the package '${name}' has `${head strange}`, and there is no such phase; there are ${
        builtins.concatStringsSep ", " (map (phase: "pre${phase}") (builtins.attrValues phases))
      }, and post likewise"
    else if misspelt != [ ] then
      throw "the package '${name}' has `${head misspelt}`, which means nothing; `${meant.${plain (head misspelt)}}` does. A variable of the build may have any other name"
    else
      removeAttrs attributes (told ++ installed ++ hooks);

  # The text of a phase with what comes before and after it.
  hooked =
    phase: text:
    let
      before = arguments."pre${phases.${phase}}" or null;
      after = arguments."post${phases.${phase}}" or null;
    in
    (if before == null then "" else "${before}\n") + text + (if after == null then "" else "\n${after}");
}
