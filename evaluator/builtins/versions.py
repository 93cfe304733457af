"""Builtins on names and versions of packages."""

from __future__ import annotations

from ..values import Slot
from .arguments import plain_string


def parse_drv_name(argument: Slot) -> dict[str, Slot]:
    """`parseDrvName s`: the version starts after the first dash that no letter follows."""
    text = plain_string(argument)
    for i in range(len(text) - 1):
        if text[i] == "-" and not _is_letter(text[i + 1]):
            return {"name": text[:i], "version": text[i + 1 :]}
    return {"name": text, "version": ""}


def _is_letter(c: str) -> bool:
    return "a" <= c <= "z" or "A" <= c <= "Z"


def _components(text: str) -> list[str]:
    """Return runs of digits and runs of other characters, split at dots and dashes."""
    result: list[str] = []
    i = 0
    while i < len(text):
        if text[i] in ".-":
            i += 1
            continue
        start = i
        digits = "0" <= text[i] <= "9"
        while i < len(text) and text[i] not in ".-" and ("0" <= text[i] <= "9") == digits:
            i += 1
        result.append(text[start:i])
    return result


def split_version(argument: Slot) -> tuple[str, ...]:
    """`splitVersion s`."""
    return tuple(_components(plain_string(argument)))


def _number(text: str) -> int | None:
    if not text or not all("0" <= c <= "9" for c in text):
        return None
    digits = text.lstrip("0")
    # Python refuses to convert very many.
    number = int(digits or 0) if len(digits) <= 10 else 2**31
    return number if number < 2**31 else None


def _component_less(left: str, right: str) -> bool:
    one, two = _number(left), _number(right)
    if one is not None and two is not None:
        return one < two
    if left == "" and two is not None:
        return True
    if left == "pre" and right != "pre":
        return True
    if right == "pre":
        return False
    if two is not None:
        return True
    if one is not None:
        return False
    return left < right


def compare_versions(left: Slot, right: Slot) -> int:
    """`compareVersions a b`: -1, 0 or 1."""
    one = _components(plain_string(left))
    two = _components(plain_string(right))
    for i in range(max(len(one), len(two))):
        a = one[i] if i < len(one) else ""
        b = two[i] if i < len(two) else ""
        if _component_less(a, b):
            return -1
        if _component_less(b, a):
            return 1
    return 0
