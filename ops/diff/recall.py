"""Cache of derivations and of their build trace, read once per comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder import BuildError, recall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...store import Derivation, Store, StorePath


class BuildTraceCache:
    """Derivations, and their outputs in the build trace.

    `outputs` may name objects that are not in the store any more.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._derivations: dict[StorePath, Derivation] = {}
        self.outputs: dict[tuple[StorePath, str], StorePath] = {}

    def load(self, derivations: Iterable[StorePath]) -> None:
        """Read derivations, their inputs and their build trace; skip a derivation with removed inputs."""
        distinct = list(dict.fromkeys(derivations))
        try:
            found = recall(self._store, distinct)
        except BuildError:
            if len(distinct) > 1:
                for derivation in distinct:
                    self.load([derivation])
            return
        self._derivations.update(found.derivations)
        self.outputs.update(found.outputs)

    def derivation(self, path: StorePath) -> Derivation:
        """Return a derivation. Raises `NotValid`, `InvalidDerivation`."""
        found = self._derivations.get(path)
        if found is None:
            found = self._derivations[path] = self._store.derivation(path)
        return found

    def same_output(self, before: StorePath, after: StorePath, output: str) -> bool:
        """Return whether two derivations are known to have the same object as `output`."""
        found = self.outputs.get((before, output))
        return found is not None and found == self.outputs.get((after, output))
