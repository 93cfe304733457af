"""Standard output and standard error, either of which may be closed, full, or a terminal that obeys what it reads.

What was asked for goes to standard output through `put` or `show`, and not being able to write it is an error. What
is only told goes to standard error through `tell`; if that cannot be written, nobody is listening, and work goes on.
No other module writes to either of them: names of files, logs, messages of servers and strings of expressions were
written by others, and whatever reaches a terminal passes `harmless`. A pipe or a file gets the bytes as they are.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO, Final


class OutputFailed(Exception):
    """Standard output does not take what was asked for; `gone` if its reader went away, which is its right."""

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
    """Write a whole text to standard output, made harmless if that is a terminal; raises `OutputFailed`."""
    if reaches_a_terminal(sys.stdout):
        text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
        _write(harmless(text, colours(sys.stdout)).encode("utf-8", "replace"))
    else:
        _write(data if isinstance(data, bytes) else _encoded(data))


def show(pieces: Iterable[bytes]) -> None:
    """Write one text to standard output, each piece at once, as `put` does; raises `OutputFailed`."""
    for piece in cleaned(pieces, colours(sys.stdout)) if reaches_a_terminal(sys.stdout) else pieces:
        _write(piece)
        finish()


def raw_output() -> BinaryIO | None:
    """Standard output for data that is no text; None if it is a terminal, which must not get any."""
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
        # Half a character, which only JSON can spell.
        return text.encode("utf-8", "replace")


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


def reaches_a_terminal(stream: object) -> bool:
    """Whether what is written to a stream reaches a terminal, of whatever kind."""
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
_RESET: Final = "\x1b[0m"
_PARAMETERS: Final = "0123456789;:"
_LONGEST_SEQUENCE: Final = 64
_PICTURES: Final = {
    **{code: 0x2400 + code for code in range(32) if code not in (9, 10)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    # Separators of lines and paragraphs, and what turns the direction of writing around: with these a text reads
    # otherwise than it runs (CVE-2021-42574). The marks that only lend a direction to their neighbours stay.
    **dict.fromkeys((0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}
"""Control characters, and bytes that are no text, as something of the same width to look at."""


def harmless(text: str, coloured: bool) -> str:
    """`text` without what a terminal would act upon; tabs and newlines stay, colours if `coloured`.

    Everything else becomes a picture of it, one column wide. A colour that is still on at the end is switched off.
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
        # Before the last newline: what comes next may be a prompt.
        last = parts.pop()
        parts += (last.removesuffix("\n"), _RESET, "\n" if last.endswith("\n") else "")
    return "".join(parts)


def cleaned(pieces: Iterable[bytes], coloured: bool) -> Iterator[bytes]:
    """A text that comes in pieces, made harmless as a whole, and its lines as `overwritten` leaves them."""
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
    """How much at the end of a piece may go on in the next one: the end of a line, a sequence that sets colours."""
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
        # What was overwritten has been shown.
        left = "\n" + left
    return harmless("\n".join([left, *map(overwritten, rest)]), coloured).encode("utf-8", "replace")


def _colour_length(text: str) -> int:
    """How much of a text that stood behind an escape character belongs to a sequence that sets colours."""
    if not text.startswith("["):
        return 0
    end = 1
    while end < len(text) and text[end] in _PARAMETERS:
        end += 1
    return end + 1 if text[end : end + 1] == "m" else 0


def _attributes(text: str) -> list[str]:
    """The parameters of a sequence that sets colours, without the numbers of colours themselves."""
    found = text.replace(":", ";").split(";")
    result = []
    while found:
        result.append(found.pop(0).lstrip("0"))
        if result[-1] in ("38", "48", "58"):
            # 5 and the number of a colour, or 2 and its red, green and blue.
            del found[: {"5": 2, "2": 4}.get(found[0] if found else "", 0)]
    return result
