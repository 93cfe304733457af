"""Suggest an architecture for a name that no profile has.

Other projects call the same machine by other names, which the profiles contain: `arm64` is Debian's for aarch64. So the
names of all profiles are compared, first as they are, then by their spelling. The files are parsed and not evaluated,
since a suggestion needs no evaluator, and none may fail because of a broken profile.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROFILES: Final = os.path.dirname(os.path.abspath(__file__))
"""The folder of the bundled profiles."""
OWN: Final = ("name", "system", "machine", "triplet", "qemu", "debian", "apk")
"""Attributes whose value names one architecture."""
FAMILY: Final = ("musl", "linux", "llvm")
"""Attributes whose value may name several, such as `powerpc`."""


def known_names(folder: str = PROFILES) -> list[str]:
    """Return the names of all profiles, sorted; empty if the folder cannot be read."""
    try:
        files = os.listdir(folder)
    except OSError:
        return []
    return sorted(name[:-4] for name in files if name.endswith(".nix") and name != "default.nix")


def suggestion(name: str, folder: str = PROFILES, *, as_system: bool = False) -> str:
    """Return a hint for `name`, which no profile has: which ones may be meant, and those that there are.

    With `as_system`, systems (`aarch64-linux`) are named in place of architectures.
    """
    names = known_names(folder)
    end = "-linux" if as_system else ""
    listed = f"there are {', '.join(f'{known}{end}' for known in names) or 'none at all'}"
    found = meant(name, {known: _profile(f"{folder}/{known}.nix") for known in names})
    if not found:
        return listed
    return f"did you mean {' or '.join(repr(known + end) for known in found)}? {listed}"


def meant(name: str, profiles: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the profiles (attributes by name) that another project calls `name`, or else one that is spelt much like it."""
    asked = _plain(name)
    for attributes in (OWN, FAMILY):
        lengths = {
            known: max((len(other) for other in _names(profile, attributes) if _begins(asked, other)), default=0)
            for known, profile in profiles.items()
        }
        longest = max(lengths.values(), default=0)
        if longest:
            return [known for known, length in lengths.items() if length == longest]
    import difflib

    by_name = {other: known for known, profile in profiles.items() for other in _names(profile, OWN)}
    by_name.update((_plain(known), known) for known in profiles)
    near = difflib.get_close_matches(asked, by_name, 1, 0.66)
    return [by_name[near[0]]] if near else []


def _plain(name: str) -> str:
    """Return a name in one spelling; OCI's platforms have the kernel first: `linux/arm64/v8`."""
    return name.casefold().removeprefix("linux/").replace("-", "_").replace("/", "_")


def _begins(asked: str, other: str) -> bool:
    """Whether `asked` is `other`, or that and a kernel, a vendor or a version."""
    return asked == other or asked.startswith(f"{other}_")


def _names(profile: Mapping[str, str], attributes: Iterable[str]) -> list[str]:
    return [_plain(profile[attribute]) for attribute in attributes if attribute in profile]


def _profile(path: str) -> dict[str, str]:
    """Return the attributes of a profile that are plain strings; none if it is no set that can be parsed."""
    from ..lang import LangError, Source, parse
    from ..lang.nodes import Attr, AttrSet, Str

    try:
        with open(path, encoding="latin-1") as file:
            tree = parse(Source(path, file.read(), os.path.dirname(path)))
    except (OSError, LangError):
        return {}
    found = {}
    for attribute in tree.attrs if isinstance(tree, AttrSet) else ():
        if isinstance(attribute, Attr) and isinstance(attribute.value, Str) and len(attribute.value.parts) == 1:
            (text,) = attribute.value.parts
            if isinstance(text, str):
                found[attribute.name] = text
    return found
