"""Read the expressions that a command line names."""

from __future__ import annotations

import posix
import sys

from ..lang import Source
from .errors import RequestError
from .paths import absolute, encoded, is_there

_input: list[str] = []
"""The text of standard input, which can be read only once."""


def byte_string(text: str) -> str:
    """Encode a path or argument as a string of the language: one character per byte."""
    return encoded(text).decode("latin-1")


def source_of_request(file: str | None, expression: str | None) -> Source:
    """Read the expression that `FILE`, `-` or `-E EXPR` names. Raises `RequestError`."""
    if (file is None) == (expression is None):
        raise RequestError("name one file, - for standard input, or -E EXPR")
    if expression is not None:
        return Source(byte_string("«string»"), byte_string(expression), byte_string(posix.getcwd()))
    assert file is not None
    if file == "-":
        if not _input:
            _input.append(sys.stdin.buffer.read().decode("latin-1"))
        return Source(byte_string("«stdin»"), _input[0], byte_string(posix.getcwd()))
    path = expression_file(file)
    try:
        with open(path, "rb") as handle:
            text = handle.read().decode("latin-1")
    except OSError as error:
        raise RequestError(f"cannot read '{file}': {error.strerror}") from error
    return Source(byte_string(path), text, byte_string(path.rpartition("/")[0] or "/"))


def expression_file(name: str) -> str:
    """Return the absolute path of an expression; a directory stands for its `default.nix`."""
    path = absolute(name)
    try:
        mode = posix.stat(path).st_mode
    except (OSError, ValueError):
        mode = 0
    if mode & 0o170000 == 0o040000:
        path = f"{path.rstrip('/')}/default.nix"
        if not _exists(path):
            raise RequestError(f"there is no default.nix in '{name}'")
    if not mode and not _exists(path):
        raise RequestError(f"there is no file '{name}'", hint=_near_file(path))
    return path


def _exists(path: str) -> bool:
    try:
        posix.lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _near_file(path: str) -> str | None:
    import difflib
    import os

    folder, base = os.path.split(path)
    try:
        near = difflib.get_close_matches(base, os.listdir(folder), 1)
    except OSError:
        return f"the folder '{folder}' does not exist"
    return f"did you mean '{near[0]}'?" if near else None


def is_flake_word(word: str) -> bool:
    """Whether a word names an output of a flake, and no file of that name is here (see `flakes.py`)."""
    return "#" in word and '"' not in word and not is_there(word)
