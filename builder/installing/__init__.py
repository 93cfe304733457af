"""The root that packages are installed into, as a calculation: files with modes and owners, accounts, services (docs/images.md)."""

from __future__ import annotations
