"""Select the members of an archive: `only` and `exclude`.

A pattern is matched against the path after `strip`. `*` and `?` stay within one component, `**` crosses them, `[...]`
is a set. A pattern that matches a directory selects everything below it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def selection(only: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path is selected: it matches one of `only` (if there are any) and none of `exclude`."""
    wanted, unwanted = _pattern(only), _pattern(exclude)

    def is_wanted(path: str) -> bool:
        return (wanted is None or wanted.match(path) is not None) and (unwanted is None or unwanted.match(path) is None)

    return is_wanted


def _pattern(globs: Sequence[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    return re.compile("(?:" + "|".join(map(_translate, globs)) + r")(?:/.*)?\Z", re.DOTALL)


def _translate(glob: str) -> str:
    glob = glob.removeprefix("./").strip("/")
    result: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            if glob.startswith("*/", at):
                at += 2
                result.append("(?:.*/)?")
            elif glob.startswith("*", at):
                at += 1
                result.append(".*")
            else:
                result.append("[^/]*")
        elif char == "?":
            result.append("[^/]")
        elif char == "[" and (end := glob.find("]", at + 1)) > 0:
            members = glob[at:end].replace("\\", r"\\").replace("[", r"\[")
            at = end + 1
            result.append("[^" + members[1:] + "]" if members[0] in "!^" else "[" + members + "]")
        else:
            result.append(re.escape(char))
    return "".join(result)
