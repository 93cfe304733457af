"""What an update moved, printed: inputs, versions, sizes, closures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..difference.page import sizes
from .document import LockedInput, Pin

if TYPE_CHECKING:
    from ...store import Store
    from ..difference.page import Page
    from .document import Lock


def draw_moves(page: Page, store: Store, before: Lock, after: Lock) -> bool:
    """Everything that is not the same in two locks; false if there is nothing."""
    changed = _draw_inputs(page, before.inputs, after.inputs)
    for name in sorted(before.pins.keys() | after.pins.keys()):
        old, new = before.pins.get(name, {}), after.pins.get(name, {})
        for system in sorted(old.keys() | new.keys()):
            if old.get(system) != new.get(system):
                changed = True
                _draw_pin(page, store, f"{name} ({system})", old.get(system), new.get(system))
    return changed


def _draw_inputs(page: Page, before: Mapping[str, LockedInput], after: Mapping[str, LockedInput]) -> bool:
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    for name in names:
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            page.added(f"input {name}: {new.title}", 0)
        elif new is None and old is not None:
            page.removed(f"input {name}: {old.title}", 0)
        elif old is not None and new is not None:
            if old.declared != new.declared:
                page.changed(f"input {name}: {old.declared} -> {new.declared}", 0)
            else:
                page.changed(f"input {name}: {old.title} -> {new.title}", 0)
    return bool(names)


def _draw_pin(page: Page, store: Store, title: str, old: Pin | None, new: Pin | None) -> None:
    if new is None:
        assert old is not None
        page.removed(f"{title}: {_version(old)}", 0)
        return
    if old is None:
        page.added(f"{title}: {_version(new)}", 0)
        for name, output in new.outputs.items():
            page.line(f"{name}: {output.digest}, {output.size} bytes")
        return
    if old.outputs == new.outputs:
        page.line(f"= {title}: {_version(new)}, built otherwise, and the same comes out", 0)
        return
    was, now = _version(old), _version(new)
    page.changed(f"{title}: {was} -> {now}" if was != now else f"{title}: {now}", 0)
    for name in sorted(old.outputs.keys() | new.outputs.keys()):
        one, other = old.outputs.get(name), new.outputs.get(name)
        if one is not None and other is not None and one != other:
            page.line(f"{name}: {one.digest} -> {other.digest}, {sizes(one.size, other.size)}")
        elif one is None and other is not None:
            page.added(f"{name}: {other.digest}, {other.size} bytes")
        elif other is None and one is not None:
            page.removed(f"{name}: {one.digest}, {one.size} bytes")
    _draw_closure(page, store, old, new)


def _version(pin: Pin) -> str:
    return pin.derivation.name.removesuffix(".drv")


def _draw_closure(page: Page, store: Store, old: Pin, new: Pin) -> None:
    """As `chx diff --level closure` does, if the old outputs are still there."""
    from ...store.difference import compare_packages, packages_of
    from ..difference.drawing import draw_closure

    was = [output.path for output in old.outputs.values()]
    now = [output.path for output in new.outputs.values()]
    if not all(map(store.is_valid, was)):
        page.dim("closure: what was pinned is not in this store, so it cannot be compared")
        return
    draw_closure(
        page,
        compare_packages(packages_of(store, store.closure(was)), packages_of(store, store.closure(now))),
    )
