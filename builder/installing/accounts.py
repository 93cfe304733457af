"""Accounts of a root: those in a package's own /etc/passwd and /etc/group stay, declared ones are added.

Numbers that nobody fixed are given out in the order of the names, from 100 on, each free for users and for groups alike:
the same packages give the same numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from .errors import AccountConflict, WrongAttribute
from .values import Accounts, Group, User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .values import Package

_FIRST: Final = 100
_LAST: Final = 999
_ROOT: Final[dict[str, Any]] = {
    "uid": 0,
    "home": "/root",
    "shell": "/bin/sh",
    "group": None,
    "groups": [],
    "description": None,
}
_BY_CHX: Final = "chx"


class AccountFiles:
    """Accounts, and the contents of /etc/passwd and /etc/group that list them."""

    def __init__(self, passwd: bytes, group: bytes, packages: Sequence[Package]) -> None:
        """Add what `packages` declare to what the files have. Raises `AccountConflict`, `WrongAttribute`."""
        self._passwd, self._group = _lines(passwd), _lines(group)
        self._users = {user.name: user for user in map(_user, self._passwd) if user is not None}
        self._groups = {group.name: group for group in map(_group_of, self._group) if group is not None}
        self._is_root_added = False
        self._listed = frozenset(self._users), frozenset(self._groups)
        self._declare(packages)

    @property
    def accounts(self) -> Accounts:
        """All accounts, sorted by name."""
        return Accounts(
            tuple(self._users[name] for name in sorted(self._users)),
            tuple(self._groups[name] for name in sorted(self._groups)),
        )

    @property
    def passwd(self) -> bytes:
        """The content of /etc/passwd: the lines that were there, then others by number. No password is valid."""
        added = sorted((self._users[name] for name in self._users.keys() - self._listed[0]), key=_by_uid)
        lines = [
            f"{user.name}:*:{user.uid}:{user.gid}:{user.description}:{user.home}:{user.shell}".encode(
                "utf-8", "surrogateescape"
            )
            for user in added
        ]
        return b"".join(line + b"\n" for line in (*self._passwd, *lines))

    @property
    def group(self) -> bytes:
        """The content of /etc/group; lines that were there get more members at most."""
        lines = []
        for line in self._group:
            was = _group_of(line)
            now = None if was is None else self._groups[was.name]
            if was is not None and now is not None and now.members != was.members:
                fields = line.split(b":")
                line = b":".join([*fields[:3], ",".join(now.members).encode("utf-8", "surrogateescape")])
            lines.append(line)
        added = sorted((self._groups[name] for name in self._groups.keys() - self._listed[1]), key=_by_gid)
        lines += [
            f"{group.name}:*:{group.gid}:{','.join(group.members)}".encode("utf-8", "surrogateescape")
            for group in added
        ]
        return b"".join(line + b"\n" for line in lines)

    @property
    def own_home(self) -> str | None:
        """The home of root, without a slash in front, if no package says anything of that account."""
        return _ROOT["home"][1:] if self._is_root_added else None

    def uid(self, name: str) -> int | None:
        """Return the number of a user; None if there is none of that name."""
        if name in self._users:
            return self._users[name].uid
        return 0 if name == "root" else None

    def gid(self, name: str) -> int | None:
        """Return the number of a group; None if there is none of that name."""
        if name in self._groups:
            return self._groups[name].gid
        return 0 if name == "root" else None

    def _declare(self, packages: Sequence[Package]) -> None:
        users, groups = _declared(packages, "users"), _declared(packages, "groups")
        if any(package.has_metadata for package in packages):
            # Files are root's, and programs ask who that is.
            self._is_root_added = "root" not in users and "root" not in self._users
            users.setdefault("root", (dict(_ROOT), _BY_CHX))
        for name, (wanted, package) in groups.items():
            self._check_number(name, package, wanted["gid"], self._groups, "gid")
        for name, (wanted, package) in users.items():
            self._check_number(name, package, wanted["uid"], self._users, "uid")
        numbers = _Numbers(self._users.values(), self._groups.values())
        for name, (wanted, package) in groups.items():
            if name not in self._groups and wanted["gid"] is not None:
                numbers.take_group(wanted["gid"], name, package)
                self._groups[name] = Group(name, wanted["gid"], ())
        for name, (wanted, package) in users.items():
            if name not in self._users and wanted["uid"] is not None:
                numbers.take_user(wanted["uid"], name, package)
                if wanted["group"] is None and name not in self._groups and name not in groups:
                    numbers.take_group(wanted["uid"], name, package)
                    self._groups[name] = Group(name, wanted["uid"], ())
        self._give_numbers(users, groups, numbers)
        for name, (wanted, package) in users.items():
            if name not in self._users:
                self._add_user(name, wanted, package, numbers)
        for name, (wanted, package) in sorted(groups.items()):
            for member in wanted["members"]:
                self._add_member(name, member, package)
        for name, (wanted, package) in sorted(users.items()):
            for group in wanted["groups"]:
                self._add_member(group, name, package)

    def _give_numbers(
        self, users: Mapping[str, tuple[Any, str]], groups: Mapping[str, tuple[Any, str]], numbers: _Numbers
    ) -> None:
        """Give a number to each group that has none, among them those of users' own."""
        own = {name for name, (wanted, _) in users.items() if wanted["group"] is None and name not in self._users}
        for name in sorted(groups.keys() | own):
            if name in self._groups:
                continue
            user = users.get(name)
            if user is not None and user[0]["uid"] is not None and numbers.is_free_group(user[0]["uid"]):
                number = user[0]["uid"]
            else:
                number = numbers.free(name, (user or groups[name])[1])
            numbers.take_group(number, name, (user or groups[name])[1])
            self._groups[name] = Group(name, number, ())

    def _add_user(self, name: str, wanted: Mapping[str, Any], package: str, numbers: _Numbers) -> None:
        group = self._groups.get(wanted["group"] or name)
        if group is None:
            raise WrongAttribute(package, f"users.{name}.group", f"there is no group '{wanted['group']}'")
        uid = wanted["uid"]
        if uid is None:
            uid = group.gid if group.name == name and numbers.is_free_user(group.gid) else numbers.free(name, package)
            numbers.take_user(uid, name, package)
        self._users[name] = User(name, uid, group.gid, wanted["description"] or "", wanted["home"], wanted["shell"])

    def _add_member(self, group: str, member: str, package: str) -> None:
        if group not in self._groups:
            raise WrongAttribute(package, f"users.{member}.groups", f"there is no group '{group}'")
        if member not in self._users:
            raise WrongAttribute(package, f"groups.{group}.members", f"there is no user '{member}'")
        found = self._groups[group]
        if member not in found.members:
            self._groups[group] = replace(found, members=(*found.members, member))

    def _check_number(self, name: str, package: str, number: int | None, there: Mapping[str, Any], field: str) -> None:
        if name in there and number is not None and getattr(there[name], field) != number:
            raise AccountConflict(
                name, (package,), f"its number is {number}, and {getattr(there[name], field)} in a package's file"
            )


class _Numbers:
    """Numbers in use, and by whom."""

    def __init__(self, users: Any, groups: Any) -> None:
        self._users = {user.uid: (user.name, "a package's /etc/passwd") for user in users}
        self._groups = {group.gid: (group.name, "a package's /etc/group") for group in groups}

    def is_free_user(self, number: int) -> bool:
        return number not in self._users

    def is_free_group(self, number: int) -> bool:
        return number not in self._groups

    def take_user(self, number: int, name: str, package: str) -> None:
        self._take(self._users, number, name, package)

    def take_group(self, number: int, name: str, package: str) -> None:
        self._take(self._groups, number, name, package)

    def free(self, name: str, package: str) -> int:
        for number in range(_FIRST, _LAST + 1):
            if self.is_free_user(number) and self.is_free_group(number):
                return number
        raise AccountConflict(name, (package,), f"all numbers from {_FIRST} to {_LAST} are taken")

    def _take(self, taken: dict[int, tuple[str, str]], number: int, name: str, package: str) -> None:
        other = taken.setdefault(number, (name, package))
        if other[0] != name:
            raise AccountConflict(name, (package, other[1]), f"the number {number} is that of '{other[0]}' as well")


def _declared(packages: Sequence[Package], attribute: str) -> dict[str, tuple[dict[str, Any], str]]:
    """Return declared accounts by name, each with the package that declares it."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for package in packages:
        for name, wanted in sorted(package.installation.get(attribute, {}).items()):
            other = found.setdefault(name, (wanted, package.title))
            if other[0] != wanted:
                raise AccountConflict(name, (other[1], package.title), "the two declare it differently")
    return dict(sorted(found.items()))


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line]


def _user(line: bytes) -> User | None:
    fields = line.decode("utf-8", "surrogateescape").split(":")
    if len(fields) != 7 or not fields[0] or not _is_number(fields[2]) or not _is_number(fields[3]):
        return None
    return User(fields[0], int(fields[2]), int(fields[3]), fields[4], fields[5], fields[6])


def _group_of(line: bytes) -> Group | None:
    fields = line.decode("utf-8", "surrogateescape").split(":")
    if len(fields) != 4 or not fields[0] or not _is_number(fields[2]):
        return None
    return Group(fields[0], int(fields[2]), tuple(filter(None, fields[3].split(","))))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _by_uid(user: User) -> tuple[int, str]:
    return user.uid, user.name


def _by_gid(group: Group) -> tuple[int, str]:
    return group.gid, group.name
