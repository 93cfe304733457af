"""A request: what to evaluate, as a value. The command line makes one, and so does a Python program."""

from __future__ import annotations

from ..frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class Request(Frozen):
    """What to evaluate.

    `file` is a path, `<NAME>`, or `-` for standard input; `expr` is the text of an expression. With neither, attributes
    are those of the project in the current directory, or of the bundled package set. `attributes` are attribute paths;
    none stands for the whole value. `objects` are store paths, paths of derivations and result links that are named
    beside attributes, and need no evaluation. `args` and `argstrs` are pairs of a name and an expression or a text,
    for a function. `target` is an architecture: attributes are then those of `cross.TARGET`. `lock` is "ignore" if a
    `chx.lock` beside the expression does not count, and "pinned" if its pins are wanted whatever the expression is now.
    """

    file: str | None = None
    expr: str | None = None
    attributes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    args: tuple[tuple[str, str], ...] = ()
    argstrs: tuple[tuple[str, str], ...] = ()
    target: str | None = None
    lock: Literal["use", "ignore", "pinned"] = "use"

    def with_attributes(self, *attributes: str) -> Request:
        """Return the same request for other attributes, and for no objects."""
        return self.replace(attributes=attributes, objects=())

    @property
    def has_source(self) -> bool:
        """Whether a file or an expression is named."""
        return self.file is not None or self.expr is not None

    @property
    def has_arguments(self) -> bool:
        """Whether a function is called with arguments of the user's."""
        return bool(self.args or self.argstrs)

    @property
    def needs_evaluation(self) -> bool:
        """Whether anything but objects is asked for."""
        return not self.objects or bool(self.attributes) or self.has_source
