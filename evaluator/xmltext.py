"""Print values as XML, as `builtins.toXML` and `--xml` do."""

from __future__ import annotations

from .context import Context, Element
from .force import force_slot
from .printing import show_float
from .trace import attr_place, lambda_mark
from .values import MISSING, ContextString, MethodType, Path, Slot, Value, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


_ESCAPES: Final = str.maketrans({'"': "&quot;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": "&#xA;"})


def to_xml(value: Value, *, location: bool, strict: bool = False) -> tuple[str, Context]:
    """Return the XML text of a value and its context; `location`: with positions of attributes."""
    writer = _Writer(location, strict)
    writer.lines.append("<?xml version='1.0' encoding='utf-8'?>")
    writer.lines.append("<expr>")
    writer.write(value, 1)
    writer.lines.append("</expr>")
    return "\n".join(writer.lines) + "\n", frozenset(writer.context)


class _Writer:
    def __init__(self, location: bool, strict: bool) -> None:
        self.location = location
        self.strict = strict
        self.lines: list[str] = []
        self.context: set[Element] = set()
        self.derivations: set[str] = set()

    def empty(self, depth: int, tag: str, /, **attributes: str) -> None:
        self.lines.append(f"{'  ' * depth}<{tag}{_attributes(attributes)} />")

    def open(self, depth: int, name: str, attributes: dict[str, str]) -> None:
        self.lines.append(f"{'  ' * depth}<{name}{_attributes(attributes)}>")

    def close(self, depth: int, name: str) -> None:
        self.lines.append(f"{'  ' * depth}</{name}>")

    def write(self, slot: Slot, depth: int) -> None:
        if type(slot) is list:
            if self.strict:
                slot = force_slot(slot)
            elif slot[0] is not None:
                self.empty(depth, "unevaluated")
                return
            else:
                slot = slot[1]
        kind = type(slot)
        if kind is str:
            self.empty(depth, "string", value=slot)
        elif kind is ContextString:
            self.context.update(slot.context)
            self.empty(depth, "string", value=slot.text)
        elif kind is bool:
            self.empty(depth, "bool", value="true" if slot else "false")
        elif kind is int:
            self.empty(depth, "int", value=str(slot))
        elif kind is float:
            self.empty(depth, "float", value=show_float(slot))
        elif slot is None:
            self.empty(depth, "null")
        elif kind is Path:
            self.empty(depth, "path", value=slot.text)
        elif kind is tuple:
            self.open(depth, "list", {})
            for item in slot:
                self.write(item, depth + 1)
            self.close(depth, "list")
        elif kind is dict:
            self.write_set(slot, depth)
        elif kind is MethodType:
            self.write_function(slot, depth)
        else:
            self.empty(depth, "unevaluated")

    def write_set(self, value: dict[str, Slot], depth: int) -> None:
        if self._is_derivation(value):
            attributes: dict[str, str] = {}
            drv_path = self._text(value, "drvPath")
            out_path = self._text(value, "outPath")
            if drv_path is not None:
                attributes["drvPath"] = drv_path
            if out_path is not None:
                attributes["outPath"] = out_path
            self.open(depth, "derivation", attributes)
            if drv_path is not None and drv_path not in self.derivations:
                self.derivations.add(drv_path)
                self.write_attrs(value, depth + 1)
            else:
                self.empty(depth + 1, "repeated")
            self.close(depth, "derivation")
            return
        self.open(depth, "attrs", {})
        self.write_attrs(value, depth + 1)
        self.close(depth, "attrs")

    def _is_derivation(self, value: dict[str, Slot]) -> bool:
        kind = value.get("type", MISSING)
        if kind is MISSING:
            return False
        if self.strict:
            return bool(force_slot(kind) == "derivation")
        if type(kind) is list:
            kind = force_slot(kind)
        return bool(kind == "derivation")

    def _text(self, value: dict[str, Slot], name: str) -> str | None:
        slot = value.get(name, MISSING)
        if slot is MISSING:
            return None
        found = force_slot(slot) if self.strict else slot[1] if type(slot) is list and slot[0] is None else slot
        if type(found) is str:
            return found
        if type(found) is ContextString:
            return found.text
        return None

    def write_attrs(self, value: dict[str, Slot], depth: int) -> None:
        for name in names(value):
            attributes: dict[str, str] = {}
            if self.location:
                place = attr_place(value, name)
                if place is not None:
                    attributes.update(_position(*place))
            self.open(depth, "attr", dict(sorted({**attributes, "name": name}.items())))
            self.write(value[name], depth + 1)
            self.close(depth, "attr")

    def write_function(self, value: object, depth: int) -> None:
        file, mark = lambda_mark(value)
        self.open(depth, "function", _position(file, mark[1]) if self.location else {})
        formals, param = mark[4], mark[5]
        if formals is None:
            self.empty(depth + 1, "varpat", name=param)
        else:
            attributes = {}
            if mark[6]:
                attributes["ellipsis"] = "1"
            if param is not None:
                attributes["name"] = param
            self.open(depth + 1, "attrspat", dict(sorted(attributes.items())))
            for name in sorted(name for name, _, _ in formals):
                self.empty(depth + 2, "attr", name=name)
            self.close(depth + 1, "attrspat")
        self.close(depth, "function")


def _position(file: object, offset: int) -> dict[str, str]:
    source = file.source  # type: ignore[attr-defined]
    line, column = source.place(offset)
    result = {"column": str(column), "line": str(line)}
    if source.name.startswith("/"):
        result["path"] = source.name
    return result


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{value.translate(_ESCAPES)}"' for name, value in attributes.items())
