"""Subjects of `chx diff`: a derivation or object, a collection of derivations, or a lock file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...store.foreign import parse_json
from ...store.package_names import split_name
from ..errors import RequestError
from ..instantiation import evaluate_request
from ..targets import object_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...evaluator import Evaluator, Value
    from ...store import Store, StorePath
    from ..request import Request
    from ..session import Session
    from .recall import BuildTraceCache


@dataclass(frozen=True, slots=True)
class PackageSubject:
    """A derivation with its valid outputs, or an object named by its path.

    `missing` are the outputs that are not in the store; `is_object`: the user named an object, not a derivation.
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
    members: Mapping[str, PackageSubject]


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


Subject = PackageSubject | Collection | Lock


@dataclass(frozen=True, slots=True)
class _NamedDerivation:
    """A derivation without its build trace; `outputs` are the requested ones (None: all)."""

    text: str
    derivation: StorePath
    outputs: tuple[str, ...] | None


_Unresolved = _NamedDerivation | dict[str, _NamedDerivation] | Lock | PackageSubject


def subjects(
    session: Session, request: Request, words: tuple[str, str], cache: BuildTraceCache
) -> tuple[Subject, Subject]:
    """Resolve two words of a command line, and load their derivations into `cache`. Raises `RequestError`."""
    drafts = [_draft(session, request, word) for word in words]
    if any(isinstance(draft, _NamedDerivation | dict) for draft in drafts):
        session.world.commit()
    cache.load(derivation for draft in drafts for derivation in _derivations_in(draft))
    first, second = (_complete(session.store, draft, word, cache) for draft, word in zip(drafts, words))
    return first, second


def _draft(session: Session, request: Request, word: str) -> _Unresolved:
    if word.endswith(".json") and not word.startswith("/chx/store/"):
        return read_lock(word)
    # As in other commands, a bare word is an attribute if a file or expression is named.
    if ("/" in word and '"' not in word) or (not request.has_source and os.path.islink(word)):
        return _object(session, word)

    (selected,) = evaluate_request(session, request.with_attributes(word)).selected
    return _value(session, selected.value, word)


def _object(session: Session, word: str) -> _Unresolved:
    store = session.store
    path = object_named(store, word)
    info = store.info(path)
    if path.is_derivation:
        return _NamedDerivation(word, path, None)
    deriver = info.deriver if info.deriver is not None and store.is_valid(info.deriver) else None
    output = "out"
    if deriver is not None:
        base = deriver.name.removesuffix(".drv")
        output = path.name[len(base) + 1 :] if path.name.startswith(base + "-") else "out"
    if not store.is_valid(path):
        raise RequestError(f"the object '{path}' was removed", hint="build it again with chx build")
    return PackageSubject(word, deriver, {output: path}, (), True)


def _value(session: Session, value: Value, word: str) -> _Unresolved:
    evaluator = session.evaluator
    one = evaluator.derivation_of(value)
    if one is not None:
        return _NamedDerivation(word, *one)
    members = packages_in(evaluator, value)
    if members:
        return {name: _NamedDerivation(name, *found) for name, found in members.items()}
    kind = evaluator.type_name(value)
    if kind == "list":
        listed = {}
        for path, outputs in evaluator.derivations(value, word):
            name = path.name.removesuffix(".drv")
            package = split_name(name).package
            listed[name if package in listed else package] = _NamedDerivation(name, path, outputs)
        if listed:
            return listed
    raise RequestError(
        f"'{word}' is of type {kind} and neither a derivation nor a set with derivations in it",
        hint="name a package, a stage, a store path, a result link or a lock file",
    )


def packages_in(evaluator: Evaluator, value: Value) -> dict[str, tuple[StorePath, tuple[str, ...]]]:
    """Return the derivations of a stage or package set, with outputs, by attribute name; none for other values."""
    if evaluator.type_name(value) != "set":
        return {}
    if "packages" in evaluator.attr_names(value):
        inner = evaluator.select(value, "packages")
        if evaluator.type_name(inner) == "set":
            value = inner
    found = ((name, evaluator.derivation_of(evaluator.select(value, name))) for name in evaluator.attr_names(value))
    return {name: derivation for name, derivation in found if derivation is not None}


def _derivations_in(draft: _Unresolved) -> list[StorePath]:
    if isinstance(draft, dict):
        return [item.derivation for item in draft.values()]
    if isinstance(draft, Lock) or draft.derivation is None:
        return []
    return [draft.derivation]


def _complete(store: Store, draft: _Unresolved, word: str, cache: BuildTraceCache) -> Subject:
    if isinstance(draft, dict):
        return Collection(word, {name: _package(store, item, cache) for name, item in draft.items()})
    if isinstance(draft, _NamedDerivation):
        return _package(store, draft, cache)
    return draft


def _package(store: Store, item: _NamedDerivation, cache: BuildTraceCache) -> PackageSubject:
    # The default output stands for the whole derivation, any other output for itself.
    declared = cache.derivation(item.derivation).outputs
    requested = declared if item.outputs in (None, declared[:1]) else item.outputs or ()
    outputs = {}
    for output in requested:
        path = cache.outputs.get((item.derivation, output))
        if path is not None and store.is_valid(path):
            outputs[output] = path
    missing = tuple(output for output in requested if output not in outputs)
    return PackageSubject(item.text, item.derivation, outputs, missing, False)


def read_lock(name: str) -> Lock:
    """Read the lock file of a seed. Raises `RequestError` for any other file."""
    try:
        with open(name, "rb") as handle:
            raw = parse_json(handle.read())
        files = [LockedFile(item["package"], item["version"], item["url"], item["sha256"]) for item in raw["files"]]
    except OSError as error:
        raise RequestError(f"cannot read '{name}': {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"'{name}' is not a lock file",
            hint='it should be {"files": [{"package", "version", "url", "sha256"}, ...]}',
        ) from error
    if not all(isinstance(part, str) for file in files for part in (file.package, file.version, file.url, file.sha256)):
        raise RequestError(f"'{name}' is not a lock file: its fields have to be strings")
    found: dict[str, LockedFile] = {}
    for file in files:
        found[file.package if file.package not in found else f"{file.package} {file.version}"] = file
    return Lock(name, found)
