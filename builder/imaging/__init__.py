"""Images that machines start from, of installed roots (docs/images.md)."""

from __future__ import annotations
