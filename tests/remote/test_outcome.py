"""Of a result nothing is taken on trust: trees have their form, blobs are their digests, and all is written below one folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.builder.errors import StoreRefused
from chx.remote import outcome
from chx.remote.capabilities import ask
from chx.remote.cas import Cas
from chx.remote.digests import Digest, Function
from chx.remote.errors import FalseBlob, RemoteFailure
from chx.remote.outcome import Contents, File, Report, parse_report, place, read_result, read_tree
from chx.remote.wire import BLAKE3, SHA256, new

from .encoding import digest, field
from .server import FakeServer, report

SHA = Function(SHA256)
HASH = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
HELLO = Digest(HASH, 6)
URL = "grpc://host:1"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def cas(server: FakeServer) -> Cas:
    channel = server.channel()
    return Cas(channel, ask(channel))


# Directories by hand.


def file(name: str | bytes, about: bytes = digest(*HELLO), more: bytes = b"") -> bytes:
    return field(1, field(1, name) + field(2, about) + more)


def folder(name: str | bytes, child: bytes) -> bytes:
    found = SHA.of(child)
    return field(2, field(1, name) + field(2, digest(found.hash, found.size)))


def link(name: str | bytes, target: str | bytes) -> bytes:
    return field(3, field(1, name) + (field(2, target) if target else b""))


def tree(root: bytes, *children: bytes) -> bytes:
    return field(1, root) + b"".join(field(2, child) for child in children)


def read(data: bytes) -> Contents:
    return read_tree(URL, data, SHA)


def refusal(data: bytes) -> str:
    with pytest.raises(FalseBlob) as caught:
        read(data)
    assert caught.value.code == "R005"
    assert caught.value.message.isprintable()
    return f"{caught.value.what}: {caught.value.reason}"


def test_a_tree_is_read() -> None:
    deeper = link("up", "..")
    sub = file("x", more=field(4, 1)) + folder("deeper", deeper)
    root = file(b"\xff") + file("a") + folder("empty", b"") + folder("sub", sub) + link("l", "/nix/\xff")
    contents = read(tree(file("a") + file(b"\xff") + root[len(file("a") + file(b"\xff")) :], sub, deeper, b""))
    assert set(contents.folders) == {b"empty", b"sub", b"sub/deeper"}
    assert contents.folders.index(b"sub") < contents.folders.index(b"sub/deeper")
    assert contents.files == {b"a": File(HELLO, False), b"\xff": File(HELLO, False), b"sub/x": File(HELLO, True)}
    assert contents.links == {b"l": "/nix/\xff".encode(), b"sub/deeper/up": b".."}
    assert contents.size == 18


def test_an_empty_tree_is_an_empty_directory() -> None:
    assert read(b"") == read(tree(b"")) == Contents((), {}, {})


def test_equal_directories_are_there_once_or_more() -> None:
    child = file("x")
    root = folder("a", child) + folder("b", child)
    assert read(tree(root, child)) == read(tree(root, child, child))
    assert set(read(tree(root, child)).files) == {b"a/x", b"b/x"}


def test_children_that_nobody_names_are_passed_over() -> None:
    assert read(tree(file("a"), file("unused"))) == read(tree(file("a")))


def test_trees_of_a_server_with_blake3_are_read() -> None:
    child = file("x")
    found = Function(BLAKE3).of(child)
    data = tree(field(2, field(1, "a") + field(2, digest(found.hash, found.size))), child)
    assert set(read_tree(URL, data, Function(BLAKE3)).files) == {b"a/x"}
    with pytest.raises(FalseBlob):
        read(data)


BAD_NAMES: list[bytes] = [b"", b".", b"..", b"/", b"a/b", b"../a", b"/etc", b"a\0b", b"\0", b"n" * 256]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize("place", ["root", "child"])
def test_a_name_that_is_none_is_refused(name: bytes, kind: str, place: str) -> None:
    entry = {"file": file(name), "folder": folder(name, b""), "link": link(name, "target")}[kind]
    data = tree(entry, b"") if place == "root" else tree(folder("d", entry), entry, b"")
    assert refusal(data) == f"a Directory: {name[:80]!r} is no name in it"


@pytest.mark.parametrize("name", [b"...", b" ", b"-", b"\n", b"\xff", b"n" * 255, b"a\\b", b"~", b".git"])
def test_all_other_names_are_names(name: bytes) -> None:
    assert set(read(tree(file(name))).files) == {name}


SORTED = "a Directory: its entries are not sorted, or one is there twice"


@pytest.mark.parametrize(
    "root",
    [
        file("b") + file("a"),
        folder("b", b"") + folder("a", b""),
        link("b", "x") + link("a", "x"),
        file("a") + file("a"),
        folder("a", b"") + folder("a", b""),
        link("a", "x") + link("a", "y"),
        file("\uff5e") + file("\U0001f600") + file("~"),
    ],
)
def test_entries_that_are_not_sorted_or_not_distinct_are_refused(root: bytes) -> None:
    assert refusal(tree(root, b"")) == SORTED
    assert refusal(tree(folder("d", root), root, b"")) == SORTED


@pytest.mark.parametrize(
    "root",
    [file("a") + folder("a", b""), file("a") + link("a", "/etc"), folder("a", b"") + link("a", "/etc")],
)
def test_a_name_of_two_kinds_is_refused(root: bytes) -> None:
    assert refusal(tree(root, b"")) == "a Directory: a name is there twice"


FORM = "a Directory: it is not in canonical form"
PROPERTY = field(6, field(1, field(1, "n") + field(2, "v")))


@pytest.mark.parametrize(
    "root",
    [
        file("a") + field(9, "new"),
        field(9, "new") + file("a"),
        file("a", more=field(15, 1)),
        link("l", "x") + file("a"),
        file("a", more=field(4, 0)),
        field(1, field(2, digest(*HELLO)) + field(1, "a")),
        field(1, field(1, "b") + field(1, "a") + field(2, digest(*HELLO))),
        file("a", digest(*HELLO) + field(2, 6)),
        field(5, b"") + file("a"),
        file("a").replace(b"\x0a\x01a", b"\x0a\x81\x00a"),
        file("a", field(2, 6) + field(1, HASH)),
    ],
)
def test_another_encoding_of_a_directory_is_refused(root: bytes) -> None:
    child = refusal(tree(folder("d", root), root))
    assert child == refusal(tree(root))
    assert child == FORM or child.startswith("a Directory: it is no Directory")


def test_properties_are_part_of_the_form() -> None:
    properties = field(5, field(2, field(1, 1)) + field(3, field(1, 0o755)))
    assert set(read(tree(file("a", more=PROPERTY) + properties)).files) == {b"a"}


@pytest.mark.parametrize("data", [b"\xff", field(1, b"\xff"), field(2, b"\xff"), field(1, field(1, b"\x0a"))])
def test_bytes_that_are_no_tree_are_refused(data: bytes) -> None:
    assert "it is no " in refusal(data) or refusal(data) == FORM


@pytest.mark.parametrize(
    "about",
    [
        b"",
        digest("", 6),
        digest("0" * 63, 6),
        digest("0" * 65, 6),
        digest("A" * 64, 6),
        digest("g" * 64, 6),
        digest("٠" * 64, 6),
        digest("../" * 21 + "x", 6),
        field(1, HASH) + b"\x10" + b"\xff" * 9 + b"\x01",
    ],
)
def test_a_digest_that_is_none_is_refused(about: bytes) -> None:
    assert refusal(tree(file("a", about))).startswith("a digest: ")
    assert refusal(tree(field(2, field(1, "a") + field(2, about)))).startswith("a digest: ")


@pytest.mark.parametrize("target", [b"", b"a\0b", b"x" * 4096])
def test_a_target_that_no_link_can_have_is_refused(target: bytes) -> None:
    assert refusal(tree(link("l", target))) == "a Directory: the link b'l' has no possible target"


@pytest.mark.parametrize("target", [b"/", b"../../..", b"\xff", b"x" * 4095, b"/etc/shadow"])
def test_links_may_lead_anywhere(target: bytes) -> None:
    assert read(tree(link("l", target))).links == {b"l": target}


def test_a_directory_that_is_not_in_the_tree_is_refused() -> None:
    assert refusal(tree(folder("d", file("a")))) == "a Tree: the directory b'd' is not in it"
    near = SHA.of(b"")
    wrong_size = field(2, field(1, "d") + field(2, digest(near.hash, 1)))
    assert refusal(tree(wrong_size, b"")) == "a Tree: the directory b'd' is not in it"


def test_no_tree_contains_itself() -> None:
    # A directory would have to hold its own digest: whatever stands for that is the digest of another message.
    claimed = folder("d", b"anything")
    assert refusal(tree(claimed, claimed)) == "a Tree: the directory b'd' is not in it"


def nested(levels: int, name: str = "d") -> bytes:
    children = [b""]
    for _ in range(levels):
        children.append(folder(name, children[-1]))
    return tree(children[-1], *children[:-1])


@pytest.mark.parametrize(("levels", "name"), [(900, "d"), (13, "d" * 250)])
def test_the_deepest_tree_of_a_store_is_read(levels: int, name: str) -> None:
    assert len(read(nested(levels, name)).folders) == levels


@pytest.mark.parametrize(("levels", "name"), [(902, "d"), (3000, "d"), (14, "d" * 255)])
def test_a_deeper_one_is_the_build_s_own_fault(levels: int, name: str) -> None:
    with pytest.raises(StoreRefused) as caught:
        read(nested(levels, name))
    assert "nested more deeply than can be walked" in caught.value.message
    assert caught.value.hint is not None and "at most 900 levels" in caught.value.hint


def test_a_short_message_is_no_tree_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "_MOST_ENTRIES", 50_000)
    children = [file("x")]
    for _ in range(40):
        children.append(folder("a", children[-1]) + folder("b", children[-1]))
    data = tree(children[-1], *children[:-1])
    assert len(data) < 10_000
    assert refusal(data) == "a Tree: it is larger than any output"


def test_paths_have_bounds_together(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number:03}".ljust(250, "n") for number in range(30)]
    children = [b"".join(file(name) for name in names)]
    for _ in range(3):
        children.append(b"".join(folder(name, children[-1]) for name in names))
    monkeypatch.setattr(outcome, "_MOST_PATHS", 10 << 20)
    assert refusal(tree(children[-1], *children[:-1])) == "a Tree: it is larger than any output"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_tree_or_refused(data: bytes) -> None:
    try:
        read(data)
    except FalseBlob as error:
        assert error.endpoint == URL


# Files in their places.


def placed(server: FakeServer, cas: Cas, where: Path, names: set[bytes], contents: dict[str, Any]) -> None:
    data = server.blobs[server.put_tree(contents)]
    place(read_tree(server.url, data, SHA), frozenset(names), str(where), cas)


def listed(where: Path) -> dict[str, str | bytes]:
    """All that is below a folder: content or target, and mode."""
    found: dict[str, str | bytes] = {}
    for folder, folders, files in os.walk(where):
        for name in folders + files:
            path = Path(folder, name)
            key = str(path.relative_to(where))
            if path.is_symlink():
                found[key] = f"-> {os.readlink(path)}"
            else:
                found[key] = path.read_bytes() if path.is_file() else "directory"
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_outputs_are_placed(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    large = os.urandom(2 << 20)
    contents = {
        "one": b"file",
        "two/run*": b"same",
        "two/sub/empty": None,
        "two/same": b"same",
        "two/none": b"",
        "two/large": large,
        "two/large again*": large,
        "two/away": "/etc/passwd",
        "two/up": "../..",
        "three": "/nowhere",
        "stray": b"not asked for",
        "stray2/file": b"nor this",
    }
    placed(server, cas, tmp_path / "to", {b"one", b"two", b"three"}, contents)
    assert listed(tmp_path / "to") == {
        "one": b"file",
        "two": "directory",
        "two/run": b"same",
        "two/sub": "directory",
        "two/sub/empty": "directory",
        "two/same": b"same",
        "two/none": b"",
        "two/large": large,
        "two/large again": large,
        "two/away": "-> /etc/passwd",
        "two/up": "-> ../..",
        "three": "-> /nowhere",
    }
    for name, expected in (("one", 0o644), ("two", 0o755), ("two/run", 0o755), ("two/same", 0o644), ("two/sub", 0o755)):
        assert mode(tmp_path / "to" / name) == expected
    for path in ("two/run", "two/large again"):
        assert (tmp_path / "to" / path).stat().st_nlink == 1, "a file of its own, that can be written to"


def test_equal_files_travel_once(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    placed(server, cas, tmp_path / "to", {b"out"}, {f"out/{number}": b"same" for number in range(50)})
    assert len(listed(tmp_path / "to")) == 51
    (call,) = server.of("BatchReadBlobs")
    assert len(call.request.digests) == 1


def test_what_is_no_output_is_not_even_read(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    placed(server, cas, tmp_path / "to", {b"out"}, {"out": b"1", "outer": b"2", "ou": b"3", "stray/out": b"4"})
    (call,) = server.of("BatchReadBlobs")
    assert [one.hash for one in call.request.digests] == [SHA.of(b"1").hash]


def test_names_that_are_not_utf_8_are_placed(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    placed(
        server, cas, tmp_path / "to", {b"out"}, {os.fsdecode(b"out/\xff\xfe"): b"1", os.fsdecode(b"out/l"): "\udcff"}
    )
    assert sorted(os.listdir(os.fsencode(tmp_path / "to" / "out"))) == [b"l", b"\xff\xfe"]
    assert os.readlink(os.fsencode(tmp_path / "to" / "out" / "l")) == b"\xff"


@pytest.mark.parametrize("there", ["directory", "file", "link"])
def test_a_folder_that_is_there_is_not_used(server: FakeServer, cas: Cas, tmp_path: Path, there: str) -> None:
    where = tmp_path / "to"
    if there == "directory":
        where.mkdir()
    elif there == "file":
        where.write_text("mine")
    else:
        where.symlink_to(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(FileExistsError):
        placed(server, cas, where, {b"out"}, {"out": b"1"})
    assert sorted(os.listdir(tmp_path)) == before


def test_no_file_is_written_through_a_link(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    # No tree that was read has such paths; should one get here all the same, it writes nothing outside.
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "there").write_text("precious")
    digests = [server.put(b"small"), server.put(os.urandom(2 << 20)), server.put(b"")]
    for found in digests:
        contents = Contents((), {b"out": File(found, True)}, {b"out": os.fsencode(outside / "there")})
        with pytest.raises(FileExistsError):
            place(contents, frozenset({b"out"}), str(tmp_path / found.hash), cas)
    assert listed(outside) == {"there": b"precious"}
    assert mode(outside / "there") != 0o755


def test_a_blob_that_is_another_is_not_placed(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    found = server.put_tree({"out/a": b"content"})
    server.blobs[SHA.of(b"content")] = b"CONTENT"
    with pytest.raises(FalseBlob) as caught:
        place(read(server.blobs[found]), frozenset({b"out"}), str(tmp_path / "to"), cas)
    assert caught.value.reason == "they are others"
    assert listed(tmp_path / "to") == {"out": "directory"}


# Reports.


def test_a_report_is_parsed() -> None:
    data = report(
        proc="shared",
        started="1",
        status="139",
        ended="silence",
        kernel="6.1.0",
        bad=["a fifo store/x/y", "a socket store/z"],
    )
    assert parse_report(data) == Report(
        proc="shared",
        has_started=True,
        ended="silence",
        status=139,
        kernel="6.1.0",
        bad=(("a fifo", "x/y"), ("a socket", "z")),
    )
    assert parse_report(report(refused="bwrap: No permissions")).refused == "bwrap: No permissions"
    assert parse_report(report()) == Report()
    assert not parse_report(report(started="0")).has_started


def test_paths_in_a_report_may_be_any_bytes() -> None:
    data = b"chx report\x001\x00bad\x00a fifo store/\xff store/\n\x00"
    assert parse_report(data).bad == (("a fifo", "\udcff store/\n"),)


def test_what_newer_launchers_report_is_passed_over() -> None:
    assert parse_report(report(new="1", status="3")) == Report(status=3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"chx report",
        b"chx report\x001",
        b"chx report\x002\x00",
        b"chx report\x001\x00status\x00",
        b"chx report\x001\x00status\x003",
        b"chx report\x001\x00status\x00three\x00",
        b"chx report\x001\x00status\x00\x00",
        b"chx report\x001\x00status\x00" + b"9" * 5000 + b"\x00",
        b"other report\x001\x00status\x003\x00",
    ],
)
def test_what_is_no_report_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_report(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_report_or_a_value_error(data: bytes) -> None:
    for candidate in (data, b"chx report\x001\x00" + data):
        with suppress(ValueError):
            parse_report(candidate)


# Results.


def test_a_result_is_read(server: FakeServer, cas: Cas) -> None:
    result = server.result({"out": b"1"}, log=b"line\n", worker="worker 7")
    results = read_result(server.url, result, cas, SHA)
    assert (results.log, results.worker) == (b"line\n", "worker 7")
    assert results.report == Report(proc="new", has_started=True, status=0, kernel="6.1.0")
    assert results.tree is not None and set(read(results.tree).files) == {b"out"}


def test_a_long_log_is_a_blob(server: FakeServer, cas: Cas) -> None:
    log = os.urandom(2 << 20)
    result = server.result()
    result.stdout_digest.CopyFrom(server.put(log).message)
    assert read_result(server.url, result, cas, SHA).log == log
    server.blobs[SHA.of(log)] = log[::-1]
    with pytest.raises(FalseBlob):
        read_result(server.url, result, cas, SHA)


def test_an_empty_log_is_not_asked_for(server: FakeServer, cas: Cas) -> None:
    result = server.result()
    result.stdout_digest.CopyFrom(SHA.of(b"").message)
    assert read_result(server.url, result, cas, SHA).log == b""


@pytest.mark.parametrize("path", [b"report", b"/report/", b"report/"])
def test_slashes_around_paths_do_not_matter(server: FakeServer, cas: Cas, path: bytes) -> None:
    result = server.result()
    result.output_directories[0].path = path
    assert read_result(server.url, result, cas, SHA).report is not None


def test_a_result_without_a_report_has_none(server: FakeServer, cas: Cas) -> None:
    assert read_result(server.url, server.result(about=None), cas, SHA).report is None
    result = server.result(about=None)
    result.output_directories.add(path=b"report", tree_digest=server.put_tree({"other": b"1"}).message)
    assert read_result(server.url, result, cas, SHA).report is None
    assert read_result(server.url, new("ActionResult"), cas, SHA).tree is None


def test_a_report_that_is_none_is_refused(server: FakeServer, cas: Cas) -> None:
    with pytest.raises(FalseBlob) as caught:
        read_result(server.url, server.result(about=b"nonsense"), cas, SHA)
    assert caught.value.message == f"{server.url} sent a report, and it is no report of this version"


def test_a_report_of_a_gigabyte_is_not_read(server: FakeServer, cas: Cas) -> None:
    about = field(2, digest("0" * 64, 1 << 30))
    data = field(1, field(1, field(1, "report") + about))
    result = new("ActionResult")
    result.output_directories.add(path=b"report", tree_digest=server.put(data).message)
    with pytest.raises(FalseBlob) as caught:
        read_result(server.url, result, cas, SHA)
    assert caught.value.reason == "no such message has more than 1048576 bytes"


@pytest.mark.parametrize("name", ["store", "report"])
def test_a_result_with_a_digest_that_is_none_is_refused(server: FakeServer, cas: Cas, name: str) -> None:
    result = new("ActionResult")
    result.output_directories.add(path=name.encode(), tree_digest=new("Digest", hash="..", size_bytes=1))
    with pytest.raises(FalseBlob):
        read_result(server.url, result, cas, SHA)
    result = new("ActionResult", stdout_digest=new("Digest", hash="..", size_bytes=1))
    with pytest.raises(FalseBlob):
        read_result(server.url, result, cas, SHA)


def test_a_tree_that_is_gone_is_a_failure(server: FakeServer, cas: Cas) -> None:
    result = server.result()
    del server.blobs[
        Digest(result.output_directories[0].tree_digest.hash, result.output_directories[0].tree_digest.size_bytes)
    ]
    with pytest.raises(RemoteFailure) as caught:
        read_result(server.url, result, cas, SHA)
    assert caught.value.status == "reading outputs" and "no such blob" in caught.value.reason
