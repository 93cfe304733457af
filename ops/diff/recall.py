"""What the store knows of derivations, read once for a whole comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder import BuildError, recall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...store import Derivation, Store, StorePath


class BuildTraceCache:
    """Derivations and those of their outputs that the build trace knows; nothing is built.

    `outputs` holds objects that may be gone.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._derivations: dict[StorePath, Derivation] = {}
        self.outputs: dict[tuple[StorePath, str], StorePath] = {}

    def load(self, derivations: Iterable[StorePath]) -> None:
        """Ask the build trace about derivations and their inputs; one with inputs that are gone is left out."""
        wanted = list(dict.fromkeys(derivations))
        try:
            found = recall(self._store, wanted)
        except BuildError:
            if len(wanted) > 1:
                for derivation in wanted:
                    self.load([derivation])
            return
        self._derivations.update(found.derivations)
        self.outputs.update(found.outputs)

    def derivation(self, path: StorePath) -> Derivation:
        """A derivation. Raises `NotValid`, `InvalidDerivation`."""
        found = self._derivations.get(path)
        if found is None:
            found = self._derivations[path] = self._store.derivation(path)
        return found

    def same_output(self, before: StorePath, after: StorePath, output: str) -> bool:
        """Whether two derivations are known to have given the same object."""
        found = self.outputs.get((before, output))
        return found is not None and found == self.outputs.get((after, output))
