"""The user's terminal as the console of a machine: every key goes there, and what comes back is shown as it is."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_console(source: int, sink: int) -> bool:
    """Whether two descriptors are a terminal, and so a person is there."""
    return os.isatty(source) and os.isatty(sink)


@contextmanager
def raw_terminal(descriptor: int) -> Iterator[None]:
    """Switch a terminal to raw mode (termios(3)), and back to what it was, whatever ends the block."""
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
