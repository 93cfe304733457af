"""Resolve derivations: replace inputs that are derivations by store paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store.derivation import Derivation, output_placeholder, upstream_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..store.path import StorePath

_PLACEHOLDER_LENGTH = 53


def substitution(table: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces every key of `table` in a text.

    All keys are placeholders: `/` and 52 base-32 characters. A text is searched once per key, which is faster than one
    regular expression for the few keys of a derivation; texts without a `/` followed by enough characters are returned
    at once.
    """
    if not table:
        return lambda text: text
    items = tuple(table.items())

    def replaced(text: str) -> str:
        if len(text) < _PLACEHOLDER_LENGTH or "/" not in text:
            return text
        for key, value in items:
            if key in text:
                text = text.replace(key, value)
        return text

    return replaced


def resolve(derivation: Derivation, realised: Mapping[tuple[StorePath, str], StorePath]) -> Derivation:
    """Return the resolved form of `derivation`.

    `realised` maps every used output of every input derivation to its store path (KeyError if one is missing).
    Placeholders of the derivation's own outputs stay: they stand for scratch paths. Two derivations whose inputs turn
    out equal resolve to equal values.
    """
    if derivation.is_resolved:
        return _in_order(derivation)
    table: dict[str, str] = {}
    inputs = set(derivation.input_srcs)
    for drv, outputs in derivation.input_drvs.items():
        for output in outputs:
            path = realised[drv, output]
            table[upstream_placeholder(drv, output)] = str(path)
            inputs.add(path)
    text = substitution(table)
    return derivation.replace(
        builder=text(derivation.builder),
        args=tuple(map(text, derivation.args)),
        env={name: text(value) for name, value in derivation.env.items()},
        input_drvs={},
        input_srcs=tuple(sorted(inputs)),
        rootfs=None if derivation.rootfs is None else tuple(map(text, derivation.rootfs)),
    )


def _in_order(derivation: Derivation) -> Derivation:
    ordered = tuple(sorted(set(derivation.input_srcs)))
    return derivation if ordered == derivation.input_srcs else derivation.replace(input_srcs=ordered)


def with_outputs(derivation: Derivation, paths: Mapping[str, str]) -> Derivation:
    """Return `derivation` with the placeholders of its own outputs replaced by `paths`."""
    text = substitution({output_placeholder(output): path for output, path in paths.items()})
    return derivation.replace(
        builder=text(derivation.builder),
        args=tuple(map(text, derivation.args)),
        env={name: text(value) for name, value in derivation.env.items()},
    )
