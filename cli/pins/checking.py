"""`chx lock check`: does this machine give what is pinned?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import CommandError
from .document import NAME, WHOLE
from .errors import DAMAGED, LockError
from .guard import check_content, check_output, check_sources, system_of
from .selecting import asked_of, is_within, realise_all, rounds
from .trees import Trees

if TYPE_CHECKING:
    from ...store import Store
    from ..difference.page import Page
    from ..session import Asked, Session
    from .document import Lock, Pin
    from .project import Project


def check(session: Session, arguments: argparse.Namespace, project: Project, names: Sequence[str]) -> int:
    """Check pins, all or those named; prints a line for each. The exit status: 1 if one does not hold."""
    from ..difference.page import Page
    from ..report import Style
    from .beside import options_for_inputs

    lock = project.lock
    if lock is None:
        raise CommandError(f"there is no {NAME} in '{project.folder}'", hint="chx lock writes it")
    Trees(session.store, project, lock, options_for_inputs(arguments)).check()
    check_inputs(session.store, lock)
    unknown = [name for name in names if not any(is_within(pinned, name) for pinned in lock.pins)]
    if unknown:
        raise CommandError(f"'{unknown[0]}' is not pinned", hint=f"pinned are {', '.join(sorted(lock.pins)) or 'none'}")
    page = Page(Style(sys.stdout), True)
    session.project = project
    work = _Checking(session, arguments, project, lock, page)
    chosen = [pinned for pinned in sorted(lock.pins) if not names or any(is_within(pinned, name) for name in names)]
    for name in chosen:
        work.check(name)
    page.write()
    if work.failed:
        from ..progress import say

        say(f"{len(work.failed)} of {len(chosen)} not as pinned: {', '.join(work.failed)}")
    return int(bool(work.failed))


def check_inputs(store: Store, lock: Lock) -> None:
    """Raise `LockError` if the tree of an input was changed in the store."""
    for name, item in lock.inputs.items():
        if item.object is None or not store.is_valid(item.object):
            continue
        problems = store.verify_object(item.object)
        if problems:
            raise LockError(
                DAMAGED, f"the input '{name}' was changed in the store after it came: {item.object}",
                details=[f"  {problem.file or item.object.name}: {problem.what}" for problem in problems[:8]],
                hint=f"remove {store.physical(item.object)}, and chx gets it anew",
            )  # fmt: skip


class _Checking:
    def __init__(
        self, session: Session, arguments: argparse.Namespace, project: Project, lock: Lock, page: Page
    ) -> None:
        self.failed: list[str] = []
        self._session = session
        self._arguments = arguments
        self._project = project
        self._lock = lock
        self._page = page

    def check(self, name: str) -> None:
        """One attribute: what is wrong with it does not keep the others from being checked."""
        try:
            self._check(name)
        except Exception as error:
            if not hasattr(error, "message"):
                raise
            self.failed.append(name)
            self._tell(name, error)

    def _check(self, name: str) -> None:
        asked = asked_of(self._session, self._arguments, self._project, self._lock, [name])
        for item in asked:
            system = system_of(self._session, item)
            pin = self._lock.pin(item.attribute, system)
            if pin is None and (item.attribute or WHOLE) == name:
                self._page.line(f"? {name}: pinned for {', '.join(self._lock.pins[name])}, not for {system}", 0)
            elif pin is not None:
                self._check_pin(item, pin, f"{item.attribute or WHOLE} ({system})")

    def _check_pin(self, item: Asked, pin: Pin, title: str) -> None:
        store = self._session.store
        has_arguments = bool(self._arguments.arg or self._arguments.argstr)
        if not has_arguments:
            check_sources(self._session, self._lock, item)
        for options in rounds(self._arguments):
            built = realise_all(self._session, self._arguments, [item], options)[item.derivation]
            for output, path in built.items():
                check_output(self._session, item, pin, output, path, has_arguments)
                check_content(store, item.attribute, path, pin.outputs[output])
        for output, pinned in pin.outputs.items():
            name = title if output == "out" else f"{title} {output}"
            self._page.line(f"= {name}: {pinned.digest}, {pinned.size} bytes", 0)

    def _tell(self, name: str, error: Exception) -> None:
        """The report of an error, below the name of the package."""
        from ..report import Style, describe

        self._page.removed(f"{name}: not as pinned", 0)
        for line in describe(error, Style(None))[0]:
            self._page.lines.append(f"  {line}")
