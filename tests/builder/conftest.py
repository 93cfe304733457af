"""A store of its own for every test, and a root with a shell made from the host's own programs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from chx.builder.builtin.hosts import HOSTS
from chx.store import Derivation, FixedOutput, Store, StorePath, upstream_placeholder

PROGRAMS = ("sh", "cat", "chmod", "cp", "env", "id", "ln", "ls", "mkdir", "mv", "rm", "sleep", "touch", "uname")
SYSTEM = f"{os.uname().machine}-linux"


@pytest.fixture(autouse=True)
def no_host_is_known():
    """What one test learns of a host is not true for the server of another one."""
    yield
    HOSTS.forget()


@pytest.fixture
def store(tmp_path):
    with Store.open(str(tmp_path / "home")) as opened:
        yield opened


def programs_root(target: str, programs=PROGRAMS) -> None:
    """Copy programs and the libraries they are linked with to a tree in which they run."""
    for directory in ("usr/bin", "usr/lib"):
        os.makedirs(f"{target}/{directory}")
    os.symlink("usr/bin", f"{target}/bin")
    for program in programs:
        found = shutil.which(program)
        assert found is not None, f"the tests need {program}"
        shutil.copy(os.path.realpath(found), f"{target}/usr/bin/{program}")
        said = subprocess.run(["ldd", os.path.realpath(found)], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+)", said):
            place = target + library
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if not os.path.exists(place):
                shutil.copy(library, place)


@pytest.fixture(scope="session")
def shell_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("shell") / "root"
    programs_root(str(root))
    return str(root)


@pytest.fixture
def shell(store, shell_tree) -> StorePath:
    """A store object that, as a root, has a shell and a few programs."""
    return store.add_tree(shell_tree, "shell")


@pytest.fixture
def script(shell):
    """Makes a derivation whose builder is the shell of `shell`."""

    def make(text: str, name: str = "test", **more) -> Derivation:
        sources = tuple(sorted({shell, *more.pop("input_srcs", ())}))
        rootfs = (str(shell), *more.pop("rootfs", ()))
        return Derivation(name, SYSTEM, "/bin/sh", ("-euc", text), input_srcs=sources, rootfs=rootfs, **more)

    return make


@pytest.fixture
def promise():
    """Makes the fixed output of some bytes."""

    def make(content: bytes, algorithm: str = "sha256") -> FixedOutput:
        return FixedOutput(algorithm, hashlib.new(algorithm, content).digest(), "flat")

    return make


@pytest.fixture
def uses():
    """Makes keyword arguments of a derivation that uses the output `out` of others, in its environment."""

    def make(*drvs: StorePath) -> dict:
        return {
            "input_drvs": dict.fromkeys(drvs, ("out",)),
            "env": {f"input{number}": upstream_placeholder(drv, "out") for number, drv in enumerate(drvs)},
        }

    return make


class Recorder:
    """A reporter that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[tuple] = []

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self.events.append((name, *arguments))

    def of(self, kind: str) -> list[tuple]:
        return [event[1:] for event in self.events if event[0] == kind]

    @property
    def text(self) -> str:
        return "\n".join(line for _, lines in self.of("logged") for line in lines)


@pytest.fixture
def recorder():
    return Recorder()
