"""Archives good and bad, through the builder as a user meets it."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pytest

from chx.builder import Builder
from chx.builder.builtin.globs import selection
from chx.builder.errors import ArchiveRefused, ArchiveUnreadable, BadAttribute
from chx.store import Derivation


def tar(*members, format=tarfile.GNU_FORMAT) -> bytes:
    """Members: `(name, content)`, `(name, "->target")`, `(name, "=hard link")`, `(name, "/")`, or a TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            name, content, *mode = member
            info = tarfile.TarInfo(name)
            info.mode = mode[0] if mode else 0o644
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
                continue
            info.type = {"-": tarfile.SYMTYPE, "=": tarfile.LNKTYPE, "/": tarfile.DIRTYPE}[content[0]]
            info.linkname = content[2:] if content[0] == "-" else content[1:]
            archive.addfile(info)
    return out.getvalue()


def deb(data: bytes, name: str = "data.tar.xz") -> bytes:
    def member(title, content):
        header = f"{title:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        return header + content + b"\n" * (len(content) % 2)

    return b"!<arch>\n" + member("debian-binary", b"2.0\n") + member("control.tar", b"odd") + member(name, data)


@pytest.fixture
def unpack(store, recorder):
    """Unpack bytes; `{path: content}` of the output: files as bytes, links as `->target`, `/` for directories."""

    def run(*archives: bytes, **env):
        sources = [store.add_bytes(content, "archive") for content in archives]
        env = {"srcs": " ".join(map(str, sources)), **env}
        drv = store.add_derivation(
            Derivation("x", "builtin", "builtin:unpack", env=env, input_srcs=tuple(dict.fromkeys(sources)))
        )
        path = Builder(store, reporter=recorder).realise([(drv, ("out",))])[drv, "out"]
        root = store.physical(path)
        result = {}
        for entry in store.manifest(path):
            if entry.kind == "d":
                result[entry.path] = "/"
            elif entry.kind == "l":
                result[entry.path] = "->" + entry.target
            else:
                with open(f"{root}/{entry.path}", "rb") as file:
                    result[entry.path + ("*" if entry.kind == "x" else "")] = file.read()
        del result[""]
        return result

    return run


PLAIN = (("./a/", "/"), ("./a/run", b"x", 0o755), ("./a/text", b"t"), ("./a/link", "->run"), ("b/c", b""))
UNPACKED = {"a": "/", "a/run*": b"x", "a/text": b"t", "a/link": "->run", "b": "/", "b/c": b""}


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_tar(unpack, compress, format):
    assert unpack(compress(tar(*PLAIN, format=format))) == UNPACKED


def test_lzma_alone(unpack):
    assert unpack(lzma.compress(tar(*PLAIN), format=lzma.FORMAT_ALONE)) == UNPACKED


@pytest.mark.parametrize(
    "name, compress", [("data.tar", bytes), ("data.tar.gz/", gzip.compress), ("data.tar.xz", lzma.compress)]
)
def test_debian_package(unpack, name, compress):
    assert unpack(deb(compress(tar(*PLAIN)), name)) == UNPACKED


def test_zip_and_wheel(unpack):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        run = zipfile.ZipInfo("p/run")
        run.external_attr = 0o100755 << 16
        archive.writestr(run, b"x" * 10000)
        link = zipfile.ZipInfo("p/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"run")
        archive.writestr("p/dos.txt", b"d")
        archive.mkdir("p/empty") if hasattr(archive, "mkdir") else archive.writestr("p/empty/", b"")
    assert unpack(out.getvalue()) == {
        "p": "/",
        "p/run*": b"x" * 10000,
        "p/link": "->run",
        "p/dos.txt": b"d",
        "p/empty": "/",
    }


def test_the_kind_is_found_by_content_even_for_an_empty_archive(unpack):
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    assert unpack(out.getvalue()) == {}
    assert unpack(tar()) == {}


def test_components_are_stripped(unpack):
    archive = tar(("pkg-1/a", b"1"), ("pkg-1/d/b", b"2"), ("pkg-1/h", "=pkg-1/a"), ("top", b"3"))
    assert unpack(archive, strip="1") == {"a": b"1", "d": "/", "d/b": b"2", "h": b"1"}
    assert unpack(archive, strip="2") == {"b": b"2"}


def test_a_single_top_directory_is_stripped_by_auto(unpack):
    assert unpack(tar(("pkg/", "/"), ("pkg/pkg", b"1")), strip="auto") == {"pkg": b"1"}
    assert unpack(tar(("pkg/a", b"1"), ("b", b"2")), strip="auto") == {"pkg": "/", "pkg/a": b"1", "b": b"2"}
    assert unpack(tar(("a", b"1")), strip="auto") == {"a": b"1"}
    assert unpack(tar(("a", "->b")), strip="auto") == {"a": "->b"}


def test_only_and_exclude(unpack):
    archive = tar(*PLAIN, ("a/doc/x", b""), ("a/doc/y/z", b""))
    assert unpack(archive, exclude="a/doc a/link b") == {"a": "/", "a/run*": b"x", "a/text": b"t"}
    assert unpack(archive, only="a/t* b", exclude="**/z") == {"a": "/", "a/text": b"t", "b": "/", "b/c": b""}


@pytest.mark.parametrize(
    "glob, path, matches",
    [
        ("usr/share", "usr/share/doc/x", True),
        ("usr/share", "usr/shared", False),
        ("*.h", "a.h", True),
        ("*.h", "d/a.h", False),
        ("**/*.h", "a.h", True),
        ("**/*.h", "d/e/a.h", True),
        ("a/**", "a/b/c", True),
        ("?[ab]", "xa", True),
        ("?[!ab]", "xa", False),
        ("a+b", "a+b", True),
        ("./a/", "a", True),
    ],
)
def test_patterns(glob, path, matches):
    assert selection([glob], [])(path) is matches
    assert selection([], [glob])(path) is not matches


def test_several_archives_are_laid_over_each_other(unpack):
    assert unpack(tar(("a/x", b"1"), ("f", b"old")), tar(("a/y", b"2"), ("f", b"new"))) == {
        "a": "/",
        "a/x": b"1",
        "a/y": b"2",
        "f": b"new",
    }


def test_set_id_bits_are_dropped_and_told(unpack, recorder):
    assert unpack(tar(("bin/su", b"s", 0o4755))) == {"bin": "/", "bin/su*": b"s"}
    assert "dropped the set-user-id or set-group-id bit of bin/su" in recorder.text


def test_a_hard_link_becomes_a_copy(unpack):
    assert unpack(tar(("a", b"1", 0o755), ("d/b", "=a"), ("l", "->a"), ("m", "=l"))) == {
        "a*": b"1",
        "d": "/",
        "d/b*": b"1",
        "l": "->a",
        "m": "->a",
    }


def device(kind):
    info = tarfile.TarInfo("dev/thing")
    info.type = kind
    return info


@pytest.mark.parametrize(
    "members, reason",
    [
        ([("../evil", b"")], "climbs"),
        ([("a/../../evil", b"")], "climbs"),
        ([("a/..", "/")], "climbs"),
        ([("/etc/passwd", b"")], "absolute"),
        ([("d", "->/tmp"), ("d/evil", b"")], "through the link"),
        ([("d", "->."), ("d/evil", "->x")], "through the link"),
        ([("d", "->e"), ("e/", "/"), ("d/f/", "/")], "through the link"),
        ([("f", b""), ("f/g", b"")], "through the file"),
        ([("d", "->/tmp"), ("d/", "/")], "already"),
        ([("d/x", b""), ("d", b"")], "directory already"),
        ([("h", "=../../etc/passwd")], "climbs"),
        ([("h", "=/etc/passwd")], "absolute"),
        ([("h", "=missing")], "not unpacked before"),
        ([("d/", "/"), ("h", "=d")], "not unpacked before"),
        ([device(tarfile.CHRTYPE)], "device"),
        ([device(tarfile.BLKTYPE)], "device"),
        ([device(tarfile.FIFOTYPE)], "pipe"),
        ([(".", b"")], "root of the tree"),
    ],
)
def test_members_that_are_refused(unpack, store, members, reason, tmp_path):
    with pytest.raises(ArchiveRefused, match=reason):
        unpack(tar(*members))
    assert not os.path.exists("/tmp/evil") and not (tmp_path / "evil").exists()


def test_a_link_is_replaced_and_never_written_through(unpack, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"safe")
    assert unpack(tar(("f", f"->{outside}"), ("f", b"evil"))) == {"f": b"evil"}
    assert outside.read_bytes() == b"safe"


def test_zip_members_are_checked_alike(unpack):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../evil", b"")
    with pytest.raises(ArchiveRefused):
        unpack(out.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"plain text",
        b"",
        gzip.compress(b"no tar"),
        gzip.compress(tar(*PLAIN))[:60],
        lzma.compress(tar(*PLAIN))[:-40],
        tar(*PLAIN)[:700],
        tar(("a", b"x" * 600), ("b", b""))[:1600] + b"garbage" * 300,
        b"!<arch>\n" + b"x" * 60,
        b"PK\x03\x04" + b"\0" * 100,
        deb(b"rubbish"),
    ],
    # Not the contents: gzip writes the time into them, and workers must agree on the names of tests.
    ids=range(10),
)
def test_what_cannot_be_read_is_an_error_of_the_archive(unpack, content):
    with pytest.raises(ArchiveUnreadable):
        unpack(content)


def test_attributes_are_checked(unpack, store):
    with pytest.raises(BadAttribute, match="strip"):
        unpack(tar(), strip="many")
    drv = store.add_derivation(Derivation("x", "builtin", "builtin:unpack"))
    with pytest.raises(BadAttribute, match="src"):
        Builder(store).realise([(drv, ("out",))])


def test_names_that_are_no_utf_8_survive(unpack, store):
    result = unpack(tar((b"caf\xe9".decode("utf-8", "surrogateescape"), b"1"), format=tarfile.GNU_FORMAT))
    assert result == {"caf\udce9": b"1"}
