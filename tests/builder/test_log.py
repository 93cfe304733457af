import os

import pytest

from chx.builder.errors import LogDamaged
from chx.builder.log import BuildLog, find_log, follow_log, log_path, open_log
from chx.builder.structured_log import StructuredLogFilter
from chx.store import Derivation


def test_lines_go_to_the_listener_and_the_file(store):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    lines = []
    log = BuildLog(log_path(store.home, drv), lines.extend)
    log.write(b"one\ntw")
    log.write(b"o\r\nthr\xffee")
    assert b"".join(open_log(store, drv)) == b"one\ntwo\r\nthr\xffee"
    assert log.close().endswith("-x.log")
    assert lines == ["one", "two", "thr\ufffdee"]
    assert log.tail == ("one", "two", "thr\ufffdee")
    assert b"".join(open_log(store, drv)) == b"one\ntwo\r\nthr\xffee"
    assert os.listdir(os.path.dirname(find_log(store, drv))) == [os.path.basename(find_log(store, drv))]


def test_a_log_of_more_than_a_block_is_compressed(store):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    log = BuildLog(log_path(store.home, drv))
    log.write(b"word\n" * 1000)
    assert log.close().endswith("-x.log.gz")
    assert b"".join(open_log(store, drv)) == b"word\n" * 1000
    assert os.listdir(os.path.dirname(find_log(store, drv))) == [os.path.basename(find_log(store, drv))]
    log = BuildLog(log_path(store.home, drv))
    log.write(b"less\n")
    log.close()
    assert b"".join(open_log(store, drv)) == b"less\n"
    assert os.listdir(os.path.dirname(find_log(store, drv))) == [os.path.basename(find_log(store, drv))]


def test_the_tail_is_the_last_25_lines(tmp_path):
    log = BuildLog(str(tmp_path / "l" / "x.log"))
    log.write(b"".join(b"%d\n" % number for number in range(100)))
    assert log.tail == tuple(map(str, range(75, 100)))
    log.close()


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    lines = []
    log = BuildLog(str(tmp_path / "x.log"), lines.extend)
    for _ in range(10):
        log.write(b"x" * 3000)
    assert len(lines) >= 4
    log.close()


def test_what_was_never_built_has_no_log(store):
    assert open_log(store, store.add_derivation(Derivation("x", "s", "b"))) is None
    assert open_log(store, store.add_bytes(b"", "y")) is None


def test_a_full_disk_loses_no_more_than_the_compression(store, monkeypatch):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    log = BuildLog(log_path(store.home, drv))
    log.write(b"one\n")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chx.builder.log.write_all", full)
    path = log.close()
    assert b"".join(open_log(store, drv)) == b"one\n"
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def phases(*chunks: bytes) -> tuple[bytes, list[str]]:
    phases: list[str] = []
    log_filter = StructuredLogFilter(phases.append)
    kept = b"".join(map(log_filter.filter, chunks)) + log_filter.rest()
    return kept, phases


MARK = b'@nix { "action": "setPhase", "phase": "buildPhase" }\n'


def test_announced_phases_are_heard_and_not_logged():
    assert phases(b"a\n" + MARK + b"b\n") == (b"a\nb\n", ["buildPhase"])
    assert phases(MARK + MARK) == (b"", ["buildPhase"] * 2)
    for cut in range(len(MARK) + 3):
        text = b"a\n" + MARK + b"b"
        assert phases(text[:cut], text[cut:]) == (b"a\nb", ["buildPhase"])
    assert phases(*(bytes([byte]) for byte in b"x\n" + MARK)) == (b"x\n", ["buildPhase"])


def test_what_only_looks_like_an_announcement_is_logged():
    for text in (
        b"x" + MARK,
        b"@nix { broken\n",
        b'@nix { "action": "other" }\n',
        b"@",
        b"@nix {",
        b"@other\n@nix\n\n@\n",
        b"@nix {" + b"x" * 9000,
    ):
        for cut in range(min(len(text), 40)):
            assert phases(text[:cut], text[cut:]) == (text, [])


def test_a_log_can_be_followed_until_its_build_ends(store):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    assert follow_log(store, drv) is None
    log = BuildLog(log_path(store.home, drv))
    log.write(b"one\n")
    pieces = follow_log(store, drv)
    assert next(pieces) == b"one\n"
    log.write(b"two\n" * 2000)
    assert next(pieces) == b"two\n" * 2000
    log.write(b"three\n")
    log.close()
    # It was compressed meanwhile, and lost its name.
    assert list(pieces) == [b"three\n"]
    assert b"".join(follow_log(store, drv)) == b"one\n" + b"two\n" * 2000 + b"three\n"


@pytest.mark.parametrize("damage", ["cut", "garbage", "changed", "empty"])
def test_a_compressed_log_that_is_damaged_is_named(store, damage):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    log = BuildLog(log_path(store.home, drv))
    log.write(b"".join(b"%d\n" % number for number in range(10000)))
    path = log.close()
    with open(path, "rb") as file:
        data = file.read()
    half = len(data) // 2
    damaged = {
        "cut": data[:half],
        "garbage": b"x" * 100,
        "changed": data[:half] + bytes(200) + data[half:],
        "empty": b"",
    }
    with open(path, "wb") as file:
        file.write(damaged[damage])
    read = []
    with pytest.raises(LogDamaged) as caught:
        read.extend(open_log(store, drv))
    assert path in caught.value.message
    assert damage in ("garbage", "empty") or b"".join(read).startswith(b"0\n1\n2\n")


def test_a_log_that_unpacks_to_much_comes_in_pieces(store):
    drv = store.add_derivation(Derivation("x", "s", "b"))
    log = BuildLog(log_path(store.home, drv))
    log.write(bytes(1 << 24))
    log.close()
    pieces = [len(piece) for piece in open_log(store, drv)]
    assert sum(pieces) == 1 << 24 and max(pieces) <= 1 << 18
