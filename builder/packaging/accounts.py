"""Accounts and temporary files of a package: as systemd's data files, and as a script that adds accounts.

The formats are those of `sysusers.d(5)` and `tmpfiles.d(5)`, which Chimera's tools read. The script is for roots without
such tools; it runs nothing but the shell, so that it needs no other package than that.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from ..services.temporary import escaped, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .description import Description, User

_FUNCTIONS: Final = """\
# Whether a file has an account with this name (first field) or number (third field).
has() {
	while IFS=: read -r name secret number rest; do
		case $2 in
		name) if [ "$name" = "$3" ]; then return 0; fi ;;
		number) if [ "$number" = "$3" ]; then return 0; fi ;;
		esac
	done < "$1"
	return 1
}
free() {
	number_found=100
	while has /etc/passwd number $number_found || has /etc/group number $number_found; do
		number_found=$((number_found + 1))
	done
}
group() {
	if has /etc/group name "$1"; then return; fi
	number_found=$2
	if [ -z "$2" ]; then free; fi
	echo "$1:x:$number_found:" >> /etc/group
}
# NAME UID GROUP DESCRIPTION HOME SHELL
user() {
	if has /etc/passwd name "$1"; then return; fi
	number_found=$2
	if [ -z "$2" ]; then free; fi
	if [ -z "$3" ]; then group "$1" "$number_found"; fi
	while IFS=: read -r name secret number rest; do
		if [ "$name" = "${3:-$1}" ]; then group_number=$number; fi
	done < /etc/group
	echo "$1:x:$number_found:$group_number:$4:$5:$6" >> /etc/passwd
	if [ -e /etc/shadow ]; then echo "$1:!:::::::" >> /etc/shadow; fi
}
# USER GROUP
member() {
	changed=
	while IFS=: read -r name secret number members; do
		if [ "$name" = "$2" ]; then
			case ",$members," in
			*",$1,"*) ;;
			,,) members=$1 ;;
			*) members=$members,$1 ;;
			esac
		fi
		changed="$changed$name:$secret:$number:$members
"
	done < /etc/group
	printf %s "$changed" > /etc/group
}
"""


def accounts_script(described: Description) -> bytes | None:
    """Return the script that adds the accounts of a package which a root lacks; None without accounts."""
    calls = [*_calls(described)]
    if not calls:
        return None
    title = f"#!/bin/sh\n# Add the accounts of {described.name} that are missing.\nset -e\n"
    return (title + _FUNCTIONS + "\n".join(calls) + "\n").encode()


def _calls(described: Description) -> Iterator[str]:
    for group in described.groups:
        yield _call("group", group.name, _number(group.gid))
    for user in described.users:
        yield _call("user", user.name, _number(user.uid), user.group or "", user.description, user.home, user.shell)
    for group in described.groups:
        for name in group.members:
            yield _call("member", name, group.name)
    for user in described.users:
        for name in user.groups:
            yield _call("member", user.name, name)


def _call(function: str, *words: str) -> str:
    return " ".join([function, *(shlex.quote(word) for word in words)])


def _number(identifier: int | None) -> str:
    return "" if identifier is None else str(identifier)


def sysusers(described: Description) -> bytes:
    """Return the lines of `sysusers.d(5)`; empty without accounts."""
    lines = [f"g {group.name} {_or_dash(group.gid)}" for group in described.groups]
    lines += [_user_line(user) for user in described.users]
    lines += [f"m {name} {group.name}" for group in described.groups for name in group.members]
    lines += [f"m {user.name} {name}" for user in described.users for name in user.groups]
    return "".join(f"{line}\n" for line in lines).encode()


def _user_line(user: User) -> str:
    identifier = _or_dash(user.uid)
    if user.group is not None:
        identifier = f"{identifier}:{user.group}"
    return f'u {user.name} {identifier} "{escaped(user.description)}" {user.home} {user.shell}'


def tmpfiles(described: Description) -> bytes:
    """Return the lines of `tmpfiles.d(5)`; empty without temporary files."""
    return "".join(f"{line(one._asdict())}\n" for one in described.temporary_files).encode()


def _or_dash(identifier: int | None) -> str:
    return "-" if identifier is None else str(identifier)
