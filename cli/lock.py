"""`chx lock`: pin inputs and outputs, move pins, check them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from . import expression
from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..builder import BuildOptions
    from ..ops import Request
    from ..store import StorePath
    from .lines import Lines
    from .pins.checking import Report
    from .pins.document import Lock, Pin
    from .pins.project import Project
    from .pins.sealing import State
    from .session import Asked, Session

    Outputs = Mapping[str, StorePath]

DESCRIPTION = """\
Write chx.lock beside an expression: where its inputs (chx.toml) come from and what
they are, and what each package gives, by content. `chx build` compares with it.
"""
EPILOG = """\
actions:
  chx lock [ATTR...]                  lock what is not locked, pin what is not pinned;
                                      without ATTR, all that the expression gives
  chx lock update [INPUT|ATTR...]     move all inputs and pins, or these; says what moves
  chx lock check [ATTR...]            build what is pinned and compare; exit status 1 if
                                      something differs, named down to the file

examples:
  chx lock
  chx lock update nixlib
  chx lock check --rebuild
  chx lock check --vary all --json
  chx lock -A update                  an attribute of that name
"""
ACTIONS = ("update", "check")
MIXED = True
"""Options may stand between the action and the names."""


def configure(parser: argparse.ArgumentParser) -> None:
    from .build import configure_building

    group = parser.add_argument_group("what to lock")
    group.add_argument(
        "names", nargs="*", metavar="[ACTION] NAME", help="update or check; attributes, or inputs that are to move"
    )
    group.add_argument("-f", "--file", default=".", metavar="FILE", help="the expression (default: ./default.nix)")
    group.add_argument("-A", "--attr", action="append", default=[], metavar="ATTR", help="an attribute")
    expression.configure_evaluation(parser)
    group = parser.add_argument_group("how to check")
    group.add_argument("--rebuild", action="store_true", help="check: build what is pinned again, though it is there")
    group.add_argument(
        "--vary",
        metavar="LIST",
        help="check: build it again, and change what must not matter: `all` or a list, as for chx build",
    )
    group.add_argument("--json", action="store_true", help="check: print JSON")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    from .pins.project import project_at
    from .realise import notices_of, options_of
    from .sources import expression_file

    words: list[str] = arguments.names
    action = words.pop(0) if words and words[0] in ACTIONS else "add"
    if arguments.no_lock:
        raise CommandError("chx lock without a lock does nothing", hint="--no-lock is for chx build")
    for option in ("rebuild", "vary", "json"):
        if getattr(arguments, option) and action != "check":
            raise CommandError(f"--{option} is for chx lock check")
    from .check import variations_named

    variations = variations_named(arguments.vary)
    file = expression_file(arguments.file)
    project = project_at(file)
    if project.lock is not None and not project.pins_this:
        raise CommandError(
            f"the lock in '{project.folder}' belongs to {project.lock.expression}, not to {project.expression}",
            hint="give each expression that is locked a folder of its own",
        )
    request = expression.request_of(arguments)
    request = request.replace(file=file, attributes=())
    options, reporter = options_of(arguments), notices_of(arguments)
    with expression.open_session(arguments) as session:
        if action == "check":
            from .pins.checking import Rounds, check

            rounds = Rounds(arguments.rebuild, variations)
            return _show(
                check(session, request, project, [*words, *arguments.attr], rounds, options, reporter), arguments.json
            )
        locking = Locking(session, request, project, options, reporter)
        if action == "update":
            return locking.update([*words, *arguments.attr])
        return locking.add([*words, *arguments.attr])


def _show(report: Report, as_json: bool) -> int:
    """Print what was checked; the exit status."""
    if as_json:
        from .difference.data import as_data
        from .store import put_json

        put_json({"holds": not report.failed, **as_data(report)})
        return int(bool(report.failed))
    from .difference.page import Page
    from .pins.checking import draw_report
    from .progress import say
    from .report import Style

    page = Page(Style(sys.stdout), True)
    draw_report(page, report)
    page.write()
    if report.failed:
        names = {pin.attribute for pin in report.pins}
        say(f"{len(report.failed)} of {len(names)} not as pinned: {', '.join(report.failed)}")
    return int(bool(report.failed))


class Locking:
    """Writing a lock."""

    def __init__(
        self, session: Session, request: Request, project: Project, options: BuildOptions, reporter: Lines
    ) -> None:
        from .pins.document import Lock

        self._session = session
        self._request = request
        self._project = project
        self._options = options
        self._reporter = reporter
        session.project = project
        self._before = project.lock or Lock(expression=project.expression)
        self._known: set[tuple[str, str]] = set()
        """Pins that the expression gives as they are in the new lock, by attribute and system."""

    def add(self, attributes: Sequence[str]) -> int:
        """Lock and pin what is neither; what is must not move."""
        return self._finish(self.added(attributes))

    def added(self, attributes: Sequence[str]) -> Lock:
        """The lock that `add` writes."""
        lock = self._resolve(lambda name: False)
        return self._sealed(self._pin(lock, attributes, lambda attribute: False))

    def update(self, names: Sequence[str]) -> int:
        """Move inputs and pins: all, or those named."""
        from .pins.selecting import is_within

        inputs = [name for name in names if name in self._before.inputs or name in self._project.declared]
        attributes = [name for name in names if name not in inputs]
        lock = self._resolve((lambda name: True) if not names else lambda name: name in inputs)
        everything = not names or bool(inputs)
        wanted = list(dict.fromkeys([*(sorted(self._before.pins) if everything else ()), *attributes]))
        gone: list[str] = []
        if everything:
            wanted, gone = self._still_there(lock, wanted)
        lock = replace(lock, pins={name: pins for name, pins in lock.pins.items() if name not in gone})
        moving = (
            (lambda attribute: True)
            if everything
            else lambda attribute: any(is_within(attribute, name) for name in attributes)
        )
        if wanted:
            lock = self._pin(lock, wanted, moving)
        return self._finish(self._sealed(lock))

    def _still_there(self, lock: Lock, names: list[str]) -> tuple[list[str], list[str]]:
        """Of attributes those that the expression has, and those that it has not any more."""
        from .pins.selecting import has_attribute

        there = [name for name in names if has_attribute(self._session, self._request, self._project, lock, name)]
        return there, [name for name in names if name not in there]

    def _resolve(self, moving: Callable[[str], bool]) -> Lock:
        from .pins.resolving import resolve_inputs
        from .pins.trees import Trees
        from .progress import say

        options = self._session.input_options
        store = self._session.store
        inputs = {}
        if self._project.declared:
            inputs = resolve_inputs(store, self._project, moving, say, options)
            Trees(store, self._project, replace(self._before, inputs=inputs), options).check()
        return replace(self._before, inputs=inputs)

    def _pin(self, lock: Lock, attributes: Sequence[str], moving: Callable[[str], bool]) -> Lock:
        from .pins.guard import check_output, check_sources, system_of
        from .pins.pinning import add_pin, pin_of
        from .pins.selecting import asked_of, realise_all

        session, store = self._session, self._session.store
        asked = asked_of(session, self._request, self._project, lock, attributes)
        pins = [(item, lock.pin(item.attribute, system_of(session, item))) for item in asked]
        fixed = [(item, pin) for item, pin in pins if pin is not None and not moving(_name(item))]
        for item, _ in fixed if not self._request.has_arguments else ():
            check_sources(session, lock, item)
        built = realise_all(session, asked, self._options, self._reporter)
        for item, pin in fixed:
            for output, path in built[item.derivation].items():
                check_output(session, item, pin, output, path)
        kept = {id(item) for item, pin in fixed}
        moved = [item for item in asked if id(item) not in kept]
        for item in moved:
            pin, sources, seeds = pin_of(store, item.derivation, built[item.derivation])
            made = (replace(pin, named=item.named), sources, seeds)
            lock = add_pin(lock, item.attribute, system_of(session, item), made)
        known = [*moved, *(item for item, pin in fixed if pin.derivation == item.derivation)]
        self._known.update((_name(item), system_of(session, item)) for item in known)
        return lock

    def _sealed(self, lock: Lock) -> Lock:
        """With what was looked at, and a seal on each pin."""
        from .pins.evaluated import both, files_seen, first_changed
        from .pins.sealing import sealed, state_of

        before, folder = self._before, self._project.folder
        has_arguments = self._request.has_arguments or bool(self._session.search_path)
        seen = None if has_arguments or not self._known else files_seen(self._session.world, folder)
        stays = before.inputs == lock.inputs and first_changed(before.files, folder) is None
        files = both(before.files, seen or {}) if stays else seen or {}

        def state(attribute: str, system: str, pin: Pin) -> State:
            if (attribute, system) in self._known:
                return "whole" if seen is None else "covered"
            if pin.seal is None:
                return "whole"
            earlier = state_of(before, attribute, system, pin)
            return "whole" if earlier == "covered" and not stays else earlier

        return sealed(replace(lock, files=files), state)

    def _finish(self, lock: Lock) -> int:
        from .difference.page import Page
        from .pins.document import NAME, write_lock
        from .pins.moves import draw_moves, moves
        from .progress import say
        from .report import Style

        page = Page(Style(sys.stdout), True)
        moved = moves(self._session.store, self._before, lock)
        draw_moves(page, moved)
        is_written = write_lock(self._project.place, lock)
        if moved.inputs or moved.pins:
            page.write()
        elif is_written:
            say("the expression has changed, and what is pinned stays as it was")
        if not is_written:
            say(f"{NAME} stays as it was")
        return 0


def _name(asked: Asked) -> str:
    from .pins.document import WHOLE

    return asked.attribute or WHOLE
