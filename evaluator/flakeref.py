"""Flake references: the URLs that name inputs, and the attributes that they stand for.

A path (`path:PATH`, or an absolute one without a scheme), a repository (`git+https:`, `git+ssh:`, `git+file:`), an archive
(any other URL, `tarball+URL`), a file (`file+URL`), a repository of a service (`github:OWNER/REPO[/REF]`, `gitlab:`, `sourcehut:`) or a
name of a registry (`[flake:]ID[/REF[/REV]]`).
"""

from __future__ import annotations

from .errors import InvalidInput, readable
from .inputs import IN_QUERY, is_ref, quoted, shown, text_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from .inputs import Attribute

_HOSTED: Final = ("github", "gitlab", "sourcehut")
_TRANSPORTS: Final = ("http", "https", "file")
_GIT: Final = ("git+http", "git+https", "git+ssh", "git+file", "git")
_NUMBERS: Final = ("lastModified", "revCount")
_COMMIT: Final = 40


def parse_reference(text: str) -> dict[str, Attribute]:
    """Return the attributes of a reference, with `dir` if it names a directory. Raises `InvalidInput`."""
    place, hash_, fragment = text.partition("#")
    if hash_ and fragment:
        raise InvalidInput(f"unexpected fragment '{readable(fragment)}' in flake reference '{readable(text)}'")
    place, _, query_text = place.partition("?")
    query = _parsed_query(query_text)
    scheme, colon, rest = place.partition(":")
    if not colon or not scheme.replace("+", "").replace("-", "").isalnum() or place.startswith(("/", ".")):
        return _bare(text, place, query)
    if scheme == "path":
        return {"type": "path", "path": _unquoted(rest.removeprefix("//")), **_typed_of_path(text, query)}
    if scheme in _HOSTED:
        return {"type": scheme, **_hosted(text, rest), **_typed(query)}
    if scheme == "flake":
        return {"type": "indirect", **_indirect(text, rest), **_typed(query)}
    return _located(text, scheme, place, query)


def _located(text: str, scheme: str, place: str, query: dict[str, str]) -> dict[str, Attribute]:
    """Return the attributes of a reference that is a URL."""
    known: tuple[str, ...]
    if scheme in _GIT:
        known = ("dir", "ref", "rev", "narHash", "allRefs", "name", *_NUMBERS, *IN_QUERY)
        return {"type": "git", "url": _kept(place.removeprefix("git+"), query, known), **_typed(query, known)}
    if scheme.startswith("hg+"):
        known = ("dir", "ref", "rev", "narHash", *_NUMBERS)
        return {"type": "hg", "url": _kept(place.removeprefix("hg+"), query, known), **_typed(query, known)}
    known = ("dir", "rev", "narHash", "name", *_NUMBERS)
    application, plus, transport = scheme.rpartition("+")
    if transport not in _TRANSPORTS or (plus and application not in ("tarball", "file")):
        raise InvalidInput(f"input '{readable(text)}' is unsupported")
    kind = application or "tarball"
    return {"type": kind, "url": _kept(place[len(application) + len(plus) :], query, known), **_typed(query, known)}


def _typed_of_path(text: str, query: Mapping[str, str]) -> dict[str, Attribute]:
    for name, value in query.items():
        if name not in ("dir", "narHash", "rev", *_NUMBERS):
            raise InvalidInput(f"path URL '{readable(text)}' has unsupported parameter '{readable(name)}'")
        if name in _NUMBERS and not (value.isascii() and value.isdigit()):
            raise InvalidInput(f"path URL '{readable(text)}' has invalid parameter '{name}'")
    return _typed(query)


def _bare(text: str, place: str, query: dict[str, str]) -> dict[str, Attribute]:
    """Return the attributes of a reference without a scheme: a path, or a name in a registry."""
    if place.startswith("/"):
        return {"type": "path", "path": _unquoted(place), **_typed_of_path(f"path:{text}", query)}
    if not query and _is_identifier(place.partition("/")[0]) and place.count("/") <= 2:
        return {"type": "indirect", **_indirect(f"flake:{text}", place)}
    raise InvalidInput(f"flake reference '{readable(text)}' is not an absolute path")


def _hosted(text: str, rest: str) -> dict[str, Attribute]:
    parts = [_unquoted(part) for part in rest.split("/")]
    if len(parts) < 2 or not all(parts):
        raise InvalidInput(f"flake reference '{readable(text)}' is not an absolute path")
    found: dict[str, Attribute] = {"owner": parts[0], "repo": parts[1]}
    if len(parts) > 2:
        name = "/".join(parts[2:])
        found["rev" if _is_commit(name) else "ref"] = name
    return found


def _indirect(text: str, rest: str) -> dict[str, Attribute]:
    identifier, *parts = rest.split("/")
    if not _is_identifier(identifier):
        raise InvalidInput(f"'{readable(identifier)}' is not a valid flake identifier")
    found: dict[str, Attribute] = {"id": identifier}
    if len(parts) > 2:
        raise InvalidInput(f"flake URL '{readable(text)}' is invalid")
    if len(parts) == 2 and not _is_commit(parts[1]):
        raise InvalidInput(f"in flake URL '{readable(text)}', '{readable(parts[1])}' is not a commit hash")
    for place, part in enumerate(parts):
        is_commit = _is_commit(part) and (place == 1 or len(parts) == 1)
        if not is_commit and not is_ref(part):
            raise InvalidInput(
                f"in flake URL '{readable(text)}', '{readable(part)}' is not a commit hash or branch/tag name"
            )
        found["rev" if is_commit else "ref"] = part
    return found


def _is_identifier(text: str) -> bool:
    return text.isascii() and text[:1].isalpha() and text.replace("_", "").replace("-", "").isalnum()


def _is_commit(text: str) -> bool:
    return len(text) == _COMMIT and all(c in "0123456789abcdefABCDEF" for c in text)


def _parsed_query(text: str) -> dict[str, str]:
    words = (word.partition("=") for word in text.split("&") if word)
    return {_unquoted(name): _unquoted(value) for name, _, value in words}


def _unquoted(text: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(text.encode("latin-1")).decode("latin-1")


def _kept(place: str, query: Mapping[str, str], known: tuple[str, ...]) -> str:
    """Return a URL with those parts of its query that are for the server."""
    words = text_query({name: value for name, value in query.items() if name not in known})
    return f"{place}?{words}" if words else place


def _typed(query: Mapping[str, str], known: tuple[str, ...] | None = None) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for name, value in query.items():
        if known is not None and name not in known:
            continue
        if name in _NUMBERS:
            if not (value.isascii() and value.isdigit()):
                raise InvalidInput(f"flake reference attribute '{name}' is no number: '{readable(value)}'")
            found[name] = int(value)
        else:
            found[name] = value == "1" if name in (*IN_QUERY, "allRefs") else value
    return found


def reference_text(attributes: Mapping[str, Attribute]) -> str:
    """Return the reference that attributes stand for, a byte string. Raises `InvalidInput`."""
    kind = attributes.get("type")
    if kind is None:
        raise InvalidInput("'type' attribute to specify input scheme is required but not provided")
    rest = {name: _text(value) for name, value in attributes.items() if name != "type"}

    def take(name: str) -> str:
        if name not in rest:
            raise InvalidInput(f"input attribute '{name}' is missing")
        return rest.pop(name)

    known: tuple[str, ...] = ("dir", "narHash", "rev", *_NUMBERS)
    if kind in _HOSTED:
        base = "/".join(
            [f"{kind}:{take('owner')}", take("repo"), *(rest.pop(name) for name in ("ref", "rev") if name in rest)]
        )
        known = ("dir", "host", "narHash", "lastModified", "treeHash")
    elif kind == "indirect":
        base = "/".join([f"flake:{take('id')}", *(rest.pop(name) for name in ("ref", "rev") if name in rest)])
        known = ("dir", "narHash")
    elif kind == "path":
        base = f"path:{quoted(take('path'))}"
    elif kind == "git":
        base = f"git+{take('url')}"
        known += ("ref", "allRefs", "name", *IN_QUERY)
    elif kind in ("tarball", "file"):
        base = take("url")
        known += ("name", "unpack")
    else:
        raise InvalidInput(f"cannot show unsupported input '{shown(attributes)}'")
    for name in sorted(rest):
        if name not in known:
            raise InvalidInput(f"input attribute '{readable(name)}' not supported by scheme '{kind}'")
    silent = ("allRefs", "name", "unpack", *(("lastModified", "revCount", "narHash") if kind == "git" else ()))
    query = {name: value for name, value in rest.items() if name not in silent and value != ""}
    words = text_query(query)
    return f"{base}{'&' if '?' in base else '?'}{words}" if words else base


def _text(value: Attribute) -> str:
    return ("1" if value else "") if type(value) is bool else str(value)
