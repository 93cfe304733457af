"""Nix's order of the attributes of a set.

Nix keeps a table of all names, and orders sets by that table: a name comes before those first seen later. Forcing all
attributes of a set, or comparing two sets, reveals that order. First are Nix's own names, in the order below, then
those of loaded files, each in the order in which Nix's parser completes a name (`first_seen`).
"""

from __future__ import annotations

from .values import WHERE, Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

    from .loader import File

_BUILT_IN: Final = (
    "outPath drvPath type meta name value system __overrides outputs outputName __ignoreNulls file line column "
    "__functor __toString right wrong __structuredAttrs __json allowedReferences allowedRequisites "
    "disallowedReferences disallowedRequisites maxSize maxClosureSize builder args __contentAddressed __impure "
    "outputHash outputHashAlgo outputHashMode recurseForDerivations description self startSet operator key path "
    "prefix outputSpecified __sub __lessThan __mul __div __findFile __nixPath body builtins true false null "
    "__currentTime currentTime __currentSystem currentSystem __nixVersion nixVersion __storeDir storeDir "
    "__langVersion langVersion __traceVerbose traceVerbose nixPath scopedImport import __typeOf typeOf isNull "
    "__isFunction isFunction __isInt isInt __isFloat isFloat __isString isString __isBool isBool __isPath isPath "
    "__genericClosure genericClosure break abort throw __addErrorContext addErrorContext __ceil ceil __floor floor "
    "__tryEval tryEval __getEnv getEnv __seq seq __deepSeq deepSeq __trace trace __warn warn derivationStrict "
    "placeholder __toPath toPath __storePath storePath __pathExists pathExists baseNameOf dirOf __readFile readFile "
    "findFile __hashFile hashFile __readFileType readFileType __readDir readDir __toXML toXML __toJSON toJSON "
    "__fromJSON fromJSON __toFile toFile __filterSource filterSource __path __attrNames attrNames __attrValues "
    "attrValues __getAttr getAttr __unsafeGetAttrPos unsafeGetAttrPos __hasAttr hasAttr __isAttrs isAttrs "
    "removeAttrs __listToAttrs listToAttrs __intersectAttrs intersectAttrs __catAttrs catAttrs __functionArgs "
    "functionArgs __mapAttrs mapAttrs __zipAttrsWith zipAttrsWith __isList isList __elemAt elemAt __head head "
    "__tail tail map __filter filter __elem elem __concatLists concatLists __length length __foldl' foldl' __any "
    "any __all all __genList genList __sort sort __partition partition __groupBy groupBy __concatMap concatMap "
    "__add add sub mul div __bitAnd bitAnd __bitOr bitOr __bitXor bitXor lessThan toString __substring substring "
    "__stringLength stringLength __hashString hashString __convertHash convertHash __match match __split split "
    "__concatStringsSep concatStringsSep __replaceStrings replaceStrings __parseDrvName parseDrvName "
    "__compareVersions compareVersions __splitVersion splitVersion __unsafeDiscardStringContext "
    "unsafeDiscardStringContext __hasContext hasContext __unsafeDiscardOutputDependency "
    "unsafeDiscardOutputDependency __addDrvOutputDependencies addDrvOutputDependencies __getContext getContext "
    "__appendContext appendContext fetchMercurial __fetchurl fetchurl fetchTarball fetchGit fromTOML __getFlake "
    "getFlake __parseFlakeRef parseFlakeRef __flakeRefToString flakeRefToString derivation strict drvAttrs "
    "commonAttrs outputsList x outputToAttrListElement"
)
"""Determined by letting Nix evaluate a set of all these, traced."""


class SymbolTable:
    """Knows which of two names was seen first."""

    def __init__(self) -> None:
        self.files: list[File] = []
        """Loaded files, read when an order is needed."""
        self._done = 0
        self._numbers = numbered(())

    def in_order(self, attrs: dict[str, Slot]) -> list[str]:
        """Return the names in a set, in Nix's order; names in no file come last, in the order of the set."""
        self._read()
        numbers = self._numbers
        found = []
        for name in attrs:
            if name is not WHERE:
                numbers.setdefault(name, len(numbers))
                found.append(name)
        found.sort(key=numbers.__getitem__)
        return found

    def _read(self) -> None:
        numbers = self._numbers
        for file in self.files[self._done :]:
            for name in file.symbols:
                numbers.setdefault(name, len(numbers))
        self._done = len(self.files)


def numbered(seen: Iterable[str]) -> dict[str, int]:
    """Number Nix's own names, and then those that were `seen`."""
    numbers: dict[str, int] = {}
    for name in (*_BUILT_IN.split(), *seen):
        numbers.setdefault(name, len(numbers))
    return numbers


def first_seen(tree: Any) -> tuple[str, ...]:
    """Return the names in a tree in the order in which Nix's parser completes them.

    That is the order of the text, except where a construct is recognised later: the name of an argument follows the
    body of its function, that of one with a default comes after that.
    """
    from ..lang import nodes

    events: list[tuple[int, int, str]] = []
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is nodes.Formal:
            events.append((node.start if node.default is None else node.end, len(events), node.name))
        elif kind is nodes.Lambda:
            if node.param is not None:
                # Of functions with the same end the inner one comes first.
                events.append((node.end, -node.start - 1, node.param))
        elif kind in (nodes.Var, nodes.Name, nodes.Attr, nodes.Inherited, nodes.InheritedFrom):
            events.append((node.start, len(events), node.name))
        pending.extend([child for child in reversed(node) if isinstance(child, tuple)])
    events.sort()
    return tuple(dict.fromkeys([name for _, _, name in events]))
