"""The fields of .pc files that relate packages to each other (`pc(5)` of pkgconf)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_LARGEST: Final = 1 << 20
_LONGEST_VALUE: Final = 1 << 16
_LINE: Final = re.compile(r"([A-Za-z0-9_.]+)\s*([:=])\s*(.*?)\s*\Z")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z0-9_.]+)\}")
_REQUIREMENT: Final = re.compile(r"([^\s,=<>!]+)(?:\s*(<=|>=|!=|=|<|>)\s*([^\s,]+))?[\s,]*")


class Requirement(NamedTuple):
    """A required package; `operator` and `version` are empty if any version does."""

    name: str
    operator: str = ""
    version: str = ""


class PkgConfig(NamedTuple):
    """A .pc file: its version, and what `Requires` and `Requires.private` name."""

    version: str
    requires: tuple[Requirement, ...]


def read_pc(data: bytes) -> PkgConfig:
    """Return the fields of a .pc file. Lines that are none are passed over, as pkgconf does."""
    text = data[:_LARGEST].decode("utf-8", "replace").replace("\\\n", " ")
    variables: dict[str, str] = {}
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        matched = _LINE.match(line.split("#", 1)[0].strip())
        if matched is None:
            continue
        name, sign, value = matched.groups()
        value = _VARIABLE.sub(lambda one: variables.get(one[1], ""), value)[:_LONGEST_VALUE]
        (variables if sign == "=" else fields)[name] = value
    requires = [
        Requirement(one[1], one[2] or "", one[3] or "")
        for field in ("Requires", "Requires.private")
        for one in _REQUIREMENT.finditer(fields.get(field, ""))
    ]
    return PkgConfig(fields.get("Version", ""), tuple(dict.fromkeys(requires)))
