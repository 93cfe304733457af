"""`chx seed`: list, pin, make and capture the toolchains that a bootstrap may start from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ..ops.errors import RequestError
from ..ops.seed_parts import HALVES, PARTS
from ..ops.seeds import lockfile as seeds
from ..ops.seeds.updating import DEFAULT_ORIGIN
from .options import evaluation
from .options.building import configure_building, options_of
from .options.reporting import reporter_of
from .output import put
from .progress.format import say, size
from .progress.late import LateReporter

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ..builder.builtin.way import WayKind
    from ..ops.request import Request
    from ..ops.seeds.checking import Checked
    from ..ops.seeds.lockfile import Place
    from ..ops.session import Session

HELP = "list, pin, check, make and capture seeds"
DESCRIPTION = """\
A seed is a foreign toolchain, fetched by hash, that stage 0 is built with. Its
packages are listed in pkgs/seeds/NAME.nix; pkgs/seeds/NAME.ARCH.lock.json pins each file.
`chx seed update NAME` asks this machine's own apt and pip which files those
packages have today and rewrites the lock file. Two kinds are different: 'host' is
this machine's own compiler, and `chx seed update host` captures it; 'self' is what
the bootstrap of a set ends in, and `chx seed update self` makes it.
"""
CHECK = """\
Ask for every file that a seed's lock pins or a bundled package fetches whether it is
still available, and from which sources, by small requests that fetch nothing. The exit
status is 1 if a file has one source left, or none. A copy in your own store does not
count, because nobody else can fetch it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    update = sub.add_parser("update", help="rewrite the lock file of a seed", description=DESCRIPTION)
    update.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    update.add_argument("--cc", metavar="PROGRAM", help="for an impure seed: the compiler to capture (default: cc)")
    update.add_argument(
        "--from",
        dest="origin",
        metavar="SEED",
        default=DEFAULT_ORIGIN,
        help=f"for a seed that a bootstrap ends in: the seed it is made from (default: {DEFAULT_ORIGIN})",
    )
    update.add_argument("--dry-run", action="store_true", help="print what would change, and write nothing")
    listing = sub.add_parser("list", help="all seeds")
    show = sub.add_parser("show", help="what a seed consists of")
    show.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    show.add_argument("--json", action="store_true", help="print JSON")
    checking = sub.add_parser("check", help="check whether every pinned file is still available", description=CHECK)
    checking.add_argument(
        "names", metavar="NAME", nargs="*", help="a seed (default: all seeds, and the sources of all bundled packages)"
    )
    checking.add_argument("--json", action="store_true", help="print JSON")
    for action in (update, listing, show, checking):
        group = action.add_argument_group("which seeds")
        group.add_argument(
            "--directory", metavar="DIR", help="directory that contains NAME.nix (default: the bundled pkgs/seeds)"
        )
        group.add_argument(
            "--architecture", metavar="ARCH", help="those of another machine, for example aarch64 (`chx arch list`)"
        )
        group.add_argument("-f", "--file", metavar="FILE", help="the expression that has the attribute `seeds`")
        group.add_argument("-E", "--expr", metavar="EXPR", help="the same, as an expression")
        evaluation.configure_evaluation(action)
    configure_building(update)


def amount(lock: dict[str, Any] | None) -> str:
    """Return how much a lock pins, as text."""
    if lock is None:
        return "nothing"
    if "files" in lock:
        return f"{len(lock['files'])} files ({size(sum(file['size'] for file in lock['files']))})"
    return f"{sum(lock[part]['files'] for part in HALVES)} files ({size(sum(lock[part]['size'] for part in HALVES))})"


def run(arguments: argparse.Namespace) -> int:
    with evaluation.open_session(arguments) as session:
        request = evaluation.request_of(arguments)
        found = seeds.places(session, request, arguments.directory)
        if arguments.action == "list":
            list_all(session, found, arguments.architecture)
            return 0
        if arguments.action == "check":
            return check(session, arguments, request, found)
        place = seeds.place_of(found, arguments.name)
        if arguments.action == "show":
            show(session, place, arguments.json, arguments.architecture)
        else:
            update(session, arguments, place)
    return 0


def update(session: Session, arguments: argparse.Namespace, place: Place) -> None:
    """Pin, make or capture a seed, and print what changed and a summary."""
    from ..ops.seeds.updating import update

    request, reporter = evaluation.request_of(arguments), LateReporter(lambda: reporter_of(arguments))
    try:
        before = seeds.lock_of(place, seeds.facts(session, place, arguments.architecture))
    except RequestError:
        before = None  # a damaged lock is replaced
    lock = update(
        session,
        request,
        place,
        arguments.cc or "cc",
        arguments.origin,
        options_of(arguments),
        reporter,
        arguments.architecture,
        arguments.dry_run,
    )
    name = place.name
    if "compiler" not in lock and "made" not in lock:
        tell_changes(before, lock)
    if arguments.dry_run:
        say(f"would pin {amount(lock)} of {name}")
        return
    if "compiler" in lock:
        if lock["missing"]:
            say(f"this machine has no {', '.join(lock['missing'])}; builds that need them will fail")
        say(f"captured {amount(lock)} as {name}: {lock['compiler'].splitlines()[0]}")
    elif "made" in lock:
        say(f"made {amount(lock)} as {name}")
    else:
        say(f"pinned {amount(lock)} of {name}")


def tell_changes(before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    """Print a line for each package that an update changes, and how many it leaves alone."""
    from ..ops.seeds.changes import changes

    found = changes(before, after)
    rows = []
    for change in found:
        if change.kind == "moved":
            what = f"{', '.join(change.parts_before)} -> {', '.join(change.parts_after)}"
        else:
            what = " -> ".join(filter(None, dict.fromkeys((change.before, change.after))))
        rows.append((change.kind, change.package, what, change.file_after or change.file_before))
    put("".join(f"{line}\n" for line in aligned(rows)))
    changed = sum(change.kind not in ("added", "removed") for change in found)
    stays = len(after.get("files", ())) - changed - sum(change.kind == "added" for change in found)
    put(f"{stays} of {len(after.get('files', ()))} files stay as they are\n")


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]


def check(session: Session, arguments: argparse.Namespace, request: Request, found: dict[str, Place]) -> int:
    """Print by which ways every pin can be had; return 1 if one is on its last way, or has none."""
    from ..ops.seeds import checking

    chosen = [seeds.place_of(found, name) for name in arguments.names] or list(found.values())
    pins = checking.pins_of_seeds(session, chosen, arguments.architecture)
    if not arguments.names and not request.has_source and arguments.directory is None:
        pins += checking.pins_of_packages(session, request)
    pins = checking.merged(pins)
    say(f"asking for {len(pins)} files")
    checked = list(checking.check(session, pins))
    counts = checking.count(checked)
    if arguments.json:
        put(json.dumps({"counts": counts, "pins": [one.to_dict() for one in checked]}, indent=2) + "\n")
    else:
        kinds = [kind for kind in WAYS if any(way.kind == kind for one in checked for way in one.ways)]
        rows = [("", "pin", *kinds, "pinned by")]
        for one in checked:
            users = [*one.wanted.users[:2], *(["..."] if len(one.wanted.users) > 2 else [])]
            rows.append((one.verdict, one.wanted.name, *(_cell(one, kind) for kind in kinds), ", ".join(users)))
        put("".join(f"{line}\n" for line in aligned(rows)))
        tell_failures(checked)
    say(
        f"{counts['safe']} of {len(checked)} files have several ways, {counts['single']} have a single one,"
        f" {counts['last']} are on their last way, {counts['lost']} cannot be had"
    )
    return 1 if counts["last"] or counts["lost"] else 0


def tell_failures(checked: list[Checked]) -> None:
    """Print every way to files that cannot be had, and why the other ways to those on their last one failed."""
    for one in checked:
        if one.verdict == "lost":
            put(f"\n{one.wanted.name} cannot be had:\n")
            put("".join(f"  {way.place}: {way.reason}\n" for way in one.ways))
    failures: dict[tuple[str, str], list[str]] = {}
    for one in checked:
        if one.verdict == "last":
            for kind in WAYS:
                ways = [way for way in one.ways if way.kind == kind]
                if ways and not any(way.is_there for way in ways):
                    reason = ways[0].reason.removesuffix(" (not asked again)")
                    failures.setdefault((kind, reason), []).append(ways[0].place)
    for (column, reason), places in failures.items():
        put(f"\n{column} of {len(places)} files on their last way: {reason}\n  such as {places[0]}\n")


WAYS: Final[tuple[WayKind, ...]] = ("upstream", "archive", "snapshot", "index", "repository", "file", "mirror")


def _cell(one: Checked, kind: WayKind) -> str:
    ways = [way for way in one.ways if way.kind == kind]
    return "-" if not ways else "yes" if any(way.is_there for way in ways) else "no"


def list_all(session: Session, found: dict[str, Place], architecture: str | None = None) -> None:
    """Print a line for each seed of an architecture, by default this machine's."""
    rows = []
    for name, place in sorted(found.items()):
        facts = seeds.facts(session, place, architecture)
        if not seeds.is_for_architecture(facts):
            rows.append((name, f"only {', '.join(facts['architectures'])}", "-", facts["description"]))
            continue
        pinned = facts["impure"] or facts["made"] or seeds.is_pinned(facts)
        lock = seeds.lock_of(place, facts) if pinned or facts["pins"] else None
        much = amount(lock) if pinned or facts["pins"] else "-"
        rows.append((name, state_of(facts, pinned), much, facts["description"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        put("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths)), row[3]]) + "\n")


def state_of(facts: dict[str, Any], pinned: bool) -> str:
    """Return the state of a seed in a word or two."""
    if facts["impure"]:
        return "impure"
    if facts["made"]:
        return f"made of {facts['made']}"
    if facts["pins"]:
        return f"pins of {facts['pins']}"
    return "pinned" if pinned else "local"


def show(session: Session, place: Place, as_json: bool, architecture: str | None = None) -> None:
    """Print the parts of a seed, on an architecture or this machine."""
    name = place.name
    facts = seeds.facts(session, place, architecture)
    seeds.check_architecture(place, facts)
    pinned = facts["impure"] or facts["made"] or facts["pins"] or seeds.is_pinned(facts)
    lock = seeds.lock_of(place, facts) if pinned else None
    if as_json:
        put(json.dumps({"name": name, "source": place.file, **facts, "lock": lock}, indent=2, sort_keys=True) + "\n")
        return
    put(f"{name}: {facts['description']}\n")
    if facts["architectures"]:
        put(f"  for {', '.join(facts['architectures'])}; this is {facts['architecture']}\n")
    if facts["impure"]:
        put("  impure: captured from one machine; proves nothing to anybody else\n")
    if pinned and lock is None:
        state = "captured" if facts["impure"] else "made" if facts["made"] else "pinned"
        put(f"  not {state} yet: `chx seed update {name}` does that\n")
        return
    if lock is not None and "made" in lock:
        made = lock["made"]
        put(f"  made: stage {made['stage']} of {made['set']}, from {made['from']}; no toolchain beside that one\n")
    for part in PARTS:
        lines = _lines_of(part, lock, facts)
        if lines:
            put("".join([f"  {part}:\n", *(f"    {line}\n" for line in lines)]))
    if lock is not None and "compiler" in lock:
        put("  compiler: " + lock["compiler"].splitlines()[0] + "\n")


def _lines_of(part: str, lock: dict[str, Any] | None, facts: dict[str, Any]) -> list[str]:
    """Return the contents of a part, a line for each item."""
    if lock is not None and part in lock and "files" not in lock:
        return [str(lock[part]["path"])]
    files = lock.get("files", []) if lock is not None else []
    lines = [
        f"{file['package']} {file['version']}".rstrip() + f"  {file['url']}"
        for file in files
        if file["package"] in (lock or {}).get(part, ())
    ]
    return lines + list(facts.get(part, {}).get("local", ()))
