"""Build the targets of a request, compare outputs with the lock, and link results."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import RequestError
from .instantiation import instantiate
from .paths import absolute, is_there

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..builder import BuildOptions
    from ..store import Store, StorePath
    from .instantiation import Instantiated
    from .lock.errors import LockError
    from .lock.verify import LockVerifier
    from .reporter import Reporter
    from .request import Request
    from .session import Session
    from .targets import Target

    Outputs = Mapping[tuple[StorePath, str], StorePath]


@dataclass(frozen=True, slots=True)
class Built:
    """The targets of a request, each once, and the objects of their outputs.

    `is_bundled`: the targets belong to the bundled package set, called without arguments.
    """

    targets: list[Target]
    outputs: dict[tuple[StorePath, str], StorePath]
    is_bundled: bool = False
    differences: tuple[LockError, ...] = ()
    """What differs from the lock because the project's own files have changed; chx has warned of it."""

    @property
    def paths(self) -> list[StorePath]:
        """The requested outputs of all targets, in order."""
        return [self.outputs[target.derivation, output] for target in self.targets for output in target.outputs]

    def __getitem__(self, attribute: str) -> StorePath:
        """Return the first requested output of an attribute. Raises KeyError."""
        for target in self.targets:
            if target.attribute == attribute:
                return self.outputs[target.derivation, target.outputs[0]]
        raise KeyError(attribute)


def build(
    session: Session,
    request: Request,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    notices: Reporter | None = None,
) -> Built:
    """Build the targets of a request, or substitute their pinned outputs, and compare the outputs with the lock.

    `options` defaults to the options of chx.toml. `reporter` receives the events of builds (default: the reporter of
    the session), `notices` those of substitution (default: `reporter`). Raises `RequestError`, `LangError`,
    `EvalError`, `BuildError`, `LockError`.
    """
    if options is None:
        from .settings import configured

        options = configured()
    reporter = reporter or session.reporter
    notices = notices or reporter
    if request.lock == "pinned" or (not options.rebuild and _may_be_locked(request.file or ".")):
        locked = _locked(session, request, options, notices)
        if locked is not None:
            return locked
    return build_instantiated(session, request, instantiate(session, request), options, reporter, notices)


def build_instantiated(
    session: Session,
    request: Request,
    found: Instantiated,
    options: BuildOptions,
    reporter: Reporter,
    notices: Reporter,
) -> Built:
    """Build what instantiating a request gave, and compare it with the lock. Raises `BuildError`, `LockError`."""
    targets = found.distinct
    verifier = verifier_of(session, request, found, options, notices)
    outputs = verifier.substitute() if verifier is not None and not options.rebuild else {}
    missing = [
        (target.derivation, target.outputs)
        for target in targets
        if any((target.derivation, output) not in outputs for output in target.outputs)
    ]
    if missing:
        outputs.update(session.realise(missing, options, reporter))
    if verifier is not None:
        verifier.check_outputs(outputs)
    differences = () if verifier is None else verifier.differences
    return Built(targets, outputs, found.is_bundled, differences)


def _locked(session: Session, request: Request, options: BuildOptions, notices: Reporter) -> Built | None:
    """Return the pinned outputs of a request; None if it has to be evaluated."""
    from .lock.substitute import try_without_evaluation, use_lock_only
    from .lock.verify import LockVerifier

    find = use_lock_only if request.lock == "pinned" else try_without_evaluation
    found = find(session, request, options, notices)
    if found is None:
        return None
    targets = [target for target, _ in found.pins]
    verifier = LockVerifier(session, request, found.project, targets, options, notices, found.pins)
    verifier.check_outputs(found.built)
    return Built(targets, found.built)


def _may_be_locked(file: str) -> bool:
    """Return whether a lock is beside an expression; cheap, since it imports nothing."""
    return is_there(f"{file}/chx.lock") or is_there(absolute(f"{file}/../chx.lock"))


def verifier_of(
    session: Session, request: Request, found: Instantiated, options: BuildOptions, notices: Reporter
) -> LockVerifier | None:
    """Check sources against the lock, and return the verifier of outputs; None without a lock. Raises `LockError`."""
    if found.project is None or found.project.lock is None or request.lock in ("inputs", "ignore"):
        return None
    from .lock.verify import LockVerifier

    verifier = LockVerifier(session, request, found.project, found.targets, options, notices)
    verifier.check_all_sources()
    return verifier


ELSEWHERE = "choose another name with -o, or use --no-out-link"


def check_link(name: str) -> None:
    """Raise `RequestError` for a result link that cannot be made. Call it before building."""
    if not name or name.endswith("/"):
        raise RequestError(f"-o '{name}' names no link", hint=ELSEWHERE)
    directory = os.path.dirname(os.path.abspath(name))
    if not os.path.isdir(directory):
        raise RequestError(f"the link '{name}' cannot be made: there is no folder '{directory}'", hint=ELSEWHERE)


def link_results(store: Store, name: str, targets: Sequence[Target], outputs: Outputs) -> list[tuple[str, str]]:
    """Link `name` to the first result and `name-2`, ... to others, as GC roots; return pairs of link and link text."""
    from ..store import StoreIO

    links = []
    for number, target in enumerate(targets, 1):
        base = name if number == 1 else f"{name}-{number}"
        for output in target.outputs:
            link = os.path.abspath(base if output == "out" else f"{base}-{output}")
            if os.path.lexists(link) and not os.path.islink(link):
                raise RequestError(f"'{link}' is in the way: it is not a link", hint=f"move it, or {ELSEWHERE}")
            path = outputs[target.derivation, output]
            try:
                store.add_root(link, path)
            except StoreIO as error:
                raise RequestError(f"the link '{link}' cannot be made: {error.message}", hint=ELSEWHERE) from error
            links.append((link, store.link_text(link, path)))
    return links
