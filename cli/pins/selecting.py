"""Attributes of a project, evaluated with the inputs of a lock that need not be written yet, and built."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .document import WHOLE
from .values import inputs_expression

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...store import StorePath
    from ..session import Asked, Session
    from .document import Lock
    from .project import Project


def use_inputs(session: Session, project: Project, lock: Lock) -> None:
    """Evaluate with the inputs of `lock`, which are checked and in the store."""
    declared = {name: item for name, item in lock.inputs.items() if name.partition("/")[0] in project.declared}
    session.inputs = inputs_expression(declared)


def asked_of(
    session: Session, arguments: argparse.Namespace, project: Project, lock: Lock, attributes: Sequence[str]
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
        arguments.attributes, arguments.attr = group, []
        for selected in expression.select(session, arguments):
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


def has_attribute(
    session: Session, arguments: argparse.Namespace, project: Project, lock: Lock, attribute: str
) -> bool:
    """Whether the expression still has an attribute. Other errors of evaluation are raised."""
    from .. import expression

    use_inputs(session, project, lock)
    arguments.attributes, arguments.attr = ([] if attribute == WHOLE else [attribute]), []
    try:
        expression.select(session, arguments)
    except Exception as error:
        if type(error).__name__ == "MissingAttribute" and f"in selection path '{attribute}' not found" in getattr(
            error, "message", ""
        ):
            return False
        raise
    return True


def realise_all(
    session: Session, arguments: argparse.Namespace, asked: Iterable[Asked], options: BuildOptions | None = None
) -> dict[StorePath, dict[str, StorePath]]:
    """Build derivations; their outputs. Raises `BuildError`."""
    from ..lines import Lines
    from ..realise import options_of, realise

    built = realise(
        session.store,
        [(item.derivation, item.outputs) for item in asked],
        options or options_of(arguments),
        Lines(arguments.verbose, arguments.quiet),
    )
    found: dict[StorePath, dict[str, StorePath]] = {}
    for item in asked:
        found[item.derivation] = {output: built[item.derivation, output] for output in item.outputs}
    return found


def rounds(arguments: argparse.Namespace) -> list[BuildOptions]:
    """How each pin is built when it is checked: what each of these gives must be what is pinned.

    Under variations (`--vary`) it is built again after these, see `varying`.
    """
    from ..realise import options_of

    rebuild = arguments.rebuild and arguments.vary is None  # which begins with that
    return [replace(options_of(arguments), rebuild=rebuild)]
