"""`chx store verify`: whether objects are what their names say, and making them so again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..ledger import differing, fault_line
from ..output import put
from ..session import Session
from .asking import named

if TYPE_CHECKING:
    from ...store import Problem, Store, StorePath


def verify(arguments: argparse.Namespace) -> int:
    from ...store import NotValid
    from ..progress import say
    from ..store import put_json

    with Session() as session:
        store = session.store
        paths = named(store, arguments.paths)
        paths = store.closure(paths) if arguments.closure else paths
        lost = [] if paths else _lost(store, arguments.repair)
        chosen = paths or store.in_order()
        faults = [] if paths else [fault_line(fault.row, fault.what) for fault in store.check_ledger()]
        differences = _differences(store, set(chosen)) if arguments.reproducible else []
        findings: list[dict[str, Any]] = []
        damaged: list[StorePath] = []
        for path in chosen:
            try:
                problems = store.verify_object(path)
            except NotValid:
                if path in paths:
                    raise
                continue  # collected meanwhile
            if problems:
                damaged.append(path)
                findings.append(_finding(path, problems))
        left = len(damaged) + sum("repair" not in item or not item["repair"]["done"] for item in lost)
        if arguments.repair:
            from .repair import repair

            for path, finding in zip(damaged, findings):
                finding["repair"] = outcome = repair(store, path)
                left -= outcome["done"]
    status = int(left > 0 or bool(faults) or bool(differences))
    if arguments.json:
        put_json(
            {
                "verified": len(chosen),
                "damaged": findings,
                "ledger": faults,
                "lost": lost,
                "differing": differences,
            }
        )
        return status
    for item in lost:
        put(f"{item['path']}: lies in the store, and the database does not know it any more\n")
        if "repair" in item:
            put(f"{item['path']}: {item['repair']['how']}\n")
    for finding in findings:
        for problem in finding["problems"]:
            put(f"{finding['path']}: {problem['file'] or '.'}: {problem['what']}\n")
        if "repair" in finding:
            put(f"{finding['path']}: {finding['repair']['how']}\n")
    for fault in faults:
        put(f"{fault}\n")
    for item in differences:
        put(f"{item['derivation']}!{item['output']} is not reproducible: it gave {', '.join(item['paths'])}\n")
    bad = len(findings) + len(lost)
    say(f"verified {len(chosen)} objects; {bad} damaged" + (f", {left} still" if arguments.repair else ""))
    return status


def _lost(store: Store, is_repair: bool) -> list[dict[str, Any]]:
    """What lies in the store and the database does not know any more; registered again for a repair."""
    from ...store import adopt, lost_objects

    lost = lost_objects(store)
    if not lost or not is_repair:
        return [{"path": str(path)} for path in lost]
    adopted = adopt(store)
    found: dict[StorePath, dict[str, Any]] = {
        path: {"done": True, "how": "repaired: registered again"} for path in adopted.registered
    }
    for path, reason in adopted.left:
        found[path] = {"done": False, "how": f"not repaired: {reason}; it lies in {store.home}/damaged/{path.base}"}
    return [{"path": str(path), "repair": outcome} for path, outcome in sorted(found.items())]


def _differences(store: Store, chosen: set[StorePath]) -> list[dict[str, Any]]:
    """Builds that gave different outputs, of which one is among those chosen."""
    rows = store.ledger()
    names = {(row.resolved, row.output): row.derivation or row.resolved for row in rows}
    return [
        {"derivation": str(names[key]), "output": key[1], "paths": list(map(str, paths))}
        for key, paths in differing(rows).items()
        if not chosen.isdisjoint(paths)
    ]


def _finding(path: StorePath, problems: list[Problem]) -> dict[str, Any]:
    return {"path": str(path), "problems": [{"file": one.file, "what": one.what} for one in problems]}


def is_whole(store: Store, path: StorePath) -> bool:
    return store.is_valid(path) and not store.verify_object(path)
