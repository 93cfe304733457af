"""Errors of disk images. Each class has the values of its message as fields."""

from __future__ import annotations


class DiskError(Exception):
    """Base of all errors of this room: a sentence, a stable code and what to try."""

    code = "D000"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidNode(DiskError):
    """A file, directory or link that the file system or the archive cannot have."""

    code = "D001"

    def __init__(self, path: bytes, reason: str) -> None:
        super().__init__(f"{path!r} cannot be in the file system: {reason}")
        self.path = path
        self.reason = reason


class ContentChanged(DiskError):
    """A file has another content than its node says."""

    code = "D002"

    def __init__(self, path: bytes, reason: str) -> None:
        super().__init__(f"the content of {path!r} is not what it should be: {reason}")
        self.path = path
        self.reason = reason


class NoRoom(DiskError):
    """Something is larger than the place that it is given; sizes are in bytes."""

    code = "D003"

    def __init__(self, what: str, needed: int, available: int, hint: str | None = None) -> None:
        super().__init__(f"{what} needs {needed} bytes, and there is room for {available}", hint)
        self.what = what
        self.needed = needed
        self.available = available


class InvalidParameter(DiskError):
    """A label, an identifier, a name or a size that the format has no place for."""

    code = "D004"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason


class InvalidStub(DiskError):
    """A program that no sections can be appended to, or sections that it cannot take."""

    code = "D005"

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(f"no image can be made of this EFI program: {reason}", hint)
        self.reason = reason
