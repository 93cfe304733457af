"""Names of systems that a user gives: an architecture of `arch/`, and the kernel."""

from __future__ import annotations

from ..arch import known_names, suggestion
from .errors import RequestError


def known_systems() -> list[str]:
    """Return the systems of all profiles, sorted."""
    return [f"{name}-linux" for name in known_names()]


def check_system(system: str) -> None:
    """Raise `RequestError`, with a suggestion, for a system of which there is no profile."""
    if system not in known_systems():
        raise RequestError(f"there is no system '{system}'", hint=suggestion(system, as_system=True))
