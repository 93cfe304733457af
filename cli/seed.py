"""`chx seed`: the foreign toolchains that a bootstrap may start from."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from .seeds.pins import Pin

HELP = "list, pin and capture foreign toolchains"
DESCRIPTION = """\
A seed is a foreign toolchain, fetched by hash, that stage 0 is built with. What
it holds is said in pkgs/seeds/NAME.nix; pkgs/seeds/NAME.lock.json pins each file.
`chx seed update NAME` asks this machine's own apt and pip which files those
packages are today and writes the lock file anew. The seed 'host' is different: it
is this machine's own compiler, and `chx seed update host` captures it.
"""
HALVES = ("toolchain", "userland")
# Beside the halves, for sets that need more than a C compiler: it is left out where it is not asked for.
PARTS = (*HALVES, "cxx")
LOCK_VERSION = 2


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    update = sub.add_parser("update", help="write the lock file of a seed anew", description=DESCRIPTION)
    update.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    update.add_argument("--cc", metavar="PROGRAM", help="for an impure seed: the compiler to capture (default: cc)")
    listing = sub.add_parser("list", help="all seeds")
    show = sub.add_parser("show", help="what a seed consists of")
    show.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    show.add_argument("--json", action="store_true", help="print JSON")
    for action in (update, listing, show):
        action.add_argument("--directory", metavar="DIR", help="where NAME.nix lies (default: the bundled pkgs/seeds)")


# What `update` and `list` need to know, and nothing that asks for a lock file.
_FACTS = """
path: let
  seed = import path;
  half = told: {
    packages = told.packages or [ ];
    wheels = told.wheels or [ ];
    without = told.without or [ ];
    only = told.only or [ ];
  };
in {
  inherit (seed) description;
  impure = seed.impure or false;
  suite = seed.suite or null;
  pins = seed.pins or null;
} // (if seed.impure or false then { } else {
  toolchain = half seed.toolchain;
  userland = half seed.userland;
  cxx = half (seed.cxx or { });
})
"""


def seed_names(directory: str) -> list[str]:
    """The seeds in a folder."""
    try:
        files = os.listdir(directory)
    except OSError as error:
        raise CommandError(f"cannot read '{directory}': {error.strerror}") from error
    return sorted(file.removesuffix(".nix") for file in files if file.endswith(".nix") and file != "default.nix")


def facts(directory: str, name: str) -> dict[str, Any]:
    """What `NAME.nix` says; raises `CommandError` if there is none."""
    from ..evaluator import to_python
    from ..lang import Source
    from .session import Session
    from .sources import byte_string

    path = os.path.join(os.path.abspath(directory), f"{name}.nix")
    if name == "default" or not os.path.exists(path):
        import difflib

        near = difflib.get_close_matches(name, seed_names(directory), 1)
        hint = f"did you mean '{near[0]}'?" if near else "see `chx seed list`"
        raise CommandError(f"there is no seed '{name}' in {directory}", hint=hint)
    text = f"({_FACTS}) {json.dumps(byte_string(path))}"
    with Session() as session:
        evaluator = session.evaluator
        found: dict[str, Any] = to_python(evaluator, evaluator.eval_source(Source("«seed»", text, "/")))
        return found


def lock_of(directory: str, name: str, told: dict[str, Any]) -> dict[str, Any] | None:
    """The lock of a seed, or what was captured of the host; None if there is neither."""
    if told["impure"]:
        from .noop import home

        path = os.path.join(home(), "seeds", f"{name}.lock.json")
    else:
        path = os.path.join(directory, f"{told['pins'] or name}.lock.json")
    try:
        with open(path) as file:
            lock: dict[str, Any] = json.load(file)
            return lock
    except FileNotFoundError:
        return None


def pin(told: dict[str, Any]) -> dict[str, Any]:
    """The content of a lock file, of what apt and pip offer today.

    A package that both halves need belongs to the userland, which must do without the toolchain; what C++ needs beyond
    C is laid over both. A part that selects (`only`) takes something else of a package than another part does, so that
    what it needs is in it whoever else has it.
    """
    from .seeds.pins import Apt, wheel_pin

    pins: dict[str, Pin] = {}
    parts: dict[str, set[str]] = {part: set() for part in PARTS}
    with tempfile.TemporaryDirectory() as folder:
        told_parts = [part for part in PARTS if part in told]
        apt = Apt(folder, told["suite"]) if any(told[part]["packages"] for part in told_parts) else None
        for part in told_parts:
            here = [wheel_pin(url, folder) for url in told[part]["wheels"]]
            if told[part]["packages"]:
                assert apt is not None
                pool = apt.closure(told[part]["packages"])
                for package in told[part]["without"]:
                    pool.pop(package, None)
                here += apt.pins(pool)
            pins |= {pin.package: pin for pin in here}
            parts[part] = {pin.package for pin in here}
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


def write_lock(path: str, lock: dict[str, Any]) -> None:
    """Replace a lock file, all or nothing."""
    with open(path + ".new", "w") as file:
        json.dump(lock, file, indent=1, sort_keys=True)
        file.write("\n")
    os.replace(path + ".new", path)


def update(directory: str, name: str, compiler: str = "cc") -> str:
    """Pin or capture a seed; returns what was done in a few words."""
    told = facts(directory, name)
    if told["pins"]:
        raise CommandError(
            f"the seed '{name}' has no pins of its own", hint=f"it uses those of '{told['pins']}': update that one"
        )
    if told["impure"]:
        return capture(name, compiler)
    lock = pin(told)
    write_lock(os.path.join(directory, f"{name}.lock.json"), lock)
    return f"pinned {amount(lock)} of {name}"


def capture(name: str, compiler: str) -> str:
    """Capture the compiler that is found as `compiler` as the seed `name`."""
    from .progress import say
    from .seeds.host import capture_host
    from .session import Session

    with Session() as session:
        lock = capture_host(session.store, name, compiler)
        write_lock(os.path.join(session.store.home, "seeds", f"{name}.lock.json"), lock)
    if lock["missing"]:
        say(f"this machine has no {', '.join(lock['missing'])}; builds that need them will fail")
    return f"captured {amount(lock)} as {name}: {lock['compiler'].splitlines()[0]}"


def amount(lock: dict[str, Any] | None) -> str:
    """How much a lock pins."""
    from .progress import size

    if lock is None:
        return "nothing"
    if "files" in lock:
        return f"{len(lock['files'])} files ({size(sum(file['size'] for file in lock['files']))})"
    return f"{sum(lock[part]['files'] for part in HALVES)} files ({size(sum(lock[part]['size'] for part in HALVES))})"


def run(arguments: argparse.Namespace) -> int:
    from .session import PKGS

    directory = arguments.directory or os.path.join(PKGS, "seeds")
    if arguments.action == "update":
        from .progress import say

        say(update(directory, arguments.name, arguments.cc or "cc"))
    elif arguments.action == "list":
        rows = []
        for name in seed_names(directory):
            told = facts(directory, name)
            state = "impure" if told["impure"] else f"pins of {told['pins']}" if told["pins"] else "pinned"
            rows.append((name, state, amount(lock_of(directory, name, told)), told["description"]))
        widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
        for row in rows:
            put("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths)), row[3]]) + "\n")
    else:
        show(directory, arguments.name, arguments.json)
    return 0


def show(directory: str, name: str, as_json: bool) -> None:
    """Print what a seed consists of."""
    told = facts(directory, name)
    lock = lock_of(directory, name, told)
    if as_json:
        put(json.dumps({"name": name, **told, "lock": lock}, indent=2, sort_keys=True) + "\n")
        return
    put(f"{name}: {told['description']}\n")
    if told["impure"]:
        put("  impure: captured from one machine; proves nothing to anybody else" + "\n")
    if lock is None:
        hint = f"`chx seed update {name}` does that"
        put(f"  {'not captured' if told['impure'] else 'not pinned'} yet: {hint}\n")
        return
    for part in PARTS:
        if part not in lock:
            continue
        if "files" in lock:
            put(f"  {part}:\n")
            for file in lock["files"]:
                if file["package"] in lock[part]:
                    put(f"    {file['package']} {file['version']}  {file['url']}\n")
        else:
            put(f"  {part}: {lock[part]['path']}\n")
    if "compiler" in lock:
        put("  compiler: " + lock["compiler"].splitlines()[0] + "\n")
