{ lib }:
let
  inherit (builtins) compareVersions concatStringsSep elemAt filter genList isString length match parseDrvName replaceStrings
    split stringLength substring;
in
rec {
  inherit concatStringsSep;
  lowerChars = genList (i: substring i 1 "abcdefghijklmnopqrstuvwxyz") 26;
  upperChars = genList (i: substring i 1 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") 26;
  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  toUpper = replaceStrings lowerChars upperChars;
  optionalString = cond: string: if cond then string else "";
  hasPrefix = pref: str: substring 0 (stringLength pref) str == pref;
  hasSuffix = suffix: content:
    let
      lenContent = stringLength content;
      lenSuffix = stringLength suffix;
    in
    lenContent >= lenSuffix && substring (lenContent - lenSuffix) lenContent content == suffix;
  hasInfix = infix: content: replaceStrings [ infix ] [ "" ] content != content;
  removePrefix = prefix: str:
    if hasPrefix prefix str then substring (stringLength prefix) (-1) str else str;
  removeSuffix = suffix: str:
    if hasSuffix suffix str then substring 0 (stringLength str - stringLength suffix) str else str;
  splitString = sep: s: filter isString (split (escapeRegex sep) s);
  escapeRegex = replaceStrings [ "." "+" "*" "?" "(" ")" "[" "|" "^" "$" "\\" "{" ] [ "\\." "\\+" "\\*" "\\?" "\\(" "\\)" "\\[" "\\|" "\\^" "\\$" "\\\\" "\\{" ];
  escapeShellArg = arg:
    let string = toString arg; in
    if match "[[:alnum:],._+:@%/-]+" string == null then "'${replaceStrings [ "'" ] [ "'\\''" ] string}'" else string;
  makeSearchPath = subDir: paths: concatStringsSep ":" (map (path: path + "/" + subDir) (filter (x: x != null) paths));
  makeBinPath = paths: makeSearchPath "bin" (map lib.getBin paths);
  getName = x: if isString x then (parseDrvName x).name else x.pname or (parseDrvName x.name).name;
  getVersion = x: if isString x then (parseDrvName x).version else x.version or (parseDrvName x.name).version;
  versionOlder = v1: v2: compareVersions v2 v1 == 1;
  versionAtLeast = v1: v2: !versionOlder v1 v2;
  enableFeature = flag: feature: "--${if flag then "enable" else "disable"}-${feature}";
  withFeature = flag: feature: "--${if flag then "with" else "without"}-${feature}";
}
