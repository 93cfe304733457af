"""Completion at the prompt of `chx repl`: variables, attributes, files, commands."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING

from ..evaluator import global_names
from ..ops.sources import source_of_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..ops.session import Session

_COMMANDS: Final = (":?", ":a", ":b", ":doc", ":l", ":p", ":q", ":r", ":t", ":te")


class Completer:
    """Completes words; readline calls `complete`."""

    def __init__(self, session: Session, scope: Callable[[], dict[str, Any]]) -> None:
        self._session = session
        self._scope = scope
        self._found: list[str] = []

    def complete(self, word: str, state: int) -> str | None:
        """Return a completion by number; None after the last."""
        if state == 0:
            try:
                self._found = self.candidates(word)
            except Exception:
                # A value whose evaluation fails has no attributes to offer.
                self._found = []
        return self._found[state] if state < len(self._found) else None

    def candidates(self, word: str) -> list[str]:
        """Return all completions of a word."""
        if word.startswith(":"):
            return [command for command in _COMMANDS if command.startswith(word)]
        if word.startswith(("/", "./", "../", "~/")):
            pattern = glob.escape(os.path.expanduser(word)) + "*"
            return [path + "/" if os.path.isdir(path) else path for path in sorted(glob.glob(pattern))]
        subject, dot, start = word.rpartition(".")
        if not dot:
            return sorted(name for name in {*self._scope(), *self._globals()} if name.startswith(word))

        evaluator = self._session.evaluator
        value = evaluator.force(evaluator.suspend(source_of_request(None, subject), self._scope()))
        if type(value) is not dict:
            return []
        return [f"{subject}.{name}" for name in evaluator.attr_names(value) if name.startswith(start)]

    def _globals(self) -> list[str]:
        return [*global_names(), "let", "with", "assert", "if", "rec", "inherit"]
