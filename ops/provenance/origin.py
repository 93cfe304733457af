"""Origins of outputs: the packages and sources behind them, and their dependencies, without chx's own builders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """A built derivation and its outputs; `derivations` are its transitive inputs and itself, `known` their outputs."""

    path: StorePath
    outputs: Mapping[str, StorePath]
    derivations: Mapping[StorePath, Derivation]
    known: Mapping[tuple[StorePath, str], StorePath]

    @property
    def derivation(self) -> Derivation:
        return self.derivations[self.path]

    def parts(self) -> list[StorePath]:
        """Return the packages and sources among the derivations, including the built one; sorted."""
        return sorted(path for path in self.derivations if path in self.starts() or not self._is_plumbing(path))

    def needs(self, path: StorePath) -> list[StorePath]:
        """Return the parts that are inputs of a part, directly or through omitted steps; sorted."""
        found: set[StorePath] = set()
        todo = list(self.derivations[path].input_drvs)
        passed: set[StorePath] = set()
        while todo:
            inner = todo.pop()
            if inner in passed:
                continue
            passed.add(inner)
            if self._is_plumbing(inner) and inner not in self.starts():
                todo += self.derivations[inner].input_drvs
            else:
                found.add(inner)
        return sorted(found)

    def outputs_of(self, path: StorePath) -> dict[str, StorePath]:
        """Return the known outputs of a derivation."""
        names = self.derivations[path].outputs
        return {name: self.known[path, name] for name in names if (path, name) in self.known}

    def starts(self) -> frozenset[StorePath]:
        """Return the derivations that this is about, which are parts whatever their builders are."""
        return frozenset((self.path,))

    def _is_plumbing(self, path: StorePath) -> bool:
        return self.derivations[path].builder in PLUMBING


@dataclass(frozen=True, slots=True)
class JoinedOrigin(Origin):
    """Several built derivations as one: `outputs` has theirs by derivation and output; `path` is the first."""

    members: frozenset[StorePath]

    def starts(self) -> frozenset[StorePath]:
        return self.members


def joined(found: Sequence[Origin]) -> JoinedOrigin:
    """Return one origin of several, of which there is at least one."""
    derivations: dict[StorePath, Derivation] = {}
    known: dict[tuple[StorePath, str], StorePath] = {}
    outputs = {}
    for origin in found:
        derivations.update(origin.derivations)
        known.update(origin.known)
        outputs.update({f"{origin.path.base}:{name}": path for name, path in origin.outputs.items()})
    paths = [origin.path for origin in found]
    return JoinedOrigin(min(paths), dict(sorted(outputs.items())), derivations, known, frozenset(paths))


def origins(store: Store, paths: Iterable[StorePath]) -> list[Origin]:
    """Return the origins of built derivations. Raises `RequestError` if one is not built."""
    found = []
    for path in paths:
        derivations = derivations_behind(store, path)
        # Recall every derivation explicitly: `recall` does not follow the inputs of fixed outputs.
        known = dict(recall(store, derivations).outputs)
        outputs = {name: known[path, name] for name in derivations[path].outputs if (path, name) in known}
        if len(outputs) < len(derivations[path].outputs) or not all(map(store.is_valid, outputs.values())):
            raise RequestError(
                f"'{path.name.removesuffix('.drv')}' is not built",
                hint="chx build builds it, or chx build --check if it came from a cache as it is pinned",
            )
        found.append(Origin(path, outputs, derivations, known))
    return found
