"""Seeds of one's own, from end to end: docs/seeds.md."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from ..builder.conftest import SYSTEM, programs_root
from ..builder.test_image import Layout
from ..builder.test_unpack import tar
from .conftest import Run

TOOL = b"#!/bin/sh\necho tool of the archive\n"
ARCHIVE = tar(("usr/bin/tool", TOOL, 0o755), ("usr/share/doc/tool", b"text"), ("usr/lib/big", b"0" * 1000))


@pytest.fixture
def seeds(work: Path, chx: Run) -> Path:
    """A set with three seeds, of an archive, of folders and of images; `work/seeds.nix`."""
    work.mkdir(exist_ok=True)
    programs_root(str(work / "root"), ["sh", "cat", "mkdir"])
    (work / "tool.tar").write_bytes(ARCHIVE)
    folder = work / "toolchain/usr/bin"
    folder.mkdir(parents=True)
    (folder / "tool").write_bytes(TOOL)
    (folder / "tool").chmod(0o755)
    layout = Layout(work / "layout")
    hidden = tar(("usr/lib/.wh.big", b""))
    layout.holds(layout.image(ARCHIVE, hidden, annotations={"org.opencontainers.image.ref.name": "1.0"}))
    with tarfile.open(work / "layout.tar", "w") as archive:
        archive.add(work / "layout", ".")
    userland = "userland.trees = [ ./root ];"
    texts = {
        "archive": 'toolchain = { archives = [ "tool.tar" ]; exclude = [ "usr/share/doc" ]; };',
        "folder": "toolchain.trees = [ ./toolchain ];",
        "image": 'toolchain = { images = [ ./layout ]; reference = "1.0"; only = [ "usr/bin" ]; };',
        "packed": 'toolchain = { images = [ "layout.tar" ]; };',
    }
    for name, text in texts.items():
        (work / f"{name}.nix").write_text(f'{{ description = "of one\'s own"; {text} {userland} }}\n')
    files = " ".join(f"seeds.{name} = ./{name}.nix;" for name in texts)
    (work / "seeds.nix").write_text(f"import <chx> {{ {files} }}\n")
    return work


def build(chx: Run, name: str) -> str:
    text = f"""
      derivation {{
        name = "said";
        system = "{SYSTEM}";
        inherit ((import ./seeds.nix).seeds.{name}) rootfs;
        builder = "/bin/sh";
        args = [ "-c" "mkdir $out; tool > $out/said; cat /usr/share/doc/tool /usr/lib/big >> $out/said 2>&1 || true" ];
        PATH = "/usr/bin";
      }}
    """
    run = chx("build", "-E", text, "-o", "made")
    assert run.returncode == 0, run.stderr
    return str(run.stdout.strip())


def test_a_set_of_ones_own_has_the_bundled_seeds_and_more(chx: Run, seeds: Path) -> None:
    run = chx("seed", "list", "-f", "seeds.nix")
    assert run.returncode == 0, run.stderr
    rows = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert {"debian-gcc", "zig", "archive", "folder", "image", "packed"} <= rows.keys()
    assert "pinned" in rows["archive"] and "nothing" in rows["archive"]
    assert "local" in rows["folder"] and "local" in rows["image"] and "pinned" in rows["packed"]
    shown = chx("seed", "show", "folder", "-f", "seeds.nix")
    assert shown.returncode == 0, shown.stderr
    assert f"{seeds}/toolchain" in shown.stdout and f"{seeds}/root" in shown.stdout
    assert "archive" not in chx("seed", "list").stdout
    names = "builtins.attrNames (import ./seeds.nix).bootstrap.tiny"
    assert {"archive", "debian-gcc", "folder"} <= set(json.loads(chx("eval", "--json", "-E", names).stdout))


def test_an_archive_is_pinned_beside_the_file_that_names_it(chx: Run, seeds: Path) -> None:
    missing = chx("eval", "--strict", "-f", "seeds.nix", "-A", "seeds.archive.rootfs")
    assert missing.returncode == 1
    assert "the seed 'archive' is not pinned yet; `chx seed update archive` does that" in missing.stderr
    run = chx("seed", "update", "archive", "-f", "seeds.nix")
    assert run.returncode == 0, run.stderr
    lock = json.loads((seeds / "archive.lock.json").read_text())
    assert lock["files"] == [
        {
            "package": "tool.tar",
            "version": "",
            "url": "tool.tar",
            "size": len(ARCHIVE),
            "sha256": hashlib.sha256(ARCHIVE).hexdigest(),
        }
    ]
    assert (lock["toolchain"], lock["userland"]) == (["tool.tar"], [])
    assert "tool.tar" in chx("seed", "show", "archive", "-f", "seeds.nix").stdout
    # What was pinned is in the store; elsewhere it is what the lock says, or nothing.
    (seeds / "tool.tar").write_bytes(tar(("usr/bin/tool", b"other", 0o755)))
    text = "builtins.head (import ./seeds.nix).seeds.archive.toolchain"
    assert chx("build", "-E", text, "--no-out-link").returncode == 0
    elsewhere = chx("build", "-E", text, "--no-out-link", CHX_HOME=str(seeds / "elsewhere"))
    assert elsewhere.returncode == 1
    assert "tool.tar" in elsewhere.stderr and "sha256-" in elsewhere.stderr


def test_nothing_is_pinned_of_what_lies_beside_the_file(chx: Run, seeds: Path) -> None:
    run = chx("seed", "update", "folder", "-f", "seeds.nix")
    assert run.returncode == 1
    assert "nothing of the seed 'folder' is fetched" in run.stderr


@pytest.mark.sandbox
@pytest.mark.parametrize(("name", "rest"), [("archive", "big"), ("folder", ""), ("image", ""), ("packed", "doc")])
def test_a_seed_of_ones_own_is_a_root_to_build_in(chx: Run, seeds: Path, name: str, rest: str) -> None:
    if name in ("archive", "packed"):
        run = chx("seed", "update", name, "-f", "seeds.nix")
        assert run.returncode == 0, run.stderr
    build(chx, name)
    said = (seeds / "made/said").read_text()
    assert said.startswith("tool of the archive\n")
    # What was excluded, not selected, or hidden by an upper layer is not there.
    assert ("0" * 1000 in said) is (rest == "big")
    assert ("text" in said) is (rest == "doc")


def test_two_files_of_one_name_are_told_apart_by_nothing(chx: Run, seeds: Path) -> None:
    other = seeds / "other"
    other.mkdir()
    (other / "tool.tar").write_bytes(tar(("x", b"")))
    (seeds / "archive.nix").write_text(
        '{ description = "d"; toolchain.archives = [ "tool.tar" "other/tool.tar" ]; userland = { }; }'
    )
    run = chx("seed", "update", "archive", "-f", "seeds.nix")
    assert run.returncode == 1
    assert "two files are called 'tool.tar': tool.tar and other/tool.tar" in run.stderr


def test_what_is_no_archive_to_be_fetched_is_explained(chx: Run, seeds: Path) -> None:
    (seeds / "tool.tar").unlink()
    run = chx("seed", "update", "archive", "-f", "seeds.nix")
    assert run.returncode == 1
    assert "tool.tar" in run.stderr and "No such file" in run.stderr and "Traceback" not in run.stderr
    unknown = chx("seed", "show", "archiv", "-f", "seeds.nix")
    assert unknown.returncode == 1 and "did you mean 'archive'?" in unknown.stderr
    both = chx("seed", "list", "-f", "seeds.nix", "--directory", ".")
    assert both.returncode == 1 and "--directory" in both.stderr
    (seeds / "archive.lock.json").write_text("[" * 100_000)
    broken = chx("seed", "show", "archive", "-f", "seeds.nix")
    assert broken.returncode == 1 and "is no lock of a seed" in broken.stderr


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
def test_a_seed_of_ones_own_starts_a_bootstrap(shared_chx: Run, shared_home: Path, work: Path) -> None:
    """The tiny system as a user would have packed it: one image for both halves."""
    made = shared_chx("seed", "update", "self")
    assert made.returncode == 0, made.stderr
    halves = [(shared_home / f"seeds/self-{part}.tar").read_bytes() for part in ("toolchain", "userland")]
    layout = Layout(work / "image")
    layout.holds(layout.image(*halves))
    programs = ["cc", "tcc", "ar", "ld", "ranlib", "strip"]
    compiling = ["usr/include", "usr/lib", *(f"usr/bin/{name}" for name in programs)]
    quoted = " ".join(f'"{path}"' for path in compiling)
    (work / "mine.nix").write_text(
        f"""{{
          description = "an image";
          toolchain = {{ images = [ ./image ]; only = [ {quoted} ]; }};
          userland = {{ images = [ ./image ]; exclude = [ {quoted} ]; }};
        }}"""
    )
    (work / "seeds.nix").write_text("import <chx> { seeds.mine = ./mine.nix; }")
    # It is what the first one made, so that only the second is another toolchain.
    run = shared_chx("bootstrap", "tiny", "-f", "seeds.nix", "--seeds", "debian-gcc,pcc,mine", "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert found["holds"] is True
    for row in found["items"]:
        assert len({cells[-1]["path"] for cells in row["cells"].values()}) == 1
