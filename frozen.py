"""Immutable values that are cheap to define and to create.

The modules behind `dataclasses` and `typing` take longer to load than evaluating a package set. A
`Frozen` is declared as a dataclass is, with annotations and defaults, and is a tuple: equal by
fields, ordered by them, hashable if they are.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self, dataclass_transform

    # A tuple type would make the type checker compare fields, and syntax nodes contain each other without end.
    @dataclass_transform(frozen_default=True)
    class Frozen:
        def replace(self, **changes: Any) -> Self: ...
        def __lt__(self, other: Self) -> bool: ...
        def __iter__(self) -> Iterator[Any]: ...

else:
    from _collections import _tuplegetter

    _new = tuple.__new__

    class _FrozenType(type):
        """Turns the annotations of a class body into the fields of a tuple."""

        def __new__(mcs, name, bases, space):
            fields = tuple(space.get("__annotations__", ()))
            space["_defaults"] = {field: space.pop(field) for field in fields if field in space}
            space["_fields"] = space["__match_args__"] = fields
            space.setdefault("__slots__", ())
            for index, field in enumerate(fields):
                space[field] = _tuplegetter(index, field)
            return super().__new__(mcs, name, bases, space)

    class Frozen(tuple, metaclass=_FrozenType):
        """Fields by name and position, `_fields`, `replace`, keywords, defaults, and matching by position."""

        def __new__(cls, *values, **named):
            fields = cls._fields
            if named or len(values) != len(fields):
                values = _complete(cls, values, named)
            return _new(cls, values)

        def replace(self, **changes):
            """Return a copy with other values in some fields."""
            values = [changes.pop(field, value) for field, value in zip(self._fields, self)]
            if changes:
                raise TypeError(f"{type(self).__name__} has no field {', '.join(changes)}")
            return type(self)(*values)

        def __repr__(self):
            shown = ", ".join([f"{field}={value!r}" for field, value in zip(self._fields, self)])
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self):
            return tuple(self)

    def _complete(cls, values, named):
        """Add keyword arguments and defaults to positional arguments. Raises TypeError."""
        defaults, rest = cls._defaults, cls._fields[len(values) :]
        try:
            values += tuple([named.pop(field) if field in named else defaults[field] for field in rest])
        except KeyError as missing:
            raise TypeError(f"{cls.__name__} needs {missing}") from None
        if named or len(values) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
        return values
