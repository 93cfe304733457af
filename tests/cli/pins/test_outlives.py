"""A pin outlives its host: the same lock, checked by somebody else, somewhere else, from something else."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from .conftest import Lock, Run, Write

NOBODY = 65534
PACKAGE = """
{ inputs, ... }: rec {
  words = tree "words" inputs.words.outputs;
  program = derivation {
    name = "program"; system = builtins.currentSystem; builder = "/bin/sh"; rootfs = [ "${./root}" ];
    outputs = [ "out" "info" ];
    args = [ "-euc" ''
      mkdir -p $out/usr/bin $info; cp ${words}/text $out/usr/bin/program; chmod 755 $out/usr/bin/program
      echo "self $out" > $info/self; id -u > $info/user; env > $info/environment; pwd > $info/place
    '' ];
  };
}
"""


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that everybody can use, with another name of another length."""
    folder = Path(tempfile.mkdtemp(prefix="chx another place "))
    try:
        folder.chmod(0o777)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def programs_root(place: Path, *programs: str) -> None:
    spec = spec_from_file_location("roots", Path(__file__).parents[2] / "builder/conftest.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.programs_root(str(place), programs)


def as_somebody_else(chx_in: Run, elsewhere: Path, *words: str) -> tuple[int, str]:
    """Run chx as another user, if this one may; with another home, umask, locale and time zone in any case.

    In a copy of this process, whose interpreter that user perhaps cannot read; so everything that is needed has to
    be imported. The exit status, and what was printed.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        answer = (70, "nothing was run")
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            os.umask(0o077)
            os.environ.update(TZ="Pacific/Chatham", LANG="tr_TR.UTF-8", USER="nobody")
            run = chx_in(elsewhere / "another home", elsewhere / "project", *words)
            answer = (run.returncode, run.stdout + run.stderr)
        finally:
            os.write(writer, json.dumps(answer).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        status, said = json.loads(file.read())
    os.waitpid(child, 0)
    return status, said


@pytest.mark.sandbox
def test_another_user_in_another_place_gets_the_same(
    chx: Run, chx_in: Run, write: Write, work: Path, lock: Lock, elsewhere: Path
) -> None:
    write({"words/default.nix": '"some words"', "chx.toml": '[inputs]\nwords = "./words"'}, PACKAGE)
    programs_root(work / "root", "sh", "mkdir", "cp", "chmod", "id", "env")
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    pins = lock()["pins"]
    assert sorted(pins["program"]["x86_64-linux"]["outputs"]) == ["info", "out"]
    shutil.copytree(work, elsewhere / "project", symlinks=True)
    os.chmod(elsewhere / "project", 0o777)
    checks = ("lock", "check", "--rebuild"), ("lock", "update")
    for words in checks:
        assert chx(*words).returncode == 0
    status, said = as_somebody_else(chx_in, elsewhere, *checks[0])
    assert status == 0, said
    assert os.getuid() or (elsewhere / "another home").stat().st_uid == NOBODY
    for pin in pins.values():
        for output in pin["x86_64-linux"]["outputs"].values():
            assert output["digest"] in said
    # Not only what came out is the same, but all that was asked for too.
    status, said = as_somebody_else(chx_in, elsewhere, *checks[1])
    assert status == 0 and "stays as it was" in said, said


TINY = """
{ seed ? "debian-gcc" }:
let pkgs = import <chx> { inherit seed; }; in
{ inherit (pkgs.tiny) dash; inherit (pkgs) root; }
"""


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("seed", ["zig", "debian-clang"])
def test_another_seed_gives_the_same(chx_in: Run, tmp_path: Path, shared_home: Path, seed: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "default.nix").write_text(TINY)
    made = chx_in(shared_home, project, "lock")
    assert made.returncode == 0, made.stderr
    pins = json.loads((project / "chx.lock").read_text())["pins"]
    assert pins["dash"]["x86_64-linux"]["seeds"] == ["debian-gcc.amd64"]
    checked = chx_in(shared_home, project, "lock", "check", "--argstr", "seed", seed)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for pin in pins.values():
        assert pin["x86_64-linux"]["outputs"]["out"]["digest"] in checked.stdout


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
def test_the_tiny_set_is_the_same_everywhere(chx_in: Run, tmp_path: Path, shared_home: Path, elsewhere: Path) -> None:
    """The same lock from another seed, as another user, in another home, in another folder: all at once."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "default.nix").write_text(TINY)
    made = chx_in(shared_home, project, "lock")
    assert made.returncode == 0, made.stderr
    pins = json.loads((project / "chx.lock").read_text())["pins"]
    assert sorted(pins) == ["dash", "root"]
    shutil.copytree(project, elsewhere / "project")
    os.chmod(elsewhere / "project", 0o777)
    status, said = as_somebody_else(
        chx_in, elsewhere, "lock", "check", "--rebuild", "--no-caches", "--argstr", "seed", "debian-clang"
    )
    assert status == 0, said
    home = elsewhere / "another home"
    assert os.getuid() or home.stat().st_uid == NOBODY
    for pin in pins.values():
        output = pin["x86_64-linux"]["outputs"]["out"]
        assert output["digest"] in said
        assert (home / "store" / output["path"].rpartition("/")[2]).is_dir()
    # The pinned seed took no part in it.
    names = [name[33:] for name in os.listdir(home / "store")]
    assert any(name.startswith("clang-") for name in names) and not any(name.startswith("gcc-12_") for name in names)
