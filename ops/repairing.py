"""Repair damaged objects.

chx first moves a damaged object out of the store, to `$CHX_HOME/damaged`: a missing object cannot be used by
mistake. Then it substitutes or rebuilds it. The store path shows whether that worked: other content has another
path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..builder import Builder, BuildError, BuildOptions, Substituter, prune_roots
from ..store import StoreError
from .reporter import Silence
from .settings import configured, configured_limits

if TYPE_CHECKING:
    from ..store import Store, StorePath
    from .reporter import Reporter


class Repair(NamedTuple):
    """Whether a repair succeeded, and how, or why not."""

    done: bool
    how: str


def repair(store: Store, path: StorePath, reporter: Reporter) -> Repair:
    """Try to repair an object. `reporter` receives notices of caches that were refused."""
    place = store.take_out(path)
    prune_roots(store)
    kept = f"; the damaged object lies in {place}" if place else ""
    try:
        how = _from_caches(store, path, reporter) or _rebuild(store, path)
    except (BuildError, StoreError) as error:
        return Repair(False, f"not repaired: {error.message}{kept}")
    if store.is_valid(path) and not store.verify_object(path):
        store.forget_damaged(path)
        return Repair(True, f"repaired: {how}")
    return Repair(False, f"not repaired: {how}{kept}")


def _from_caches(store: Store, path: StorePath, reporter: Reporter) -> str | None:
    """Substitute from a configured cache; return how, or None if no cache has it."""
    options = configured()
    if not options.caches:
        return None
    taker = Substituter(
        store,
        options,
        lambda place, reason: reporter.notice(f"refused from {place}: {reason}"),
        lambda place, taken: None,
    )
    place = taker.take(path)
    return None if place is None else f"taken from {place}"


def _rebuild(store: Store, path: StorePath) -> str:
    deriver = store.deriver(path)
    if deriver is None:
        return "it has no deriver; what added it has to add it again"
    if not store.claim(deriver):
        return f"its deriver {deriver} is not in the store any more"
    outputs = store.derivation(deriver).outputs
    made = Builder(store, BuildOptions(rebuild=True, **configured_limits()), Silence()).realise([(deriver, outputs)])
    if path in made.values():
        return f"built again from {deriver}"
    return f"{deriver} gives {', '.join(map(str, made.values()))} now"
