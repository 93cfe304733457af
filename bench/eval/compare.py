"""`chx eval` against `nix-instantiate --eval`, whole processes, on each expression beside this file.

    python bench/eval/compare.py [--chx PROGRAM] [--nix-instantiate PROGRAM] [--rounds N] [NAME...]

Two more expressions, `packages` and `modules`, are those that generate.py writes: `--packages` packages and `--modules`
modules, each in a file of its own. For these, *edited* is a warm run after one of the files changed.

CPU is user and system time, in milliseconds; of `--rounds` runs, in which the programs take turns, the best counts.
*Warm* finds compiled code in its cache, *cold* has an empty one each time. Memory is the largest resident set of the
warm run, and in the last column of the cold one. The peer is $CHX_NIX_INSTANTIATE or `nix-instantiate`; without it only
our own columns are filled.

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

import generate

HERE = pathlib.Path(__file__).resolve().parent
NOT_BY_ITSELF = {"module-system"}
HASHES_DIFFER = {"derivations", "pkgs"}
EDITED = {"packages": "packages/package{}.nix", "modules": "modules/service{}.nix"}
"""A file of each generated expression, by a number."""


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
        edited: list[Cost] = []
        theirs: list[Cost] = []
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "CHX_HOME": home}
            _, value = run(ours, environment)
            for number in range(rounds):
                warm.append(run(ours, environment)[0])
                if is_generated(file):
                    with open(file.parent / EDITED[self.name].format(number), "a") as out:
                        out.write("# edited\n")
                    edited.append(run(ours, environment)[0])
                with tempfile.TemporaryDirectory() as fresh:
                    cold.append(run(ours, {**os.environ, "CHX_HOME": fresh})[0])
                if peer:
                    cost, expected = run([peer, "--eval", "--readonly-mode", str(file)], environment)
                    theirs.append(cost)
                    if value != expected and self.name not in HASHES_DIFFER:
                        raise SystemExit(f"{self.name}: {value} is not {expected}")
        self.value = value
        self.warm, self.cold = min(warm), min(cold)
        self.edited = min(edited) if edited else None
        self.peer = min(theirs) if theirs else None

    def cells(self) -> list[str]:
        """One line of the table."""

        def ratio(ours: float, theirs: float | None) -> str:
            return "" if theirs is None else f"{ours / theirs:.2f}"

        cpu, memory = (self.peer.cpu, self.peer.memory) if self.peer else (None, None)
        return [
            self.name,
            f"{self.warm.cpu * 1000:.0f}",
            f"{self.cold.cpu * 1000:.0f}",
            f"{self.edited.cpu * 1000:.0f}" if self.edited else "",
            f"{cpu * 1000:.0f}" if cpu else "",
            ratio(self.warm.cpu, cpu),
            ratio(self.cold.cpu, cpu),
            ratio(self.edited.cpu, cpu) if self.edited else "",
            f"{self.warm.memory / 1e6:.0f}",
            f"{memory / 1e6:.0f}" if memory else "",
            ratio(self.warm.memory, memory),
            ratio(self.cold.memory, memory),
        ]


def is_generated(file: pathlib.Path) -> bool:
    """Whether generate.py wrote the file."""
    return file.parent != HERE


TITLES = (
    "",
    "warm ms",
    "cold ms",
    "edited",
    "nix ms",
    "warm",
    "cold",
    "edited",
    "MB",
    "nix MB",
    "memory",
    "cold",
)


def show(cells: list[str]) -> None:
    print(
        "| " + " | ".join(f"{cell:<16}" if i == 0 else f"{cell:>7}" for i, cell in enumerate(cells)) + " |", flush=True
    )


def find_chx() -> str | None:
    """The script of an installation."""
    beside = pathlib.Path(sys.executable).with_name("chx")
    return str(beside) if beside.exists() else shutil.which("chx")


def measure(file: pathlib.Path, arguments: argparse.Namespace) -> None:
    """Print the row of one expression."""
    row = Row(file, arguments.chx, arguments.nix_instantiate, arguments.rounds)
    show(row.cells())
    if arguments.values:
        print(f"{row.name} is {row.value.strip()}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chx", default=find_chx())
    peer = os.environ.get("CHX_NIX_INSTANTIATE") or shutil.which("nix-instantiate")
    parser.add_argument("--nix-instantiate", metavar="PROGRAM", default=peer)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--packages", type=int, default=1000)
    parser.add_argument("--modules", type=int, default=600)
    parser.add_argument("--values", action="store_true", help="print each value on standard error")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.chx is None:
        raise SystemExit("no chx is installed; name one with --chx")
    show(list(TITLES))
    print("|---" + "|--:" * (len(TITLES) - 1) + "|")
    for file in sorted(HERE.glob("*.nix")):
        if file.stem in NOT_BY_ITSELF or (arguments.names and file.stem not in arguments.names):
            continue
        measure(file, arguments)
    wanted = [name for name in EDITED if name in (arguments.names or EDITED)]
    if wanted:
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder, "generated")
            generate.write(tree, arguments.packages, arguments.modules)
            for name in wanted:
                measure(tree / f"{name}.nix", arguments)


if __name__ == "__main__":
    main()
