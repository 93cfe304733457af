"""Derivations with a single aspect of another, to find the aspect that matters.

An *aspect* is an attribute that differs, or an input that was replaced. The derivation of an aspect is the first
derivation with that aspect of the second; everything else, inputs included, stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..derivation import upstream_placeholder
from .derivations import compare_derivations
from .matching import inputs_of, match

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..derivation import Derivation
    from ..path import StorePath
    from .matching import Input, Matching


@dataclass(frozen=True, slots=True)
class Aspect:
    """`name` as in `AttributeChange`, or the label of an input; `derivation` has this alone from the other side.

    `inputs` are the derivations and outputs, before and after, if the aspect is an input that is built.
    """

    name: str
    derivation: Derivation
    inputs: tuple[tuple[StorePath, str], tuple[StorePath, str]] | None = None


def aspects(before: Derivation, after: Derivation) -> tuple[Aspect, ...]:
    """All aspects in which two derivations differ."""
    matching = match(before, after)
    own = compare_derivations(before, after)
    found = [
        Aspect(change.attribute, _with_attribute(before, after, matching, change.attribute))
        for change in own.attributes
    ]
    for pair in matching.pairs:
        if pair.before.text != pair.after.text:
            built = None
            if pair.before.output is not None and pair.after.output is not None:
                built = ((pair.before.path, pair.before.output), (pair.after.path, pair.after.output))
            table = {pair.before.text: pair.after.text}
            inputs = [pair.after if item == pair.before else item for item in inputs_of(before)]
            swapped = _rewritten(before, table)
            found.append(Aspect(f"input {pair.label}", _with_inputs(swapped, inputs), built))
    return tuple(found)


def combined(before: Derivation, after: Derivation, names: Collection[str]) -> Derivation:
    """Return the first derivation with several aspects of the second, by name."""
    matching = match(before, after)
    changed = before
    for change in compare_derivations(before, after).attributes:
        if change.attribute in names:
            changed = _with_attribute(changed, after, matching, change.attribute)
    chosen = {
        pair.before: pair.after
        for pair in matching.pairs
        if pair.before.text != pair.after.text and f"input {pair.label}" in names
    }
    inputs = [chosen.get(item, item) for item in inputs_of(changed)]
    return _with_inputs(_rewritten(changed, {one.text: other.text for one, other in chosen.items()}), inputs)


def exchanged(derivation: Derivation, before: StorePath, after: StorePath) -> Derivation:
    """Return a derivation with another derivation as input, whose outputs have the same names."""
    table = {
        item.text: upstream_placeholder(after, item.output)
        for item in inputs_of(derivation)
        if item.path == before and item.output is not None
    }
    inputs = [
        item._replace(path=after, text=table[item.text]) if item.text in table else item
        for item in inputs_of(derivation)
    ]
    return _with_inputs(_rewritten(derivation, table), inputs)


def _with_attribute(before: Derivation, after: Derivation, matching: Matching, attribute: str) -> Derivation:
    """Return `before` with one attribute of `after`, in which corresponding inputs are those of `before`."""
    table = {pair.after.text: pair.before.text for pair in matching.pairs}

    def substituted(text: str) -> str:
        return _replaced(text, table)

    changed = before
    variable = attribute.removeprefix("env.")
    if variable != attribute:
        env = {name: text for name, text in before.env.items() if name != variable}
        if variable in after.env:
            env[variable] = substituted(after.env[variable])
        changed = before.replace(env=env)
    elif attribute.startswith("args["):
        number = int(attribute[5:-1])
        changed = before.replace(
            args=(*before.args[:number], substituted(after.args[number]), *before.args[number + 1 :])
        )
    elif attribute == "args":
        changed = before.replace(args=tuple(map(substituted, after.args)))
    elif attribute == "builder":
        changed = before.replace(builder=substituted(after.builder))
    elif attribute == "rootfs":
        changed = before.replace(rootfs=None if after.rootfs is None else tuple(map(substituted, after.rootfs)))
    elif attribute == "name":
        changed = before.replace(name=after.name)
    elif attribute == "system":
        changed = before.replace(system=after.system)
    elif attribute == "outputs":
        changed = before.replace(outputs=after.outputs)
    elif attribute == "fixed":
        changed = before.replace(fixed=after.fixed)
    if attribute in after.env and attribute in before.env:
        # `name`, `builder` and others are repeated among the variables.
        changed = changed.replace(env={**changed.env, attribute: substituted(after.env[attribute])})
    texts = _texts(changed)
    dropped = {item for item, _ in matching.removed if item.text not in texts and item.text in _texts(before)}
    inputs = [item for item in inputs_of(before) if item not in dropped]
    inputs += [item for item, _ in matching.added if item.text in texts]
    return _with_inputs(changed, inputs)


def _texts(derivation: Derivation) -> str:
    return "\0".join((derivation.builder, *derivation.args, *derivation.env.values(), *(derivation.rootfs or ())))


def _replaced(text: str, table: Mapping[str, str]) -> str:
    for one, other in table.items():
        if one in text:
            text = text.replace(one, other)
    return text


def _rewritten(derivation: Derivation, table: Mapping[str, str]) -> Derivation:
    def text(written: str) -> str:
        return _replaced(written, table)

    return derivation.replace(
        builder=text(derivation.builder),
        args=tuple(map(text, derivation.args)),
        env={name: text(value) for name, value in derivation.env.items()},
        rootfs=None if derivation.rootfs is None else tuple(map(text, derivation.rootfs)),
    )


def _with_inputs(derivation: Derivation, inputs: list[Input]) -> Derivation:
    drvs: dict[StorePath, tuple[str, ...]] = {}
    for item in inputs:
        if item.output is not None:
            drvs[item.path] = (*drvs.get(item.path, ()), item.output)
    return derivation.replace(
        input_drvs={path: tuple(sorted(set(outputs))) for path, outputs in drvs.items()},
        input_srcs=tuple(sorted({item.path for item in inputs if item.output is None})),
    )
