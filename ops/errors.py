"""The error of a request."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be carried out as asked: `message`, and what to try in `hint`."""

    code = "C001"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
