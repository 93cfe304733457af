"""Dates and times of TOML (`toml.io`, version 1.0), which Python's reader keeps less exactly than Nix's does.

The reader drops digits after microseconds, and refuses the year 0, leap seconds and offsets of a day. So each date or
time takes the form of a float of the same length before it reads the text, and the reader's hook for floats gives it
back.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_LIKELY: Final = re.compile(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d")
_TIMESTAMP: Final = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[Tt ](?=\d\d:\d\d:\d\d)|(?P<alone>)))?"
    r"(?(alone)|(?P<time>(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d))(?:\.(?P<fraction>\d+))?)"
    r"(?(year)(?(alone)|(?P<offset>[Zz]|[+-](?P<hours>\d\d):(?P<minutes>\d\d))?))",
    re.ASCII,
)
_TOKEN: Final = re.compile(
    r'#[^\n]*+|"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*+"|\'[^\'\n]*+\'|[][{}=,\n]|[^][{}=,\s#"\']++',
    re.DOTALL,
)
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Timestamp:
    """A date, a time or both; `text` is Nix's form of it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def mark_timestamps(text: str) -> tuple[str, dict[str, Timestamp]]:
    """Return a TOML text with floats in place of its dates and times, and what each of these floats stands for.

    What is no valid date or time stays, for the reader to refuse.
    """
    if _LIKELY.search(text) is None:
        return text, {}
    taken = set(re.findall(r"0e\d+", text))
    marks: dict[str, Timestamp] = {}
    pieces: list[str] = []
    done = number = 0
    for at in _places_of_values(text):
        found = _TIMESTAMP.match(text, at)
        if found is None or not _is_valid(found):
            continue
        width = found.end() - at - 2
        while (mark := f"0e{number:0{width}}") in taken:
            number += 1
        number += 1
        marks[mark] = Timestamp(_shown(found))
        pieces += (text[done:at], mark)
        done = found.end()
    return "".join((*pieces, text[done:])), marks


def _places_of_values(text: str) -> list[int]:
    """Return where the words stand that are values and no keys. The text may be no TOML; then any places will do."""
    places: list[int] = []
    around: list[str] = []
    is_value = False
    for token in _TOKEN.finditer(text):
        c = text[token.start()]
        if c == "#":
            continue
        if c == "\n":
            is_value = is_value and around[-1:] == ["array"]
        elif c == "=":
            is_value = True
        elif c == "[":
            around.append("array" if is_value else "header")
        elif c == "{":
            around.append("table")
            is_value = False
        elif c in "]}":
            del around[-1:]
            is_value = False
        elif c == ",":
            is_value = around[-1:] == ["array"]
        else:
            if is_value and c in "0123456789":
                places.append(token.start())
            is_value = False
    return places


def _is_valid(found: re.Match[str]) -> bool:
    """Whether all numbers are in the ranges of TOML; an offset may have 24 hours, as in Nix."""
    if found["year"] is not None:
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
        if not 1 <= month <= 12:
            return False
        is_leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if not 1 <= day <= _DAYS[month - 1] + is_leap:
            return False
    if found["time"] and not (int(found["hour"]) <= 23 and int(found["minute"]) <= 59 and int(found["second"]) <= 60):
        return False
    return found["hours"] is None or (int(found["hours"]) <= 24 and int(found["minutes"]) <= 59)


def _shown(found: re.Match[str]) -> str:
    """Return Nix's form: three, six or nine digits for parts of a second, or none."""
    date = "" if found["year"] is None else f"{found['year']}-{found['month']}-{found['day']}"
    if not found["time"]:
        return date
    digits = (found["fraction"] or "")[:9].ljust(9, "0")
    while digits.endswith("000"):
        digits = digits[:-3]
    offset = found["offset"] or ""
    if offset in ("z", "+00:00", "-00:00"):
        offset = "Z"
    return f"{date}{'T' if date else ''}{found['time']}{'.' if digits else ''}{digits}{offset}"
