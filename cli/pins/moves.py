"""What is not the same in two locks: inputs, versions, sizes, closures, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from ..difference.page import sizes
from .document import LockedInput, Pin

if TYPE_CHECKING:
    from ...store import Store
    from ...store.difference import ClosureDifference
    from ..difference.page import Page
    from .document import Lock, PinnedOutput

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """What was pinned as a package: its name with the version, and the derivation."""

    name: str
    derivation: str


@dataclass(frozen=True, slots=True)
class InputMove:
    """An input that is not the same; None where there is none. `declared`: where it comes from, in words."""

    name: str
    before: str | None
    after: str | None
    declared_before: str | None
    declared_after: str | None


@dataclass(frozen=True, slots=True)
class OutputMove:
    """An output that is not the same."""

    name: str
    before: PinnedOutput | None
    after: PinnedOutput | None


@dataclass(frozen=True, slots=True)
class PinMove:
    """A pin that is not the same. `rebuilt`: it is made otherwise, and its outputs are the same.

    `closure`: None if what was pinned is not in the store, so that it cannot be compared, or if nothing came out otherwise.
    """

    attribute: str
    system: str
    verdict: Literal["added", "removed", "moved", "rebuilt"]
    before: Version | None
    after: Version | None
    outputs: tuple[OutputMove, ...]
    closure: ClosureDifference | None


@dataclass(frozen=True, slots=True)
class SourceMove:
    """A source or a file of a seed whose hash is not the same."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Moves:
    """All that is not the same in two locks."""

    inputs: tuple[InputMove, ...]
    pins: tuple[PinMove, ...]
    sources: tuple[SourceMove, ...]

    @property
    def is_nothing(self) -> bool:
        return not (self.inputs or self.pins or self.sources)


def moves(store: Store, before: Lock, after: Lock) -> Moves:
    """Compare two locks; the store, if it has what is pinned, tells more."""
    return Moves(
        tuple(_moved_inputs(before.inputs, after.inputs)),
        tuple(_moved_pins(store, before, after)),
        tuple(
            SourceMove(name, one, other)
            for name, one, other in _unequal(_hashes(before), _hashes(after))
        ),
    )  # fmt: skip


def _unequal(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _hashes(lock: Lock) -> dict[str, str]:
    """Sources by name, and the files of seeds."""
    found = {name: source.hash for name, source in lock.sources.items()}
    for seed, files in lock.seeds.items():
        found.update({f"{seed}: {name}": digest for name, digest in files.items()})
    return found


def _moved_inputs(before: Mapping[str, LockedInput], after: Mapping[str, LockedInput]) -> Iterator[InputMove]:
    for name, old, new in _unequal(before, after):
        yield InputMove(
            name,
            None if old is None else old.title,
            None if new is None else new.title,
            None if old is None else str(old.declared),
            None if new is None else str(new.declared),
        )


def _moved_pins(store: Store, before: Lock, after: Lock) -> Iterator[PinMove]:
    for name in sorted(before.pins.keys() | after.pins.keys()):
        for system, old, new in _unequal(before.pins.get(name, {}), after.pins.get(name, {})):
            yield _moved_pin(store, name, system, old, new)


def _moved_pin(store: Store, name: str, system: str, old: Pin | None, new: Pin | None) -> PinMove:
    verdict: Literal["added", "removed", "moved", "rebuilt"] = "moved"
    if old is None or new is None:
        verdict = "added" if old is None else "removed"
    elif old.outputs == new.outputs:
        verdict = "rebuilt"
    outputs = _unequal({} if old is None else old.outputs, {} if new is None else new.outputs)
    closure = _closure(store, old, new) if old is not None and new is not None and verdict == "moved" else None
    return PinMove(
        name, system, verdict, _version(old), _version(new), tuple(OutputMove(*move) for move in outputs), closure
    )


def _version(pin: Pin | None) -> Version | None:
    return None if pin is None else Version(pin.derivation.name.removesuffix(".drv"), str(pin.derivation))


def _closure(store: Store, old: Pin, new: Pin) -> ClosureDifference | None:
    from ...store.difference import compare_packages, packages_of

    was = [output.path for output in old.outputs.values()]
    now = [output.path for output in new.outputs.values()]
    if not all(map(store.is_valid, (*was, *now))):
        return None
    return compare_packages(packages_of(store, store.closure(was)), packages_of(store, store.closure(now)))


def draw_moves(page: Page, found: Moves, with_sources: bool = False) -> None:
    """A line for each, and what is to be said of it."""
    for move in found.inputs:
        _draw_input(page, move)
    for pin in found.pins:
        if page.lines and page.lines[-1].startswith("  ") and pin.verdict == "moved":
            page.lines.append("")  # after a closure
        _draw_pin(page, pin)
    if with_sources and found.sources:
        _draw_sources(page, found.sources)


def _draw_input(page: Page, move: InputMove) -> None:
    if move.before is None:
        page.added(f"input {move.name}: {move.after}", 0)
    elif move.after is None:
        page.removed(f"input {move.name}: {move.before}", 0)
    elif move.declared_before != move.declared_after:
        page.changed(f"input {move.name}: {move.declared_before} -> {move.declared_after}", 0)
    else:
        page.changed(f"input {move.name}: {move.before} -> {move.after}", 0)


def _draw_pin(page: Page, move: PinMove) -> None:
    title = f"{move.attribute} ({move.system})"
    was = "" if move.before is None else move.before.name
    now = "" if move.after is None else move.after.name
    match move.verdict:
        case "removed":
            page.removed(f"{title}: {was}", 0)
            return
        case "rebuilt":
            page.line(f"= {title}: {now}, built otherwise, and the same comes out", 0)
            return
        case "added":
            page.added(f"{title}: {now}", 0)
        case "moved":
            page.changed(f"{title}: {was} -> {now}" if was != now else f"{title}: {now}", 0)
    for output in move.outputs:
        _draw_output(page, output, move.verdict == "added")
    if move.verdict == "moved":
        _draw_closure(page, move)


def _draw_output(page: Page, move: OutputMove, is_new: bool) -> None:
    before, after = move.before, move.after
    if before is not None and after is not None:
        page.line(f"{move.name}: {before.digest} -> {after.digest}, {sizes(before.size, after.size)}")
    elif after is not None:
        (page.line if is_new else page.added)(f"{move.name}: {after.digest}, {after.size} bytes")
    elif before is not None:
        page.removed(f"{move.name}: {before.digest}, {before.size} bytes")


def _draw_closure(page: Page, move: PinMove) -> None:
    """As `chx diff --level closure` does."""
    from ..difference.drawing import draw_closure

    if move.closure is None:
        page.dim("closure: what was pinned is not in this store, so it cannot be compared")
    else:
        draw_closure(page, move.closure)


SOURCES_SHOWN = 12


def _draw_sources(page: Page, found: tuple[SourceMove, ...]) -> None:
    page.title(f"sources: {len(found)} not the same")
    shown = page.limit(len(found), SOURCES_SHOWN)
    for move in found[:shown]:
        if move.before is None:
            page.added(f"{move.name}: {move.after}")
        elif move.after is None:
            page.removed(f"{move.name}: {move.before}")
        else:
            page.changed(f"{move.name}: {move.before} -> {move.after}")
    if shown < len(found):
        page.more(len(found) - shown, 1, "sources")
