"""Names of systems that a user gives: an architecture of `arch/`, and the kernel."""

from __future__ import annotations

import os

from ..arch import PROFILES
from .errors import RequestError


def known_systems() -> list[str]:
    """Return the systems of all profiles, sorted."""
    names = sorted(name.removesuffix(".nix") for name in os.listdir(PROFILES) if name.endswith(".nix"))
    return [f"{name}-linux" for name in names if name != "default"]


def check_system(system: str) -> None:
    """Raise `RequestError`, with a suggestion, for a system of which there is no profile."""
    systems = known_systems()
    if system in systems:
        return
    import difflib

    near = difflib.get_close_matches(system if system.endswith("-linux") else f"{system}-linux", systems, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(systems)}"
    raise RequestError(f"there is no system '{system}'", hint=hint)
