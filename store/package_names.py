"""Names of packages, without versions."""

from __future__ import annotations

from typing import NamedTuple


class PackageName(NamedTuple):
    """`hello-2.10` in two parts; `version` is empty if there is none."""

    package: str
    version: str


def split_name(name: str) -> PackageName:
    """Split a name as `builtins.parseDrvName` does: the version begins after the first dash that is not followed by a letter."""
    for position, character in enumerate(name):
        if character == "-" and position + 1 < len(name) and not name[position + 1].isalpha():
            return PackageName(name[:position], name[position + 1 :])
    return PackageName(name, "")
