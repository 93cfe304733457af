"""What a package says to the maker of a root: modes, owners, accounts, services (`installation`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .subject import Declared, Subject

_ALWAYS: Final = "root"
_SHELL: Final = "/bin/sh"


def installation(subject: Subject) -> Iterator[Remark]:
    """Find packages whose `installation` cannot be read."""
    if subject.installation_problem is not None:
        yield Remark("", "", subject.installation_problem)


def modes(subject: Subject) -> Iterator[Remark]:
    """Find modes of paths that no output has, and set-id bits of links."""
    for path, one in _of(subject, "modes").items():
        found = [(output, entry) for output in subject.outputs if (entry := output.manifest.lookup(path)) is not None]
        if not found:
            yield Remark("", path, "`modes` names it, and no output has it")
        for output, entry in found:
            if entry.target is not None and one["mode"] is not None:
                yield Remark(output.name, path, f"`modes` names it, and it is a link to {entry.target}")


def owner(subject: Subject) -> Iterator[Remark]:
    """Find users and groups that neither the package nor what it needs at run time declares."""
    users, groups = _accounts([subject.installation, *subject.runtime_installations])
    for place, user, group in _owners(subject.installation):
        if user is not None and user not in users:
            yield Remark("", "", f"{place} names the user '{user}', which nobody declares")
        if group is not None and group not in groups:
            yield Remark("", "", f"{place} names the group '{group}', which nobody declares")


def service(subject: Subject) -> Iterator[Remark]:
    """Find services whose program is missing where they run."""
    for name, one in _of(subject, "services").items():
        for attribute in ("command", "stop"):
            words = one[attribute]
            if words and not subject.has_path(words[0]):
                message = (
                    f"`services.{name}.{attribute}` calls {words[0]}, which is neither in the package nor in `runtime`"
                )
                yield Remark("", "", message)


def trigger(subject: Subject) -> Iterator[Remark]:
    """Find triggers whose interpreter is missing where they run."""
    for pattern, script in _of(subject, "triggers").items():
        line = script.split("\n", 1)[0]
        words = line[2:].split() if line.startswith("#!") else [_SHELL]
        if not words or not subject.has_path(words[0]):
            wanted = words[0] if words else "nothing"
            yield Remark(
                "", "", f"the trigger of {pattern} is run by {wanted}, which is neither in the package nor in `runtime`"
            )


def alternative(subject: Subject) -> Iterator[Remark]:
    """Find alternatives that lead to nothing, or whose path the package occupies."""
    for path, one in _of(subject, "alternatives").items():
        if not any(output.manifest.lookup(one["target"]) is not None for output in subject.outputs):
            yield Remark("", path, f"its alternative {one['target']} is in no output")
        for output in subject.outputs:
            if output.manifest.lookup(path) is not None:
                yield Remark(output.name, path, "it is an alternative, and a file of the package is in its place")


def update_check(subject: Subject) -> Iterator[Remark]:
    """Find patterns of versions that are no regular expressions with one group."""
    check = subject.installation.get("updateCheck")
    if not check or check["pattern"] is None:
        return
    try:
        groups = re.compile(check["pattern"]).groups
    except re.error as error:
        yield Remark("", "", f"`updateCheck.pattern` is no regular expression: {error}")
        return
    if groups != 1:
        yield Remark("", "", f"`updateCheck.pattern` has {groups} groups, and not one around the version")


def account_clash(subject: Subject) -> Iterator[Remark]:
    """Find accounts that another package of the set declares otherwise, or whose number it gives to another account."""
    for kind, identifier in (("users", "uid"), ("groups", "gid")):
        for account, one in _of(subject, kind).items():
            for other in subject.others:
                for their, theirs in _items(other.installation, kind):
                    if their == account and theirs != one:
                        yield Remark("", "", f"`{kind}.{account}` says something else in {other.name}")
                    elif their != account and one[identifier] is not None and theirs[identifier] == one[identifier]:
                        what = f"the {identifier} {one[identifier]} of '{account}' is that of '{their}' in {other.name}"
                        yield Remark("", "", what)


def service_clash(subject: Subject) -> Iterator[Remark]:
    """Find services with the name of one in another package of the set."""
    for name in _of(subject, "services"):
        for other in subject.others:
            if name in other.installation.get("services", {}):
                yield Remark("", "", f"{other.name} has a service '{name}', too")


def lonely_alternative(subject: Subject) -> Iterator[Remark]:
    """Find alternatives that no other package of the set competes with."""
    for path in _of(subject, "alternatives"):
        if not _rivals(subject, path):
            yield Remark("", path, "no other package of the set has an alternative for it")


def alternative_clash(subject: Subject) -> Iterator[Remark]:
    """Find alternatives of which no one is preferred."""
    for path, one in _of(subject, "alternatives").items():
        for other in _rivals(subject, path):
            if other.installation["alternatives"][path]["priority"] == one["priority"]:
                yield Remark("", path, f"its alternative has the priority {one['priority']}, as that in {other.name}")


def _rivals(subject: Subject, path: str) -> list[Declared]:
    return [other for other in subject.others if path in other.installation.get("alternatives", {})]


def _of(subject: Subject, kind: str) -> Mapping[str, Any]:
    return dict(_items(subject.installation, kind))


def _items(found: Mapping[str, Any], kind: str) -> Iterable[tuple[str, Any]]:
    items: Mapping[str, Any] = found.get(kind, {})
    return items.items()


def _accounts(all_installations: Iterable[Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    users, groups = {_ALWAYS}, {_ALWAYS}
    for one in all_installations:
        for name, user in _items(one, "users"):
            users.add(name)
            if user["group"] is None:
                groups.add(name)
        groups.update(one.get("groups", {}))
    return users, groups


def _owners(found: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield places that name users and groups."""
    for path, one in _items(found, "modes"):
        user, _, group = one["owner"].partition(":")
        yield f'`modes."{path}"`', user, group
    for one in found.get("tmpfiles", []):
        user, _, group = one["owner"].partition(":")
        yield f"`tmpfiles` for {one['path']}", user, group
    for name, one in _items(found, "services"):
        yield f"`services.{name}`", one["user"], None
    for name, one in _items(found, "users"):
        for group in (one["group"], *one["groups"]):
            yield f"`users.{name}`", None, group
    for name, one in _items(found, "groups"):
        for member in one["members"]:
            yield f"`groups.{name}`", member, None
