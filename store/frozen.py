"""Immutable values that cost little to define and to make.

The modules behind `dataclasses` and `typing` take longer to load than evaluating a package set. A
`Frozen` is declared as a dataclass is, with annotations and defaults, and is a tuple: equal by
fields, ordered by them, hashable if they are.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

new = tuple.__new__


class Frozen(tuple):  # type: ignore[type-arg]
    """Fields by name, `_fields`, `replace`, keywords and defaults, matching by position."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _defaults: dict[str, Any] = {}  # noqa: RUF012  # made anew for each class

    def __init_subclass__(cls) -> None:
        # `inspect.get_annotations` would need `inspect`.
        fields = tuple(vars(cls).get("__annotations__", ()))
        cls._fields = fields
        cls.__match_args__ = fields  # type: ignore[attr-defined,misc]
        cls._defaults = {field: cls.__dict__[field] for field in fields if field in cls.__dict__}
        for index, field in enumerate(fields):
            setattr(cls, field, _tuplegetter(index, None))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        fields = cls._fields
        if len(values) < len(fields):
            try:
                values += tuple([named.pop(f) if f in named else cls._defaults[f] for f in fields[len(values) :]])
            except KeyError as missing:
                raise TypeError(f"{cls.__name__} needs {missing}") from None
        if named or len(values) != len(fields):
            raise TypeError(f"{cls.__name__} has the fields {', '.join(fields)}")
        return new(cls, values)

    def replace(self, **changes: Any) -> Self:
        """A copy with other values in some fields."""
        values = [changes.pop(field, value) for field, value in zip(self._fields, self)]
        if changes:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(changes)}")
        return type(self)(*values)

    def __repr__(self) -> str:
        shown = ", ".join([f"{field}={value!r}" for field, value in zip(self._fields, self)])
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)
