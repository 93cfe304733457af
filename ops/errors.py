"""Errors of requests."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be carried out. `message` says why, `hint` what to try."""

    code = "C001"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
