"""Collect garbage: objects that no root keeps, and what belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..builder import prune_locks, prune_logs, prune_roots, setting
from ..store import Policy

if TYPE_CHECKING:
    from ..store import GcPlan, Store


def configured_policy(
    keep_derivations: bool | None = None,
    keep_outputs: bool | None = None,
    max_age: float | None = None,
    max_free: int | None = None,
) -> Policy:
    """Return a policy; None stands for `[gc]` in chx.toml, else the default. Raises `BadConfiguration`.

    `max_age` is in seconds, `max_free` in bytes.
    """
    return Policy(
        keep_derivations=_chosen(keep_derivations, "keep-derivations", True),
        keep_outputs=_chosen(keep_outputs, "keep-outputs", False),
        max_age=max_age,
        max_free=max_free,
    )


def _chosen(option: bool | None, key: str, default: bool) -> bool:
    if option is not None:
        return option
    value: bool | None = setting("gc", key, bool)
    return default if value is None else value


def collect(store: Store, plan: GcPlan, max_age: float | None = None) -> dict[str, int]:
    """Execute a plan, then remove composed roots, logs and locks that no object needs; return numbers by kind.

    `freed` is in bytes. Logs older than `max_age` seconds are removed, too.
    """
    collected = plan.execute(store)
    roots, root_bytes = prune_roots(store)
    logs, log_bytes = prune_logs(store, max_age)
    return {
        "objects": collected.objects,
        "freed": collected.freed + root_bytes + log_bytes,
        "left-over places": collected.swept,
        "composed roots": roots,
        "logs": logs,
        "locks": prune_locks(store),
    }
