# Words of `configureFlags` and `makeFlags` as text for a shell.
#
# `$NAME` and `${NAME}` in a word are variables of the build, and a word may have spaces;
# `$$` and the `$` before anything else are that sign, so that `$(NAME)` is make's.
let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    isString
    map
    replaceStrings
    split
    substring
    ;

  special = [ " " "\t" "\n" "\"" "'" "\\" "`" "$" "*" "?" "[" "~" "#" "&" ";" "|" "<" ">" "(" ")" ];
  isPlain = word: word != "" && replaceStrings special (map (_: "") special) word == word;
  allPlain = words: filter (word: !isPlain word) words == [ ];

  # Within double quotes. A dollar sign that begins no variable is itself.
  quoted =
    word:
    let
      parts = split "([$][$]|[$][A-Za-z_][A-Za-z_0-9]*|[$][{][A-Za-z_][A-Za-z_0-9]*[}])" word;
      escape = replaceStrings [ "\\" "\"" "`" "$" ] [ "\\\\" "\\\"" "\\`" "\\$" ];
      part =
        text:
        if isString text then
          escape text
        else if elem "$$" text then
          "\\$"
        else
          concatStringsSep "" text;
    in
    "\"" + concatStringsSep "" (map part parts) + "\"";

  textOf = word: toString word;

  # The word refers to what it did: `split` forgets it.
  kept = word: builtins.appendContext (quoted word) (builtins.getContext word);
in
{
  # The value of the variable that holds the words.
  variable =
    words:
    let
      texts = map textOf words;
    in
    if builtins.isString words || allPlain texts then words else concatStringsSep " " (map (word: if isPlain word then word else kept word) texts);

  # A command in which `$configureFlags` or `$makeFlags` stands for such words.
  command =
    words: text:
    if builtins.isString words || allPlain (map textOf words) then
      text
    else
      "eval '"
      + replaceStrings [ "$configureFlags" "$makeFlags" ] [ "'\"$configureFlags\"'" "'\"$makeFlags\"'" ] text
      + "'";
}
