"""Built trees become objects under names that follow from their content."""

import os
import struct

import pytest

from chx.store import (
    ForeignScratch,
    NotValid,
    OutputCycle,
    OutputDraft,
    PartialScratch,
    UnsupportedFile,
    output_object_name,
    scan_tree,
    scratch_hash,
    scratch_path,
)
from chx.store.canonical_form import CHUNK


def elf(text: bytes) -> bytes:
    """Something that looks like a program with strings in it."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1) + bytes(range(256)) * 8
    return header + b"\0" + text + b"\0GCC: (chx) 13\0" + os.urandom(0) + bytes(100)


def test_references_to_inputs_and_to_itself_are_found_and_the_own_path_is_put_in(store, tools):
    libc = store.add_bytes(b"libc", "libc")
    unused = store.add_bytes(b"unused", "unused")
    drafts = tools.build(
        store,
        {
            "out": {
                "bin/prog": ("run", elf(b"@out@/lib:%s/lib" % str(libc).encode())),
                "lib/link": ("link", b"@out@/bin/prog"),
                "share": None,
            }
        },
    )
    path = store.add_outputs(drafts, [libc, unused], None)["out"]
    info = store.info(path)
    assert info.references == tuple(sorted([libc, path]))
    physical = store.physical(path)
    with open(physical + "/bin/prog", "rb") as file:
        content = file.read()
    assert content == elf(b"%s/lib:%s/lib" % (str(path).encode(), str(libc).encode()))
    assert os.readlink(physical + "/lib/link") == f"{path}/bin/prog"
    assert store.manifest(path) == scan_tree(physical)[0]
    assert store.closure([path]) == [libc, path]
    assert store.referrers(libc) == [path] and store.referrers(path) == [path]
    assert not os.path.exists(drafts[0].source)
    tools.check(store)


def test_equal_content_gives_the_same_path_and_the_draft_is_thrown_away(store, tools):
    tree = {"out": {"a": b"@out@", "d/e": ("run", b"x")}}
    one = store.add_outputs(tools.build(store, tree), [], None)
    drafts = tools.build(store, tree)
    assert store.add_outputs(drafts, [], None) == one
    assert not os.path.exists(drafts[0].source)


@pytest.mark.parametrize(
    "change", [{"a": b"@out@!"}, {"a": ("run", b"@out@")}, {"b": b"@out@"}, {"a": b"@out@", "c": None}]
)
def test_other_content_gives_another_path(store, tools, change):
    one = store.add_outputs(tools.build(store, {"out": {"a": b"@out@"}}), [], None)
    assert store.add_outputs(tools.build(store, {"out": change}), [], None) != one


def test_the_path_does_not_depend_on_the_scratch_hash_that_the_build_saw(store, tools):
    paths = set()
    for output in ("out", "dev"):
        folder = store.temporary("build")
        with open(folder + "/x", "w") as file:
            file.write("zzz " + scratch_path(output, "same"))
        os.mkdir(folder + "/t")
        os.rename(folder + "/x", f"{folder}/t/{scratch_hash(output)}")
        os.symlink(scratch_path(output, "same"), folder + "/t/l")
        paths |= set(
            store.add_outputs([OutputDraft(output, "same", folder + "/t", scratch_hash(output))], [], None).values()
        )
    assert len(paths) == 1
    tools.check(store)


def test_outputs_may_refer_to_each_other_one_way(store, tools):
    drafts = tools.build(
        store,
        {
            "out": {"bin": b"@out@ @lib@", "l": ("link", b"@lib@/so")},
            "dev": {"pc": b"@dev@ @out@ @lib@ @lib@"},
            "lib": {"so": b"@lib@"},
        },
    )
    paths = store.add_outputs(drafts, [], None)
    assert set(paths) == {"out", "dev", "lib"}
    assert store.info(paths["lib"]).references == (paths["lib"],)
    assert store.info(paths["out"]).references == tuple(sorted([paths["lib"], paths["out"]]))
    with open(store.physical(paths["dev"]) + "/pc") as file:
        assert file.read() == f"{paths['dev']} {paths['out']} {paths['lib']} {paths['lib']}"
    assert store.closure([paths["dev"]]) == [paths["lib"], paths["out"], paths["dev"]]
    tools.check(store)


def test_outputs_that_refer_to_each_other_in_a_ring_are_refused_with_the_files(store, tools):
    drafts = tools.build(
        store, {"out": {"a/b": b"@lib@"}, "dev": {"x": b"@out@"}, "lib": {"c": b"%dev%", "d": ("link", b"@dev@")}}
    )
    with pytest.raises(OutputCycle) as caught:
        store.add_outputs(drafts, [], None)
    assert set(caught.value.outputs) == {"out", "dev", "lib"}
    assert set(caught.value.files) == {"out:/a/b", "dev:/x", "lib:/c"}
    assert os.listdir(store.directory) == []
    assert all(os.path.exists(draft.source) for draft in drafts)


def test_names_that_hold_the_own_or_another_outputs_hash_are_changed(store, tools):
    drafts = tools.build(
        store,
        {
            "out": {"d-%out%/e/%out%": b"1", "d-%out%/%lib%": ("link", b"@lib@"), "d-%out%-x/y": b"@out@"},
            "lib": {"f": b"2"},
        },
    )
    paths = store.add_outputs(drafts, [], None)
    out, lib = paths["out"], paths["lib"]
    names = {entry.path for entry in store.manifest(out)}
    assert {f"d-{out.hash}/e/{out.hash}", f"d-{out.hash}/{lib.hash}", f"d-{out.hash}-x/y"} <= names
    assert store.info(out).references == tuple(sorted([out, lib]))
    tools.check(store)


@pytest.mark.parametrize("tree", [b"plain", b"own @out@ and more"])
def test_an_output_may_be_a_file(store, tools, tree):
    path = store.add_outputs(tools.build(store, {"out": tree}), [], None)["out"]
    assert os.stat(store.physical(path)).st_mode & 0o7777 == 0o444
    tools.check(store)


def test_an_output_may_be_a_link_to_itself(store, tools):
    folder = store.temporary("build")
    os.symlink(scratch_path("out", "l"), folder + "/l")
    path = store.add_outputs([OutputDraft("out", "l", folder + "/l", scratch_hash("out"))], [], None)["out"]
    assert os.readlink(store.physical(path)) == str(path)
    tools.check(store)


def test_big_files_are_rewritten_across_the_borders_of_what_is_read_at_once(store, tools):
    own = scratch_hash("lib").encode()
    data = bytearray(os.urandom(64) * (CHUNK // 64) * 3)
    places = [0, 100, CHUNK - 40, CHUNK - 8, CHUNK + 24, 2 * CHUNK - 31, 3 * CHUNK - 32]
    for place in places:
        data[place : place + 32] = own
    drafts = tools.build(store, {"out": {"x": b""}, "lib": {"big": bytes(data)}})
    path = store.add_outputs(drafts, [], None)["lib"]
    with open(store.physical(path) + "/big", "rb") as file:
        assert file.read() == bytes(data).replace(own, path.hash.encode())
    tools.check(store)


def test_a_piece_of_the_scratch_path_is_refused_with_file_and_offset(store, tools):
    path = scratch_path("out", "thing").encode()
    code = b"\x90" * 100 + b"\x48\xb8" + path[16:24] + b"\x48\xb9" + path[24:32]
    with pytest.raises(PartialScratch) as caught:
        store.add_outputs(tools.build(store, {"out": {"bin/cc": ("run", code)}}), [], None)
    assert (caught.value.output, caught.value.file) == ("out", "bin/cc")
    assert 100 <= caught.value.offset < 120 and "bin/cc" in str(caught.value)
    with pytest.raises(PartialScratch):
        store.add_outputs(tools.build(store, {"out": {"l": ("link", b"/" + path[11:30])}}), [], None)
    with pytest.raises(PartialScratch):
        store.add_outputs(tools.build(store, {"out": {"d": None, path[11:22].decode(): b""}}), [], None)
    assert os.listdir(store.directory) == []


def test_the_constant_for_self_references_may_not_stand_in_outputs_of_another_name(store, tools):
    drafts = tools.build(store, {"lib": {"x": b"@lib@", "y": scratch_hash("out").encode()}})
    with pytest.raises(ForeignScratch, match="output 'lib': 'y'"):
        store.add_outputs(drafts, [], None)


def test_references_have_to_be_objects(store, tools, tmp_path):
    missing = store.add_bytes(b"1", "one").__class__.parse("0" * 32 + "-gone")
    drafts = tools.build(store, {"out": {"x": str(missing).encode()}})
    with pytest.raises(NotValid, match="gone"):
        store.add_outputs(drafts, [missing], None)
    assert len(os.listdir(store.directory)) == 1


def test_objects_lie_in_the_form_of_the_store(store, tools):
    drafts = tools.build(store, {"out": {"d/f": b"1", "d/x": ("run", b"2"), "l": ("link", b"gone"), "e": None}})
    root = drafts[0].source
    os.chmod(root + "/d/f", 0)
    os.chmod(root + "/d/x", 0o711)
    os.chmod(root + "/e", 0)
    os.chmod(root, 0o2700)
    path = store.add_outputs(drafts, [], None)["out"]
    physical = store.physical(path)
    for name, mode in {"": 0o555, "d": 0o555, "d/f": 0o444, "d/x": 0o555, "e": 0o555, "l": 0o777}.items():
        status = os.lstat(f"{physical}/{name}" if name else physical)
        assert (status.st_mode & 0o7777, status.st_mtime_ns) == (mode, 1_000_000_000), name


def test_extended_attributes_are_removed(store, tools):
    drafts = tools.build(store, {"out": {"f": b"1", "d/g": b"2"}})
    try:
        for name in ("/f", "/d", ""):
            os.setxattr(drafts[0].source + name, "user.note", b"x")
    except OSError:
        pytest.skip("the file system has no user attributes")
    physical = store.physical(store.add_outputs(drafts, [], None)["out"])
    assert [os.listxattr(physical + name) for name in ("/f", "/d", "")] == [[], [], []]


def test_hard_links_inside_stay_and_links_from_outside_are_cut(store, tools):
    drafts = tools.build(store, {"out": {"a": b"@out@ one", "in/b": b"two"}})
    root = drafts[0].source
    os.link(root + "/a", root + "/a2")
    os.link(root + "/in/b", root + "/b2")
    outside = os.path.dirname(root) + "/outside"
    os.link(root + "/in/b", outside)
    path = store.add_outputs(drafts, [], None)["out"]
    physical = store.physical(path)
    assert os.stat(physical + "/a").st_ino == os.stat(physical + "/a2").st_ino
    assert os.stat(physical + "/in/b").st_nlink == 2
    with open(outside, "rb") as file:
        assert os.fstat(file.fileno()).st_nlink == 1
        assert file.read() == b"two"
    with open(physical + "/a2", "rb") as file:
        assert file.read() == f"{path} one".encode()
    tools.check(store)


def test_names_need_not_be_utf8(store, tools):
    drafts = tools.build(store, {"out": {os.fsdecode(b"\xff\xfe/\xe4"): b"@out@", "ä": ("link", b"\xc3")}})
    path = store.add_outputs(drafts, [], None)["out"]
    assert {entry.path for entry in store.manifest(path)} == {"", "ä", "\udcff\udcfe", "\udcff\udcfe/\udce4"}
    assert store.manifest(path).lookup("ä").target == "\udcc3"
    tools.check(store)


def test_special_files_are_refused_and_nothing_is_registered(store, tools):
    drafts = tools.build(store, {"out": {"a": b""}, "dev": {"b": b""}})
    os.mkfifo(drafts[1].source + "/p")
    with pytest.raises(UnsupportedFile, match="dev/p' is a fifo"):
        store.add_outputs(drafts, [], None)
    assert os.listdir(store.directory) == []


def test_the_deriver_is_remembered(store, tools):
    deriver = store.add_bytes(b"{}", "x.drv")
    path = store.add_outputs(tools.build(store, {"out": b"1"}), [], deriver)["out"]
    assert store.info(path).deriver == deriver
    assert output_object_name("x", "dev") == "x-dev"
