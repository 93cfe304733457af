"""What an output was made of: packages, sources, and what needs what. Steps between them that chx does itself are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...builder import recall
from ..errors import RequestError
from ..lock.pin import derivations_behind

if TYPE_CHECKING:
    from ...store import Derivation, Store, StorePath

PLUMBING = ("builtin:unpack", "builtin:merge", "builtin:tree")


@dataclass(frozen=True, slots=True)
class Origin:
    """A derivation that was built, and its outputs; `derivations` are all behind it, `known` their outputs."""

    path: StorePath
    outputs: Mapping[str, StorePath]
    derivations: Mapping[StorePath, Derivation]
    known: Mapping[tuple[StorePath, str], StorePath]

    @property
    def derivation(self) -> Derivation:
        return self.derivations[self.path]

    def parts(self) -> list[StorePath]:
        """The derivations that are worth telling, sorted: packages and sources, the one that was built too."""
        return sorted(path for path in self.derivations if path == self.path or not self._is_plumbing(path))

    def needs(self, path: StorePath) -> list[StorePath]:
        """The parts that one is built from directly, or through steps that are left out; sorted."""
        found: set[StorePath] = set()
        todo = list(self.derivations[path].input_drvs)
        passed: set[StorePath] = set()
        while todo:
            inner = todo.pop()
            if inner in passed:
                continue
            passed.add(inner)
            if self._is_plumbing(inner):
                todo += self.derivations[inner].input_drvs
            else:
                found.add(inner)
        return sorted(found)

    def outputs_of(self, path: StorePath) -> dict[str, StorePath]:
        """The known outputs of a derivation."""
        names = self.derivations[path].outputs
        return {name: self.known[path, name] for name in names if (path, name) in self.known}

    def _is_plumbing(self, path: StorePath) -> bool:
        return self.derivations[path].builder in PLUMBING


def origins(store: Store, paths: Iterable[StorePath]) -> list[Origin]:
    """What built derivations were made of. Raises `RequestError` if one is not built."""
    found = []
    for path in paths:
        derivations = derivations_behind(store, path)
        # Asked for each by itself: what is behind a fixed output is not recalled with what needs it.
        known = dict(recall(store, derivations).outputs)
        outputs = {name: known[path, name] for name in derivations[path].outputs if (path, name) in known}
        if len(outputs) < len(derivations[path].outputs) or not all(map(store.is_valid, outputs.values())):
            raise RequestError(
                f"'{path.name.removesuffix('.drv')}' is not built",
                hint="chx build builds it, or chx build --check if it came from a cache as it is pinned",
            )
        found.append(Origin(path, outputs, derivations, known))
    return found
