"""Compare two locks: inputs, versions, sizes, closures, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from ...store.difference import compare_closures
from .document import LockedInput, Pin

if TYPE_CHECKING:
    from ...store import Store
    from ...store.difference import ClosureDifference
    from .document import Lock, PinnedOutput

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a pinned package: its name with the version, and the derivation."""

    name: str
    derivation: str


@dataclass(frozen=True, slots=True)
class InputChange:
    """A changed input; None on the side that lacks it. `declared_*` describe its origin for people."""

    name: str
    before: str | None
    after: str | None
    declared_before: str | None
    declared_after: str | None


@dataclass(frozen=True, slots=True)
class OutputChange:
    """A changed output; None on the side that lacks it."""

    name: str
    before: PinnedOutput | None
    after: PinnedOutput | None


@dataclass(frozen=True, slots=True)
class PinChange:
    """A changed pin. `rebuilt`: its derivation has changed, its outputs have not.

    `closure` compares the closures of the outputs: None if the outputs are equal, or if one is not in the store.
    """

    attribute: str
    system: str
    verdict: Literal["added", "removed", "moved", "rebuilt"]
    before: Version | None
    after: Version | None
    outputs: tuple[OutputChange, ...]
    closure: ClosureDifference | None


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source, or a file of a seed, whose hash has changed; None on the side that lacks it."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences of two locks."""

    inputs: tuple[InputChange, ...]
    pins: tuple[PinChange, ...]
    sources: tuple[SourceChange, ...]

    @property
    def is_nothing(self) -> bool:
        return not (self.inputs or self.pins or self.sources)


def changes(store: Store, before: Lock, after: Lock) -> Changes:
    """Compare two locks, with the closures of outputs that are in the store."""
    return Changes(
        tuple(_changed_inputs(before.inputs, after.inputs)),
        tuple(_changed_pins(store, before, after)),
        tuple(
            SourceChange(name, one, other)
            for name, one, other in _unequal(_hashes(before), _hashes(after))
        ),
    )  # fmt: skip


def _unequal(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _hashes(lock: Lock) -> dict[str, str]:
    """Return the hashes of sources and of the files of seeds, by name."""
    found = {name: source.hash for name, source in lock.sources.items()}
    for seed, files in lock.seeds.items():
        found.update({f"{seed}: {name}": digest for name, digest in files.items()})
    return found


def _changed_inputs(before: Mapping[str, LockedInput], after: Mapping[str, LockedInput]) -> Iterator[InputChange]:
    for name, old, new in _unequal(before, after):
        yield InputChange(
            name,
            None if old is None else old.title,
            None if new is None else new.title,
            None if old is None else str(old.declared),
            None if new is None else str(new.declared),
        )


def _changed_pins(store: Store, before: Lock, after: Lock) -> Iterator[PinChange]:
    for name in sorted(before.pins.keys() | after.pins.keys()):
        for system, old, new in _unequal(before.pins.get(name, {}), after.pins.get(name, {})):
            yield _changed_pin(store, name, system, old, new)


def _changed_pin(store: Store, name: str, system: str, old: Pin | None, new: Pin | None) -> PinChange:
    verdict: Literal["added", "removed", "moved", "rebuilt"] = "moved"
    if old is None or new is None:
        verdict = "added" if old is None else "removed"
    elif old.outputs == new.outputs:
        verdict = "rebuilt"
    outputs = _unequal({} if old is None else old.outputs, {} if new is None else new.outputs)
    closure = _closure(store, old, new) if old is not None and new is not None and verdict == "moved" else None
    return PinChange(
        name, system, verdict, _version(old), _version(new), tuple(OutputChange(*change) for change in outputs), closure
    )


def _version(pin: Pin | None) -> Version | None:
    return None if pin is None else Version(pin.derivation.name.removesuffix(".drv"), str(pin.derivation))


def _closure(store: Store, old: Pin, new: Pin) -> ClosureDifference | None:
    was = [output.path for output in old.outputs.values()]
    now = [output.path for output in new.outputs.values()]
    if not all(map(store.is_valid, (*was, *now))):
        return None
    return compare_closures(store, was, now)
