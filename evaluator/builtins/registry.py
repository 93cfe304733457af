"""The registry of builtins: name, number of arguments, module and function.

Programs see exactly these names, in `builtins ? name`, too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Entry:
    """A builtin function.

    `first`: index of the argument that it forces before anything else, so that a caller
    may evaluate that argument itself; or None. `module` and `function` locate its code.
    """

    __slots__ = ("arity", "first", "function", "module")

    def __init__(self, arity: int, module: str, function: str, first: int | None) -> None:
        self.arity = arity
        self.module = module
        self.function = function
        self.first = first


def _theme(module: str, *rows: str) -> dict[str, Entry]:
    """Rows read `name arity`, then `!` (`!1`) if it forces its first (second) argument first, `=function` if named so."""
    result = {}
    for row in rows:
        words = row.split()
        function = _snake(words[0])
        first: int | None = None
        for word in words[2:]:
            if word[0] == "!":
                first = int(word[1:] or 0)
            else:
                function = word[1:]
        result[words[0]] = Entry(int(words[1]), module, function, first)
    return result


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


TABLE: Final[dict[str, Entry]] = {
    **_theme(
        "attrsets",
        "attrNames 1 !", "attrValues 1 !", "catAttrs 2", "functionArgs 1 !", "getAttr 2", "groupBy 2", "hasAttr 2",
        "intersectAttrs 2 !", "listToAttrs 1 !", "mapAttrs 2 !1", "removeAttrs 2 !", "unsafeGetAttrPos 2",
        "zipAttrsWith 2",
    ),
    **_theme(
        "lists",
        "all 2", "any 2", "concatLists 1 !", "concatMap 2", "elem 2 !1", "elemAt 2 !1", "filter 2 !1", "foldl' 3 =fold_left",
        "genList 2 !1", "genericClosure 1 !", "head 1 !", "length 1 !", "map 2 !1", "partition 2", "sort 2 !1", "tail 1 !",
    ),
    **_theme(
        "strings",
        "concatStringsSep 2 !", "match 2 !", "replaceStrings 3 !", "split 2 !", "stringLength 1 !", "substring 3 !",
        "toString 1 ! =to_string",
    ),
    **_theme(
        "numbers",
        "add 2 !", "bitAnd 2 !", "bitOr 2 !", "bitXor 2 !", "ceil 1 !", "div 2 !", "floor 1 !", "lessThan 2 !",
        "mul 2 !", "sub 2 !",
    ),
    **_theme(
        "control",
        "abort 1 !", "addErrorContext 2", "break 1 ! =break_", "deepSeq 2 !", "seq 2 !", "throw 1 !", "trace 2 !",
        "traceVerbose 2", "tryEval 1", "warn 2 !",
    ),
    **_theme(
        "types",
        "isAttrs 1 !", "isBool 1 !", "isFloat 1 !", "isFunction 1 !", "isInt 1 !", "isList 1 !", "isNull 1 !",
        "isPath 1 !", "isString 1 !", "typeOf 1 !",
    ),
    **_theme(
        "files",
        "baseNameOf 1 !", "dirOf 1 !", "filterSource 2", "findFile 2 !", "getEnv 1 !", "import 1 ! =import_", "path 1 !",
        "pathExists 1 !", "readDir 1 !", "readFile 1 !", "readFileType 1 !", "scopedImport 2", "storePath 1 !",
        "toFile 2 !", "toPath 1 !",
    ),
    **_theme("hashing", "convertHash 1 !", "hashFile 2 !", "hashString 2 !"),
    **_theme("json", "fromJSON 1 ! =from_json", "toJSON 1 ! =to_json"),
    **_theme("toml", "fromTOML 1 ! =from_toml"),
    **_theme("xml", "toXML 1 ! =to_xml"),
    **_theme("versions", "compareVersions 2 !", "parseDrvName 1 !", "splitVersion 1 !"),
    **_theme(
        "context",
        "addDrvOutputDependencies 1 !", "appendContext 2 !", "getContext 1 !", "hasContext 1 !",
        "unsafeDiscardOutputDependency 1 !", "unsafeDiscardStringContext 1 !",
    ),
    **_theme("derivations", "derivation 1 !", "derivationStrict 1 !", "placeholder 1 !"),
    **_theme(
        "fetchers",
        "fetchMercurial 1", "fetchTarball 1 !", "fetchurl 1 !",
    ),
    **_theme("trees", "fetchGit 1"),
    **_theme("flakes", "flakeRefToString 1", "getFlake 1", "parseFlakeRef 1"),
}  # fmt: skip
"""Builtin functions by name."""

EXPERIMENTAL: Final[dict[str, Entry]] = _theme("trees", "fetchTree 1")
"""Builtin functions that are there if experimental features are: see `Library`."""

CONSTANTS: Final = (
    "builtins", "chxVersion", "currentSystem", "false", "langVersion", "nixPath", "nixVersion", "null", "storeDir",
    "true",
)  # fmt: skip
"""Builtins that are not functions."""

_GLOBAL: Final = (
    "abort", "baseNameOf", "break", "builtins", "derivation", "derivationStrict", "dirOf", "false", "fetchGit",
    "fetchMercurial", "fetchTarball", "fromTOML", "import", "isNull", "map", "null", "placeholder", "removeAttrs", "scopedImport", "throw", "toString", "true",
)  # fmt: skip

GLOBAL_NAMES: Final[dict[str, str]] = {
    **{name: name for name in _GLOBAL},
    **{f"__{name}": name for name in (*TABLE, *CONSTANTS) if name not in _GLOBAL},
}
"""Variables that are bound everywhere, and their builtins: some by name, all others with `__`."""
