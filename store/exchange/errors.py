"""What can go wrong between stores."""

from __future__ import annotations

from ..errors import StoreError


class LyingCache(StoreError):
    """A place gave something that is not what it was called; nothing of it was used."""

    def __init__(self, place: str, name: str, reason: str) -> None:
        super().__init__(f"'{place}' is refused: {name}: {reason}", code="S060")
        self.place, self.name, self.reason = place, name, reason


class TransferFailed(StoreError):
    """A place could not be read or written."""

    def __init__(self, place: str, name: str, reason: str, hint: str | None = None) -> None:
        what = f"'{place}'" if not name else f"{name} of '{place}'"
        super().__init__(f"cannot use {what}: {reason}", hint=hint, code="S061")
        self.place, self.name, self.reason = place, name, reason


class BrokenArchive(StoreError):
    """A file that is no export, or only part of one. Objects that came before the break are whole and stay."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot import: {reason}", code="S062")
