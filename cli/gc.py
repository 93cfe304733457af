"""`chx gc`: remove objects that no root keeps."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..ops import collection
from ..ops.settings import MAX_SECONDS, scaled
from ..store import plan_gc
from .options.numbers import argument
from .options.session import plain_session
from .output import put
from .progress.format import say, size
from .startup.result_cache import forget, forget_idle, uses

if TYPE_CHECKING:
    from ..store import GcPlan, Store

DESCRIPTION = """\
Remove objects that nothing keeps: no result link, no running chx, no program that
runs from the store, and nothing that is kept refers to them. Composed roots, logs
and caches that belong to none any more go too. Builds may run meanwhile.
"""
EPILOG = """\
examples:
  chx gc --dry-run           what would go
  chx gc --max-age 30d       keep objects added or used within the last 30 days
  chx gc --max-free 10G      remove no more than is needed to free 10 GB
"""
_IDLE = 30 * 86400.0
"""Age in seconds at which unread caches are removed."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", "--dry-run", action="store_true", help="print what would be removed; remove nothing")
    parser.add_argument(
        "--max-age", type=argument(age), metavar="D", help="keep objects added or used within D: 12h, 30d, 8w"
    )
    parser.add_argument(
        "--max-free", type=argument(amount), metavar="BYTES", help="stop when this much is freed: 500M, 10G"
    )
    parser.add_argument(
        "--keep-derivations", action=argparse.BooleanOptionalAction,
        help="keep the derivations of kept outputs (default: yes)",
    )  # fmt: skip
    parser.add_argument(
        "--keep-outputs", action=argparse.BooleanOptionalAction,
        help="keep the outputs of derivations that are kept (default: no)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def age(text: str) -> float:
    """Parse an age like `30d` into seconds. Raises ValueError."""
    unit = text[-1:] if text[-1:] in _UNITS else ""
    number = text[: len(text) - len(unit)]
    return scaled(text, number, _UNITS[unit or "d"], "an age such as 12h, 30d or 8w", 100 * MAX_SECONDS)


def amount(text: str) -> int:
    """Parse a size like `10G` into bytes. Raises ValueError."""
    number = text.rstrip("BkMGTi")
    unit = text[len(number) :].removesuffix("B")
    known = unit in _SIZES
    return int(
        scaled(text, number if known else "", _SIZES[unit] if known else 1, "a number of bytes such as 500M or 10G")
    )


def run(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        if arguments.max_age is not None:
            note_replayed(store)
        policy = collection.configured_policy(
            arguments.keep_derivations, arguments.keep_outputs, arguments.max_age, arguments.max_free
        )
        plan = plan_gc(store, policy)
        if arguments.dry_run:
            show(plan, arguments.json)
            return 0
        counts = collect(store, plan, arguments.max_age)
    if arguments.json:
        import json

        put(json.dumps(counts, indent=2, sort_keys=True) + "\n")
    else:
        rest = [f"{count} {name}" for name, count in counts.items() if name not in ("objects", "freed") and count]
        say(
            f"removed {counts['objects']} objects; {size(counts['freed'])} freed"
            + (f" (also {', '.join(rest)})" if rest else "")
        )
    return 0


def note_replayed(store: Store) -> None:
    """Record uses by builds that had nothing to do, which open no store."""
    from time import time

    by_day: dict[int, set[str]] = {}
    for base, when in uses(store.home).items():
        by_day.setdefault(int(when) // 86400, set()).add(base)
    for day, bases in by_day.items():
        store.note_uses(bases, min(time(), (day + 1) * 86400))


def collect(store: Store, plan: GcPlan, max_age: float | None = None) -> dict[str, int]:
    """Collect as `ops.collection` does, and remove records and idle caches of commands."""
    # First, so that no record names a removed object.
    forgotten = forget(store.home, {item.path.base for item in plan.dead})
    counts = collection.collect(store, plan, max_age)
    caches, cache_bytes = forget_idle(store.home, _IDLE)
    locks = counts.pop("locks")
    freed = counts["freed"] + cache_bytes
    return {**counts, "freed": freed, "records": forgotten, "idle caches": caches, "locks": locks}


def show(plan: GcPlan, as_json: bool) -> None:
    """Print what a plan would remove."""
    if as_json:
        import json

        data = {
            "dead": [{"path": str(item.path), "size": item.size, "used": item.used} for item in plan.dead],
            "live": len(plan.live),
            "bytes": plan.bytes,
            "roots": [{"kind": root.kind, "source": root.source, "path": str(root.path)} for root in plan.roots],
        }
        put(json.dumps(data, indent=2, sort_keys=True) + "\n")
        return
    for item in plan.dead:
        put(f"{item.path}\n")
    say(f"would remove {len(plan.dead)} objects of {size(plan.bytes)}; {len(plan.live)} stay")
