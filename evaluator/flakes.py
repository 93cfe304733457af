"""Flakes: the value of `flake.nix` with the inputs that `flake.lock` (version 7) names.

A lock is a graph. A node has `locked` (what to fetch), `inputs` (names to nodes, or paths from the root which an input
follows), `flake` (false for a plain tree) and `parent` (the node in whose tree a relative path is). Nodes are evaluated when
they are needed, each once. chx writes no locks: what `flake.nix` declares must be locked as it declares it.
"""

from __future__ import annotations

from . import session
from .builtins.trees import fetched_tree
from .coerce import canonical
from .errors import EvalError, InvalidInput, InvalidText, readable
from .flakeref import parse_reference
from .force import force_slot
from .inputs import Input
from .operators import call
from .values import Builtin, ContextString, MethodType, Slot, Value, describe, names, string_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from .inputs import Attribute

_VERSIONS: Final = (5, 6, 7)
_MOST_STEPS: Final = 1000
_TOP: Final = 4
"""Number of parts of an object's path, including the empty one before the first slash."""
_SUPPORTED: Final = ("description", "inputs", "nixConfig", "outputs")
_HINT: Final = "`nix flake lock` writes the lock; chx only reads it"


def flake_of(who: str, attributes: Mapping[str, Attribute], may_move: bool) -> dict[str, Slot]:
    """Return the value of a flake. `may_move`: an input without a commit or hash is taken as it is, in pure evaluation too.

    Raises `InvalidInput`, and what fetching and evaluating raise.
    """
    given = dict(attributes)
    folder = str(given.pop("dir", ""))
    wanted = Input(given, session.evaluator().options.features)
    info = fetched_tree(who, wanted, may_move)
    place = _place(info, folder)
    declared = _read_flake(place, wanted.url)
    lock = _Lock(_read_lock(place), wanted.url, place, info)
    lock.check(declared)
    return _attributes(force_slot(lock.root))


def _place(info: Mapping[str, Slot], folder: str) -> ContextString:
    found = force_slot(info["outPath"])
    assert type(found) is ContextString
    return _inside(found, folder) if folder else found


def _inside(tree: ContextString, path: str) -> ContextString:
    """Return the path of a directory in a tree. Raises `InvalidInput` if it is outside."""
    text = f"{tree.text}/{path}"
    top = "/".join(tree.text.split("/")[:_TOP])
    if not f"{canonical(text)}/".startswith(f"{top}/"):
        raise InvalidInput(f"'{readable(path)}' leads out of the tree of a flake")
    return ContextString(text, tree.context)


def _read_flake(place: ContextString, url: str) -> dict[str, Slot]:
    """Return the set of `flake.nix`. Raises `InvalidInput` for what is none of a flake."""
    path = f"{place.text}/flake.nix"
    if session.world().file_type(path) is None:
        hint = (
            "Git tracks no file of that name there: `git add` makes it part of the tree"
            if url.startswith("git+")
            else None
        )
        raise InvalidInput(f"path '{readable(path)}' does not exist", hint=hint)
    found = _attributes(session.evaluator().import_path(path))
    for name in names(found):
        if name not in _SUPPORTED:
            raise InvalidInput(f"flake '{url}' has an unsupported attribute '{readable(name)}'")
    if "outputs" not in found:
        raise InvalidInput(f"flake '{url}' lacks attribute 'outputs'")
    return found


def _attributes(found: Value) -> dict[str, Slot]:
    if type(found) is not dict:
        raise InvalidInput(f"expected a set but found {describe(found)}")
    return found


def _read_lock(place: ContextString) -> dict[str, Any]:
    """Return the document of `flake.lock`; that of a flake without inputs if there is none."""
    import json

    path = f"{place.text}/flake.lock"
    world = session.world()
    if world.file_type(path) is None:
        return {"nodes": {"root": {}}, "root": "root", "version": 7}
    try:
        found = json.loads(world.read_file(path).decode())
        nodes, root, version = found["nodes"], found["root"], found["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidText(f"cannot read lock file '{readable(path)}': {error}") from None
    if version not in _VERSIONS:
        raise InvalidText(f"lock file '{readable(path)}' has unsupported version {version}")
    if type(nodes) is not dict or type(root) is not str or not all(type(node) is dict for node in nodes.values()):
        raise InvalidText(f"lock file '{readable(path)}' has no nodes")
    return dict(found)


class _Lock:
    """The nodes of a lock as values. `url` is the flake in messages, `place` and `info` are its directory and its tree."""

    def __init__(self, document: Mapping[str, Any], url: str, place: ContextString, info: dict[str, Slot]) -> None:
        self._nodes: Mapping[str, Mapping[str, Any]] = document["nodes"]
        self._root: str = document["root"]
        self._url = url
        self._place = place
        self._info = info
        self._slots: dict[str, Slot] = {}
        self.root: Slot = self._slot(self._root)

    def check(self, declared: Mapping[str, Slot]) -> None:
        """Raise `InvalidInput` unless each input of `flake.nix` is locked as it is declared."""
        given = _attributes(force_slot(declared["inputs"])) if "inputs" in declared else {}
        locked = self._node(self._root).get("inputs", {})
        for name in {*names(given), *_formals(force_slot(declared["outputs"]))} - {"self"}:
            if name not in locked:
                raise InvalidInput(
                    f"flake '{self._url}' has an input '{readable(name)}' that flake.lock does not have", hint=_HINT
                )
        for name in names(given):
            if name != "self":
                self._check_input(name, _attributes(force_slot(given[name])), locked[name])

    def _check_input(self, name: str, given: Mapping[str, Slot], spec: Any) -> None:
        if "follows" in given:
            path = (string_text(force_slot(given["follows"])) or "").split("/")
            is_same = type(spec) is list and [part for part in path if part] == spec
        elif "url" in given:
            text = string_text(force_slot(given["url"])) or ""
            is_same = type(spec) is str and _bytes(self._node(spec).get("original")) == _original(text)
        else:
            return
        if not is_same:
            raise InvalidInput(
                f"the input '{readable(name)}' of flake '{self._url}' is not locked as flake.nix declares it",
                hint=_HINT,
            )

    def _node(self, key: str) -> Mapping[str, Any]:
        node = self._nodes.get(key)
        if node is None:
            raise InvalidText(f"the lock file of flake '{self._url}' has no node '{readable(key)}'")
        return node

    def _slot(self, key: str) -> Slot:
        found = self._slots.get(key)
        if found is None:
            found = self._slots[key] = [self._make, key]
        return found

    def _key(self, spec: Any) -> str:
        """Return the node of an input: its key, or a path of inputs from the root that it follows."""
        steps = 0
        while type(spec) is list:
            key = self._root
            for part in spec[:-1]:
                key = self._key_of(key, part)
            if not spec:
                return key
            spec = self._node(key).get("inputs", {}).get(spec[-1])
            steps += 1
            if steps > _MOST_STEPS:
                raise InvalidText(f"an input of flake '{self._url}' follows itself")
        if type(spec) is not str:
            raise InvalidText(f"the lock file of flake '{self._url}' has an input that follows nothing")
        return spec

    def _key_of(self, key: str, part: Any) -> str:
        return self._key(self._node(key).get("inputs", {}).get(part))

    def _make(self, key: str) -> Value:
        """Evaluate a node."""
        node = self._node(key)
        if key == self._root:
            info, place = self._info, self._place
        else:
            info, place = self._source(key, node)
        if node.get("flake", True) is False:
            return {**info, "outPath": place, "sourceInfo": info}
        flake = _read_flake(place, self._url if key == self._root else readable(key))
        inputs: dict[str, Slot] = {
            _bytes_of(name): self._slot(self._key(spec)) for name, spec in sorted(node.get("inputs", {}).items())
        }
        outputs = _attributes(call(force_slot(flake["outputs"]), {**inputs, "self": self._slot(key)}))
        return {
            **outputs,
            **info,
            "outPath": place,
            "inputs": inputs,
            "outputs": outputs,
            "sourceInfo": info,
            "_type": "flake",
        }

    def _source(self, key: str, node: Mapping[str, Any]) -> tuple[dict[str, Slot], ContextString]:
        locked = _bytes(node.get("locked"))
        folder = str(locked.pop("dir", ""))
        path = locked.get("path")
        if locked.get("type") == "path" and type(path) is str and not path.startswith("/"):
            parent = _attributes(force_slot(self._slot(self._key(node.get("parent", [])))))
            above = force_slot(parent["outPath"])
            assert type(above) is ContextString
            return _attributes(force_slot(parent["sourceInfo"])), _inside(above, path)
        info = fetched_tree("getFlake", Input(locked, session.evaluator().options.features), False)
        return info, _place(info, folder)


def _formals(function: Value) -> list[str]:
    """Return the arguments that `outputs` names, which are inputs as well."""
    from .builtins.attrsets import function_args

    if type(function) not in (MethodType, Builtin):
        return []
    return names(function_args(function))


def _original(text: str) -> dict[str, Attribute]:
    """Return what a lock says of the URL of an input."""
    if text.startswith("."):
        text = f"path:{text}"
    try:
        return parse_reference(text)
    except EvalError as error:
        error.hint = error.hint or "it is the URL of an input of a flake"
        raise


def _bytes(document: Any) -> dict[str, Attribute]:
    """Return attributes of a JSON document as byte strings. Raises `InvalidText` for what is none."""
    if type(document) is not dict or not all(type(value) in (str, int, bool) for value in document.values()):
        raise InvalidText("a node of a lock file has no attributes")
    return {_bytes_of(name): _bytes_of(value) if type(value) is str else value for name, value in document.items()}


def _bytes_of(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
