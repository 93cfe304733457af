"""Bindings under construction: attribute paths merge into nested sets as in Nix."""

from __future__ import annotations

from .nodes import Attr, AttrSet, DynamicAttr, Inherited, InheritedFrom, Name
from .patterns import pattern
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from .nodes import AttrKey, Expr

    Member: TypeAlias = "Attr | Inherited | InheritedFrom | Bindings"
_PLAIN_NAME = pattern("plain name")
KEYWORDS = frozenset(["if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"])


def attribute_name(name: str) -> str:
    """Return a name in the notation of an attribute path."""
    if _PLAIN_NAME.fullmatch(name) and name not in KEYWORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _repeated(path: list[str], start: int, end: int, first: tuple[int, int]) -> UnlocatedParseError:
    shown = ".".join(map(attribute_name, path))
    return UnlocatedParseError(
        f"attribute '{shown}' already defined at {{other}}",
        start,
        end,
        text="defined again here",
        other=first,
        other_text="first defined here",
        code="E102",
    )


class Bindings:
    """A draft of an `AttrSet`.

    `attrs` keeps the order written. A nested set made by an attribute path stays a `Bindings` (with its span as an
    attribute) until `freeze`.
    """

    __slots__ = ("attr_end", "attr_start", "attrs", "dynamic", "end", "name", "nested", "origins", "recursive", "start")

    def __init__(self, attrs: dict[str, Member]) -> None:
        self.attrs = attrs
        self.origins: list[Expr] = []
        self.dynamic: list[DynamicAttr | tuple[Expr, Bindings, int, int]] = []
        self.recursive = False
        self.nested = False
        self.name = ""
        self.start = self.end = self.attr_start = self.attr_end = 0

    def bind(self, path: Sequence[AttrKey], value: Expr, start: int, end: int) -> None:
        """Add `path = value;`, with the path at `start` and the value up to `end`."""
        target = self
        last = len(path) - 1
        for index in range(last):
            target = target._descend(path, index, start, end)
        key = path[last]
        if not isinstance(key, Name):
            target.dynamic.append(DynamicAttr(key, value, start, key.end))
            return
        name = key.name
        if name not in target.attrs:
            target.attrs[name] = Attr(name, value, start, key.end)
            return
        names = [part.name if type(part) is Name else "${...}" for part in path]
        target._again(Attr(name, value, start, key.end), names)

    def _descend(self, path: Sequence[AttrKey], index: int, start: int, end: int) -> Bindings:
        key = path[index]
        self.nested = True
        if not isinstance(key, Name):
            inner = Bindings({})
            inner.start = start
            inner.end = end
            self.dynamic.append((key, inner, start, key.end))
            return inner
        present = self.attrs.get(key.name)
        if present is None:
            inner = Bindings({})
            inner.name = key.name
            inner.start = inner.attr_start = start
            inner.end = end
            inner.attr_end = key.end
            self.attrs[key.name] = inner
            return inner
        opened = self._open(key.name)
        if opened is None:
            names = [part.name if type(part) is Name else "${...}" for part in path[: index + 1]]
            raise _repeated(names, start, key.end, _place(present))
        return opened

    def _open(self, name: str) -> Bindings | None:
        """Return the attribute `name` as extensible bindings; None if it is not a set."""
        present = self.attrs[name]
        if type(present) is Bindings:
            return present
        if type(present) is not Attr or type(present.value) is not AttrSet:
            return None
        inner = thaw(present.value)
        inner.name = name
        inner.attr_start = present.start
        inner.attr_end = present.end
        self.attrs[name] = inner
        self.nested = True
        return inner

    def _again(self, attr: Attr, path: list[str]) -> None:
        """A second definition of a name: two sets merge, all else is an error.

        As in Nix the first set decides whether the result is recursive.
        """
        work: list[tuple[Bindings, Attr, list[str]]] = [(self, attr, path)]
        while work:
            target, attr, path = work.pop()
            present = target.attrs[attr.name]
            inner = target._open(attr.name) if type(attr.value) is AttrSet else None
            if inner is None:
                raise _repeated(path, attr.start, attr.end, _place(present))
            value = attr.value
            assert type(value) is AttrSet
            shift = len(inner.origins)
            repeated: list[tuple[Bindings, Attr, list[str]]] = []
            for member in value.attrs:
                if type(member) is InheritedFrom:
                    member = member.replace(origin=member.origin + shift)
                if member.name not in inner.attrs:
                    inner.attrs[member.name] = member
                elif type(member) is Attr:
                    repeated.append((inner, member, [*path, member.name]))
                else:
                    raise _repeated([*path, member.name], member.start, member.end, _place(inner.attrs[member.name]))
            inner.dynamic += value.dynamic
            inner.origins += value.origins
            work += reversed(repeated)

    def inherit(self, keys: list[AttrKey]) -> None:
        for name, start, end in _static(keys):
            present = self.attrs.get(name)
            if present is not None:
                raise _repeated([name], start, end, _place(present))
            self.attrs[name] = Inherited(name, start, end)

    def inherit_from(self, origin: Expr, keys: list[AttrKey]) -> None:
        number = len(self.origins)
        self.origins.append(origin)
        for name, start, end in _static(keys):
            present = self.attrs.get(name)
            if present is not None:
                raise _repeated([name], start, end, _place(present))
            self.attrs[name] = InheritedFrom(name, number, start, end)

    def freeze(self, recursive: bool, start: int, end: int) -> AttrSet:
        """Return the finished set. Nested ones are finished inner first, without recursion."""
        self.recursive = recursive
        self.start = start
        self.end = end
        if self.nested:
            return self._freeze_nested()
        return AttrSet(recursive, tuple(self.attrs.values()), tuple(self.origins), tuple(self.dynamic), start, end)  # type: ignore[arg-type]

    def _freeze_nested(self) -> AttrSet:
        order = [self]
        for target in order:
            order += [attr for attr in target.attrs.values() if type(attr) is Bindings]
            order += [entry[1] for entry in target.dynamic if type(entry) is tuple]
        done: dict[int, AttrSet] = {}
        for target in reversed(order):
            attrs = tuple(
                Attr(attr.name, done[id(attr)], attr.attr_start, attr.attr_end) if type(attr) is Bindings else attr
                for attr in target.attrs.values()
            )
            dynamic = tuple(
                DynamicAttr(entry[0], done[id(entry[1])], entry[2], entry[3]) if type(entry) is tuple else entry
                for entry in target.dynamic
            )
            done[id(target)] = AttrSet(
                target.recursive,
                attrs,  # type: ignore[arg-type]
                tuple(target.origins),
                dynamic,  # type: ignore[arg-type]
                target.start,
                target.end,
            )
        return done[id(self)]


def thaw(node: AttrSet) -> Bindings:
    """Return bindings with the content of a finished set."""
    result = Bindings({attr.name: attr for attr in node.attrs})
    result.recursive = node.recursive
    result.origins = list(node.origins)
    result.dynamic = list(node.dynamic)
    result.start = node.start
    result.end = node.end
    return result


def _place(attr: Member) -> tuple[int, int]:
    if type(attr) is Bindings:
        return attr.attr_start, attr.attr_end
    assert type(attr) is not Bindings
    return attr.start, attr.end


def _static(keys: list[AttrKey]) -> list[Name]:
    """Return the keys of an `inherit`. Raises `UnlocatedParseError` for a dynamic one."""
    for key in keys:
        if type(key) is not Name:
            raise UnlocatedParseError("dynamic attributes not allowed in inherit", key.start, key.end, code="E104")
    return keys  # type: ignore[return-value]
