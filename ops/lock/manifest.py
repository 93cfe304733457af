"""The inputs that `chx.toml` declares, read without evaluation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from ...builder.configuration import check_names
from ...store.foreign import parse_toml
from .errors import UNREADABLE, LockError

CONFIGURATION = "chx.toml"
_FORMS = 'it is "./PATH", "URL", { path = "..." }, { url = "..." }, { git = "...", ref = "...", submodules = true } or { follows = "..." }'
_SCHEMES = ("https:", "http:", "file:")


@dataclass(frozen=True, slots=True)
class Declared:
    """The origin of one input: one of `path`, `url` and `git`, or the input that it `follows`.

    `overrides` replace declarations of its own inputs, by name. `base` is the input whose tree a path is relative to
    (`.`: the project), because its chx.toml declares the path; None: the parent input.
    """

    path: str | None = None
    url: str | None = None
    git: str | None = None
    ref: str | None = None
    rev: str | None = None
    follows: str | None = None
    base: str | None = None
    submodules: bool = False
    overrides: Mapping[str, Declared] = field(default_factory=dict, compare=False)

    def as_data(self) -> dict[str, str | bool]:
        """Return the declaration as JSON types: the field `from` of the lock."""
        pairs: tuple[tuple[str, str | None], ...] = (
            ("path", self.path),
            ("url", self.url),
            ("git", self.git),
            ("ref", self.ref),
            ("rev", self.rev),
        )
        pairs += (("base", self.base),)
        found: dict[str, str | bool] = {name: value for name, value in pairs if value is not None}
        return {**found, "submodules": True} if self.submodules else found

    def __str__(self) -> str:
        if self.follows is not None:
            return f"what '{self.follows}' is"
        place = self.path or self.url or self.git or ""
        named = ", ".join(filter(None, (self.rev or self.ref, "with submodules" if self.submodules else None)))
        return f"{place} ({named})" if named else place

    @property
    def fetch_url(self) -> str:
        """The URL for the builder's fetcher; not for a path."""
        if self.git is None:
            assert self.url is not None
            return self.url
        remote = self.git if "://" in self.git else f"file://{quote(self.git)}"
        query = [f"rev={self.rev}" if self.rev else f"ref={self.ref}"] if self.rev or self.ref else []
        query += ["submodules=1"] if self.submodules else []
        return f"git+{remote}{('&' if '?' in remote else '?') + '&'.join(query) if query else ''}"

    def declared_in(self, project: str) -> Declared:
        """Return the declaration as an override in the chx.toml of an input, or of the project (`""`)."""
        if self.path is not None:
            return replace(self, base=project or ".")
        if self.follows is not None and project:
            return replace(self, follows=f"{project}/{self.follows}")
        return self


def read_declared(folder: str) -> dict[str, Declared]:
    """Return the inputs that the `chx.toml` in a directory declares; none without that file. Raises `LockError`."""
    place = os.path.join(folder, CONFIGURATION)
    try:
        with open(place, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if b"input" not in text:
        return {}

    try:
        data = parse_toml(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise LockError(UNREADABLE, f"cannot read '{place}': {reason}") from error
    check_names(place, data)
    return _several(data.get("inputs", {}), place, "inputs")


def _several(data: Any, place: str, key: str) -> dict[str, Declared]:
    if not isinstance(data, dict):
        raise LockError(UNREADABLE, f"'{place}': '{key}' is not a table")
    for name in data:
        if (
            not name.isascii()
            or not all(c.isalnum() or c in "_-'" for c in name)
            or not (name[:1].isalpha() or name[:1] == "_")
        ):
            raise LockError(
                UNREADABLE, f"'{place}': '{name}' in '{key}' is no name for an input", hint="letters, digits, _ and -"
            )
    return {name: _one(value, place, f"{key}.{name}") for name, value in data.items()}


def _one(value: Any, place: str, key: str) -> Declared:
    if isinstance(value, str):
        value = _of_text(value)
    if not isinstance(value, dict) or not all(
        isinstance(found, bool if name == "submodules" else str) for name, found in value.items() if name != "inputs"
    ):
        raise LockError(UNREADABLE, f"'{place}': '{key}' is not the place of an input", hint=_FORMS)
    kinds = [name for name in ("path", "url", "git", "follows") if value.get(name)]
    other = sorted(
        value.keys()
        - {"path", "url", "git", "follows", "inputs"}
        - ({"ref", "rev", "submodules"} if kinds == ["git"] else set())
    )
    if len(kinds) != 1 or other:
        what = f"has '{other[0]}', which has no meaning there" if other else "has to name one place"
        raise LockError(UNREADABLE, f"'{place}': '{key}' {what}", hint=_FORMS)
    if "url" in value and not value["url"].startswith(_SCHEMES):
        raise LockError(
            UNREADABLE, f"'{place}': '{key}' has a URL of a kind that is not known: {value['url']}", hint=_FORMS
        )
    if "git" in value and "://" not in value["git"] and not value["git"].startswith("/"):
        raise LockError(
            UNREADABLE, f"'{place}': '{key}' has a repository that is no URL: {value['git']}",
            hint="git+ssh is written ssh://USER@HOST/PATH, a repository on this disk file:///PATH",
        )  # fmt: skip
    if "#" in value.get("git", "") and "://" in value["git"]:
        raise LockError(
            UNREADABLE, f"'{place}': '{key}' has a repository with a '#' in its URL: {value['git']}",
            hint="a '#' of the path is written %23; a branch or tag is named by `ref`",
        )  # fmt: skip
    overrides = _several(value.pop("inputs"), place, f"{key}.inputs") if "inputs" in value else {}
    return Declared(**value, overrides=overrides)


def _of_text(text: str) -> dict[str, str | bool]:
    if text.startswith("git+"):
        from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

        parts = urlsplit(text.removeprefix("git+"))
        query = dict(parse_qsl(parts.query))
        named: dict[str, str | bool] = {str(name): query.pop(name) for name in ("ref", "rev") if name in query}
        if query.get("submodules") in ("0", "1"):
            named["submodules"] = query.pop("submodules") == "1"
        return {"git": urlunsplit(parts._replace(query=urlencode(query))), **named}
    return {"url" if text.partition("/")[0].endswith(":") else "path": text}
