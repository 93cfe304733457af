"""Evaluate attributes of a project with the inputs of a lock, which may be unwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...evaluator.errors import MissingAttributePath
from ..select import Explained, Selected, locate, no_derivation, select
from ..sources import byte_string
from ..targets import Target
from .document import WHOLE
from .inputs import locked_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...builder import BuildOptions
    from ...store import StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .document import Lock
    from .project import Project


def evaluated(
    session: Session, request: Request, project: Project, lock: Lock, attributes: Sequence[str]
) -> list[Selected]:
    """Evaluate attributes, or the whole expression if none is named, with the checked inputs of `lock`."""
    request = request.with_attributes(*attributes)
    return select(session, request, locate(session, request), locked_inputs(project, lock))


def targets_of_attributes(
    session: Session, request: Request, project: Project, lock: Lock, attributes: Sequence[str]
) -> list[Target]:
    """Return the derivations of attributes, or of the whole expression if none is named, with all their outputs."""
    named = [name for name in attributes if name != WHOLE]
    groups = ([named] if named else []) + ([[]] if len(named) < len(attributes) or not attributes else [])
    found: dict[str, Target] = {}
    for group in groups:
        for selected in evaluated(session, request, project, lock, group):
            with Explained(selected.attribute, selected.was_called):
                derivations = session.evaluator.named_derivations(selected.value, selected.attribute)
            if not derivations and attributes:
                raise no_derivation(session, selected)
            for attribute, derivation, default in derivations:
                session.world.commit()
                outputs = session.store.derivation(derivation).outputs
                found[attribute] = Target(attribute, derivation, outputs, default)
    return list(found.values())


def is_within(attribute: str, name: str) -> bool:
    """Return whether an attribute is `name`, or is in the set of that name."""
    return attribute == name or attribute.startswith(f"{name}.")


def has_attribute(session: Session, request: Request, project: Project, lock: Lock, attribute: str) -> bool:
    """Return whether the expression has an attribute. Raises other errors of evaluation."""
    try:
        evaluated(session, request, project, lock, [] if attribute == WHOLE else [attribute])
    except MissingAttributePath as error:
        if error.path != byte_string(attribute):
            raise
        return False
    return True


def realise_all(
    session: Session, targets: Iterable[Target], options: BuildOptions, reporter: Reporter
) -> dict[StorePath, dict[str, StorePath]]:
    """Build targets; return their outputs by derivation. Raises `BuildError`."""
    targets = list(targets)
    built = session.realise([(target.derivation, target.outputs) for target in targets], options, reporter)
    return {
        target.derivation: {output: built[target.derivation, output] for output in target.outputs} for target in targets
    }
