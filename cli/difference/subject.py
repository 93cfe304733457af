"""What `chx diff` compares: a derivation or object, a collection of them, or a lock file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CommandError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ...evaluator import Value
    from ...store import Derivation, Store, StorePath
    from ..session import Session


@dataclass(frozen=True, slots=True)
class Thing:
    """A derivation with those of its outputs that are there, or an object that was named by its path.

    `missing` are the outputs that are not there; `is_object` if one object was meant and not a derivation.
    """

    text: str
    derivation: StorePath | None
    outputs: Mapping[str, StorePath]
    missing: tuple[str, ...]
    is_object: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """A stage or package set: derivations by attribute name."""

    text: str
    members: Mapping[str, Thing]


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A line of a lock file."""

    package: str
    version: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file: files by package."""

    text: str
    files: Mapping[str, LockedFile]


Subject = Thing | Collection | Lock


@dataclass(frozen=True, slots=True)
class _Named:
    """A derivation before the build trace was asked: which of its outputs are meant (None: all)."""

    text: str
    derivation: StorePath
    outputs: tuple[str, ...] | None


_Draft = _Named | dict[str, _Named] | Lock | Thing


def subjects(session: Session, arguments: argparse.Namespace, words: tuple[str, str]) -> tuple[Subject, Subject]:
    """What two words of a command line mean. Raises `CommandError`."""
    drafts = [_draft(session, arguments, word) for word in words]
    if any(isinstance(draft, _Named | dict) for draft in drafts):
        session.world.commit()
    named = [item for draft in drafts for item in _named_in(draft)]
    known = known_outputs(session.store, [item.derivation for item in named])
    first, second = (_complete(session.store, draft, word, known) for draft, word in zip(drafts, words))
    return first, second


def known_outputs(store: Store, derivations: list[StorePath]) -> dict[tuple[StorePath, str], StorePath]:
    """What the build trace knows of derivations and their inputs; one with inputs that are gone is left out."""
    from ...builder import BuildError, recall

    try:
        return recall(store, derivations)
    except BuildError:
        found: dict[tuple[StorePath, str], StorePath] = {}
        if len(derivations) > 1:
            for derivation in derivations:
                found |= known_outputs(store, [derivation])
        return found


def _draft(session: Session, arguments: argparse.Namespace, word: str) -> _Draft:
    if word.endswith(".json") and not word.startswith("/chx/store/"):
        return read_lock(word)
    if ("/" in word and '"' not in word) or os.path.islink(word):
        return _object(session, word)
    from .. import expression

    arguments.attributes, arguments.attr = [word], []
    (selected,) = expression.select(session, arguments)
    return _value(session, selected.value, word)


def _object(session: Session, word: str) -> _Draft:
    from ..store import object_named

    store = session.store
    path = object_named(store, word)
    info = store.info(path)
    if path.is_derivation:
        return _Named(word, path, None)
    deriver = info.deriver if info.deriver is not None and store.is_valid(info.deriver) else None
    output = "out"
    if deriver is not None:
        base = deriver.name.removesuffix(".drv")
        output = path.name[len(base) + 1 :] if path.name.startswith(base + "-") else "out"
    if not store.is_valid(path):
        raise CommandError(f"the object '{path}' was removed", hint="build it again with chx build")
    return Thing(word, deriver, {output: path}, (), True)


def _value(session: Session, value: Value, word: str) -> _Draft:
    evaluator = session.evaluator
    one = evaluator.derivation_of(value)
    if one is not None:
        return _named(session, *one, word)
    if evaluator.type_name(value) == "set":
        if "packages" in evaluator.attr_names(value):
            inner = evaluator.select(value, "packages")
            if evaluator.type_name(inner) == "set":
                value = inner
        members = {}
        for name in evaluator.attr_names(value):
            found = evaluator.derivation_of(evaluator.select(value, name))
            if found is not None:
                members[name] = _named(session, *found, name)
        if members:
            return members
    kind = evaluator.type_name(value)
    raise CommandError(
        f"'{word}' is of type {kind} and neither a derivation nor a set with derivations in it",
        hint="name a package, a stage, a store path, a result link or a lock file",
    )


def _named(session: Session, derivation: StorePath, outputs: tuple[str, ...], text: str) -> _Named:
    """The default output means the whole derivation, any other is meant alone."""
    from ...store import StorePath

    assert isinstance(derivation, StorePath)
    return _Named(text, derivation, outputs)


def _named_in(draft: _Draft) -> list[_Named]:
    if isinstance(draft, dict):
        return list(draft.values())
    if isinstance(draft, _Named):
        return [draft]
    return []


def _complete(
    store: Store, draft: _Draft, word: str, known: Mapping[tuple[StorePath, str], StorePath]
) -> Thing | Collection | Lock:
    if isinstance(draft, dict):
        return Collection(word, {name: _thing(store, item, known) for name, item in draft.items()})
    if isinstance(draft, _Named):
        return _thing(store, draft, known)
    return draft


def _thing(store: Store, item: _Named, known: Mapping[tuple[StorePath, str], StorePath]) -> Thing:
    declared = store.derivation(item.derivation).outputs
    meant = declared if item.outputs in (None, declared[:1]) else item.outputs or ()
    outputs = {}
    for output in meant:
        path = known.get((item.derivation, output))
        if path is not None and store.is_valid(path):
            outputs[output] = path
    missing = tuple(output for output in meant if output not in outputs)
    return Thing(item.text, item.derivation, outputs, missing, False)


def read_lock(name: str) -> Lock:
    """Read a lock file. Raises `CommandError` if it is none."""
    try:
        with open(name, "rb") as handle:
            raw = json.loads(handle.read())
        files = [LockedFile(item["package"], item["version"], item["url"], item["sha256"]) for item in raw["files"]]
    except OSError as error:
        raise CommandError(f"cannot read '{name}': {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CommandError(
            f"'{name}' is not a lock file",
            hint='it should be {"files": [{"package", "version", "url", "sha256"}, ...]}',
        ) from error
    if not all(isinstance(part, str) for file in files for part in (file.package, file.version, file.url, file.sha256)):
        raise CommandError(f"'{name}' is not a lock file: its fields have to be strings")
    found: dict[str, LockedFile] = {}
    for file in files:
        found[file.package if file.package not in found else f"{file.package} {file.version}"] = file
    return Lock(name, found)


class Derivations:
    """Reads each derivation once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[StorePath, Derivation] = {}

    def __call__(self, path: StorePath) -> Derivation:
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._store.derivation(path)
        return found
