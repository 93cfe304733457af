"""Describes each target as data, one file per architecture.

A *profile* is what is known of an architecture: its names in other projects, its ABI, what its compiler
can do. `NAME.nix` beside this file is one, `schema/` says what may stand there, and evaluating
`default.nix` holds the one against the other. docs/arch.md explains every attribute.
"""

from __future__ import annotations

from .errors import UnknownProfile
from .loading import load_profile, profile_data, profile_names
from .profile import Elf, ElfFlags, Hardening, LinkTime, Profile
from .suggestion import PROFILES, known_names, suggestion

__all__ = [
    "PROFILES",
    "Elf",
    "ElfFlags",
    "Hardening",
    "LinkTime",
    "Profile",
    "UnknownProfile",
    "known_names",
    "load_profile",
    "profile_data",
    "profile_names",
    "suggestion",
]
