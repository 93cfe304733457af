# What is wrong with an SPDX licence expression, in words; null if nothing is.
#
# The grammar is that of SPDX 2.3, annex D, with operators in capitals; of the
# identifiers those are known that packages have needed so far. LicenseRef-NAME is
# for what SPDX has no identifier for, the public domain before all.
expression:

let
  inherit (builtins)
    concatMap
    elem
    filter
    foldl'
    isString
    match
    split
    ;

  licences = [
    "0BSD"
    "Apache-2.0"
    "Artistic-1.0-Perl"
    "Artistic-2.0"
    "BSD-1-Clause"
    "BSD-2-Clause"
    "BSD-2-Clause-Patent"
    "BSD-3-Clause"
    "BSD-4-Clause"
    "BSD-4-Clause-UC"
    "BSL-1.0"
    "Beerware"
    "CC-BY-3.0"
    "CC-BY-4.0"
    "CC-BY-SA-4.0"
    "CC0-1.0"
    "CDDL-1.0"
    "EPL-2.0"
    "FTL"
    "GFDL-1.2-or-later"
    "GFDL-1.3-or-later"
    "GPL-1.0-or-later"
    "GPL-2.0-only"
    "GPL-2.0-or-later"
    "GPL-3.0-only"
    "GPL-3.0-or-later"
    "HPND"
    "ICU"
    "IJG"
    "ISC"
    "Info-ZIP"
    "LGPL-2.0-only"
    "LGPL-2.0-or-later"
    "LGPL-2.1-only"
    "LGPL-2.1-or-later"
    "LGPL-3.0-only"
    "LGPL-3.0-or-later"
    "Libpng"
    "MIT"
    "MIT-0"
    "MPL-1.1"
    "MPL-2.0"
    "MirOS"
    "NCSA"
    "OFL-1.1"
    "OLDAP-2.8"
    "OpenSSL"
    "PSF-2.0"
    "Python-2.0"
    "SMLNJ"
    "SSH-OpenSSH"
    "Spencer-94"
    "TCL"
    "Unicode-3.0"
    "Unicode-DFS-2015"
    "Unlicense"
    "Vim"
    "WTFPL"
    "X11"
    "X11-distribute-modifications-variant"
    "ZPL-2.1"
    "Zlib"
    "blessing"
    "bzip2-1.0.6"
    "curl"
    "libpng-2.0"
  ];

  exceptions = [
    "Autoconf-exception-3.0"
    "Bison-exception-2.2"
    "Classpath-exception-2.0"
    "GCC-exception-2.0"
    "GCC-exception-3.1"
    "LLVM-exception"
    "Libtool-exception"
    "Linux-syscall-note"
  ];

  words = filter (word: isString word && word != "") (split " +" expression);
  # Parentheses stand alone or at the ends of words.
  tokens = concatMap (word: filter (token: token != "") (concatMap (part: if isString part then [ part ] else part) (split "([()])" word))) words;

  isLicence =
    word:
    let
      plus = match "(.+)[+]" word;
    in
    elem (if plus == null then word else builtins.head plus) licences || match "LicenseRef-[A-Za-z0-9.-]+" word != null;

  # `wants`: a licence ("operand"), an operator, or the name of an exception.
  step =
    state: token:
    if state.problem != null then
      state
    else if state.wants == "operand" then
      if token == "(" then
        state // { depth = state.depth + 1; }
      else if isLicence token then
        state // { wants = "operator"; mayHaveException = true; }
      else if elem token [ "AND" "OR" "WITH" ")" ] then
        state // { problem = "there is no licence before '${token}'"; }
      else
        state // { problem = "'${token}' is not among the identifiers in pkgs/lib/licence.nix, which may lack it"; }
    else if state.wants == "exception" then
      if elem token exceptions then
        state // { wants = "operator"; mayHaveException = false; }
      else
        state // { problem = "'${token}' is not among the exceptions in pkgs/lib/licence.nix, which may lack it"; }
    else if token == "AND" || token == "OR" then
      state // { wants = "operand"; }
    else if token == "WITH" && state.mayHaveException then
      state // { wants = "exception"; }
    else if token == ")" && state.depth > 0 then
      state // { depth = state.depth - 1; mayHaveException = false; }
    else
      state // { problem = "'${token}' stands where AND, OR or the end is due"; };

  end = foldl' step {
    problem = null;
    wants = "operand";
    depth = 0;
    mayHaveException = false;
  } tokens;
in
if end.problem != null then
  end.problem
else if tokens == [ ] then
  "it is empty"
else if end.wants != "operator" then
  "it ends too early"
else if end.depth > 0 then
  "a parenthesis is not closed"
else
  null
