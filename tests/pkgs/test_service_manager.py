"""service-manager's own scripts, run by a shell in a folder: order, circles, supervision, what an administrator says."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from chx.builder.services.rendering import render

from ..builder.services.test_rendering import PLAIN

SCRIPTS = Path(__file__).parents[2] / "pkgs/service-manager"


class Manager:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = folder / "services"
        self.services.mkdir()
        programs = folder / "programs"
        shutil.copytree(SCRIPTS, programs)
        for name in ("supervise", "service", "tmpfiles"):
            (programs / name).chmod(0o755)
        (folder / "state").mkdir()
        self.environment = {
            **os.environ, "PROGRAMS": str(programs), "SERVICES": str(self.services), "LOCAL": str(folder / "local"),
            "STATE": str(folder / "state"), "LOGS": str(folder / "logs"), "PATIENCE": "5",
        }  # fmt: skip

    def add(self, name: str, script: str = ":", **fields: Any) -> None:
        """A service whose command is a script of a shell, which writes to the file `trace`."""
        command = ["/bin/sh", "-c", f"trace={self.folder}/trace; {script}"]
        fields = {"type": "scripted", "enable": True, **fields}
        if fields["type"] != "internal":
            fields.setdefault("command", command)
        (self.services / name).write_text(render(PLAIN | {"command": None} | fields))

    def shell(self, text: str) -> subprocess.CompletedProcess[str]:
        text = f'. "$PROGRAMS/functions"\n{text}\n'
        return subprocess.run(
            ["/bin/sh", "-c", text], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def service(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", f"{self.environment['PROGRAMS']}/service", *words],
            env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def boot(self) -> str:
        return self.shell(
            'write_order; for name in $(names); do if is_enabled "$name"; then start_service "$name" || :; fi; done'
        ).stderr

    @property
    def trace(self) -> list[str]:
        file = self.folder / "trace"
        return file.read_text().split() if file.exists() else []

    def waits_for(self, condition: Any) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    return Manager(tmp_path)


def test_services_start_in_the_order_that_they_want(manager: Manager) -> None:
    note = "echo {} >> $trace"
    manager.add("a", note.format("a"), dependsOn=["z"], after=["m"])
    manager.add("m", note.format("m"))
    manager.add("n", note.format("n"), before=["m"])
    manager.add("z", note.format("z"), waitsFor=["y"], enable=False)
    manager.add("y", note.format("y"), enable=False)
    manager.add("unwanted", note.format("unwanted"), enable=False)
    assert manager.boot() == ""
    assert manager.trace == ["y", "z", "n", "m", "a"]
    assert manager.service("status", "a").stdout == "done\n"
    assert manager.service("status", "unwanted").returncode == 3


def test_what_depends_on_a_failure_fails_and_what_waits_does_not(manager: Manager) -> None:
    manager.add("bad", "echo why; exit 7")
    manager.add("needs", "echo needs >> $trace", dependsOn=["bad"])
    manager.add("waits", "echo waits >> $trace", waitsFor=["bad", "missing"])
    said = manager.boot()
    assert "bad failed; see" in said and "needs is not started: it needs bad" in said
    assert "there is no service 'missing', which waits asks for" in said
    assert manager.trace == ["waits"]
    assert (manager.folder / "logs/bad.log").read_text() == "why\n"
    assert [manager.service("status", name).stdout.strip() for name in ("bad", "needs")] == ["failed", "failed"]


def test_services_that_wait_for_each_other_are_told_and_start(manager: Manager) -> None:
    manager.add("a", "echo a >> $trace", waitsFor=["b"])
    manager.add("b", "echo b >> $trace", waitsFor=["c"])
    manager.add("c", "echo c >> $trace", waitsFor=["a"])
    assert "services wait for each other: a b c a" in manager.boot()
    assert sorted(manager.trace) == ["a", "b", "c"]


def test_a_process_is_run_again_until_it_is_stopped(manager: Manager) -> None:
    manager.add("x", "echo x >> $trace; sleep 0.1; exit 3", type="process")
    manager.boot()
    manager.waits_for(lambda: manager.trace == ["x", "x"])
    assert manager.service("stop", "x").returncode == 0
    count = len(manager.trace)
    time.sleep(1.2)
    assert len(manager.trace) == count
    assert "x ended with status 3, and is started again" in (manager.folder / "logs/x.log").read_text()


def test_restart_is_what_the_package_says(manager: Manager) -> None:
    manager.add("never", "echo n >> $trace; exit 1", type="process", restart="never")
    manager.add("ended", "echo e >> $trace", type="process", restart="on-failure")
    manager.boot()
    manager.waits_for(lambda: manager.service("status", "never").stdout == "failed\n")
    manager.waits_for(lambda: manager.service("status", "ended").stdout == "done\n")
    assert sorted(manager.trace) == ["e", "n"]


def test_a_process_that_will_not_end_is_ended(manager: Manager) -> None:
    manager.add("x", "trap '' TERM; echo $$ >> $trace; while :; do sleep 1; done", type="process")
    manager.boot()
    manager.waits_for(lambda: manager.trace)
    (number,) = manager.trace
    manager.service("stop", "x")
    assert not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/status").read_text()


def test_a_program_in_the_background_is_found_by_its_file(manager: Manager) -> None:
    pid = manager.folder / "pid"
    manager.add("x", f"sleep 60 & echo $! > {pid}", type="bgprocess", pidFile=str(pid))
    assert manager.boot() == ""
    number = pid.read_text().strip()
    assert Path(f"/proc/{number}").exists()
    manager.service("stop", "x")
    manager.waits_for(lambda: not Path(f"/proc/{number}").exists())


def test_an_administrator_has_the_last_word(manager: Manager) -> None:
    manager.add("x", "echo x >> $trace")
    manager.add("y", "echo y >> $trace", enable=False, description="why not")
    assert manager.service("disable", "x").returncode == manager.service("enable", "y").returncode == 0
    manager.boot()
    assert manager.trace == ["y"]
    assert manager.service("list").stdout.split("\n") == [
        "x                    stopped  disabled ",
        "y                    done     enabled  why not",
        "",
    ]
    # A file of the administrator takes the place of the package's.
    (manager.folder / "local/x").write_text(
        'type=scripted\nstart() { echo mine >> "' + str(manager.folder / "trace") + '"; }\n'
    )
    manager.service("start", "x")
    assert manager.trace == ["y", "mine"]


def test_what_an_upgrade_brings_back_stays_disabled(manager: Manager) -> None:
    manager.add("x", enable=False)
    manager.service("disable", "x")
    (manager.folder / "local/enabled/x").write_text("")
    manager.boot()
    assert manager.service("status", "x").stdout == "stopped\n"


def test_a_service_does_not_see_who_starts_it(manager: Manager) -> None:
    manager.add("x", 'echo "$SECRET$CLEAN:$PWD:$MINE" >> $trace', enable=False, environment={"MINE": "a"})
    manager.environment["SECRET"] = "42"
    assert manager.service("start", "x").returncode == 0
    assert manager.trace == [":/:a"]


def test_a_process_that_left_its_session_is_stopped_too(manager: Manager) -> None:
    manager.add("x", "exec setsid sh -c 'echo $$ >> '$trace'; exec sleep 60'", type="process")
    manager.boot()
    manager.waits_for(lambda: manager.trace)
    manager.service("stop", "x")
    manager.waits_for(lambda: not Path(f"/proc/{manager.trace[0]}").exists())


@pytest.mark.parametrize("words", [("status",), ("status", "nothing"), ("explode", "x"), ("start", "a", "b")])
def test_wrong_words_are_refused(manager: Manager, words: tuple[str, ...]) -> None:
    manager.add("x")
    run = manager.service(*words)
    assert run.returncode == 1 and run.stderr


def test_lines_of_tmpfiles_are_applied(manager: Manager) -> None:
    at = manager.folder / "made"
    lines = manager.folder / "x.conf"
    lines.write_text(
        f"# Why.\nd {at}/d 0750 - - -\nf {at}/d/f 0600 - - - text of it\nL {at}/l - - - - d/f\np {at}/p 0600\n"
        f"f {at}/d/f 0640 - - - other\nr! {at}/gone - - - -\nz {at}/d 0777\nf {at}/new/f - - - -\nd relative\n"
    )
    at.mkdir()
    (at / "gone").write_text("")
    words = ["/bin/sh", str(SCRIPTS / "tmpfiles"), str(lines), str(manager.folder / "missing")]
    subprocess.run(words, check=True, capture_output=True)
    assert (at / "d").stat().st_mode & 0o7777 == 0o750
    assert ((at / "d/f").read_text(), (at / "d/f").stat().st_mode & 0o777) == ("text of it", 0o640)
    assert os.readlink(at / "l") == "d/f" and (at / "p").is_fifo() and not (at / "gone").exists()
    assert (at / "new/f").is_file() and not Path("relative").exists()
