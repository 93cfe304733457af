"""Standard output and standard error, either of which may be closed, full, or a terminal.

`put` and `show` write results to standard output; a failed write is an error. `tell` writes messages to standard error
and ignores failed writes. No other module writes to either stream: file names, logs, server messages and strings of
expressions are untrusted, so text for a terminal passes `harmless`. A pipe or a file receives the bytes unchanged.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO, Final


class OutputFailed(Exception):
    """A write to standard output failed; `gone` if the reader closed the pipe, which is no error."""

    code = "C002"
    hint = None
    labels = ()
    frames = ()
    details = ()

    def __init__(self, error: OSError) -> None:
        self.gone = isinstance(error, BrokenPipeError)
        import errno

        reason = "it is closed" if error.errno == errno.EBADF else error.strerror or error
        self.message = f"cannot write to standard output: {reason}"
        super().__init__(self.message)


def put(data: str | bytes) -> None:
    """Write a whole text to standard output, made harmless for a terminal. Raises `OutputFailed`."""
    if reaches_a_terminal(sys.stdout):
        text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
        _write(harmless(text, colours(sys.stdout)).encode("utf-8", "replace"))
    else:
        _write(data if isinstance(data, bytes) else _encoded(data))


def show(pieces: Iterable[bytes]) -> None:
    """Write one text to standard output as `put` does, each piece at once. Raises `OutputFailed`."""
    for piece in cleaned(pieces, colours(sys.stdout)) if reaches_a_terminal(sys.stdout) else pieces:
        _write(piece)
        finish()


def raw_output() -> BinaryIO | None:
    """Return standard output for binary data; None if it is a terminal."""
    return None if reaches_a_terminal(sys.stdout) else sys.stdout.buffer


def _write(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    except OSError as error:
        raise OutputFailed(error) from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate, which only JSON can express.
        return text.encode("utf-8", "replace")


def finish() -> None:
    """Flush standard output. Raises `OutputFailed`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputFailed(error) from error


def abandon() -> None:
    """Discard the buffer of standard output: Python would retry at exit, and complain."""
    import os

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def tell(text: str) -> None:
    """Write text to standard error, made harmless; decode text of an expression first (`ops.text.readable`)."""
    data = harmless(text, colours(sys.stderr)).encode("utf-8", "replace")
    try:
        sys.stderr.flush()
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except OSError:
        import os

        # Otherwise Python retries at exit and changes the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def reaches_a_terminal(stream: object) -> bool:
    """Whether a stream is a terminal of any kind."""
    return bool(getattr(stream, "isatty", lambda: False)())


def colours(stream: object) -> bool:
    """Whether a stream shows colours: a terminal, unless NO_COLOR or TERM=dumb."""
    if not is_terminal(stream):
        return False
    import os

    return not os.environ.get("NO_COLOR")


def is_terminal(stream: object) -> bool:
    """Whether a stream is a terminal that can do more than print."""
    if not reaches_a_terminal(stream):
        return False
    import os

    return os.environ.get("TERM") != "dumb"


def open_closed() -> None:
    """Replace standard streams that were closed when this process began.

    Otherwise the next file to be opened, a database or a log, would get the number of one. Writing to the replaced
    standard output fails, as it would have; reading returns nothing; messages are discarded.
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
    """Return what a terminal would finally show of a line whose parts overwrite each other."""
    return line.rstrip("\r").rpartition("\r")[2]


_ESCAPE: Final = "\x1b"
_RESET: Final = "\x1b[0m"
_PARAMETERS: Final = "0123456789;:"
_LONGEST_SEQUENCE: Final = 64
_PICTURES: Final = {
    **{code: 0x2400 + code for code in range(32) if code not in (9, 10)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    # Separators of lines and paragraphs, and overrides of the writing direction: with these a text reads differently
    # from what runs (CVE-2021-42574). Marks that only give neighbours a direction stay.
    **dict.fromkeys((0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}
"""Control characters, and bytes that are no text, as something of the same width to look at."""


def harmless(text: str, coloured: bool) -> str:
    """Replace the control characters of a text; keep tabs and newlines, and colours if `coloured`.

    Each becomes a visible symbol, one column wide. A colour that is still on at the end is reset.
    """
    if _ESCAPE not in text:
        return text.translate(_PICTURES)
    first, *rest = text.split(_ESCAPE)
    parts = [first.translate(_PICTURES)]
    is_on = False
    for part in rest:
        length = _colour_length(part)
        if not length:
            parts.append((_ESCAPE + part).translate(_PICTURES))
            continue
        if coloured and "8" not in _attributes(part[1 : length - 1]):
            parts.append(_ESCAPE + part[:length])
            is_on = part[1 : length - 1].strip("0;") != ""
        parts.append(part[length:].translate(_PICTURES))
    if is_on:
        # Before the last newline: a prompt may follow.
        last = parts.pop()
        parts += (last.removesuffix("\n"), _RESET, "\n" if last.endswith("\n") else "")
    return "".join(parts)


def cleaned(pieces: Iterable[bytes], coloured: bool) -> Iterator[bytes]:
    """Yield a text that comes in pieces, its lines `overwritten` and made harmless as a whole."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    held, is_within_line = "", False
    for piece in pieces:
        text = held + decoder.decode(piece)
        end = len(text) - _unfinished(text)
        text, held = text[:end], text[end:]
        if text:
            yield _lines(text, is_within_line, coloured)
            is_within_line = not text.endswith("\n")
    rest = held + decoder.decode(b"", True)
    if rest:
        yield _lines(rest, is_within_line, coloured)


def _unfinished(text: str) -> int:
    """Return the length of the end of a piece that the next may continue: a line end, a colour sequence."""
    returns = len(text) - len(text.rstrip("\r"))
    if returns:
        return returns
    begun = text.rpartition(_ESCAPE)[2]
    if len(begun) < min(len(text), _LONGEST_SEQUENCE) and not begun.removeprefix("[").strip(_PARAMETERS):
        return len(begun) + 1
    return 0


def _lines(text: str, is_within_line: bool, coloured: bool) -> bytes:
    first, *rest = text.split("\n")
    left = overwritten(first)
    if is_within_line and left != first.rstrip("\r"):
        # The overwritten text was shown already.
        left = "\n" + left
    return harmless("\n".join([left, *map(overwritten, rest)]), coloured).encode("utf-8", "replace")


def _colour_length(text: str) -> int:
    """Return the length of the colour sequence at the start of a text that follows an escape character."""
    if not text.startswith("["):
        return 0
    end = 1
    while end < len(text) and text[end] in _PARAMETERS:
        end += 1
    return end + 1 if text[end : end + 1] == "m" else 0


def _attributes(text: str) -> list[str]:
    """Return the parameters of a colour sequence without the colour numbers."""
    found = text.replace(":", ";").split(";")
    result = []
    while found:
        result.append(found.pop(0).lstrip("0"))
        if result[-1] in ("38", "48", "58"):
            # 5 and the number of a colour, or 2 and its red, green and blue.
            del found[: {"5": 2, "2": 4}.get(found[0] if found else "", 0)]
    return result
