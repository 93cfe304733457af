"""`chx seed`: the foreign toolchains that a bootstrap may start from."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import expression
from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..store import Store
    from .seeds.pins import Pin
    from .seeds.told import Place
    from .session import Session

HELP = "list, pin, make and capture seeds"
DESCRIPTION = """\
A seed is a foreign toolchain, fetched by hash, that stage 0 is built with. What
it holds is said in pkgs/seeds/NAME.nix; pkgs/seeds/NAME.lock.json pins each file.
`chx seed update NAME` asks this machine's own apt and pip which files those
packages are today and writes the lock file anew. Two kinds are different: 'host' is
this machine's own compiler, and `chx seed update host` captures it; 'self' is what
the bootstrap of a set ends in, and `chx seed update self` makes it.
"""
LOCK_VERSION = 2
ORIGIN = "debian-gcc"
"""The seed that a seed is made from if nobody says another."""


def configure(parser: argparse.ArgumentParser) -> None:
    from . import expression
    from .build import configure_building

    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    update = sub.add_parser("update", help="write the lock file of a seed anew", description=DESCRIPTION)
    update.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    update.add_argument("--cc", metavar="PROGRAM", help="for an impure seed: the compiler to capture (default: cc)")
    update.add_argument(
        "--from",
        dest="origin",
        metavar="SEED",
        default=ORIGIN,
        help=f"for a seed that a bootstrap ends in: the seed it is made from (default: {ORIGIN})",
    )
    listing = sub.add_parser("list", help="all seeds")
    show = sub.add_parser("show", help="what a seed consists of")
    show.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    show.add_argument("--json", action="store_true", help="print JSON")
    for action in (update, listing, show):
        group = action.add_argument_group("which seeds")
        group.add_argument("--directory", metavar="DIR", help="where NAME.nix lies (default: the bundled pkgs/seeds)")
        group.add_argument("-f", "--file", metavar="FILE", help="the expression that has the attribute `seeds`")
        group.add_argument("-E", "--expr", metavar="EXPR", help="the same as text")
        expression.configure_evaluation(action)
    configure_building(update)


def pin(told: dict[str, Any], folder: str = ".", store: Callable[[], Store] | None = None) -> dict[str, Any]:
    """The content of a lock file, of what apt and pip offer today, and what archives are today.

    `folder` is where the seed is described, `store` gives where archives are fetched to.

    A package that both halves need belongs to the userland, which must do without the toolchain; what C++ needs beyond
    C is laid over both. A part that selects (`only`) takes something else of a package than another part does, so that
    what it needs is in it whoever else has it.
    """
    from .seeds.pins import Apt, archive_pin, wheel_pin
    from .seeds.told import HALVES, PARTS

    pins: dict[str, Pin] = {}
    parts: dict[str, set[str]] = {part: set() for part in PARTS}
    with tempfile.TemporaryDirectory() as work:
        told_parts = [part for part in PARTS if part in told]
        apt = Apt(work, told["suite"]) if any(told[part]["packages"] for part in told_parts) else None
        for part in told_parts:
            here = [wheel_pin(url, work) for url in told[part]["wheels"]]
            if told[part]["packages"]:
                assert apt is not None
                pool = apt.closure(told[part]["packages"])
                for package in told[part]["without"]:
                    pool.pop(package, None)
                here += apt.pins(pool)
            for url in (*told[part].get("archives", ()), *told[part].get("images", ())):
                assert store is not None
                here.append(archive_pin(store(), url, folder))
            for item in here:
                known = pins.setdefault(item.package, item)
                if known != item:
                    raise CommandError(f"two files are called '{item.package}': {known.url} and {item.url}")
            parts[part] = {item.package for item in here}
    laid_over: set[str] = set()
    for part in ("userland", "toolchain", "cxx"):
        if not told.get(part, {}).get("only"):
            parts[part] -= laid_over
            laid_over |= parts[part]
    lock: dict[str, Any] = {part: sorted(parts[part]) for part in PARTS if part in HALVES or parts[part]}
    lock["files"] = [asdict(pins[name]) for name in sorted(pins)]
    if told["suite"] is not None:
        lock["suite"] = told["suite"]
    lock["version"] = LOCK_VERSION
    return lock


def update(session: Session, arguments: argparse.Namespace) -> str:
    """Pin, make or capture a seed; returns what was done in a few words."""
    from .seeds import told as seeds

    name = arguments.name
    place = seeds.place_of(seeds.places(session, expression.request_of(arguments), arguments.directory), name)
    told = seeds.facts(session, place)
    if told["pins"]:
        raise CommandError(
            f"the seed '{name}' has no pins of its own", hint=f"it uses those of '{told['pins']}': update that one"
        )
    if told["impure"]:
        return capture(session, place, arguments.cc or "cc")
    if told["made"]:
        return make(session, arguments, place, told["made"])
    if not seeds.is_pinned(told):
        raise CommandError(f"nothing of the seed '{name}' is fetched", hint="it is what lies beside its file: no lock")
    lock = pin(told, place.folder, lambda: session.store)
    seeds.write_lock(seeds.lock_path(place, told), lock)
    return f"pinned {amount(lock)} of {name}"


def make(session: Session, arguments: argparse.Namespace, place: Place, set_name: str) -> str:
    """Make the seed that a bootstrap of a set ends in."""
    from .realise import options_of, reporter_of
    from .seeds import making

    request, options, reporter = expression.request_of(arguments), options_of(arguments), reporter_of(arguments)
    made = making.make(session, request, place.name, set_name, arguments.origin, options, reporter)
    return f"made {amount(made)} as {place.name}"


def capture(session: Session, place: Place, compiler: str) -> str:
    """Capture the compiler that is found as `compiler` as a seed."""
    from .progress import say
    from .seeds.host import capture_host
    from .seeds.told import write_lock

    name = place.name
    lock = capture_host(session.store, name, compiler)
    write_lock(os.path.join(session.store.home, "seeds", f"{name}.lock.json"), lock)
    if lock["missing"]:
        say(f"this machine has no {', '.join(lock['missing'])}; builds that need them will fail")
    return f"captured {amount(lock)} as {name}: {lock['compiler'].splitlines()[0]}"


def amount(lock: dict[str, Any] | None) -> str:
    """How much a lock pins."""
    from .progress import size
    from .seeds.told import HALVES

    if lock is None:
        return "nothing"
    if "files" in lock:
        return f"{len(lock['files'])} files ({size(sum(file['size'] for file in lock['files']))})"
    return f"{sum(lock[part]['files'] for part in HALVES)} files ({size(sum(lock[part]['size'] for part in HALVES))})"


def run(arguments: argparse.Namespace) -> int:
    from . import expression
    from .seeds import told as seeds

    with expression.open_session(arguments) as session:
        if arguments.action == "update":
            from .progress import say

            say(update(session, arguments))
            return 0
        found = seeds.places(session, expression.request_of(arguments), arguments.directory)
        if arguments.action == "list":
            list_all(session, found)
        else:
            show(session, seeds.place_of(found, arguments.name), arguments.json)
    return 0


def list_all(session: Session, found: dict[str, Place]) -> None:
    """A line for each seed."""
    from .seeds import told as seeds

    rows = []
    for name, place in sorted(found.items()):
        told = seeds.facts(session, place)
        pinned = told["impure"] or told["made"] or seeds.is_pinned(told)
        lock = seeds.lock_of(place, told) if pinned or told["pins"] else None
        much = amount(lock) if pinned or told["pins"] else "-"
        rows.append((name, state_of(told, pinned), much, told["description"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        put("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths)), row[3]]) + "\n")


def state_of(told: dict[str, Any], pinned: bool) -> str:
    """What a seed is worth, in a word or two."""
    if told["impure"]:
        return "impure"
    if told["made"]:
        return f"made of {told['made']}"
    if told["pins"]:
        return f"pins of {told['pins']}"
    return "pinned" if pinned else "local"


def show(session: Session, place: Place, as_json: bool) -> None:
    """Print what a seed consists of."""
    from .seeds import told as seeds

    name = place.name
    told = seeds.facts(session, place)
    pinned = told["impure"] or told["made"] or told["pins"] or seeds.is_pinned(told)
    lock = seeds.lock_of(place, told) if pinned else None
    if as_json:
        put(json.dumps({"name": name, "source": place.file, **told, "lock": lock}, indent=2, sort_keys=True) + "\n")
        return
    put(f"{name}: {told['description']}\n")
    if told["impure"]:
        put("  impure: captured from one machine; proves nothing to anybody else\n")
    if pinned and lock is None:
        state = "captured" if told["impure"] else "made" if told["made"] else "pinned"
        put(f"  not {state} yet: `chx seed update {name}` does that\n")
        return
    if lock is not None and "made" in lock:
        made = lock["made"]
        put(f"  made: stage {made['stage']} of {made['set']}, from {made['from']}; no toolchain beside that one\n")
    for part in seeds.PARTS:
        lines = _lines_of(part, lock, told)
        if lines:
            put("".join([f"  {part}:\n", *(f"    {line}\n" for line in lines)]))
    if lock is not None and "compiler" in lock:
        put("  compiler: " + lock["compiler"].splitlines()[0] + "\n")


def _lines_of(part: str, lock: dict[str, Any] | None, told: dict[str, Any]) -> list[str]:
    """What a part consists of, a line for each thing."""
    if lock is not None and part in lock and "files" not in lock:
        return [str(lock[part]["path"])]
    files = lock.get("files", []) if lock is not None else []
    lines = [
        f"{file['package']} {file['version']}".rstrip() + f"  {file['url']}"
        for file in files
        if file["package"] in (lock or {}).get(part, ())
    ]
    return lines + list(told.get(part, {}).get("local", ()))
