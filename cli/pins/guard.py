"""What `chx build` asks of the lock: before anything is built, and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..session import Asked
from .differing import changed_files, in_words
from .document import NAME, WHOLE
from .errors import DAMAGED, DIFFERS, SOURCE, Differs, LockError, both
from .pinning import derivations_behind, output_of, resolved_of, sources_of

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...ops import Request
    from ...store import Store, StorePath
    from ..lines import Lines
    from ..session import Session
    from .document import Lock, Pin, PinnedOutput

Built = Mapping[tuple["StorePath", str], "StorePath"]


def system_of(session: Session, asked: Asked) -> str:
    """The system that a pin of a derivation is for: what chx builds itself belongs to the system that it was asked on."""
    system = session.store.derivation(asked.derivation).system
    return session.world.current_system if system == "builtin" else system


class Guard:
    """The pins of what a command was asked for; of nothing if there is no lock, or it is another expression's.

    `pins`: they are known, because nothing was evaluated.
    """

    def __init__(
        self,
        session: Session,
        request: Request,
        options: BuildOptions,
        reporter: Lines,
        pins: list[tuple[Asked, Pin]] | None = None,
    ) -> None:
        project = session.project
        self._session = session
        self._options = options
        self._reporter = reporter
        self._has_arguments = request.has_arguments
        self._lock: Lock | None = None
        self._pins: list[tuple[Asked, Pin]] = pins or []
        if pins is not None:
            return
        if project is None or project.lock is None or request.lock == "ignore":
            return
        if not project.pins_this:
            session.notice(f"the pins of {NAME} are those of {project.lock.expression}, not of {project.expression}")
            return
        self._lock = project.lock
        self._find(self._lock)

    def _find(self, lock: Lock) -> None:
        missing = []
        for asked in self._session.asked:
            pin = lock.pin(asked.attribute, system_of(self._session, asked))
            if pin is None:
                missing.append(asked.attribute or WHOLE)
            else:
                self._pins.append((asked, pin))
        if missing:
            shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            self._session.notice(f"not pinned in {NAME}: {shown}")

    def before(self) -> None:
        """Compare the sources of what is pinned. Raises `LockError`."""
        if self._lock is None or self._has_arguments:
            return
        for asked, _ in self._pins:
            check_sources(self._session, self._lock, asked)

    def takeable(self) -> list[tuple[Asked, Pin]]:
        """The pins of which nothing need be built, if their outputs are in the store or a cache."""
        from .taking import takeable

        return takeable(self._session, self._lock, self._pins) if self._lock is not None and self._pins else []

    def without_building(self) -> dict[tuple[StorePath, str], StorePath]:
        """What was taken of these."""
        from .taking import without_building

        pins = self.takeable()
        return without_building(self._session, self._options, self._reporter, pins) if pins else {}

    def after(self, built: Built) -> None:
        """Compare outputs with their pins, and read them again. Raises `LockError`."""
        store, world = self._session.store, self._session.world
        for asked, pin in self._pins:
            for output in asked.outputs:
                path = built[asked.derivation, output]
                pinned = pin.outputs.get(output)
                check_output(self._session, asked, pin, output, path, self._has_arguments)
                if pinned is not None:
                    world.see_tree(store.physical(path))
                    check_content(store, asked.attribute, path, pinned)

    def after_inputs(self, built: Built) -> None:
        """Compare what something is built from with the pins that it has for itself. Raises `LockError`."""
        for attribute, systems in self._lock.pins.items() if self._lock is not None else ():
            for pin in systems.values():
                asked = Asked("" if attribute == WHOLE else attribute, pin.derivation, tuple(pin.outputs))
                for output in (name for name in pin.outputs if (pin.derivation, name) in built):
                    path = built[pin.derivation, output]
                    check_output(self._session, asked, pin, output, path, self._has_arguments)
                    check_content(self._session.store, asked.attribute, path, pin.outputs[output])


def check_sources(session: Session, lock: Lock, asked: Asked) -> None:
    """Raise `LockError` if a source of a pinned package is not as it is locked."""
    known = {name: source.hash for name, source in lock.sources.items()}
    for files in lock.seeds.values():
        known.update(files)
    title = f"'{asked.attribute}'" if asked.attribute else "the package"
    hint = f"chx lock update {asked.attribute}".rstrip() + " takes it; --no-lock builds with it once"
    for name, source in sources_of(derivations_behind(session.store, asked.derivation).values()).items():
        locked = known.get(name)
        if locked is None:
            raise LockError(
                SOURCE, f"{title} is pinned, and its source '{name}' is not in {NAME}: it has {source.hash} now", hint
            )
        if locked != source.hash:
            raise LockError(
                SOURCE, f"the source '{name}' of {title} has another hash in {NAME}", hint,
                both(locked, source.hash, "locked", "asked for", place_of(session)),
            )  # fmt: skip


def place_of(session: Session) -> str | None:
    """Where the lock lies."""
    return session.project.place if session.project is not None else None


def check_output(
    session: Session, asked: Asked, pin: Pin, output: str, path: StorePath, has_arguments: bool = False, why: str = ""
) -> None:
    """Raise `Differs` if an output is not what is pinned; `why`, if the caller knows. Raises `LockError`."""
    store, title = session.store, asked.attribute or WHOLE
    update = f"chx lock update {asked.attribute}".rstrip()
    pinned = pin.outputs.get(output)
    if pinned is None:
        raise LockError(
            DIFFERS, f"'{title}' is pinned without an output '{output}': there are {', '.join(pin.outputs)}",
            hint=f"{update} pins it",
        )  # fmt: skip
    got = output_of(store, path)
    if got == pinned:
        return
    if why:
        reason = why
    elif got.path == pinned.path:
        reason = "the lock contradicts itself: that path has what was built, so the lock was changed"
    elif asked.derivation == pin.derivation and resolved_of(store, asked.derivation) == pin.resolved:
        reason = "it is built from the same derivation and the same inputs, and so not reproducible here"
    elif asked.derivation == pin.derivation:
        reason = "it is built from the same derivation, and something that it is built with came out otherwise here"
    elif has_arguments:
        reason = "it was asked for with arguments; pins hold whatever they are"
    else:
        reason = "its expression or inputs have changed since it was pinned"
    details = list(both(_shown(pinned), _shown(got), "pinned", "built", place_of(session), pinned.digest))
    files = changed_files(store, pinned.path, path)
    details += in_words(files)
    if files:
        reason += f"; all of it: chx diff {pinned.path} {path}"
    hint = f"{reason}\n  = {update} pins what is built now; --no-lock builds it once"
    raise Differs(f"'{title}' is not what {NAME} pins (output '{output}')", hint, details, output, pinned, got, files)


def _shown(output: PinnedOutput) -> str:
    return f"{output.digest}, {output.size} bytes, {output.path}"


def check_content(store: Store, attribute: str, path: StorePath, pinned: PinnedOutput) -> None:
    """Read a pinned output again; raises `LockError` if it is not what its name says."""
    problems = store.verify_object(path)
    if not problems:
        return
    lines = [f"  {problem.file or path.name}: {problem.what}" for problem in problems[:8] if problem.file]
    now = next((problem.what.split("'")[1] for problem in problems if problem.what.startswith("has the content")), "")
    raise LockError(
        DAMAGED, f"'{attribute or WHOLE}' was changed in the store after it was built",
        details=(*both(f"{pinned.digest}, {path}", now or "something else", "pinned", "there"), *lines),
        hint=f"chx store verify --repair {path} makes it anew",
    )  # fmt: skip
