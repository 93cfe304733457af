"""Builds that try to get out, or to take more than they were given. The table in docs/sandbox.md lists the same."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.cgroups import missing, place_of
from chx.builder.errors import BuilderFailed, LimitExceeded, LimitNotPossible
from chx.store import Kind

pytestmark = pytest.mark.sandbox
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


@pytest.fixture(scope="session")
def escape(tmp_path_factory):
    program = tmp_path_factory.mktemp("escape") / "escape"
    source = Path(__file__).parent / "escape.c"
    if subprocess.run(["cc", "-w", "-static", "-o", program, source]).returncode:
        pytest.skip("no C compiler that links statically")
    return str(program)


@pytest.fixture
def build(store, recorder):
    """Build a derivation; the store path of its output."""

    def run(derivation, **options):
        drv = store.add_derivation(derivation)
        return Builder(store, BuildOptions(**options), recorder).realise([(drv, ("out",))])[drv, "out"]

    return run


def test_no_way_leads_out(build, script, store, recorder, escape):
    program = store.add_tree(escape, "escape")
    victim = store.add_bytes(b"input", "input")
    name = f"chx-escape-{os.getpid()}"
    with socket.socket() as listener, socket.socket(socket.AF_UNIX) as abstract:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        abstract.bind("\0" + name)
        abstract.listen()
        port = listener.getsockname()[1]
        text = f"mkdir $out; $program {port} {name} {os.getpid()} $out $input; cat $input >&2"
        env = {"program": str(program), "input": str(victim)}
        build(script(text, input_srcs=(program, victim), env=env))
    lines = recorder.text.split("\n")
    assert lines.pop() == "input"
    assert len(lines) > 50
    assert [line for line in lines if "refused" not in line] == []
    assert store.verify_object(victim) == []
    # The manual tells of each.
    table = DOCUMENT.read_text()
    assert [line.partition(":")[0] for line in lines if f"| {line.partition(':')[0]} |" not in table] == []


def test_links_out_of_an_output_are_kept_as_links_and_nobody_follows_them(build, script, store):
    path = build(
        script(
            "mkdir $out; ln -s /etc/shadow $out/shadow; ln -s ../../../../etc $out/up; echo 1 > $out/a; ln $out/a $out/b"
        )
    )
    kinds = {entry.path: entry.kind for entry in store.manifest(path)}
    assert kinds["shadow"] == kinds["up"] == Kind.SYMLINK and kinds["a"] == kinds["b"] == Kind.FILE
    # Two names of one file are one file, as long as both are in the output.
    assert os.stat(f"{store.physical(path)}/a").st_nlink == 2
    assert {os.lstat(f"{store.physical(path)}/{name}").st_mtime for name in kinds} == {1.0}


def test_processes_do_not_outlive_the_build_however_they_try(build, script, store):
    mark = 200000 + os.getpid()
    text = f": > $out; (trap '' HUP TERM INT; sleep {mark}) & (sleep {mark} & ) & sleep {mark} > /dev/null 2>&1 < /dev/null &"
    build(script(text))
    assert not sleeping(mark)


def test_a_fork_bomb_ends_with_its_limits(build, script, store):
    if missing(64, 0):
        pytest.skip("no limit of processes can be set here")
    with pytest.raises((LimitExceeded, BuilderFailed)):
        build(script("bomb() { bomb | bomb & }; bomb; sleep 1000; : > $out"), max_processes=64, timeout_seconds=3)
    # The machine is as usable as before.
    assert subprocess.run(["true"]).returncode == 0


def test_no_more_processes_than_allowed(build, script, recorder):
    if missing(20, 0):
        pytest.skip("no limit of processes can be set here")
    text = "n=0; while [ $n -lt 40 ]; do sleep 3 & n=$((n + 1)); done; echo started; : > $out"
    with pytest.raises(BuilderFailed) as caught:
        build(script(text), max_processes=20, timeout_seconds=30)
    assert "started" not in caught.value.tail and "fork" in "".join(caught.value.tail)
    build(script("sleep 0 & wait; : > $out", name="small"), max_processes=20)


@pytest.mark.skipif(place_of("memory") is None, reason="no limit of memory can be set here")
def test_memory_has_a_limit(build, script):
    text = "x=0123456789012345; while [ ${#x} -lt 400000000 ]; do x=$x$x; done; : > $out"
    with pytest.raises(BuilderFailed) as caught:
        build(script(text), max_memory_bytes=64 << 20, timeout_seconds=60)
    assert caught.value.status in (128 + 9, 1, 2)
    build(script(": > $out", name="small"), max_memory_bytes=64 << 20)


def test_a_limit_that_cannot_be_set_is_no_limit_silently(build, script, monkeypatch):
    monkeypatch.setattr("chx.builder.cgroups.place_of", lambda controller: None)
    with pytest.raises(LimitNotPossible, match="memory of a build cannot be limited"):
        build(script(": > $out"), max_memory_bytes=1 << 30)


def test_a_runaway_log_is_ended_and_does_not_fill_the_disk(build, script, store):
    with pytest.raises(LimitExceeded) as caught:
        build(script("while :; do echo 0123456789012345678901234567890123456789; done"), max_log_bytes=1 << 20)
    assert caught.value.what == "log"
    assert os.path.getsize(caught.value.log) < 2 << 20


def test_no_groups_are_left_behind(build, script):
    place = place_of("pids") or place_of("memory")
    if place is None:
        pytest.skip("no control groups can be made here")
    build(script("sleep 0 & : > $out"), max_processes=50)
    left = [name for name in os.listdir(place.folder) if re.match(rf"chx-{os.getpid()}-\d+$", name)]
    assert left == []


def sleeping(mark: int) -> list[str]:
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                if file.read() == f"sleep\0{mark}\0".encode():
                    found.append(number)
        except OSError:
            continue
    return found
