"""Hash parts are found wherever they stand."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.store import BASE32_ALPHABET, PartialScratch, StoreIO, UnsupportedFile, scan_tree, scratch_hash
from chx.store.canonical_form import CHUNK
from chx.store.refscan import CONTEXT, Piece, Scanner, settled
from chx.store.scratch import MARKER, PIECE, has_scratch_shape
from chx.store.tree import TreeWalk

RANDOM = random.Random(7)
HASHES = ["".join(RANDOM.choices(BASE32_ALPHABET, k=32)) for _ in range(40)]
DIGIT_NOISE = st.text(BASE32_ALPHABET + "-", max_size=90).map(str.encode)
NOISE = st.one_of(st.binary(max_size=90), DIGIT_NOISE, st.sampled_from([h.encode() for h in HASHES[:9]]))


def in_chunks(scanner: Scanner, data: bytes, size: int, found: set[str]) -> None:
    """As a large file is presented."""
    window, done, start, position = data[:size], 0, 0, size
    while True:
        chunk = data[position : position + size]
        position += size
        try:
            scanner.scan(window, found, done=done, last=not chunk)
        except Piece as piece:
            raise Piece(start + piece.offset) from None
        if not chunk:
            return
        context = window[-CONTEXT:]
        done = max(len(context) - (len(window) - settled(window)), 0)
        start += len(window) - len(context)
        window = context + chunk


@given(st.lists(NOISE, max_size=8), st.sampled_from([1, 2, 3, 4, 9, 40]), st.integers(1, 200))
def test_found_is_what_a_plain_search_finds(parts, count, size):
    data = b"".join(parts)
    candidates = HASHES[:count]
    expected = {candidate for candidate in candidates if candidate.encode() in data}
    whole: set[str] = set()
    Scanner(candidates).scan(data, whole)
    assert whole == expected
    chunked: set[str] = set()
    in_chunks(Scanner(candidates), data, size, chunked)
    assert chunked == expected


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(HASHES))
def test_a_hash_inside_a_long_run_of_digits_is_found(before, after, digits):
    found: set[str] = set()
    Scanner(HASHES).scan(b"a" * before + digits.encode() + b"7" * after, found)
    assert found == {digits}


OUTPUTS = [scratch_hash("out"), scratch_hash("dev")]


@given(
    st.lists(st.one_of(st.sampled_from([s.encode() for s in OUTPUTS]), st.binary(max_size=70)), max_size=6),
    st.integers(1, 300),
)
def test_whole_scratch_hashes_are_found_in_any_chunks(parts, size):
    data = b"".join(parts)
    expected = {scratch for scratch in OUTPUTS if scratch.encode() in data}
    found: set[str] = set()
    in_chunks(Scanner((), OUTPUTS), data, size, found)
    assert found == expected


@given(st.integers(0, 32 - PIECE), st.integers(0, 200), st.integers(1, 200), st.sampled_from(OUTPUTS))
def test_any_eight_characters_of_a_scratch_hash_alone_are_refused(start, before, size, scratch):
    data = b"\x48\xb8" * before + scratch[start : start + PIECE].encode() + b"\x90" * 80
    with pytest.raises(Piece) as caught:
        in_chunks(Scanner((), OUTPUTS), data, size, set())
    assert 2 * before <= caught.value.offset < 2 * before + PIECE


@given(st.integers(0, 3), st.sampled_from(OUTPUTS), st.integers(1, 200))
def test_a_path_cut_into_32_bit_immediates_is_refused(phase, scratch, size):
    text = b"abc"[:phase] + f"/chx/store/{scratch}-thing".encode()
    code = b"".join(b"\xc7\x44\x24" + bytes([i]) + text[i : i + 4] for i in range(0, len(text), 4))
    with pytest.raises(Piece):
        in_chunks(Scanner((), OUTPUTS), b"\xcc" * 500 + code + b"\xcc" * 500, size, set())


@given(st.integers(0, 7), st.sampled_from(OUTPUTS))
def test_a_path_cut_into_64_bit_immediates_is_refused(phase, scratch):
    text = b"abcdefg"[:phase] + f"/chx/store/{scratch}-thing".encode()
    code = b"".join(b"\x48\xb8" + text[i : i + 8] + b"\x48\x89\x44\x24\x08" for i in range(0, len(text), 8))
    with pytest.raises(Piece):
        Scanner((), OUTPUTS).scan(code, set())


def test_whole_scratch_hashes_of_other_derivations_and_lone_markers_are_text():
    found: set[str] = set()
    other = scratch_hash("other").encode()
    Scanner((), OUTPUTS).scan(b"see " + other + b" and elsewhere" + bytes(80) + MARKER + b" " + MARKER, found)
    assert found == set()


def test_scratch_hashes_have_the_shape_of_a_hash_and_differ():
    hashes = {scratch_hash(output) for output in ("out", "dev", "lib", "bin", "doc", "man", "debug", "static", "a", "")}
    assert len(hashes) == 10
    for text in hashes:
        assert len(text) == 32 and set(text) <= set(BASE32_ALPHABET)
        assert has_scratch_shape(text.encode())
        for start in range(32 - PIECE + 1):
            assert MARKER in text[start : start + PIECE].encode()
    assert scratch_hash("out") == "zqxj0zqxj0zqxjnzqxjvzqxj5zqxjlzq"


@pytest.mark.parametrize("border", [CHUNK, 2 * CHUNK])
@pytest.mark.parametrize("shift", [-40, -33, -32, -31, -16, -1, 0, 1, 31])
def test_hashes_across_the_borders_of_chunks_of_a_big_file(tmp_path, border, shift):
    file = tmp_path / "big"
    data = bytearray(b"\0" * (3 * CHUNK - 5))
    data[border + shift : border + shift + 32] = HASHES[0].encode()
    file.write_bytes(data)
    assert scan_tree(file, HASHES)[1] == {HASHES[0]}
    assert scan_tree(file, HASHES[:1])[1] == {HASHES[0]}
    data[border + shift : border + shift + 32] = OUTPUTS[0].encode()
    file.write_bytes(data)
    walk = TreeWalk(os.fsencode(file), Scanner((), OUTPUTS))
    walk.run()
    assert walk.found == {OUTPUTS[0]}
    data[border + shift : border + shift + 32] = b"\0" * 23 + OUTPUTS[0][10:19].encode()
    file.write_bytes(data)
    with pytest.raises(PartialScratch) as caught:
        TreeWalk(os.fsencode(file), Scanner((), OUTPUTS)).run()
    assert 0 <= caught.value.offset - (border + shift + 23) < 9


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_sizes_and_digests_of_files_around_the_size_of_a_chunk(tmp_path, size):
    from blake3 import blake3

    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    (entry,) = scan_tree(tmp_path / "f")[0]
    assert (entry.size, entry.digest) == (size, blake3(data).digest())


def test_names_and_link_targets_count(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / HASHES[0]).mkdir()
    (tmp_path / "t" / f"x{HASHES[1]}").write_bytes(b"")
    (tmp_path / "t" / "l").symlink_to(f"/a/{HASHES[2]}")
    (tmp_path / "t" / f"{HASHES[3]}.l").symlink_to("x")
    assert scan_tree(tmp_path / "t", HASHES)[1] == set(HASHES[:4])


def test_fifos_sockets_and_setuid_files_are_refused_by_name(tmp_path):
    import socket

    tree = tmp_path / "t"
    tree.mkdir()
    os.mkfifo(tree / "pipe")
    with pytest.raises(UnsupportedFile, match="pipe' is a fifo"):
        scan_tree(tree)
    os.unlink(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "sock"))
        with pytest.raises(UnsupportedFile, match="sock' is a socket"):
            scan_tree(tree)
    os.unlink(tree / "sock")
    (tree / "su").write_bytes(b"")
    os.chmod(tree / "su", 0o4755)
    with pytest.raises(UnsupportedFile, match="su' is a setuid"):
        scan_tree(tree)


def test_what_is_not_there_is_an_error_with_its_name(tmp_path):
    with pytest.raises(StoreIO, match=r"cannot read '.*nothing': No such file"):
        scan_tree(tmp_path / "nothing")


@pytest.mark.parametrize("size", [1, 2, 7, 31, 32, 33, 40, 300])
def test_a_marker_beside_whole_scratch_hashes_is_no_piece(size):
    data = b"x" * 40 + OUTPUTS[0].encode() + MARKER + b"y" * 29 + OUTPUTS[1].encode()
    found: set[str] = set()
    in_chunks(Scanner((), OUTPUTS), data, size, found)
    assert found == set(OUTPUTS)


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1, (64 << 20) - 1, (64 << 20) + 4097, 1])
@pytest.mark.parametrize("way", ["copy_and_hash", "copy_direct"])
def test_a_large_file_is_what_it_was_and_hashed(tmp_path, size, way):
    from blake3 import blake3

    from chx.store import copying

    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    target = os.fsencode(tmp_path / "copy")
    with open(tmp_path / "f", "rb") as file:
        if way == "copy_direct":
            hashed = copying.copy_direct(file.fileno(), target)
        else:
            hashed = copying.copy_and_hash(file.fileno(), target, size)
    # Where the system does not offer it there is nothing yet.
    assert (tmp_path / "copy").exists() == (hashed is not None)
    if hashed is not None:
        assert (tmp_path / "copy").read_bytes() == data
        assert hashed == (blake3(data).digest(), size)


def test_a_large_file_is_hashed_in_parts_that_begin_anywhere(tmp_path, monkeypatch):
    from blake3 import blake3

    from chx.store import copying

    monkeypatch.setattr(copying, "_WINDOW", 12345)
    data = os.urandom(100_000)
    (tmp_path / "f").write_bytes(data)
    with open(tmp_path / "f", "rb") as file:
        hashed = copying.copy_and_hash(file.fileno(), os.fsencode(tmp_path / "copy"), len(data))
    assert hashed is None or hashed == (blake3(data).digest(), len(data))


def test_the_kernel_copies_large_files_here(tmp_path):
    from chx.store import copying

    (tmp_path / "f").write_bytes(b"x" * 100)
    with open(tmp_path / "f", "rb") as file:
        assert copying.copy_and_hash(file.fileno(), os.fsencode(tmp_path / "copy"), 100) is not None


@pytest.mark.parametrize("size", [0, 1, 40 << 20])
def test_a_large_file_that_shrinks_meanwhile_is_as_long_as_what_was_copied(tmp_path, monkeypatch, size):
    from blake3 import blake3

    from chx.store import copying

    data = os.urandom(70 << 20)
    (tmp_path / "f").write_bytes(data)
    plain = os.copy_file_range

    def shrinking(reader, writer, count):
        os.truncate(tmp_path / "f", size)
        return plain(reader, writer, count)

    monkeypatch.setattr(os, "copy_file_range", shrinking)
    with open(tmp_path / "f", "rb") as file:
        hashed = copying.copy_and_hash(file.fileno(), os.fsencode(tmp_path / "copy"), len(data))
    assert hashed == (blake3(data[:size]).digest(), size)
    assert (tmp_path / "copy").read_bytes() == data[:size]


def test_an_added_large_file_is_hashed_while_it_is_copied(store, tmp_path, monkeypatch):
    from chx.store import copying

    monkeypatch.setattr(copying, "LARGE", 1)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a").write_bytes(os.urandom(5 << 20))
    (tmp_path / "t" / "b").write_bytes(b"x")
    path = store.add_tree(str(tmp_path / "t"), "t")
    assert store.verify_object(path) == []
