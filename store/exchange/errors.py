"""Errors of transfers between stores."""

from __future__ import annotations

from ..errors import StoreError


class CacheIntegrityError(StoreError):
    """A cache served content that does not match its name. Nothing of it was used."""

    def __init__(self, place: str, name: str, reason: str) -> None:
        super().__init__(f"'{place}' is refused: {name}: {reason}", code="S060")
        self.place, self.name, self.reason = place, name, reason


class TransferFailed(StoreError):
    """A cache could not be read or written."""

    def __init__(self, place: str, name: str, reason: str, hint: str | None = None) -> None:
        what = f"'{place}'" if not name else f"{name} of '{place}'"
        super().__init__(f"cannot use {what}: {reason}", hint=hint, code="S061")
        self.place, self.name, self.reason = place, name, reason


class BrokenArchive(StoreError):
    """A file is no export, or is incomplete. Objects before the break are whole and remain."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot import: {reason}", code="S062")
