"""Standard output and standard error, either of which may be closed, full, or a terminal that obeys what it reads.

What was asked for goes to standard output through `put`, and not being able to write it is an error. What is
only told goes to standard error through `tell`; if that cannot be written, nobody is listening, and work goes on.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class OutputFailed(Exception):
    """Standard output does not take what was asked for; `gone` if its reader went away, which is its right."""

    code = "C002"

    def __init__(self, error: OSError) -> None:
        self.gone = isinstance(error, BrokenPipeError)
        import errno

        reason = "it is closed" if error.errno == errno.EBADF else error.strerror or error
        self.message = f"cannot write to standard output: {reason}"
        super().__init__(self.message)


def put(data: str | bytes) -> None:
    """Write to standard output; raises `OutputFailed`."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise OutputFailed(error) from error


def finish() -> None:
    """Hand over what is still buffered; raises `OutputFailed`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputFailed(error) from error


def abandon() -> None:
    """Let what is buffered for standard output vanish: Python would try once more, and complain, when it exits."""
    import os

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def tell(text: str) -> None:
    """Write text to standard error, made harmless; a text of an expression is decoded first (`report.readable`)."""
    data = harmless(text, colours(sys.stderr)).encode("utf-8", "replace")
    try:
        sys.stderr.flush()
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except OSError:
        import os

        # Else Python tries again when it exits, and changes the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def colours(stream: object) -> bool:
    """Whether a stream shows colours: a terminal, unless NO_COLOR or TERM=dumb."""
    if not is_terminal(stream):
        return False
    import os

    return not os.environ.get("NO_COLOR")


def is_terminal(stream: object) -> bool:
    """Whether a stream is a terminal that can do more than print."""
    if not getattr(stream, "isatty", lambda: False)():
        return False
    import os

    return os.environ.get("TERM") != "dumb"


def open_closed() -> None:
    """Put something in the place of standard streams that were closed when this process began.

    Else the next file to be opened, a database or a log, would be taken for one of them. Writing to what
    stands for standard output fails, as it would have; reading gives nothing; errors are told to nobody.
    """
    import os

    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest free number, which is this one
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False, encoding="utf-8", errors="surrogateescape")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False, encoding="utf-8", errors="backslashreplace")


def overwritten(line: str) -> str:
    """What a terminal would be left with of a line of a build: the last of what was written over each other."""
    return line.rstrip("\r").rpartition("\r")[2]


_ESCAPE: Final = "\x1b"
_PICTURES: Final = {
    **{code: 0x2400 + code for code in range(32) if code not in (9, 10)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xDC80, 0xDD00), 0xFFFD),
}
"""Control characters, and bytes that are no text, as something of the same width to look at."""


def harmless(text: str, coloured: bool) -> str:
    """`text` without what a terminal would act upon; tabs and newlines stay, colours if `coloured`.

    Everything else becomes a picture of it, one column wide.
    """
    if _ESCAPE not in text:
        return text.translate(_PICTURES)
    first, *rest = text.split(_ESCAPE)
    parts = [first.translate(_PICTURES)]
    for part in rest:
        length = _colour_length(part)
        if not length:
            parts.append((_ESCAPE + part).translate(_PICTURES))
            continue
        if coloured:
            parts.append(_ESCAPE + part[:length])
        parts.append(part[length:].translate(_PICTURES))
    return "".join(parts)


def _colour_length(text: str) -> int:
    """How much of a text that stood behind an escape character belongs to a sequence that sets colours."""
    if not text.startswith("["):
        return 0
    end = 1
    while end < len(text) and text[end] in "0123456789;:":
        end += 1
    return end + 1 if text[end : end + 1] == "m" else 0
