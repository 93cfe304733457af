"""Functions that generated code calls where its own fast path does not apply.

Operands are values unless a parameter is called `slot`. The caller decides the order of evaluation: when an operator is
called, both operands are forced.
"""

from __future__ import annotations

from ..native import native, share
from .coerce import coerce_to_string, join_paths
from .errors import (
    ArgumentMismatch,
    DivisionByZero,
    DuplicateAttribute,
    MissingAttribute,
    Overflow,
    TypeMismatch,
    UndefinedVariable,
    readable,
    shown_name,
)
from .force import force, force_attr, force_slot
from .values import (
    INT_MAX,
    INT_MIN,
    MISSING,
    TYPE_NAMES,
    WHERE,
    Builtin,
    ContextString,
    MethodType,
    Partial,
    Path,
    Slot,
    Value,
    describe,
    make_string,
    names,
    string_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

    Scopes: TypeAlias = tuple[Slot, "Scopes", dict[str, Value]] | None


def show(value: Value) -> str:
    """Return a value for an error message."""
    from .printing import show_in_error

    return show_in_error(value)


def expected(what: str, value: Value) -> TypeMismatch:
    """Return the error for a value of the wrong type."""
    return TypeMismatch(f"expected {what} but found {describe(value)}: {show(value)}", shows_parts=_has_parts(value))


def _has_parts(*values: Value) -> bool:
    return any(type(value) in (tuple, dict) and bool(value) for value in values)


# --- arithmetic


def _operands(left: Value, right: Value) -> bool:
    """Whether both are integers; raises unless both are numbers."""
    if type(left) is float or type(right) is float:
        for value in (left, right):
            if type(value) is not int and type(value) is not float:
                raise expected("a float", value)
        return False
    for value in (left, right):
        if type(value) is not int:
            raise expected("an integer", value)
    return True


def add(left: Value, right: Value) -> Value:
    """`+` on anything."""
    if type(left) is type(right) is int:
        result = left + right
        if INT_MIN <= result <= INT_MAX:
            return result
        raise Overflow(f"integer overflow in adding {left} + {right}")
    kind, other = type(left), type(right)
    if kind is str and other is str:
        return left + right
    if kind is int or kind is float:
        if other is int or other is float:
            return float(left) + float(right)
        raise TypeMismatch(f"cannot add {describe(right)} to {describe(left)}")
    if kind is Path:
        return join_paths(left, right)
    # A store object that a string names must be real; a bare path operand on the right is copied.
    first, context = coerce_to_string(left, copy=kind is str or kind is ContextString)
    second, more = coerce_to_string(right, copy=kind is str or kind is ContextString)
    return make_string(first + second, context | more)


def addable(left: Value) -> Value:
    """Return the left operand of `+`: a number, a path, or its string."""
    kind = type(left)
    if kind is int or kind is float or kind is str or kind is ContextString or kind is Path:
        return left
    return make_string(*coerce_to_string(left, copy=False))


def sum_numbers(left: Value, right: Value) -> Value:
    """`builtins.add`, which takes numbers only."""
    if not _operands(left, right):
        return float(left) + float(right)
    return add(left, right)


def sub(left: Value, right: Value) -> Value:
    """`-`."""
    if type(left) is int and type(right) is int:
        result = left - right
        if INT_MIN <= result <= INT_MAX:
            return result
        raise Overflow(f"integer overflow in subtracting {left} - {right}")
    _operands(left, right)
    return float(left) - float(right)


def mul(left: Value, right: Value) -> Value:
    """`*`."""
    if type(left) is int and type(right) is int:
        result = left * right
        if INT_MIN <= result <= INT_MAX:
            return result
        raise Overflow(f"integer overflow in multiplying {left} * {right}")
    _operands(left, right)
    return float(left) * float(right)


def div(left: Value, right: Value) -> Value:
    """`/`, which truncates towards zero."""
    if type(right) is not int and type(right) is not float:
        raise expected("a float", right)
    if right == 0:
        raise DivisionByZero
    _operands(left, right)
    if type(left) is int and type(right) is int:
        result = abs(left) // abs(right)
        if (left < 0) != (right < 0):
            result = -result
        if result > INT_MAX:
            raise Overflow(f"integer overflow in dividing {left} / {right}")
        return result
    return float(left) / float(right)


# --- order


def less(left: Value, right: Value) -> bool:
    """`<`."""
    kind, other = type(left), type(right)
    if kind is other and (kind is int or kind is str or kind is float):
        return left < right  # type: ignore[no-any-return]
    if (kind is int or kind is float) and (other is int or other is float):
        return float(left) < float(right)
    if kind is tuple and other is tuple:
        from .equality import equal_slots

        for one, two in zip(left, right):
            if not equal_slots(one, two):
                return less(force_slot(one), force_slot(two))
        return len(left) < len(right)
    if kind is Path and other is Path:
        return left.text < right.text  # type: ignore[no-any-return]
    one_text, two_text = string_text(left), string_text(right)
    if one_text is not None and two_text is not None:
        return one_text < two_text
    if TYPE_NAMES[kind] == TYPE_NAMES[other]:
        raise TypeMismatch(
            f"cannot compare {describe(left)} with {describe(right)}; values of that type are incomparable "
            f"(values are {show(left)} and {show(right)})",
            shows_parts=_has_parts(left, right),
        )
    raise TypeMismatch(
        f"cannot compare {describe(left)} with {describe(right)}; values are {show(left)} and {show(right)}",
        shows_parts=_has_parts(left, right),
    )


# --- sets and lists

_MOST_SITES: Final = 16
_MOST_JOINED: Final = 10_000
_joined: dict[tuple[int, int], tuple[Any, ...]] = {}


@native
def _join_sites(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the sites of a merged set: those of the right operand are searched first."""
    key = (id(first), id(second))
    found = _joined.get(key)
    if found is None:
        joined = (first + tuple([site for site in second if site not in first]))[:_MOST_SITES]
        if len(_joined) > _MOST_JOINED:
            _joined.clear()
        # Keep the origin alive as long as its address serves as a key here.
        found = _joined[key] = (joined, first, second)
    return found[0]  # type: ignore[no-any-return]


@native
def update(left: dict[str, Slot], right: dict[str, Slot]) -> dict[str, Slot]:
    """`//`."""
    sites = right.get(WHERE)
    if sites is None:
        return {**left, **right}
    old = left.get(WHERE)
    if old is None:
        # WHERE has to stay the first key.
        return {WHERE: sites, **left, **right} if left else right
    result = {**left, **right}
    if old is not sites:
        # Repeated merges, in a fold, have the same sites each time.
        result[WHERE] = old if sites and old and sites[0] is old[0] else _join_sites(sites, old)
    return result


def concat(left: Value, right: Value) -> Value:
    """`++`."""
    for value in (left, right):
        if type(value) is not tuple:
            raise expected("a list", value)
    return left + right


def add_dynamic(attrs: dict[str, Slot], key: Value, slot: Slot, file: Any, offset: int) -> None:
    """Put `${key} = slot;` into a set under construction."""
    if key is None:
        return
    if type(key) is not str:
        key = name_of(key)
    if key in attrs:
        where = ""
        from .trace import describe_place

        place = describe_place(attrs, key)
        if place:
            where = f" at {place}"
        raise DuplicateAttribute(f"dynamic attribute '{shown_name(key)}' already defined{where}")
    if not attrs:
        # WHERE has to be the first key.
        attrs[WHERE] = ()
    attrs[key] = slot
    sites = attrs.get(WHERE)
    if sites is not None:
        attrs[WHERE] = (*sites, (file, {key: offset}))


def name_of(key: Value) -> str:
    """Return a dynamic attribute name from its value."""
    if type(key) is str:
        return key
    if type(key) is ContextString:
        raise refers_to_store(key)
    raise expected("a string", key)


def refers_to_store(value: ContextString) -> TypeMismatch:
    """Return the error for context where none is allowed."""
    from .context import show_element

    return TypeMismatch(
        f"the string '{readable(value.text)}' is not allowed to refer to a store path "
        f"(such as '{show_element(min(value.context))}')"
    )


@native
def select(subject: Value, name: str) -> Value:
    """`subject.name`, for names known only at run time."""
    if type(subject) is not dict:
        raise expected("a set", subject)
    slot = subject.get(name, MISSING)
    if slot is MISSING:
        raise MissingAttribute(name, names(subject))
    return force(slot) if type(slot) is list else slot


@native
def select_or(subject: Value, name: str, default: Value) -> Value:
    """`subject.name or default`, if the default needs no evaluation."""
    if type(subject) is not dict:
        return default
    slot = subject.get(name, default)
    if type(slot) is list:
        return slot[1] if slot[0] is None else force(slot)
    return slot


@native
def has_path(subject: Value, path: tuple[Slot, ...]) -> bool:
    """`subject ? path`; keys unknown at compile time are slots."""
    current: Slot = subject
    for key in path:
        if type(current) is list:
            current = force(current)
        if type(key) is not str:
            key = name_of(force_slot(key))
        if type(current) is not dict:
            return False
        current = current.get(key, MISSING)
        if current is MISSING:
            return False
    return True


# --- scopes


@native
def lookup(name: str, scopes: Scopes) -> Value:
    """A variable that the sets of `with` expressions may bind.

    `scopes` is the innermost set, those around it, and the values that were found so far, by name.
    """
    at: Any = scopes
    while at is not None:
        scope, at, _ = at
        if type(scope) is list:
            scope = scope[1] if scope[0] is None else force(scope)
        if type(scope) is not dict:
            raise expected("a set", scope)
        if name in scope:
            found = scope[name]
            if type(found) is list:
                found = found[1] if found[0] is None else force(found)
            if scopes is not None:
                scopes[2][name] = found
            return found
    known: list[str] = []
    while scopes is not None:
        scope, scopes, _ = scopes
        known.extend(names(force_slot(scope)))
    raise UndefinedVariable(name, known)


@native
def lookup_late(argument: tuple[str, Scopes, Any, tuple[Any, ...]]) -> Value:
    """The thunk of a variable that `with` may bind; `trace.py` reads `file` and `place`."""
    name, scopes, file, place = argument  # noqa: RUF059
    return lookup(name, scopes)


@native
def lookup_slot(name: str, scopes: Scopes, file: Any, place: tuple[Any, ...]) -> Slot:
    """Return the slot of a variable that `with` may bind: a thunk, unless it is evaluated already; see `select_slot`."""
    at: Any = scopes
    if at is not None:
        known = at[2].get(name, MISSING)
        if type(known) in SHARED:
            return known
    while at is not None:
        scope, at, _ = at
        if type(scope) is list:
            if scope[0] is not None:
                break
            scope = scope[1]
        if type(scope) is not dict:
            break
        if name in scope:
            found = scope[name]
            if type(found) is list and found[0] is None:
                found = found[1]
            if type(found) in SHARED:
                return found
            break
    return [lookup_late, (name, scopes, file, place)]


@native
def select_slot(subject: Slot, path: tuple[str, ...], file: Any, place: tuple[Any, ...]) -> Slot:
    """Return the slot of `variable.a.b`: a thunk, unless all of it is evaluated already.

    Not for functions: the thunk distinguishes two equal functions from one used twice.
    """
    current = subject
    for name in path:
        if type(current) is list:
            if current[0] is not None:
                return [select_late, (subject, path, file, place)]
            current = current[1]
        if type(current) is not dict:
            return [select_late, (subject, path, file, place)]
        current = current.get(name, MISSING)
    if type(current) is list and current[0] is None:
        current = current[1]
    if type(current) in SHARED:
        return current
    return [select_late, (subject, path, file, place)]


@native
def select_slot1(subject: Slot, name: str, file: Any, place: tuple[Any, ...]) -> Slot:
    """`select_slot` for one name."""
    current = subject
    if type(current) is list:
        if current[0] is not None:
            return [select_late, (subject, (name,), file, place)]
        current = current[1]
    if type(current) is dict:
        current = current.get(name, MISSING)
        if type(current) is list and current[0] is None:
            current = current[1]
        if type(current) in SHARED:
            return current
    return [select_late, (subject, (name,), file, place)]


SHARED: Final = frozenset((int, bool, type(None), str, ContextString, Path, tuple, dict))
"""Types of values that may replace their evaluated thunk: all but functions, and floats because of NaN."""


@native
def select_late(argument: tuple[Slot, tuple[str, ...], Any, tuple[Any, ...]]) -> Value:
    """The thunk of `variable.a.b`; `trace.py` reads `file` and `place`."""
    subject, path, file, place = argument  # noqa: RUF059
    name = ""
    if type(subject) is list:
        subject = subject[1] if subject[0] is None else force(subject)
    for name in path:
        slot = subject.get(name, MISSING) if type(subject) is dict else MISSING
        if slot is MISSING:
            return select(subject, name)
        subject = force_attr(subject, name, slot) if type(slot) is list else slot
    return subject


# --- calls


@native
def call(function: Value, argument: Slot) -> Value:
    """Apply anything callable to one argument."""
    kind = type(function)
    if kind is MethodType:
        return function(argument)
    if kind is Builtin:
        if function.arity == 1:
            return function.function(argument)
        return Partial(function, (argument,))
    if kind is Partial:
        arguments = (*function.arguments, argument)
        builtin = function.builtin
        if len(arguments) == builtin.arity:
            return builtin.function(*arguments)
        return Partial(builtin, arguments)
    if kind is dict:
        functor = function.get("__functor", MISSING)
        if functor is not MISSING:
            return call2(force_slot(functor), function, argument)
    raise not_a_function(function)


def callee(function: Value) -> Any:
    """Return a caller for `function`, which is no lambda, with one argument; raise an error if it cannot be called."""
    kind = type(function)
    if kind is Builtin and function.arity == 1:
        return function.function
    if kind is Builtin or kind is Partial or (kind is dict and "__functor" in function):
        return MethodType(call, function)
    raise not_a_function(function)


def not_a_function(value: Value) -> TypeMismatch:
    """Return the error for calling `value`."""
    return TypeMismatch(
        f"attempt to call something which is not a function but {describe(value)}: {show(value)}",
        shows_parts=_has_parts(value),
    )


FULL2: Final[dict[Any, Any]] = {}
FULL3: Final[dict[Any, Any]] = {}
"""Maps the compiled function of a curried lambda to the one that takes two (three) arguments at once."""
share(FULL2=FULL2, FULL3=FULL3)
LESS: Final[dict[Any, bool]] = {}
"""Functions of two arguments that are `a: b: a < b` (False) or `a: b: b < a` (True): sorting knows their meaning."""


@native
def call2(function: Value, first: Slot, second: Slot) -> Value:
    """Apply to two arguments."""
    if type(function) is MethodType:
        full = FULL2.get(function.__func__)
        if full is not None:
            return full(function.__self__, first, second)
        function = function(first)
    elif type(function) is Builtin and function.arity == 2:
        return function.function(first, second)
    else:
        function = call(function, first)
    return function(second) if type(function) is MethodType else call(function, second)


@native
def call3(function: Value, first: Slot, second: Slot, third: Slot) -> Value:
    """Apply to three arguments."""
    if type(function) is MethodType:
        full = FULL3.get(function.__func__)
        if full is not None:
            return full(function.__self__, first, second, third)
        function = call2(function, first, second)
    elif type(function) is Builtin and function.arity == 3:
        return function.function(first, second, third)
    else:
        function = call2(function, first, second)
    return function(third) if type(function) is MethodType else call(function, third)


def call_many(function: Value, *arguments: Slot) -> Value:
    """Apply to four arguments or more."""
    function = call3(function, *arguments[:3])
    for argument in arguments[3:]:
        function = function(argument) if type(function) is MethodType else call(function, argument)
    return function


def bad_arguments(name: str, argument: Value, formals: tuple[str, ...]) -> None:
    """Raise the error for a set with attributes that a function does not accept."""
    from .spell import did_you_mean

    for given in names(argument):
        if given not in formals:
            raise ArgumentMismatch(
                f"function '{readable(name) or 'anonymous lambda'}' called with unexpected argument '{shown_name(given)}'",
                hint=did_you_mean(given, formals),
            )


def not_set(value: Value) -> None:
    raise expected("a set", value)


def not_list(value: Value) -> None:
    raise expected("a list", value)


def not_bool(value: Value) -> None:
    raise expected("a Boolean", value)


def overrides(attrs: dict[str, Slot], environment: list[Slot], places: dict[str, int]) -> dict[str, Slot]:
    """Apply `__overrides` of a recursive set: into the set and into the scope of its attributes."""
    new = force_slot(attrs["__overrides"])
    if type(new) is not dict:
        raise expected("a set", new)
    for name, slot in new.items():
        at = places.get(name)
        if at is not None:
            environment[at] = slot
    return update(attrs, new)
