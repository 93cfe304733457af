"""Services of packages as files, which an init starts them by (docs/services.md)."""

from __future__ import annotations
