"""The syntax tree.

Every node is an immutable tuple that ends in `start, end`: byte offsets into its `Source`. Making a tuple takes a fifth
of the time of a frozen dataclass: a package set has hundreds of thousands of nodes.

The tree is that of Nix's own parser: attribute paths in bindings are merged into nested sets (`a.b = 1; a.c = 2;` is
one attribute `a`), duplicate attributes are refused, and indented strings are stripped. Texts and names are byte
strings (see `source.py`).
"""

from __future__ import annotations

from ..frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias


class Int(Frozen):
    value: int
    start: int
    end: int


class Float(Frozen):
    value: float
    start: int
    end: int


class Str(Frozen):
    """A string; `parts` are texts (none of them empty) and interpolated expressions.

    In `"..."` no text follows a text. In an indented string each escape is a text
    of its own, as it is in Nix: `''a''$b''` has the parts `a`, `$` and `b`.
    """

    parts: tuple[str | Expr, ...]
    start: int
    end: int


class Path(Frozen):
    """A path literal as written (`./a`, `/a`, `~/a`), not yet resolved; parts as in `Str`.

    The first part is a text. Only with interpolation can a text follow a text, where
    `//` parts them (`./a//b${c}` has the parts `./a/`, `/b` and `c`).
    """

    parts: tuple[str | Expr, ...]
    start: int
    end: int


class SearchPath(Frozen):
    """`<name>`, looked up in the search path."""

    name: str
    start: int
    end: int


class Var(Frozen):
    name: str
    start: int
    end: int


class CurPos(Frozen):
    """`__curPos`."""

    start: int
    end: int


class Name(Frozen):
    """A static attribute name in an attribute path."""

    name: str
    start: int
    end: int


class Select(Frozen):
    """`subject.path`, with `or default` if that is not None."""

    subject: Expr
    path: tuple[AttrKey, ...]
    default: Expr | None
    start: int
    end: int


class HasAttr(Frozen):
    """`subject ? path`."""

    subject: Expr
    path: tuple[AttrKey, ...]
    start: int
    end: int


class Apply(Frozen):
    """A function applied to one or more arguments, one after the other."""

    function: Expr
    arguments: tuple[Expr, ...]
    start: int
    end: int


class Formal(Frozen):
    name: str
    default: Expr | None
    start: int
    end: int


class Lambda(Frozen):
    """`param: body`, `{ formals }: body` or `param @ { formals }: body`.

    `formals` is None for a plain argument; in the order written.
    """

    param: str | None
    formals: tuple[Formal, ...] | None
    ellipsis: bool
    body: Expr
    start: int
    end: int


class Attr(Frozen):
    """`name = value;`.

    The span begins where the attribute path begins and ends with the name, as
    positions of attributes do in Nix: `b` of `a.b = 1;` is at `a`.
    """

    name: str
    value: Expr
    start: int
    end: int


class Inherited(Frozen):
    """One name of `inherit name;`: looked up in the scope around the set."""

    name: str
    start: int
    end: int


class InheritedFrom(Frozen):
    """One name of `inherit (e) name;`: `origin` indexes `AttrSet.origins`."""

    name: str
    origin: int
    start: int
    end: int


class DynamicAttr(Frozen):
    """`${key} = value;`; a key that evaluates to null leaves the attribute out."""

    key: Expr
    value: Expr
    start: int
    end: int


class AttrSet(Frozen):
    """A set, or the bindings of a `let`; `attrs` in the order written.

    `origins` are evaluated in the scope of the set itself if it is recursive.
    """

    recursive: bool
    attrs: tuple[Attr | Inherited | InheritedFrom, ...]
    origins: tuple[Expr, ...]
    dynamic: tuple[DynamicAttr, ...]
    start: int
    end: int


class Let(Frozen):
    """`let bindings in body`; `bindings.recursive` is true."""

    bindings: AttrSet
    body: Expr
    start: int
    end: int


class With(Frozen):
    scope: Expr
    body: Expr
    start: int
    end: int


class Assert(Frozen):
    condition: Expr
    body: Expr
    start: int
    end: int


class If(Frozen):
    condition: Expr
    then: Expr
    otherwise: Expr
    start: int
    end: int


class List(Frozen):
    items: tuple[Expr, ...]
    start: int
    end: int


class Unary(Frozen):
    """`!e` or `-e`."""

    operator: str
    operand: Expr
    start: int
    end: int


class Binary(Frozen):
    """Operators `+ - * / ++ // == != < <= > >= && || ->`.

    `operator_start` is the offset of the operator, which is where errors of the
    operation are reported.
    """

    operator: str
    left: Expr
    right: Expr
    operator_start: int
    start: int
    end: int


Expr: TypeAlias = (
    Int | Float | Str | Path | SearchPath | Var | CurPos | Select | HasAttr | Apply | Lambda
    | AttrSet | Let | With | Assert | If | List | Unary | Binary
)  # fmt: skip

AttrKey: TypeAlias = Name | Expr
"""A static name, or an expression that evaluates to one (`${e}`, `"a${b}"`)."""
