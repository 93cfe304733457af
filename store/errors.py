"""What can go wrong in a store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StoreError(Exception):
    """Base of all store errors: a sentence, a stable code and what to try."""

    message: str
    hint: str | None = None
    code: str = "S000"

    def __str__(self) -> str:
        return self.message
