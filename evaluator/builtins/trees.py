"""Builtins that fetch trees while evaluating: `fetchGit` and `fetchTree`.

Pure evaluation fetches only what its arguments determine: a commit by its name, anything else by the hash of its NAR.
"""

from __future__ import annotations

import sys

from .. import session
from ..coerce import coerce_to_string
from ..errors import EvalError, FetchedOtherwise, InvalidInput, note_context, readable
from ..force import force_slot
from ..inputs import NEED_FLAKES, NO_COMMIT, Input, disabled, git_url
from ..storename import check
from ..values import ContextString, Path, Slot, Value, describe, names
from .arguments import plain_string, value
from .files import realised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ..inputs import Attribute, FetchedTree

_SHORT: Final = 7


def fetch_git(argument: Slot) -> Value:
    """`fetchGit path`, `fetchGit { url, rev ?, ref ?, ... }`: the tree of a commit, or the working tree of a repository."""
    found = value(argument)
    if type(found) is dict:
        if "type" in found:
            raise InvalidInput("unexpected argument 'type'")
        attributes = _attributes("fetchGit", found)
        if type(attributes.get("url")) is str:
            attributes["url"] = git_url(str(attributes["url"]))
    else:
        attributes = {"url": git_url(_text(found))}
    attributes["type"] = "git"
    if attributes.get("submodules") is not True:
        attributes.setdefault("exportIgnore", True)
    return _fetched("fetchGit", _input(attributes))


def fetch_tree(argument: Slot) -> Value:
    """`fetchTree { type, ... }`: a tree or a file, as an input of a flake is fetched."""
    found = value(argument)
    if type(found) is not dict:
        text = _text(found)
        _need_flakes("passing a string argument to 'fetchTree' requires the 'flakes' experimental feature")
        from ..flakeref import parse_reference

        if text.startswith(("/", ".")):
            raise InvalidInput(f"'{readable(text)}' doesn't have a scheme")
        attributes = parse_reference(text)
        attributes.pop("dir", None)
        return _fetched("fetchTree", _input(attributes))
    if "type" not in found:
        raise InvalidInput("argument 'type' is missing in call to 'fetchTree'")
    scheme = plain_string(found["type"])
    attributes = {"type": scheme, **_attributes("fetchTree", {name: found[name] for name in found if name != "type"})}
    if scheme == "git":
        attributes.setdefault("shallow", True)
    if scheme in NEED_FLAKES:
        _need_flakes(disabled("flakes"))
    made = _input(attributes)
    if "name" in attributes:
        raise InvalidInput("argument 'name' isn\u2019t supported in call to 'fetchTree'".encode().decode("latin-1"))
    return _fetched("fetchTree", made)


def _need_flakes(message: str) -> None:
    if "flakes" not in session.evaluator().options.features:
        raise InvalidInput(message)


def _input(attributes: dict[str, Attribute]) -> Input:
    return Input(attributes, session.evaluator().options.features)


def _text(found: Value) -> str:
    return realised(*coerce_to_string(found, copy=False))


def _attributes(who: str, given: dict[str, Slot]) -> dict[str, Attribute]:
    """Return arguments that are texts, numbers or Booleans. Raises `InvalidInput` for others."""
    result: dict[str, Attribute] = {}
    for name in names(given):
        found = force_slot(given[name])
        if type(found) in (str, ContextString, Path):
            result[name] = _text(found)
        elif type(found) is bool:
            result[name] = found
        elif type(found) is int:
            if found < 0:
                raise InvalidInput(f"negative value given for '{who}' argument '{readable(name)}': {found}")
            result[name] = found
        elif name == "publicKeys":
            # `Input` refuses it.
            result[name] = ""
        else:
            raise InvalidInput(
                f"argument '{readable(name)}' to '{who}' is {describe(found)} while a string, Boolean or integer is expected"
            )
    return result


def _fetched(who: str, wanted: Input) -> dict[str, Slot]:
    return fetched_tree(who, wanted, may_move=False)


def fetched_tree(who: str, wanted: Input, may_move: bool) -> dict[str, Slot]:
    """Fetch an input; return where it is and what is known of it.

    `may_move`: pure evaluation takes what is neither a commit nor held by a hash as it is. Raises `InvalidInput`,
    `FetchedOtherwise`, and what the world raises.
    """
    world = session.world()
    if session.evaluator().options.pure and not wanted.is_locked and not may_move:
        if wanted.expected is None and who == "getFlake":
            raise InvalidInput(
                f"cannot call 'getFlake' on unlocked flake reference '{wanted.url}' (use --impure to override)"
            )
        if wanted.expected is None:
            raise InvalidInput(
                f"in pure evaluation mode, '{who}' doesn't fetch unlocked input '{wanted.url}'",
                hint='rev = "..." names a commit and narHash = "..." what any input gives; --impure takes what is there now',
            )
        world.lint(
            f"Input '{wanted.url}' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. This is not "
            "reproducible and will break after garbage collection or when shared."
        )
    check(wanted.name)
    try:
        found = world.fetch(wanted.source, wanted.name)
        _compare(wanted, found)
    except EvalError as error:
        note_context(error, f"while fetching the input '{wanted.url}'", sys._getframe())
        raise
    return _described(who, wanted, found)


def _compare(wanted: Input, found: FetchedTree) -> None:
    """Raise `FetchedOtherwise` if the tree is not what the attributes promise."""
    if wanted.expected is not None and wanted.expected != found.nar:
        raise FetchedOtherwise(
            f"NAR hash mismatch in input '{wanted.url}', expected '{_sri(wanted.expected)}' but got '{_sri(found.nar)}'"
        )
    if wanted.scheme != "git":
        return
    for name, got in (("lastModified", found.modified), ("revCount", found.count)):
        promised = wanted.attributes.get(name)
        if promised is not None and got is not None and promised != got:
            raise FetchedOtherwise(
                f"'{name}' attribute mismatch in input '{wanted.url}', expected {promised}, got {got}"
            )


def _sri(digest: bytes) -> str:
    from binascii import b2a_base64

    return f"sha256-{b2a_base64(digest, newline=False).decode()}"


def _described(who: str, wanted: Input, found: FetchedTree) -> dict[str, Slot]:
    """Return the result of a fetch: where it is, and what is known of it."""
    path = str(found.path)
    result: dict[str, Slot] = {
        "outPath": ContextString(path, frozenset((("path", path),))),
        "narHash": _sri(found.nar),
    }
    revision, count, modified = found.revision, found.count, found.modified
    if wanted.scheme == "git":
        result["submodules"] = wanted.has("submodules")
    else:
        revision = revision or wanted.revision
        given = wanted.attributes
        count = int(given["revCount"]) if "revCount" in given else count
        modified = int(given["lastModified"]) if "lastModified" in given else modified
    if who == "getFlake" and revision == NO_COMMIT:
        revision = None
    if who == "fetchGit":
        revision, count = revision or NO_COMMIT, count or 0
    if revision is not None:
        result.update(rev=revision, shortRev=revision[:_SHORT])
    if count is not None:
        result["revCount"] = count
    if found.dirty is not None:
        result.update(dirtyRev=f"{found.dirty}-dirty", dirtyShortRev=f"{found.dirty[:_SHORT]}-dirty")
    if modified is not None:
        result.update(lastModified=modified, lastModifiedDate=_date(modified))
    return result


def _date(seconds: int) -> str:
    """Return a time as YYYYMMDDHHMMSS in UTC."""
    import time

    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))
