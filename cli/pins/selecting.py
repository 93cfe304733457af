"""Attributes of a project, evaluated with the inputs of a lock that need not be written yet, and built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .document import WHOLE
from .values import inputs_expression

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...ops import Request
    from ...store import StorePath
    from ..lines import Lines
    from ..session import Asked, Session
    from .document import Lock
    from .project import Project


def use_inputs(session: Session, project: Project, lock: Lock) -> None:
    """Evaluate with the inputs of `lock`, which are checked and in the store."""
    declared = {name: item for name, item in lock.inputs.items() if name.partition("/")[0] in project.declared}
    session.inputs = inputs_expression(declared)


def asked_of(
    session: Session, request: Request, project: Project, lock: Lock, attributes: Sequence[str]
) -> list[Asked]:
    """The derivations of attributes with all their outputs; of all that the expression gives, if none is named."""
    from .. import expression
    from ..build import described
    from ..session import Asked

    use_inputs(session, project, lock)
    named = [name for name in attributes if name != WHOLE]
    groups = ([named] if named else []) + ([[]] if len(named) < len(attributes) or not attributes else [])
    found: dict[str, Asked] = {}
    for group in groups:
        for selected in expression.select(session, request.with_attributes(*group)):
            with expression.Explained(selected.attribute, selected.was_called):
                derivations = session.evaluator.named_derivations(selected.value, selected.attribute)
            if not derivations and attributes:
                raise described(session, selected)
            for attribute, derivation, named in derivations:
                session.world.commit()
                outputs = session.store.derivation(derivation).outputs
                found[attribute] = Asked(attribute, derivation, outputs, named)
    return list(found.values())


def is_within(attribute: str, name: str) -> bool:
    """Whether an attribute is the named one, or in the set of that name."""
    return attribute == name or attribute.startswith(f"{name}.")


def has_attribute(session: Session, request: Request, project: Project, lock: Lock, attribute: str) -> bool:
    """Whether the expression still has an attribute. Other errors of evaluation are raised."""
    from .. import expression

    use_inputs(session, project, lock)
    try:
        expression.select(session, request.with_attributes(*(() if attribute == WHOLE else (attribute,))))
    except Exception as error:
        if type(error).__name__ == "MissingAttribute" and f"in selection path '{attribute}' not found" in getattr(
            error, "message", ""
        ):
            return False
        raise
    return True


def realise_all(
    session: Session, asked: Iterable[Asked], options: BuildOptions, reporter: Lines
) -> dict[StorePath, dict[str, StorePath]]:
    """Build derivations; their outputs. Raises `BuildError`."""
    from ..realise import realise

    built = realise(session.store, [(item.derivation, item.outputs) for item in asked], options, reporter)
    found: dict[StorePath, dict[str, StorePath]] = {}
    for item in asked:
        found[item.derivation] = {output: built[item.derivation, output] for output in item.outputs}
    return found
