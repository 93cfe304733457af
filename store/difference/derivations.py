"""Compare two derivations themselves, apart from inputs that are built differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .matching import Matching, mask, match, roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..derivation import Derivation
    from ..path import StorePath
    from .matching import Pair

_REPEATED: Final = frozenset({"name", "system", "builder", "outputs"})
"""Variables that repeat an attribute of the derivation."""
_PROMISE: Final = frozenset({"outputHash", "outputHashAlgo", "outputHashMode"})


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """An attribute that differs: `builder`, `args[2]`, `rootfs`, `env.CFLAGS`... None where it is absent.

    Inputs are written as `${label}`; lists have one item a line.
    """

    attribute: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input of one side only; `roles`: where it is used. `output` is None for a source."""

    name: str
    path: StorePath
    output: str | None
    roles: tuple[str, ...]
    is_added: bool


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source that is another object on each side."""

    name: str
    before: StorePath
    after: StorePath


@dataclass(frozen=True, slots=True)
class OwnDifference:
    """Differences of two derivations themselves. `pairs` are corresponding inputs that are other derivations."""

    attributes: tuple[AttributeChange, ...]
    inputs: tuple[InputChange, ...]
    sources: tuple[SourceChange, ...]
    pairs: tuple[Pair, ...]

    @property
    def is_empty(self) -> bool:
        """Whether at most inputs differ."""
        return not (self.attributes or self.inputs or self.sources)


def compare_derivations(before: Derivation, after: Derivation) -> OwnDifference:
    """Return the differences of the derivations themselves."""
    matching = match(before, after)
    changed = [pair for pair in matching.pairs if pair.before.text != pair.after.text]
    return OwnDifference(
        tuple(_attribute_changes(before, after, matching)),
        tuple(_input_changes(before, after, matching)),
        tuple(
            SourceChange(pair.after.name, pair.before.path, pair.after.path)
            for pair in changed
            if pair.before.output is None or pair.after.output is None
        ),
        tuple(pair for pair in changed if pair.before.output is not None and pair.after.output is not None),
    )


def attributes_of(derivation: Derivation, labels: Mapping[str, str]) -> dict[str, str]:
    """Return all attributes as masked texts. Lists have one item per line; `args` is included as a whole."""
    result = {
        "name": derivation.name,
        "system": derivation.system,
        "builder": mask(derivation.builder, labels),
        "args": "\n".join(mask(text, labels) for text in derivation.args),
        "outputs": "\n".join(derivation.outputs),
    }
    if derivation.rootfs is not None:
        result["rootfs"] = "\n".join(mask(text, labels) for text in derivation.rootfs)
    if derivation.fixed is not None:
        fixed = derivation.fixed
        result["fixed"] = f"{fixed.algorithm}:{fixed.digest.hex()} {fixed.mode}"
    for name, text in derivation.env.items():
        result[f"env.{name}"] = mask(text, labels)
    return result


def _attribute_changes(before: Derivation, after: Derivation, matching: Matching) -> Iterator[AttributeChange]:
    labels_before, labels_after = matching.labels_before(), matching.labels_after()
    old, new = attributes_of(before, labels_before), attributes_of(after, labels_after)
    differing = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    for name in differing:
        variable = name.removeprefix("env.")
        if variable != name and variable in _REPEATED and variable in differing:
            continue
        if variable != name and variable in _PROMISE and "fixed" in differing:
            continue
        if name == "args" and len(before.args) == len(after.args):
            for number, (one, other) in enumerate(zip(before.args, after.args)):
                text, counterpart = mask(one, labels_before), mask(other, labels_after)
                if text != counterpart:
                    yield AttributeChange(f"args[{number}]", text, counterpart)
            continue
        yield AttributeChange(name, old.get(name), new.get(name))


def _input_changes(before: Derivation, after: Derivation, matching: Matching) -> Iterator[InputChange]:
    for item, label in matching.removed:
        yield InputChange(label, item.path, item.output, roles(before, item), False)
    for item, label in matching.added:
        yield InputChange(label, item.path, item.output, roles(after, item), True)
