"""The console of a machine: its last lines, and its keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.ops.vm.console import Keys, Left, Tail
from chx.ops.vm.monitor import Monitor


def test_the_last_lines_are_text() -> None:
    tail = Tail()
    assert tail.add(b"\x1b[2J\x1b[01;01HBdsDxe: starting\r\n\r\n \r\n\x1b[1;31mred\x1b[0m\xff\r\nlast") is not None
    assert tail.lines == ("BdsDxe: starting", "red\N{REPLACEMENT CHARACTER}", "last")
    assert not tail.panicked


@given(st.lists(st.binary(max_size=3000), max_size=20))
def test_a_tail_is_bounded_and_counts_all(pieces: list[bytes]) -> None:
    tail = Tail()
    for piece in pieces:
        tail.add(piece)
    assert tail.total == sum(map(len, pieces))
    assert sum(map(len, tail.lines)) <= 1 << 14


@pytest.mark.parametrize(
    ("typed", "passed"),
    [(b"ls\r", b"ls\r"), (b"\x01a", b"\x01"), (b"\x01\x01", b"\x01\x01"), (b"\x01b", b"\x01b"), (b"x", b"x")],
)
def test_keys_reach_the_console(typed: bytes, passed: bytes) -> None:
    keys = Keys()
    assert b"".join(keys.passed(bytes([byte])) for byte in typed) == passed == Keys().passed(typed)


@pytest.mark.parametrize("typed", [b"\x01x", b"ls\x01X", b"\x01a\x01x"])
def test_two_keys_end_a_machine(typed: bytes) -> None:
    with pytest.raises(Left):
        Keys().passed(typed)


def test_a_monitor_tells_why_a_machine_ended() -> None:
    monitor = Monitor()
    said = b'{"QMP": {}}\r\n{"return": {}}\r\nno JSON\n[]\n{"event": "SHUTDOWN", "data": {"reason": "guest-reset"}}\r\n'
    for byte in said:
        assert monitor.add(bytes([byte])) == b""
    assert (monitor.has_answered, monitor.reason) == (True, "guest-reset")
    monitor.add(b'{"event": "SHUTDOWN", "data": 3}\n' + b"x" * (1 << 21))
    assert monitor.reason is None
