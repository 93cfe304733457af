"""`chx eval` against `nix-instantiate --eval`, whole processes, on each expression beside this file.

    python bench/eval/compare.py [--chx PROGRAM] [--rounds N] [NAME...]

CPU is user and system time, in milliseconds; of `--rounds` runs, in which the programs take turns, the best counts.
*Warm* finds compiled code in its cache, *cold* has an empty one each time. Memory is the largest resident set of the
warm run. The peer is $CHX_NIX_INSTANTIATE or `nix-instantiate`; without it only our own columns are filled.

chx is run as users run it, by the script that an installation makes: give it with `--chx`, else the one beside this
Python, else the one on $PATH, is taken.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
NOT_BY_ITSELF = {"module-system"}
HASHES_DIFFER = {"derivations", "pkgs"}


class Cost(NamedTuple):
    """What one process took: seconds of CPU and bytes of memory."""

    cpu: float
    memory: int


def run(command: list[str], environment: dict[str, str]) -> tuple[Cost, str]:
    """Run to the end; the cost and what was printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{command} failed:\n{err.read().decode()}")
        return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024), out.read().decode()


class Row:
    """The best of what was measured for one expression."""

    def __init__(self, file: pathlib.Path, chx: str, peer: str | None, rounds: int) -> None:
        self.name = file.stem
        ours = [chx, "eval", str(file)]
        warm: list[Cost] = []
        cold: list[Cost] = []
        theirs: list[Cost] = []
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "CHX_HOME": home}
            _, value = run(ours, environment)
            for _ in range(rounds):
                warm.append(run(ours, environment)[0])
                with tempfile.TemporaryDirectory() as fresh:
                    cold.append(run(ours, {**os.environ, "CHX_HOME": fresh})[0])
                if peer:
                    cost, expected = run([peer, "--eval", str(file)], environment)
                    theirs.append(cost)
                    assert value == expected or self.name in HASHES_DIFFER, f"{self.name}: {value} is not {expected}"
        self.warm, self.cold = min(warm), min(cold)
        self.peer = min(theirs) if theirs else None

    def cells(self) -> list[str]:
        """One line of the table."""
        line = [self.name, f"{self.warm.cpu * 1000:.0f}", f"{self.cold.cpu * 1000:.0f}"]
        if self.peer is None:
            return [*line, "", "", "", f"{self.warm.memory / 1e6:.0f}", "", ""]
        return [
            *line,
            f"{self.peer.cpu * 1000:.0f}",
            f"{self.warm.cpu / self.peer.cpu:.2f}",
            f"{self.cold.cpu / self.peer.cpu:.2f}",
            f"{self.warm.memory / 1e6:.0f}",
            f"{self.peer.memory / 1e6:.0f}",
            f"{self.warm.memory / self.peer.memory:.2f}",
        ]


TITLES = ("", "warm ms", "cold ms", "nix ms", "warm", "cold", "MB", "nix MB", "memory")


def show(cells: list[str]) -> None:
    print(
        "| " + " | ".join(f"{cell:<16}" if i == 0 else f"{cell:>7}" for i, cell in enumerate(cells)) + " |", flush=True
    )


def find_chx() -> str | None:
    """The script of an installation."""
    beside = pathlib.Path(sys.executable).with_name("chx")
    return str(beside) if beside.exists() else shutil.which("chx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chx", default=find_chx())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.chx is None:
        raise SystemExit("no chx is installed; name one with --chx")
    peer = os.environ.get("CHX_NIX_INSTANTIATE") or shutil.which("nix-instantiate")
    show(list(TITLES))
    print("|---" + "|--:" * (len(TITLES) - 1) + "|")
    for file in sorted(HERE.glob("*.nix")):
        if file.stem in NOT_BY_ITSELF or (arguments.names and file.stem not in arguments.names):
            continue
        show(Row(file, arguments.chx, peer, arguments.rounds).cells())


if __name__ == "__main__":
    main()
