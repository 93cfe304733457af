"""`chx image disk` and `chx image initramfs`: files that a machine starts from, of packages of a file."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..disk.test_parts import stub
from .conftest import Run
from .test_vm import SET

Image = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def image(chx: Run, work: Path) -> Image:
    work.mkdir(exist_ok=True)
    (work / "stub.efi").write_bytes(stub())
    (work / "check.sh").write_text("false\n")
    (work / "set.nix").write_text(SET)
    return lambda action, *words: chx("image", action, "-f", "set.nix", *words)


def test_a_disk_is_written_and_told(image: Image, work: Path) -> None:
    run = image("disk", "system", "-o", "disk.img", "--append", "single")
    digest = hashlib.sha256((work / "disk.img").read_bytes()).hexdigest()
    assert (run.returncode, run.stdout) == (0, f"sha256:{digest}  disk.img\n"), run.stderr
    told = json.loads(image("disk", "system", "-o", "disk.img", "--append", "single", "--json").stdout)
    assert (told["sha256"], told["size"]) == (digest, (work / "disk.img").stat().st_size)
    assert [one["name"] for one in told["partitions"]] == ["ESP", "root"]
    assert told["commandLine"].endswith(" panic=-1 quiet single") and told["packages"][0]["name"] == "system-1"
    larger = json.loads(image("disk", "system", "-o", "disk.img", "--size", "1G", "--json").stdout)
    assert larger["size"] == 1 << 30 and (work / "disk.img").stat().st_blocks * 512 < 64 << 20


def test_an_initramfs_is_written_and_told(image: Image, work: Path) -> None:
    run = image("initramfs", "system", "-o", "root.cpio")
    content = (work / "root.cpio").read_bytes()
    assert (run.returncode, run.stdout) == (0, f"sha256:{hashlib.sha256(content).hexdigest()}  root.cpio\n"), run.stderr
    assert content[:6] == b"070701" and b"boot/linux" in content


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["disk", "bare"],
            "error[I031]: no package of the image has a kernel\n  = name one next to the others, as 'linux'",
        ),
        (["disk", "other"], "error[I036]: 'loongarch64' cannot start from a disk made here"),
        (["disk", "system", "--size", "1M"], "error[I035]: the packages need a disk of"),
        (["initramfs", "bare"], "error[I034]: the root has no /sbin/init"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told_and_nothing_is_written(image: Image, work: Path, words: list[str], message: str) -> None:
    (work / "file").write_text("mine")
    run = image(*words, "-o", "file")
    assert run.returncode == 1 and message in run.stderr and "Traceback" not in run.stderr, run.stderr
    assert (work / "file").read_text() == "mine"
