"""Requests: what to evaluate, as a value, made by the command line or a Python program."""

from __future__ import annotations

from ..frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class Request(Frozen):
    """What to evaluate.

    `file` is a path, `<NAME>`, or `-` for standard input; `expr` is the text of an expression. With neither, attributes
    are those of the project in the current directory, or of the bundled package set. `attributes` are attribute paths;
    an empty tuple stands for the whole value. `objects` are store paths, paths of derivations and result links, which
    need no evaluation. `args` and `argstrs` are arguments of a function: pairs of a name and an expression or a string.
    `overlays` are absolute paths of files with a function `final: prev: { ... }`, given to the expression's argument of
    that name. `target` is an architecture: attributes are then those of `cross.TARGET`. `lock` says how to use the `chx.lock` beside the
    expression: "use" warns of what the project's own files have changed, "locked" refuses it, "inputs" holds inputs and
    compares no outputs, "ignore" disregards the lock, "pinned" uses its pins without evaluating the expression.
    """

    file: str | None = None
    expr: str | None = None
    attributes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    args: tuple[tuple[str, str], ...] = ()
    argstrs: tuple[tuple[str, str], ...] = ()
    overlays: tuple[str, ...] = ()
    target: str | None = None
    lock: Literal["use", "locked", "inputs", "ignore", "pinned"] = "use"

    def with_attributes(self, *attributes: str) -> Request:
        """Return a copy with other attributes and no objects."""
        return self.replace(attributes=attributes, objects=())

    @property
    def has_source(self) -> bool:
        """Whether the request names a file or an expression."""
        return self.file is not None or self.expr is not None

    @property
    def has_arguments(self) -> bool:
        """Whether the user passes arguments to a function."""
        return bool(self.args or self.argstrs or self.overlays)

    @property
    def needs_evaluation(self) -> bool:
        """Whether the request names anything but objects."""
        return not self.objects or bool(self.attributes) or self.has_source
