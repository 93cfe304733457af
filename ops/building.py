"""Build what a request names, compared with the lock; links to results."""

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
    from .lock.verify import LockVerifier
    from .reporter import Reporter
    from .request import Request
    from .session import Session
    from .targets import Target

    Outputs = Mapping[tuple[StorePath, str], StorePath]


@dataclass(frozen=True, slots=True)
class Built:
    """The targets of a request, each once, and the objects that their outputs are.

    `is_bundled`: they are of the bundled package set, called without arguments.
    """

    targets: list[Target]
    outputs: dict[tuple[StorePath, str], StorePath]
    is_bundled: bool = False

    @property
    def paths(self) -> list[StorePath]:
        """The wanted outputs of all targets, in order."""
        return [self.outputs[target.derivation, output] for target in self.targets for output in target.outputs]

    def __getitem__(self, attribute: str) -> StorePath:
        """Return the first wanted output of an attribute. Raises KeyError."""
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
    """Build what a request names, or substitute it as it is pinned, and compare it with the lock.

    Without `options` those of chx.toml count. `reporter` receives the events of builds, `notices` those of substitution
    (default: as `reporter`); without, the reporter of the session does. Raises `RequestError`, `LangError`, `EvalError`,
    `BuildError`, `LockError`.
    """
    if options is None:
        from .settings import configured

        options = configured()
    reporter = reporter or session.reporter
    notices = notices or reporter
    if request.lock == "pinned" or (not options.rebuild and _may_be_locked(request.file or ".")):
        taken = _locked(session, request, options, notices)
        if taken is not None:
            return taken
    found = instantiate(session, request)
    targets = found.distinct
    verifier = verifier_of(session, request, found, options, notices)
    outputs = verifier.substitute() if verifier is not None and not options.rebuild else {}
    wanted = [
        (target.derivation, target.outputs)
        for target in targets
        if any((target.derivation, output) not in outputs for output in target.outputs)
    ]
    if wanted:
        outputs.update(session.realise(wanted, options, reporter))
    if verifier is not None:
        verifier.check_outputs(outputs)
    return Built(targets, outputs, found.is_bundled)


def _locked(session: Session, request: Request, options: BuildOptions, notices: Reporter) -> Built | None:
    """What is pinned under the names of a request, if that is known without evaluating them."""
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
    """Whether a lock lies beside an expression; to be asked before anything is loaded for it."""
    return is_there(f"{file}/chx.lock") or is_there(absolute(f"{file}/../chx.lock"))


def verifier_of(
    session: Session, request: Request, found: Instantiated, options: BuildOptions, notices: Reporter
) -> LockVerifier | None:
    """Return the pins of what was instantiated, their sources compared; None if there is no lock. Raises `LockError`."""
    if found.project is None or found.project.lock is None:
        return None
    from .lock.verify import LockVerifier

    verifier = LockVerifier(session, request, found.project, found.targets, options, notices)
    verifier.check_all_sources()
    return verifier


ELSEWHERE = "choose another name with -o, or use --no-out-link"


def check_link(name: str) -> None:
    """Raise `RequestError` for a result link that cannot be made; to be called before anything is built for it."""
    if not name or name.endswith("/"):
        raise RequestError(f"-o '{name}' names no link", hint=ELSEWHERE)
    directory = os.path.dirname(os.path.abspath(name))
    if not os.path.isdir(directory):
        raise RequestError(f"the link '{name}' cannot be made: there is no folder '{directory}'", hint=ELSEWHERE)


def link_results(store: Store, name: str, targets: Sequence[Target], outputs: Outputs) -> list[tuple[str, str]]:
    """Link `name` to the first result and `name-2`, ... to others, as GC roots; return pairs of link and its text."""
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
