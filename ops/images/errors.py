"""What keeps an image from being written or pushed. Each class has the values of its message as fields."""

from __future__ import annotations


class ImageError(Exception):
    """Base of all errors of this folder: a sentence, a stable code and what to try."""

    code = "I020"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class OutputInTheWay(ImageError):
    """Something that is no image lies where one is to be written."""

    code = "I021"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"'{path}' is in the way: {reason}", hint="move it, or choose another name with -o")
        self.path, self.reason = path, reason


class OutputRefused(ImageError):
    """The operating system refused to write an image; nothing was replaced."""

    code = "I022"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"cannot write '{path}': {error.strerror or error}")
        self.path, self.errno = path, error.errno


class WrongOption(ImageError):
    """An option of an image that no image, or not this one, can have."""

    code = "I023"


class NoImage(ImageError):
    """A directory that holds no image, or a damaged one."""

    code = "I024"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"'{path}' is no image: {reason}", hint="chx image oci X -o DIR writes one")
        self.path, self.reason = path, reason


class PushFailed(ImageError):
    """A program that pushes images failed, or there is none."""

    code = "I025"
