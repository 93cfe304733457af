"""Check a build against chx.lock, before and after it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..targets import Target
from .compare import changed_files
from .document import NAME, WHOLE
from .edits import edits_of
from .errors import DAMAGED, DIFFERS, MOVED, SOURCE, Contrast, LockError
from .pin import derivations_behind, output_of, resolved_of, sources_of
from .substitute import substitutable, substitute

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...store import Store, StorePath
    from ...store.difference import FileChange
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .document import Lock, Pin, PinnedOutput
    from .edits import Edits
    from .project import Project

MAX_WARNINGS: Final = 6
"""Limit of warnings that are printed one by one."""
Built = Mapping[tuple["StorePath", str], "StorePath"]


class OutputDiffers(LockError):
    """An output differs from its pin. `files` are the differing files, if the pinned output is in the store."""

    def __init__(
        self,
        message: str,
        hint: str,
        contrast: Contrast,
        output: str,
        pinned: PinnedOutput,
        built: PinnedOutput,
        files: Sequence[FileChange],
    ) -> None:
        super().__init__(DIFFERS, message, hint, contrast=contrast, files=files)
        self.output = output
        self.pinned = pinned
        self.built = built


def system_of(session: Session, target: Target) -> str:
    """Return the system of a derivation's pin: for builtin derivations, the current system."""
    system = session.store.derivation(target.derivation).system
    return session.world.current_system if system == "builtin" else system


class LockVerifier:
    """Checks targets against their pins. Without a lock of this expression it checks nothing.

    A difference that the project's own files explain is a warning, unless the request is strict ("locked").

    `pins`: the pins, if they were found without evaluation.
    """

    def __init__(
        self,
        session: Session,
        request: Request,
        project: Project | None,
        targets: Sequence[Target],
        options: BuildOptions,
        reporter: Reporter,
        pins: list[tuple[Target, Pin]] | None = None,
    ) -> None:
        self._session = session
        self._options = options
        self._reporter = reporter
        self._has_arguments = request.has_arguments
        self._place = None if project is None else project.place
        self._lock: Lock | None = None
        self._pins: list[tuple[Target, Pin]] = pins or []
        self._edits: Edits | None = None
        self._told = 0
        self._is_explained = False
        self._project = project
        self._is_strict = request.lock != "use"
        self.differences: tuple[LockError, ...] = ()
        """What differs from the lock because the project's own files have changed."""
        if pins is not None:
            return
        if project is None or project.lock is None or request.lock in ("ignore", "inputs"):
            return
        self.differences = tuple(LockError(MOVED, f"the input '{name}' has changed") for name in project.moved)
        self._told = len(self.differences)  # `inputs_beside` has warned of them
        if not project.pins_this:
            session.reporter.notice(
                f"the pins of {NAME} are those of {project.lock.expression}, not of {project.expression}"
            )
            return
        self._lock = project.lock
        self._find(self._lock, targets)

    def _find(self, lock: Lock, targets: Sequence[Target]) -> None:
        missing = []
        for target in targets:
            pin = lock.pin(target.attribute, system_of(self._session, target))
            if pin is None:
                missing.append(target.attribute or WHOLE)
            else:
                self._pins.append((target, pin))
        if missing:
            shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            self._session.reporter.notice(f"not pinned in {NAME}: {shown}")

    def check_all_sources(self) -> None:
        """Compare the sources of pinned packages with the lock. Raises `LockError`."""
        if self._lock is None or self._has_arguments:
            return
        for target, pin in self._pins:
            try:
                check_sources(self._session, self._lock, target, self._place)
            except LockError as error:
                self._warn(error, target, pin)
        self._tell()

    def substitutable(self) -> list[tuple[Target, Pin]]:
        """Return the pins whose outputs may be substituted without building."""
        return substitutable(self._session, self._lock, self._pins) if self._lock is not None and self._pins else []

    def substitute(self) -> dict[tuple[StorePath, str], StorePath]:
        """Substitute outputs of these pins, and return them."""
        pins = self.substitutable()
        return substitute(self._session, self._options, self._reporter, pins) if pins else {}

    def check_outputs(self, built: Built) -> None:
        """Compare outputs with their pins, and verify their content. Raises `LockError`."""
        store, world = self._session.store, self._session.world
        for target, pin in self._pins:
            for output in target.outputs:
                path = built[target.derivation, output]
                pinned = pin.outputs.get(output)
                try:
                    check_output(self._session, target, pin, output, path, self._place, self._has_arguments)
                except LockError as error:
                    self._warn(error, target, pin)
                    pinned = output_of(store, path)
                if pinned is not None:
                    world.see_tree(store.physical(path))
                    check_content(store, target.attribute, path, pinned)
        self._tell()

    def check_inputs(self, built: Built) -> None:
        """Compare the inputs of a build with their own pins. Raises `LockError`."""
        for attribute, systems in self._lock.pins.items() if self._lock is not None else ():
            for pin in systems.values():
                target = Target("" if attribute == WHOLE else attribute, pin.derivation, tuple(pin.outputs))
                for output in (name for name in pin.outputs if (pin.derivation, name) in built):
                    path = built[pin.derivation, output]
                    check_output(self._session, target, pin, output, path, self._place, self._has_arguments)
                    check_content(self._session.store, target.attribute, path, pin.outputs[output])

    def _warn(self, error: LockError, target: Target, pin: Pin) -> None:
        """Keep an error as a warning if the project's own files explain it, or else raise it."""
        if self._is_strict or self._lock is None or self._project is None or target.derivation == pin.derivation:
            raise error
        if self._edits is None:
            has_arguments = self._has_arguments or bool(self._session.search_path)
            self._edits = edits_of(self._project, self._lock, has_arguments)
        edits = self._edits.of_pin(self._lock, target, system_of(self._session, target), pin)
        if edits.refusal is not None:
            error.hint = f"{edits.refusal}\n  = {error.hint}" if error.hint else edits.refusal
            raise error
        if not edits.own:
            raise error
        self._edits = self._edits._replace(own=self._edits.own or edits.own)
        self.differences += (error,)

    def _tell(self) -> None:
        """Print the warnings that were not printed yet."""
        if self._edits is None:
            return
        new = self.differences[self._told :]
        self._told = len(self.differences)
        for error in new[:MAX_WARNINGS]:
            self._session.reporter.notice(f"warning[{error.code}]: {error.message}")
        if len(new) > MAX_WARNINGS:
            self._session.reporter.notice(
                f"warning[{new[-1].code}]: {len(new) - MAX_WARNINGS} more are not as {NAME} has them"
            )
        if new and not self._is_explained:
            self._is_explained = True
            self._session.reporter.notice(
                f"{self._edits.title} changed since; chx lock update pins what is built now, --locked makes this an error"
            )


def check_sources(session: Session, lock: Lock, target: Target, place: str | None) -> None:
    """Raise `LockError` if a source of a pinned package differs from the lock, whose path is `place`."""
    known = {name: source.hash for name, source in lock.sources.items()}
    for files in lock.seeds.values():
        known.update(files)
    title = f"'{target.attribute}'" if target.attribute else "the package"
    hint = f"chx lock update {target.attribute}".rstrip() + " takes it; --no-pins builds with it once"
    for name, source in sources_of(derivations_behind(session.store, target.derivation).values()).items():
        locked = known.get(name)
        if locked is None:
            raise LockError(
                SOURCE, f"{title} is pinned, and its source '{name}' is not in {NAME}: it has {source.hash} now", hint
            )
        if locked != source.hash:
            raise LockError(
                SOURCE, f"the source '{name}' of {title} has another hash in {NAME}", hint,
                contrast=Contrast(locked, source.hash, "locked", "asked for", place),
            )  # fmt: skip


def check_output(
    session: Session,
    target: Target,
    pin: Pin,
    output: str,
    path: StorePath,
    place: str | None,
    has_arguments: bool = False,
    why: str = "",
) -> None:
    """Raise `OutputDiffers` if an output differs from its pin; `why` is a known reason. Raises `LockError`."""
    store, title = session.store, target.attribute or WHOLE
    update = f"chx lock update {target.attribute}".rstrip()
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
    elif target.derivation == pin.derivation and resolved_of(store, target.derivation) == pin.resolved:
        reason = "it is built from the same derivation and the same inputs, and so not reproducible here"
    elif target.derivation == pin.derivation:
        reason = "it is built from the same derivation, and something that it is built with came out otherwise here"
    elif has_arguments:
        reason = "it was asked for with arguments; pins hold whatever they are"
    else:
        reason = "its expression or inputs have changed since it was pinned"
    files = changed_files(store, pinned.path, path)
    if files:
        reason += f"; all of it: chx diff {pinned.path} {path}"
    hint = f"{reason}\n  = {update} pins what is built now; --no-pins builds it once"
    message = f"'{title}' is not what {NAME} pins (output '{output}')"
    contrast = Contrast(_shown(pinned), _shown(got), "pinned", "built", place, pinned.digest)
    raise OutputDiffers(message, hint, contrast, output, pinned, got, files)


def _shown(output: PinnedOutput) -> str:
    return f"{output.digest}, {output.size} bytes, {output.path}"


def check_content(store: Store, attribute: str, path: StorePath, pinned: PinnedOutput) -> None:
    """Verify the content of a pinned output in the store. Raises `LockError`."""
    problems = store.verify_object(path)
    if not problems:
        return
    lines = [f"  {problem.file or path.name}: {problem.what}" for problem in problems[:8] if problem.file]
    now = next((problem.content for problem in problems if problem.content is not None), "something else")
    raise LockError(
        DAMAGED, f"'{attribute or WHOLE}' was changed in the store after it was built",
        contrast=Contrast(f"{pinned.digest}, {path}", now, "pinned", "there"), details=lines,
        hint=f"chx store verify --repair {path} makes it anew",
    )  # fmt: skip
