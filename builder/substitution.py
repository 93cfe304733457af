"""Substitute outputs from caches instead of building them.

This precedes the plan. First, from inputs to targets, the caches are queried for the outputs of each derivation that
the build trace does not know; rows that count (`Trust`) are recorded like local ones. Then, from the targets down,
known but missing objects are fetched; where that fails, the inputs of their derivations are tried. The plan then finds
the objects.

A cache that serves something wrong is reported and not used any more; the build goes on without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store.checkpoint import Stopped
from ..store.errors import StoreError
from ..store.exchange import CacheIntegrityError, Receiver, TransferFailed, Trust, open_cache
from .errors import BuildError
from .fixed import check_fixed
from .planning import discover, known_fixed, recalled
from .resolution import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..store.derivation import Derivation
    from ..store.path import StorePath
    from ..store.store import Store
    from .options import BuildOptions
    from .planning import Outputs


class Substituter:
    """Substitutes from the caches of `options`. Calls `refused` with a cache and a reason, `received` with a cache and each object."""

    def __init__(
        self,
        store: Store,
        options: BuildOptions,
        refused: Callable[[str, str], None],
        received: Callable[[str, StorePath], None],
    ) -> None:
        self._store = store
        self._trust = Trust(frozenset((*options.trusted_keys, store.signer.public)), options.signatures)
        self._refused, self._received = refused, received
        self._receivers: list[tuple[str, Receiver]] = []
        for url in options.caches:
            if options.offline and url.startswith(("http:", "https:")):
                continue
            try:
                receiver = Receiver(store, open_cache(url), options.max_download_bytes, options.timeout_seconds)
                self._receivers.append((url, receiver))
            except TransferFailed as error:
                refused(url, error.message)

    def prepare(self, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> None:
        """Fetch what the caches have of `targets`, or else of their inputs."""
        wanted = {path: tuple(outputs) for path, outputs in targets}
        if not self._receivers:
            return
        derivations, order = discover(self._store, wanted, frozenset())
        known: Outputs = {}
        for path in order:
            self._recall(path, derivations[path], known)
        todo = [(path, output) for path, outputs in wanted.items() for output in outputs]
        seen = set(todo)
        while todo:
            path, output = todo.pop()
            found = known.get((path, output))
            if found is not None and self._take(found, derivations[path]):
                continue
            inputs = {(drv, name) for drv, names in derivations[path].input_drvs.items() for name in names}
            todo += sorted(key for key in inputs - seen if key[0] in derivations)
            seen |= inputs

    def take(self, path: StorePath) -> str | None:
        """Fetch an object by its name, which needs no trust; return the cache that had it."""
        for place, receiver in list(self._receivers):
            try:
                if receiver.receive(path):
                    return place
            except (CacheIntegrityError, TransferFailed) as error:
                self._give_up(place, error)
        return None

    def _recall(self, path: StorePath, derivation: Derivation, known: Outputs) -> None:
        if derivation.fixed is not None:
            found = known_fixed(self._store, derivation)
            if found is not None:
                known[path, "out"] = found
                return
        try:
            resolved = resolve(derivation, known)
        except KeyError:
            return
        outputs = recalled(self._store, resolved)
        if any(output not in outputs for output in resolved.outputs):
            self._ask(resolved)
            outputs = recalled(self._store, resolved)
        for output, object_path in outputs.items():
            known[path, output] = object_path

    def _ask(self, resolved: Derivation) -> None:
        key = resolved.resolved_digest()
        rows = []
        origins: dict[str, str] = {}
        for place, receiver in list(self._receivers):
            try:
                for row in receiver.rows(key):
                    rows.append(row)
                    origins.setdefault(row.signature, place)
            except (CacheIntegrityError, TransferFailed) as error:
                self._give_up(place, error)
        accepted, refused = self._trust.judge(rows, key)
        for row, reason in refused:
            claim = row.realisation
            self._refused(origins[row.signature], f"that '{resolved.name}' gives '{claim.path.base}': {reason}")
        for row in accepted:
            self._store.record_foreign([row], origins[row.signature])

    def _take(self, path: StorePath, derivation: Derivation) -> bool:
        if self._store.claim(path):
            return True
        place = self.take(path)
        if place is None:
            return False
        if derivation.fixed is not None:
            try:
                check_fixed(self._store.physical(path), derivation.fixed)
            except Stopped:
                raise
            except BuildError as error:
                self._refused(place, f"'{path.base}': {error.message}")
                return False
            self._store.record_fixed_output(path.name, derivation.fixed, path)
        self._received(place, path)
        return True

    def _give_up(self, place: str, error: StoreError) -> None:
        self._refused(place, error.message)
        self._receivers = [pair for pair in self._receivers if pair[0] != place]
