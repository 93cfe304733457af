"""Repair damaged objects.

chx first moves a damaged object out of the store, to `$CHX_HOME/damaged`: a missing object cannot be used by
mistake. Then it substitutes or rebuilds it. The store path shows whether that worked: other content has another
path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...builder import Builder, BuildError, BuildOptions, Substituter, prune_roots
from ...ops.settings import configured, configured_limits
from ...store import StoreError
from ..progress.format import say
from ..progress.plain import PlainReporter
from ..startup.result_cache import forget

if TYPE_CHECKING:
    from ...store import Store, StorePath


def repair(store: Store, path: StorePath) -> dict[str, Any]:
    """Try to repair an object; return `done`, and `how` as text."""
    forget(store.home, {path.base})
    place = store.take_out(path)
    prune_roots(store)
    kept = f"; the damaged object lies in {place}" if place else ""
    try:
        how = _from_caches(store, path) or _rebuild(store, path)
    except (BuildError, StoreError) as error:
        return {"done": False, "how": f"not repaired: {error.message}{kept}"}
    if is_whole(store, path):
        store.forget_damaged(path)
        return {"done": True, "how": f"repaired: {how}"}
    return {"done": False, "how": f"not repaired: {how}{kept}"}


def _from_caches(store: Store, path: StorePath) -> str | None:
    """Substitute from a configured cache; return how, or None if no cache has it."""
    options = configured()
    if not options.caches:
        return None
    taker = Substituter(
        store, options, lambda place, reason: say(f"refused from {place}: {reason}"), lambda place, taken: None
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
    made = Builder(store, BuildOptions(rebuild=True, **configured_limits()), PlainReporter(quiet=True)).realise(
        [(deriver, outputs)]
    )
    if path in made.values():
        return f"built again from {deriver}"
    return f"{deriver} gives {', '.join(map(str, made.values()))} now"


def is_whole(store: Store, path: StorePath) -> bool:
    return store.is_valid(path) and not store.verify_object(path)
