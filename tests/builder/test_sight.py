"""What a build sees of the machine: constants, as far as it can be hidden, and the rest as docs/sandbox.md lists it."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import subprocess
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.disk import remove_tree
from chx.builder.procfiles import RANDOM, Facts, other, proc_files, this_machine
from chx.store import Derivation, Store

from .conftest import SYSTEM

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"
ADDR_NO_RANDOMIZE = 0x0040000


@pytest.fixture(scope="session")
def look(tmp_path_factory):
    program = tmp_path_factory.mktemp("look") / "look"
    source = Path(__file__).parent / "look.c"
    if subprocess.run(["cc", "-w", "-static", "-o", program, source]).returncode:
        pytest.skip("no C compiler that links statically")
    return str(program)


def seen(home: str, look: str, shell_tree: str) -> list[tuple[str, str, str]]:
    """Topic, fact and value of each thing that a build in a store at `home` sees."""
    with Store.open(home) as store:
        shell, program = store.add_tree(shell_tree, "shell"), store.add_tree(look, "look")
        derivation = Derivation(
            "test",
            SYSTEM,
            "/bin/sh",
            ("-euc", f"{program} {program} > $out"),
            input_srcs=tuple(sorted((shell, program))),
            rootfs=(str(shell),),
        )
        drv = store.add_derivation(derivation)
        path = Builder(store, BuildOptions(rebuild=True)).realise([(drv, ("out",))])[drv, "out"]
        text = Path(store.physical(path)).read_text()
    return [tuple(line.split("\t", 2)) for line in text.splitlines()]


def as_somebody_else(home: str, look: str, shell_tree: str) -> list[tuple[str, str, str]]:
    """The same in a child whose circumstances are others: the user, if this is root; limits, personality, and more."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")
            ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, 4096))
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.umask(0o077)
            os.environ["LANG"] = "de_DE.UTF-8"
            with Store.open(home) as store:
                # An equal file, so that others get more links.
                store.add_bytes(Path(look).read_bytes(), "another", executable=True)
            said = "\n".join("\t".join(line) for line in seen(home, look, shell_tree))
        except BaseException as error:
            said = repr(error)
        with open(writer, "w") as file:
            file.write(said)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        lines = file.read().splitlines()
    os.waitpid(child, 0)
    return [tuple(line.split("\t", 2)) for line in lines]


def facts_of(found: list[tuple[str, str, str]], topic: str) -> dict[str, str]:
    return {fact: value for its_topic, fact, value in found if its_topic == topic}


@pytest.mark.sandbox
def test_builds_see_the_same_wherever_and_by_whom_they_are_started(look, shell_tree, tmp_path):
    first = seen(str(tmp_path / "home"), look, shell_tree)
    home = f"/tmp/chx-test-{os.getpid()}"
    os.mkdir(home)
    try:
        if os.geteuid() == 0:
            os.chown(home, 65534, 65534)
            for path in (shell_tree, look):
                subprocess.run(["chmod", "-R", "a+rX", path], check=True)
                for parent in Path(path).parents:
                    if parent.stat().st_mode & 0o005 != 0o005:
                        parent.chmod(parent.stat().st_mode | 0o005)
        second = as_somebody_else(f"{home}/with/a/longer/path", look, shell_tree)
    finally:
        remove_tree(home)
    hidden = facts_of(first, "hidden")
    assert len(hidden) > 150
    assert facts_of(second, "hidden") == hidden
    again = seen(str(tmp_path / "home"), look, shell_tree)
    assert facts_of(again, "hidden") == hidden

    # Nothing is among what is hidden only because this machine has it in both.
    told = {f"/proc/{path}": content for path, content in proc_files(this_machine()).items() if path != RANDOM}
    shown = {path: value for path, value in hidden.items() if re.match("/proc/(?!self/|sysvipc/)", path)}
    assert {path: re.sub(r"\\(..)", lambda m: chr(int(m[1], 16)), value).encode() for path, value in shown.items()} == {
        path: content for path, content in told.items() if path in shown
    }
    assert {path for path in told if os.path.exists(path) or path.startswith("/proc/sys/")} <= set(shown)

    # The rest can be told apart, and the manual says so.
    text = DOCUMENT.read_text()
    listed = text[text.index("## What is not hidden") :]
    topics = {topic for topic, _, _ in first} - {"hidden", "left"}
    assert [topic for topic in sorted(topics) if f"| {topic} |" not in listed] == []
    for topic in ("links", "inodes", "mounts", "chance", "caller"):
        assert facts_of(first, topic) != facts_of(second, topic), topic
    left = {os.path.basename(path) for path in facts_of(first, "left")}
    assert [name for name in sorted(left) if f"`{name}`" not in listed] == []
    assert set(facts_of(first, "left")) == set(facts_of(second, "left"))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "riscv64", "ppc64", "ppc64le", "unheard-of"])
def test_files_of_proc_can_be_read_as_programs_do(machine):
    files = {path: content.decode() for path, content in proc_files(Facts(machine, 3)).items()}
    processors = [line for line in files["stat"].split("\n") if re.match(r"cpu\d", line)]
    assert len(processors) == 3 and files["stat"].startswith("cpu  ")
    assert re.fullmatch(r"(\d+\.\d\d ){3}\d+/\d+ \d+\n", files["loadavg"])
    assert re.fullmatch(r"\d+\.\d\d \d+\.\d\d\n", files["uptime"])
    assert re.match(r"Linux version \d+\.\d+\.\d+ \(", files["version"])
    assert re.match(r"MemTotal: +8388608 kB\nMemFree: +\d+ kB\nMemAvailable: +\d+ kB\n", files["meminfo"])
    assert files["sys/kernel/osrelease"] == "5.10.0\n" and files["sys/kernel/hostname"] == "chx\n"
    if machine == "unheard-of":
        assert "cpuinfo" not in files
        return
    assert re.findall(r"^processor\t: (\d+)$", files["cpuinfo"], re.M) == ["0", "1", "2"]
    varied = proc_files(other(Facts(machine, 3)))
    changed = {path for path, content in varied.items() if content.decode() != files[path]}
    assert changed == {
        *("cmdline", "cpuinfo", "loadavg", "meminfo", "stat", "uptime", "version"),
        *("sys/kernel/osrelease", "sys/kernel/random/boot_id", "sys/kernel/version"),
    }
    assert len(re.findall(rb"^processor\t: ", varied["cpuinfo"], re.M)) == 3
