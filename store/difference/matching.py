"""Match the inputs of one derivation with those of another.

Equal inputs correspond. The others correspond if they have the same output and name, then if they have the same package
in any version, and at last if they alone fill the same variable. Of several with one name, those used in the same roles
correspond.

Corresponding inputs get one *label*. Texts with labels in place of placeholders and store paths are *masked*: they
differ only where the derivations themselves do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..derivation import upstream_placeholder
from ..package_names import split_name

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from ..derivation import Derivation
    from ..path import StorePath


class Input(NamedTuple):
    """The output of another derivation, or a source (`output` is None); `text` is how it is written in texts."""

    path: StorePath
    output: str | None
    text: str

    @property
    def name(self) -> str:
        return self.path.name if self.output is None else self.path.name.removesuffix(".drv")


class Pair(NamedTuple):
    """Inputs that correspond, and their label."""

    before: Input
    after: Input
    label: str


class Matching(NamedTuple):
    """The inputs of two derivations, with labels; `removed` and `added` have no counterpart."""

    pairs: tuple[Pair, ...]
    removed: tuple[tuple[Input, str], ...]
    added: tuple[tuple[Input, str], ...]

    def labels_before(self) -> dict[str, str]:
        """Map the texts of the first derivation's inputs to labels."""
        return {pair.before.text: pair.label for pair in self.pairs} | {
            item.text: label for item, label in self.removed
        }

    def labels_after(self) -> dict[str, str]:
        """Labels of the second derivation's inputs."""
        return {pair.after.text: pair.label for pair in self.pairs} | {item.text: label for item, label in self.added}


# In a graph each derivation is an input of many.
_placeholder = lru_cache(1 << 16)(upstream_placeholder)


def inputs_of(derivation: Derivation) -> list[Input]:
    """Return all inputs, derivations first, each output by itself."""
    found = [
        Input(path, output, _placeholder(path, output))
        for path, outputs in derivation.input_drvs.items()
        for output in outputs
    ]
    return found + [Input(path, None, str(path)) for path in derivation.input_srcs]


def roles(derivation: Derivation, item: Input) -> tuple[str, ...]:
    """Return where an input is used: `builder`, `args`, `rootfs`, and names of variables."""
    found = [name for name, text in derivation.env.items() if item.text in text]
    if item.text in derivation.builder:
        found.append("builder")
    if any(item.text in text for text in derivation.args):
        found.append("args")
    # A sign before a path says that its tree is preferred.
    if any(text.removeprefix("+") == item.text for text in derivation.rootfs or ()):
        found.append("rootfs")
    return tuple(sorted(found))


def match(before: Derivation, after: Derivation) -> Matching:
    """Find the inputs that correspond."""
    old, new = inputs_of(before), inputs_of(after)
    pairs, old, new = _join(old, new, lambda item: item.text, lambda item: item.text)
    if old and new:
        # Nearly always a name is unique, and the roles are not needed.
        more, old, new = _join_unique(old, new)
        pairs += more
    if old and new:
        first, second = _memo(lambda item: roles(before, item)), _memo(lambda item: roles(after, item))
        sole, other = _sole_roles(before), _sole_roles(after)
        keys: list[tuple[Callable[[Input], Hashable], Callable[[Input], Hashable]]] = [
            (lambda i: (i.output, i.name, first(i)), lambda i: (i.output, i.name, second(i))),
            (lambda i: (i.output, i.name), lambda i: (i.output, i.name)),
            (lambda i: (i.output, _package(i), first(i)), lambda i: (i.output, _package(i), second(i))),
            (lambda i: (i.output, _package(i)), lambda i: (i.output, _package(i))),
            (lambda i: (i.output, sole.get(i.text, i)), lambda i: (i.output, other.get(i.text, i))),
        ]
        for key, counterpart in keys:
            more, old, new = _join(old, new, key, counterpart)
            pairs += more
    return _labelled(pairs, old, new)


def mask(text: str, labels: Mapping[str, str]) -> str:
    """Replace inputs by labels."""
    if "/" not in text:
        return text
    for written, label in labels.items():
        if written in text:
            text = text.replace(written, "${" + label + "}")
    return text


def _package(item: Input) -> str:
    return split_name(item.name).package


def _memo(function: Callable[[Input], tuple[str, ...]]) -> Callable[[Input], tuple[str, ...]]:
    known: dict[Input, tuple[str, ...]] = {}

    def remembered(item: Input) -> tuple[str, ...]:
        if item not in known:
            known[item] = function(item)
        return known[item]

    return remembered


def _sole_roles(derivation: Derivation) -> dict[str, str]:
    """Map whole values of variables to the names of the variables."""
    return {text: name for name, text in derivation.env.items()}


def _join(
    old: Iterable[Input],
    new: Iterable[Input],
    key: Callable[[Input], Hashable],
    counterpart: Callable[[Input], Hashable],
) -> tuple[list[tuple[Input, Input]], list[Input], list[Input]]:
    """Pair inputs of equal keys in their order; return the pairs, and the rest of both."""
    waiting: dict[Hashable, list[Input]] = {}
    for item in new:
        waiting.setdefault(counterpart(item), []).append(item)
    pairs: list[tuple[Input, Input]] = []
    left: list[Input] = []
    for item in old:
        others = waiting.get(key(item))
        if others:
            pairs.append((item, others.pop(0)))
        else:
            left.append(item)
    taken = {other for _, other in pairs}
    return pairs, left, [item for item in new if item not in taken]


def _join_unique(old: list[Input], new: list[Input]) -> tuple[list[tuple[Input, Input]], list[Input], list[Input]]:
    """Pair inputs whose output and name occur once on each side."""
    one, other = _by_name(old), _by_name(new)
    pairs = [
        (items[0], other[name][0]) for name, items in one.items() if len(items) == 1 and len(other.get(name, ())) == 1
    ]
    taken = {item for pair in pairs for item in pair}
    return pairs, [item for item in old if item not in taken], [item for item in new if item not in taken]


def _by_name(items: Iterable[Input]) -> dict[tuple[str | None, str], list[Input]]:
    found: dict[tuple[str | None, str], list[Input]] = {}
    for item in items:
        found.setdefault((item.output, item.name), []).append(item)
    return found


def _labelled(pairs: list[tuple[Input, Input]], old: list[Input], new: list[Input]) -> Matching:
    used: dict[str, int] = {}

    def label(item: Input, name: str) -> str:
        text = name if item.output in (None, "out") else f"{name}.{item.output}"
        used[text] = used.get(text, 0) + 1
        return text if used[text] == 1 else f"{text}#{used[text]}"

    return Matching(
        tuple(Pair(one, other, label(other, _package(other))) for one, other in pairs),
        tuple((item, label(item, item.name)) for item in old),
        tuple((item, label(item, item.name)) for item in new),
    )
