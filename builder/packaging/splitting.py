"""Which subpackage gets which path of a package's outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...store.manifest import Entry
    from .description import Rule

MAIN: Final = "out"
"""The suffix that stands for the package itself: the name of its first output."""

_ROOT_LINKS: Final = {"bin": "usr/bin", "lib": "usr/lib"}
"""The links that make each package a root by itself (`fixupPhase` of mkDerivation)."""


class Item(NamedTuple):
    """A path of an output; `directory` is the path of that output on disk."""

    output: str
    directory: str
    entry: Entry

    @property
    def path(self) -> str:
        return self.entry.path

    @property
    def physical(self) -> str:
        return f"{self.directory}/{self.entry.path}"


class Collision(ValueError):
    """Two outputs have the same path."""

    def __init__(self, path: str, outputs: tuple[str, str]) -> None:
        super().__init__(f"the outputs {outputs[0]} and {outputs[1]} both have '{path}'")


def split(items: Iterable[Item], rules: Sequence[Rule], keeps_root_links: bool) -> dict[str, list[Item]]:
    """Return the items of each subpackage by suffix, `MAIN` for the package itself.

    A rule takes what it matches, the first rule first; what no rule takes stays with its output. Directories with
    content are left out: they come with it. Raises `Collision`.
    """
    found: dict[str, Item] = {}
    for item in items:
        other = found.get(item.path)
        if other is None:
            found[item.path] = item
        elif item.entry.kind != "d" or other.entry.kind != "d":
            raise Collision(item.path, (other.output, item.output))
    parents = {path.rpartition("/")[0] for path in found}
    compiled = [(rule.suffix, _pattern(rule.paths), _pattern(rule.links)) for rule in rules]
    result: dict[str, list[Item]] = {MAIN: []}
    for path, item in found.items():
        entry = item.entry
        if entry.kind == "d" and (path in parents or not path):
            continue
        if not keeps_root_links and entry.target is not None and _ROOT_LINKS.get(path) == entry.target:
            continue
        taker = item.output
        for suffix, paths, links in compiled:
            if (paths and paths.match(path)) or (links and entry.target is not None and links.match(path)):
                taker = suffix
                break
        result.setdefault(taker, []).append(item)
    return result


def _pattern(globs: Sequence[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    spelt = (re.escape(glob).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") for glob in globs)
    return re.compile("(?:" + "|".join(spelt) + r")(?:/.*)?\Z", re.DOTALL)
