"""Systems that are their own seeds: made as archives, or captured from within. See docs/seeds.md."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from chx.ops.errors import RequestError
from chx.ops.seeds.programs import interpreter, libraries
from chx.ops.seeds.tarball import write_tarball
from chx.store import Store

from .conftest import ROOT, Run

SYSTEM = {"awk", "byacc", "dash", "make", "musl", "tinycc", "toybox"}
HOST = "/host"


def last_stages(run: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """What the packages of the last stage are, of all seeds."""
    assert run.returncode == 0, run.stdout + run.stderr
    items = json.loads(run.stdout)["items"]
    return {row["item"]: {cells[-1]["path"] for cells in row["cells"].values()} for row in items}


# The archive


def _tree(folder: Path, backwards: bool) -> Path:
    names = ["usr/bin/cc", "usr/lib/empty.a", "usr/share/" + "long-name-" * 12 + "\N{SNOWMAN}"]
    for name in reversed(names) if backwards else names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name if "empty" not in name else "")
    (folder / "usr/bin/cc").chmod(0o755)
    (folder / "bin").symlink_to("usr/bin")
    (folder / "none").mkdir()
    return folder


def _archive(home: Path, tree: Path) -> bytes:
    with Store.open(str(home)) as store:
        out = io.BytesIO()
        write_tarball(store, store.add_tree(str(tree), "tree"), out)
    return out.getvalue()


def test_a_tree_has_one_archive(tmp_path: Path) -> None:
    """Whichever store it lies in and in which order it was written; so its hash is a pin that anybody can make."""
    one = _archive(tmp_path / "home1", _tree(tmp_path / "one", False))
    two = _archive(tmp_path / "home2", _tree(tmp_path / "two", True))
    assert one == two
    assert hashlib.sha256(one).hexdigest() == "1319512ceb16edf4643e3a9145bbc6e70143483658781933c63bc562a3308f3b"
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        members = archive.getmembers()
    assert {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in members} == {
        (0, 0, 0, "", "")
    }
    modes = {member.name: member.mode for member in members}
    assert (modes["usr/bin/cc"], modes["usr/lib/empty.a"], modes["none"]) == (0o755, 0o644, 0o755)


def test_what_refers_to_another_object_is_not_archived(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "home")) as store:
        other = store.add_bytes(b"x", "other")
        path = store.add_bytes(str(other).encode(), "one", (other,))
        with pytest.raises(RequestError, match=f"it refers to {other}"):
            write_tarball(store, path, io.BytesIO())


# Seeds that are made


def test_a_seed_that_is_not_made_says_what_to_do(chx: Run) -> None:
    run = chx("eval", "--strict", "-E", "(import <chx> { }).seeds.self.rootfs")
    assert run.returncode == 1
    assert "the seed 'self' is not made yet; run `chx seed update self`" in run.stderr
    assert "not made yet" in chx("seed", "show", "self").stdout
    rows = {line.split()[0]: line for line in chx("seed", "list").stdout.splitlines()}
    assert "made of tiny" in rows["self"] and "made of chimera" in rows["self-chimera"]


def test_a_descendant_is_no_seed_that_proves_something(chx: Run) -> None:
    run = chx("eval", "--json", "-E", "builtins.mapAttrs (_: seed: seed.descendant) (import <chx> { }).seeds")
    found = json.loads(run.stdout)
    assert {name for name, descends in found.items() if descends} == {"self", "self-chimera"}
    text = "builtins.attrNames (import <chx> { }).bootstrap.chimera"
    sets = json.loads(chx("eval", "--json", "-E", text).stdout)
    # The tiny system has no compiler for C++.
    assert "self-chimera" in sets and "self" not in sets and "zig" in sets


def test_chimeras_system_is_a_seed_of_both_sets(chx: Run, tmp_path: Path) -> None:
    parts = ("toolchain", "userland")
    names = {part: f"self-chimera-{part}.tar" for part in parts}
    files = [{"package": name, "sha256": "0" * 64, "size": 1, "url": name, "version": ""} for name in names.values()]
    lock = {"files": files, **{part: [name] for part, name in names.items()}, "version": 2}
    (tmp_path / "home/seeds").mkdir(parents=True)
    (tmp_path / "home/seeds/self-chimera.lock.json").write_text(json.dumps(lock))
    text = """
      with (import <chx> { }).bootstrap;
      map (package: builtins.length package.container) [
        chimera.self-chimera.stage0.packages.llvm
        tiny.self-chimera.stage0.packages.tinycc
      ]
    """
    run = chx("eval", "--json", "--strict", "-E", text)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [2, 2]


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
def test_the_system_builds_itself_from_an_archive(shared_chx: Run, shared_home: Path, work: Path) -> None:
    made = shared_chx("seed", "update", "self")
    assert made.returncode == 0, made.stderr
    first = json.loads((shared_home / "seeds/self.lock.json").read_text())
    assert first.pop("made") == {"from": "debian-gcc", "set": "tiny", "stage": 2}
    for file in first["files"]:
        archive = shared_home / "seeds" / file["url"]
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == file["sha256"]
    assert "made: stage 2 of tiny, from debian-gcc" in shared_chx("seed", "show", "self").stdout

    found = last_stages(shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc,pcc,self", "--json"))
    assert found.keys() == SYSTEM
    assert all(len(paths) == 1 for paths in found.values())
    assert {path[11:19] for path in found["tinycc"]} == {"lyay9a76"}

    # It does not tell the seed that it came from.
    again = shared_chx("seed", "update", "self", "--from", "pcc")
    assert again.returncode == 0, again.stderr
    second = json.loads((shared_home / "seeds/self.lock.json").read_text())
    assert second.pop("made")["from"] == "pcc"
    assert second == first

    # What is below it is its archives, and no seed.
    shown = shared_chx("derivation", "show", "--recursive", "bootstrap.tiny.self.stage2.root")
    assert shown.returncode == 0, shown.stderr
    assert "self-toolchain.tar" in shown.stdout
    assert "debian-gcc" not in shown.stdout and "libc6" not in shown.stdout


def test_a_seed_is_made_from_one_that_there_is(chx: Run) -> None:
    run = chx("seed", "update", "self", "--from", "debian-gc")
    assert run.returncode == 1
    assert "there is no seed 'debian-gc'" in run.stderr and "did you mean 'debian-gcc'?" in run.stderr


# Captured from within


def _within(root: Path, home: Path, work: Path) -> list[str]:
    """The start of a command line that runs chx in `root`, with the Python of this machine and nothing else of it."""
    from chx.builder.bubblewrap import find_bwrap

    def there(path: str) -> str:
        return HOST + os.path.realpath(path)

    def started(program: str, *folders: str) -> list[str]:
        """A command that runs a program of this machine where its dynamic loader is not."""
        loader = interpreter(program)
        if loader is None:
            return [there(program)]
        found = dict.fromkeys(os.path.dirname(path) for path in libraries(loader, program))
        # Of what Python's modules are linked with, too.
        places = [HOST + folder for folder in [*folders, *found, os.path.dirname(os.path.realpath(loader))]]
        return [there(loader), "--library-path", ":".join(places), there(program)]

    python, bwrap = os.path.realpath(sys.executable), find_bwrap()
    script = work / "bwrap"
    script.write_text("#!/bin/sh\nexec " + " ".join(started(bwrap)) + ' "$@"\n')
    script.chmod(0o755)
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    variables = {
        "PATH": "/usr/bin",
        "CHX_HOME": str(home),
        "CHX_BWRAP": str(script),
        "HOME": str(work),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHOME": HOST + sys.base_prefix,
        "PYTHONPATH": ":".join(HOST + path for path in packages),
    }
    usual = sysconfig.get_config_var("LIBDIR") or "/usr/lib"
    return [
        *(bwrap, "--tmpfs", "/", "--ro-bind", f"{root}/usr", "/usr"),
        *("--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
        *("--ro-bind", "/", HOST, "--bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *("--bind", str(home), str(home), "--bind", str(work), str(work), "--chdir", str(work), "--clearenv"),
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *started(python, usual, *_system_libraries()),
        HOST + str(ROOT),
    ]


def _system_libraries() -> list[str]:
    multiarch = sysconfig.get_config_var("MULTIARCH")
    return [f"/usr/lib/{multiarch}", f"/lib/{multiarch}", "/usr/lib64", "/usr/lib"] if multiarch else ["/usr/lib"]


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
def test_the_system_is_captured_from_within_and_builds_itself(shared_chx: Run, shared_home: Path, work: Path) -> None:
    """In a root of tcc, musl and toybox: no dynamic loader, and a compiler that answers few of GCC's questions."""
    built = shared_chx("build", "root", "-o", "system")
    assert built.returncode == 0, built.stderr
    command = _within((work / "system").resolve(), shared_home, work)
    captured = subprocess.run(
        [*command, "seed", "update", "host"], cwd=work, capture_output=True, text=True, timeout=300, check=False
    )
    assert captured.returncode == 0, captured.stdout + captured.stderr
    assert "as host: tcc version 0.9.27" in captured.stderr
    toolchain = (shared_home / "seeds/host-toolchain").resolve()
    system = (work / "system").resolve()
    taken = {str(path.relative_to(toolchain)) for path in toolchain.rglob("*") if path.is_file()}
    assert {"usr/bin/tcc", "usr/bin/ar", "usr/lib/crt1.o", "usr/lib/libc.a", "usr/lib/tcc/libtcc1.a"} <= taken
    # A header that has nothing but macros is one, too.
    assert {"usr/include/stdio.h", "usr/include/iso646.h", "usr/include/bits/alltypes.h"} <= taken
    assert all((system / path).read_bytes() == (toolchain / path).read_bytes() for path in taken)
    # It is made by the first, so that only the second is another toolchain.
    found = last_stages(shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc,pcc,host", "--json"))
    assert found.keys() == SYSTEM
    assert all(len(paths) == 1 for paths in found.values())
