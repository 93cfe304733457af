"""Named tuples that cost little to define.

`typing.NamedTuple` compiles code for every class, and the modules it needs take
longer to import than a small file takes to parse. A `Record` is made like one
and behaves like one: fields by name and position, `_fields`, `_replace`,
matching by position, keywords.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_new = tuple.__new__


class _RecordType(type):
    """Turns the annotations of a class body into the fields of a tuple."""

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> _RecordType:
        fields = tuple(space.get("__annotations__", ()))
        space["_fields"] = space["__match_args__"] = fields
        space["__slots__"] = ()
        for index, field in enumerate(fields):
            space[field] = _tuplegetter(index, field)
        return super().__new__(mcs, name, bases, space)


class Record(tuple, metaclass=_RecordType):  # type: ignore[type-arg]
    _fields: tuple[str, ...]

    def __new__(cls, *values: Any, **named: Any) -> Record:
        if named:
            try:
                values += tuple([named.pop(field) for field in cls._fields[len(values) :]])
            except KeyError as missing:
                raise TypeError(f"{cls.__name__} needs {missing}") from None
        if named or len(values) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
        return _new(cls, values)

    def _replace(self, **named: Any) -> Record:
        values = [named.pop(field, value) for field, value in zip(self._fields, self)]
        if named:
            raise ValueError(f"{type(self).__name__} has no field {', '.join(named)}")
        return _new(type(self), values)

    def __repr__(self) -> str:
        shown = ", ".join([f"{field}={value!r}" for field, value in zip(self._fields, self)])
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)
