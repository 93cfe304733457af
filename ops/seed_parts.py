"""The parts of a seed."""

from __future__ import annotations

HALVES = ("toolchain", "userland")
PARTS = (*HALVES, "cxx")
"""`cxx`, for sets that need more than a C compiler, is left out where it is not asked for."""
