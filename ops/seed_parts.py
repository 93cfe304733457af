"""The parts of a seed."""

from __future__ import annotations

HALVES = ("toolchain", "userland")
PARTS = (*HALVES, "cxx")
"""`cxx` is for sets that need more than a C compiler; other seeds omit it."""
