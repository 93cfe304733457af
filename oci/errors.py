"""Errors of archives and images. Each class has the values of its message as fields."""

from __future__ import annotations


class OciError(Exception):
    """Base of all errors of this room: a sentence, a stable code and what to try."""

    code = "I000"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidMember(OciError):
    """A member that no archive, or no layer of an image, can have."""

    code = "I001"

    def __init__(self, path: bytes, reason: str) -> None:
        super().__init__(f"{path!r} cannot be in the archive: {reason}")
        self.path = path
        self.reason = reason


class ContentChanged(OciError):
    """A file has another content than its member says."""

    code = "I002"

    def __init__(self, path: bytes, reason: str) -> None:
        super().__init__(f"the content of {path!r} is not what it should be: {reason}")
        self.path = path
        self.reason = reason


class InvalidTag(OciError):
    """A text that is not a tag of an image."""

    code = "I003"

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"{tag!r} is not a tag of an image",
            hint="a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
        )
        self.tag = tag
