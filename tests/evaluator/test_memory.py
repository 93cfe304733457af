"""What memory cannot hold is an ordinary error, and no limit stays behind."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from chx.evaluator import EvalError, lifted
from chx.evaluator import memory as limits

GROUP = "sys/fs/cgroup/a/b"


@pytest.mark.parametrize("function", ["x: x", "builtins.add 1"])
@pytest.mark.parametrize("count", [100_000_000_000, 2**63 - 1])
def test_a_list_that_memory_cannot_hold_is_refused_before_it_is_made(bench, function: str, count: int) -> None:
    with pytest.raises(EvalError) as caught:
        bench.show(f"builtins.length (builtins.genList ({function}) {count})")
    assert caught.value.code == "E220"
    assert caught.value.message == f"out of memory: cannot create list of size {count}"
    assert caught.value.labels
    assert bench.show("builtins.length (builtins.genList (x: x) 5000000)") == "5000000"


def write(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def machine(maximum: str, kept: int = 0) -> dict[str, str]:
    """Files of a machine with 10 GB free, and of a control group that has taken 1 GB."""
    return {
        "proc/meminfo": f"MemTotal: 99 kB\nMemAvailable: {10 << 20} kB\nSwapFree: {1 << 20} kB\n",
        "proc/self/cgroup": "0::/a/b\n",
        f"{GROUP}/memory.max": "max\n",
        "sys/fs/cgroup/a/memory.max": f"{maximum}\n",
        "sys/fs/cgroup/a/memory.current": f"{1 << 30}\n",
        "sys/fs/cgroup/a/memory.stat": f"anon 5\ninactive_file {kept}\nactive_file 0\n",
    }


def test_what_is_free_is_what_machine_and_control_groups_leave(tmp_path: Path) -> None:
    assert limits.free(write(tmp_path / "none", machine("max"))) == 11 << 30
    assert limits.free(write(tmp_path / "group", machine(str(3 << 30)))) == 2 << 30
    assert limits.free(write(tmp_path / "full", machine("5"))) == 0
    # What is kept of files is no reason to stop.
    assert limits.free(write(tmp_path / "kept", machine(str(3 << 30), 1 << 29))) == 5 << 29
    assert limits.free(str(tmp_path / "nothing")) is None
    # Where no hierarchy of groups is mounted, the file is empty.
    assert limits.free(write(tmp_path / "ungrouped", {**machine("5"), "proc/self/cgroup": ""})) == 11 << 30


def limit() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_AS)


def test_programs_that_are_started_have_no_limit() -> None:
    before = limit()
    with limits.limited():
        assert limit()[0] != resource.RLIM_INFINITY
        with lifted():
            assert limit() == before
        assert limit()[0] != resource.RLIM_INFINITY
        limits.give_way()
        assert limit() == before
    assert limit() == before


def test_memory_that_runs_out_is_an_error_with_its_place(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a machine with a gigabyte left; the limit is looked at when an evaluation takes its time.
    monkeypatch.setattr(limits, "_left_in_groups", lambda root: 1 << 30)
    monkeypatch.setattr("chx.evaluator.recursion.PATIENCE", 0.0)
    before = limit()
    with pytest.raises(EvalError) as caught:
        bench.show('let double = s: n: if n == 0 then s else double (s + s) (n - 1); in double "abcdefgh" 40')
    assert (caught.value.code, caught.value.message) == ("E220", "out of memory")
    assert caught.value.labels
    assert limit() == before
    assert bench.show("1 + 1") == "2"
