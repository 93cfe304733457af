"""Evaluate a request to values or to derivations in the store, with the inputs of its lock."""

from __future__ import annotations

from .errors import RequestError
from .paths import is_there
from .select import Explained, Located, Selected, locate, no_derivation, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import StorePath
    from .lock.project import Project
    from .request import Request
    from .session import Session
    from .targets import Target


LOCK_IT = "chx lock writes it for the expression in a folder"


class Evaluated:
    """The values of a request, and the project of its expression, if any."""

    __slots__ = ("located", "project", "selected")

    def __init__(self, located: Located, selected: list[Selected], project: Project | None) -> None:
        self.located = located
        self.selected = selected
        self.project = project


class Instantiated:
    """The targets of a request, and the project of its expression, if any.

    `is_bundled`: the expression is the bundled package set, without arguments.
    """

    __slots__ = ("is_bundled", "project", "targets")

    def __init__(self, targets: list[Target], project: Project | None, is_bundled: bool = False) -> None:
        self.targets = targets
        self.project = project
        self.is_bundled = is_bundled

    @property
    def distinct(self) -> list[Target]:
        """The targets, each pair of a derivation and its outputs once."""
        found: dict[tuple[StorePath, tuple[str, ...]], Target] = {}
        for target in self.targets:
            found.setdefault((target.derivation, target.outputs), target)
        return list(found.values())


def evaluate_request(session: Session, request: Request, *, call: bool = True) -> Evaluated:
    """Evaluate the attributes of a request, or the whole expression, with the inputs of the lock beside it.

    `call`: see `select`. Raises `RequestError`, `LangError`, `EvalError`, `LockError`, and `BuildError` if an input
    cannot be fetched.
    """
    located = locate(session, request)
    project, inputs = None, None
    if located.file is not None and not located.is_bundled:
        directory = located.file.rpartition("/")[0]
        beside = [f"{directory}/{name}" for name in ("chx.lock", "chx.toml")]
        for place in beside:
            session.world.see(place)
        if any(map(is_there, beside)):
            from .lock.inputs import inputs_beside

            project, inputs = inputs_beside(session, request, located.file)
    if request.lock == "locked" and (project is None or project.lock is None):
        raise RequestError("--locked compares with chx.lock, and there is none beside this expression", hint=LOCK_IT)
    return Evaluated(located, select(session, request, located, inputs, call=call), project)


def instantiate(session: Session, request: Request) -> Instantiated:
    """Write the derivations of a request into the store, and return them: first those named by path, then attributes.

    Raises what `evaluate_request` raises, and `RequestError` for a value that is no derivation.
    """
    from .targets import Target, object_named

    objects = [object_named(session.store, word) for word in request.objects]
    targets = [Target("", path, session.store.derivation(path).outputs) for path in objects]
    if not request.needs_evaluation:
        return Instantiated(targets, None)
    evaluated = evaluate_request(session, request)
    targets += targets_of(session, evaluated.selected)
    session.world.commit()
    is_bundled = evaluated.located.is_bundled_set and not request.has_arguments
    return Instantiated(targets, evaluated.project, is_bundled)


def targets_of(session: Session, selected: list[Selected]) -> list[Target]:
    """Return the derivations that values are or contain. Raises `RequestError` for a value without any."""
    from .targets import Target

    targets = []
    for one in selected:
        with Explained(one.attribute, one.was_called):
            found = session.evaluator.named_derivations(one.value, one.attribute)
        if not found:
            raise no_derivation(session, one)
        targets += [Target(attribute, derivation, tuple(outputs)) for attribute, derivation, outputs in found]
    return targets


def derivers_of_objects(session: Session, request: Request) -> Instantiated:
    """Instantiate a request; a named object stands for its deriver.

    Raises what `instantiate` raises, and `RequestError` for an object that this store did not build.
    """
    from .targets import Target, object_named

    targets = []
    for word in request.objects:
        path = object_named(session.store, word)
        if not path.is_derivation:
            deriver = session.store.info(path).deriver
            if deriver is None:
                raise RequestError(f"'{word}' was not built by this store: it has no deriver")
            path = deriver
        targets.append(Target("", path, ()))
    if not request.needs_evaluation:
        return Instantiated(targets, None)
    found = instantiate(session, request.replace(objects=()))
    return Instantiated(targets + found.targets, found.project, found.is_bundled)


def derivations_named(session: Session, request: Request) -> list[StorePath]:
    """Return the derivations of a request; a named object stands for its deriver. Raises as `derivers_of_objects`."""
    return list(dict.fromkeys(target.derivation for target in derivers_of_objects(session, request).targets))
