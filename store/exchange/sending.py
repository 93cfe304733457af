"""Copy objects to a cache: only missing files, and an object's description after everything it needs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from ..canonical_form import READ
from ..errors import StoreIO
from ..foreign import parse_json
from ..ledger import SignedRow, signed_rows
from ..manifest import path_bytes
from .compression import chunks_of, compressed
from .errors import CacheIntegrityError
from .layout import LARGEST_TRACE, Description, blob_name, object_name, trace_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..digest import Digest
    from ..manifest import Entry
    from ..path import StorePath
    from ..store import Store
    from .backends import Cache


class Sent(NamedTuple):
    """Counts of what was written to a cache."""

    objects: int
    files: int
    rows: int


def send(store: Store, cache: Cache, paths: Iterable[StorePath]) -> Sent:
    """Copy the closures of `paths` to `cache`, with the rows that record their builds. Raises `StoreError`."""
    closure = store.closure(paths)
    objects = files = 0
    for path in closure:
        if cache.has(object_name(path)):
            continue
        description = Description.of(store, path)
        for entry in description.manifest:
            if entry.digest is not None and entry.size and not cache.has(blob_name(entry.digest)):
                cache.write(blob_name(entry.digest), compressed(checked(store, path, entry)))
                files += 1
        cache.write(object_name(path), compressed([description.encode()]))
        objects += 1
    return Sent(objects, files, _send_rows(store, cache, relevant_rows(store, closure)))


def checked(store: Store, path: StorePath, entry: Entry) -> Iterator[bytes]:
    """Yield the content of a file of an object. Raises `StoreIO`, and `CacheIntegrityError` at the end if it is damaged."""
    from blake3 import blake3

    place = os.fsencode(store.physical(path))
    place = place + b"/" + path_bytes(entry.path) if entry.path else place
    hasher = blake3()
    try:
        descriptor = os.open(place, READ)
        try:
            for chunk in chunks_of(descriptor):
                hasher.update(chunk)
                yield chunk
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreIO("read", os.fsdecode(place), error) from error
    if hasher.digest() != entry.digest:
        raise CacheIntegrityError(
            store.home, str(path), f"'{entry.path}' is damaged; `chx store verify --repair` may help"
        )


def relevant_rows(store: Store, closure: Iterable[StorePath]) -> list[SignedRow]:
    """Return the rows that another store needs to find these objects by their derivations.

    These are the rows of the objects and of all inputs of their derivations, without which the other store
    cannot resolve the derivations.
    """
    wanted = set(closure)
    rows = distinct(row for _, row in signed_rows(store._database))
    derivations = {row.realisation.derivation for row in rows if row.realisation.path in wanted}
    needed = set(store.closure(path for path in derivations if path is not None and store.is_valid(path)))
    return [row for row in rows if row.realisation.path in wanted or row.realisation.derivation in needed]


def distinct(rows: Iterable[SignedRow]) -> list[SignedRow]:
    """Return the first of all rows with equal claim, builder and witness: repeats are of no use to another store."""
    found: dict[object, SignedRow] = {}
    for row in rows:
        said = row.realisation
        where = None if said.witness is None else (said.witness.home, said.witness.machine)
        found.setdefault((said.resolved, said.output, said.path, said.builder, said.variation, where), row)
    return list(found.values())


def _send_rows(store: Store, cache: Cache, rows: Iterable[SignedRow]) -> int:
    by_key: dict[Digest, list[SignedRow]] = {}
    for row in rows:
        by_key.setdefault(row.realisation.resolved, []).append(row)
    written = 0
    for resolved, mine in by_key.items():
        name = trace_name(resolved)
        there = _existing_rows(cache, name, store.home + "/cache/downloads")
        known = {item.get("signature") for item in there}
        fresh = [item for item in (row.to_dict() for row in mine) if item["signature"] not in known]
        if fresh:
            cache.write(name, [json.dumps([*there, *fresh], sort_keys=True).encode()])
            written += len(fresh)
    return written


def _existing_rows(cache: Cache, name: str, work: str) -> list[dict[str, object]]:
    file = cache.file(name, work, LARGEST_TRACE)
    if file is None:
        return []
    try:
        with open(file, "rb") as text:
            rows = parse_json(text.read())
        return [row for row in rows if isinstance(row, dict)]
    except (ValueError, TypeError):
        return []
    finally:
        cache.release(file)
