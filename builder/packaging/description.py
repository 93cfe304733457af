"""The attribute `package` of `builtin:apk`: what `pkgs/lib/apk.nix` says of a package, parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from ..services.rendering import render

Value = TypeVar("Value")

_SERVICE: Final = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9._-]+")


class BadDescription(ValueError):
    """The description is not as it should be."""


class Relations(NamedTuple):
    """Relations to other packages, each in the notation of apk (`zlib>=1.2`, `cmd:sh`, `!other`)."""

    depends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    install_if: tuple[str, ...] = ()
    provider_priority: int | None = None


NO_RELATIONS: Final = Relations()


@dataclass(frozen=True, slots=True)
class Rule:
    """A subpackage: `paths` and `links` are the patterns of what it takes.

    `name` is that of the whole subpackage, if it does not follow from the parent's and `suffix`. `install_with` is the
    package that, beside the parent, has it installed by itself. `is_written`: the package asks for it, so that it is
    there even without files.
    """

    suffix: str
    name: str | None = None
    description: str | None = None
    paths: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    needs_parent: bool = False
    install_with: str | None = None
    relations: Relations = NO_RELATIONS
    is_written: bool = False


class Mode(NamedTuple):
    """Permissions (12 bits; None: the usual ones) and owner of a path."""

    bits: int | None
    user: str
    group: str


class User(NamedTuple):
    name: str
    uid: int | None
    group: str | None
    groups: tuple[str, ...]
    home: str
    shell: str
    description: str


class Group(NamedTuple):
    name: str
    gid: int | None
    members: tuple[str, ...]


class TemporaryFile(NamedTuple):
    """A line of tmpfiles.d (`tmpfiles.d(5)` of systemd)."""

    type: str
    path: str
    mode: str | None
    owner: str
    age: str | None
    argument: str | None
    boot: bool


class Alternative(NamedTuple):
    """A link at `path` to `target`, both below /."""

    path: str
    target: str
    priority: int


@dataclass(frozen=True, slots=True)
class Description:
    """A package as its expression describes it.

    `outputs` are the paths of its trees by name, `services` the texts of the files of its services by theirs.
    """

    name: str
    version: str
    architecture: str
    description: str
    url: str
    license: str
    maintainer: str
    relations: Relations
    replaces_priority: int | None
    has_root_links: bool
    rules: tuple[Rule, ...]
    modes: Mapping[str, Mode]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    temporary_files: tuple[TemporaryFile, ...]
    alternatives: tuple[Alternative, ...]
    trigger: str | None
    triggers: tuple[str, ...]
    outputs: Mapping[str, str]
    services: Mapping[str, str]


def parse(value: object) -> Description:
    """Return the description that a JSON value is. Raises `BadDescription`."""
    fields = _Fields(value, "the package")
    found = Description(
        name=fields.text("name"),
        version=fields.text("version"),
        architecture=fields.text("architecture"),
        description=fields.text("description", ""),
        url=fields.text("url", ""),
        license=fields.text("license", ""),
        maintainer=fields.text("maintainer", ""),
        relations=_relations(fields),
        replaces_priority=fields.optional("replacesPriority", fields.number),
        has_root_links=fields.flag("rootLinks"),
        rules=(
            *fields.each("written", lambda rule: _rule(rule, is_written=True)),
            *fields.each("automatic", lambda rule: _rule(rule, is_written=False)),
        ),
        modes=dict(fields.items("modes", _mode)),
        users=tuple(user for _, user in fields.items("users", _user)),
        groups=tuple(group for _, group in fields.items("groups", _group)),
        temporary_files=fields.each("tmpfiles", _temporary_file),
        alternatives=tuple(one for _, one in fields.items("alternatives", _alternative)),
        trigger=fields.optional("trigger", fields.lines),
        triggers=fields.texts("triggers"),
        outputs=fields.table("outputs"),
        services=fields.services("services"),
    )
    fields.end()
    return found


def _relations(fields: _Fields) -> Relations:
    return Relations(
        fields.texts("depends"),
        fields.texts("provides"),
        fields.texts("replaces"),
        fields.texts("installIf"),
        fields.optional("providerPriority", fields.number),
    )


def _rule(fields: _Fields, is_written: bool) -> Rule:
    return Rule(
        suffix=fields.text("suffix"),
        name=fields.optional("name", fields.text),
        description=fields.optional("description", fields.text),
        paths=fields.texts("paths"),
        links=fields.texts("links"),
        needs_parent=fields.flag("needsParent"),
        install_with=fields.optional("installWith", fields.text),
        relations=_relations(fields),
        is_written=is_written,
    )


def _mode(path: str, fields: _Fields) -> Mode:
    text = fields.optional("mode", fields.text)
    if text is not None and not (3 <= len(text) <= 4 and set(text) <= set("01234567")):
        raise BadDescription(f"the mode '{text}' of '{path}' is not octal")
    user, colon, group = fields.text("owner").partition(":")
    if not colon:
        raise BadDescription(f"the owner of '{path}' is not USER:GROUP")
    return Mode(None if text is None else int(text, 8), user, group)


def _user(name: str, fields: _Fields) -> User:
    return User(
        name,
        fields.optional("uid", fields.number),
        fields.optional("group", fields.text),
        fields.texts("groups"),
        fields.text("home"),
        fields.text("shell"),
        fields.optional("description", fields.text) or name,
    )


def _group(name: str, fields: _Fields) -> Group:
    return Group(name, fields.optional("gid", fields.number), fields.texts("members"))


def _temporary_file(fields: _Fields) -> TemporaryFile:
    return TemporaryFile(
        fields.text("type"),
        fields.text("path"),
        fields.optional("mode", fields.text),
        fields.text("owner"),
        fields.optional("age", fields.text),
        fields.optional("argument", fields.text),
        fields.flag("boot"),
    )


def _alternative(path: str, fields: _Fields) -> Alternative:
    return Alternative(path, fields.text("target"), fields.number("priority"))


class _Fields:
    """The fields of a JSON object, each read once."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise BadDescription(f"{what} is no object")
        self._left: dict[str, Any] = dict(value)
        self._what = what

    def _take(self, name: str, kind: type[Value], default: Value | None = None) -> Value:
        found = self._left.pop(name, default)
        # A boolean is a number in Python.
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise BadDescription(f"`{name}` of {self._what} is missing or is no {kind.__name__}")
        return found

    def text(self, name: str, default: str | None = None) -> str:
        found = self._take(name, str, default)
        if "\0" in found or "\n" in found:
            raise BadDescription(f"`{name}` of {self._what} is no line of text")
        return found

    def lines(self, name: str) -> str:
        return self._take(name, str)

    def number(self, name: str) -> int:
        found = self._take(name, int)
        if not 0 <= found < 1 << 32:
            raise BadDescription(f"`{name}` of {self._what} is {found}")
        return found

    def flag(self, name: str) -> bool:
        return self._take(name, bool, False)

    def services(self, name: str) -> dict[str, str]:
        found: dict[str, Any] = self._take(name, dict, {})
        for service in found:
            if not _SERVICE.fullmatch(service):
                raise BadDescription(f"'{service}' in {self._what} is no name of a service")
        try:
            return {service: render(fields) for service, fields in sorted(found.items())}
        except (KeyError, TypeError, AttributeError) as error:
            raise BadDescription(f"`{name}` of {self._what} has a service without all of its fields") from error

    def optional(self, name: str, read: Callable[[str], Value]) -> Value | None:
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return read(name)

    def texts(self, name: str) -> tuple[str, ...]:
        found: list[Any] = self._take(name, list, [])
        if not all(isinstance(one, str) for one in found):
            raise BadDescription(f"`{name}` of {self._what} is no list of texts")
        return tuple(found)

    def table(self, name: str) -> dict[str, str]:
        found: dict[str, Any] = self._take(name, dict)
        if not found or not all(isinstance(one, str) for one in found.values()):
            raise BadDescription(f"`{name}` of {self._what} is empty or no table of texts")
        return found

    def each(self, name: str, read: Callable[[_Fields], Value]) -> tuple[Value, ...]:
        values: list[Any] = self._take(name, list, [])
        return tuple(self._inner(f"entry {number} of `{name}`", one, read) for number, one in enumerate(values, 1))

    def items(self, name: str, read: Callable[[str, _Fields], Value]) -> list[tuple[str, Value]]:
        values: dict[str, Any] = self._take(name, dict, {})
        return [
            (key, self._inner(f"`{name}.{key}`", values[key], lambda inner, key=key: read(key, inner)))  # type: ignore[misc]
            for key in sorted(values)
        ]

    def _inner(self, what: str, value: object, read: Callable[[_Fields], Value]) -> Value:
        fields = _Fields(value, what)
        found = read(fields)
        fields.end()
        return found

    def end(self) -> None:
        if self._left:
            raise BadDescription(f"{self._what} has the unknown attribute `{min(self._left)}`")
