"""What a build costs beside the builder: many trivial derivations, a chain of them, and nothing to do.

`python bench/builder.py [--chx PROGRAM] [--nix-build PROGRAM] [--bst PROGRAM] [--shell STATIC_SHELL]`.

Each row is run by every tool in turn, round after round, so that all meet the same machine; the medians are
compared. All have a sandbox with a static shell and nothing else, and two jobs at once. chx and Nix
evaluate the same expression; BuildStream gets a project with `script`-like elements made of the same commands, and its first
build of an element includes staging the shell, as ours includes composing the root.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

EXPRESSION = """\
{ kind, stamp, count }:
let
  one = name: text: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" text ];
  } // EXTRA);
  chain = n: if n == 0 then one "c-${stamp}-0" "echo ${stamp} > $out"
    else one "c-${stamp}-${toString n}" "read x < ${chain (n - 1)}; echo $x ${toString n} > $out";
in
if kind == "chain" then chain (builtins.fromJSON count)
else builtins.genList (i: one "w-${stamp}-${toString i}" "echo ${stamp} ${toString i} > $out") (builtins.fromJSON count)
"""


_GROUP = "/sys/fs/cgroup/cpuacct/chx-bench"


class Accounting:
    """Processor time of a command and of all it starts, however it leaves them behind.

    By a control group where that can be made: a sandbox's first process is nobody's child in the end, and
    what `wait` tells would leave out half. Otherwise by what `wait` tells.
    """

    def __init__(self) -> None:
        try:
            os.makedirs(_GROUP, exist_ok=True)
            self.is_whole = os.access(f"{_GROUP}/tasks", os.W_OK)
        except OSError:
            self.is_whole = False

    def enter(self) -> None:
        """In the child, before the command."""
        if self.is_whole:
            Path(f"{_GROUP}/tasks").write_text(str(os.getpid()))

    def seconds(self) -> float:
        if self.is_whole:
            return int(Path(f"{_GROUP}/cpuacct.usage").read_text()) / 1e9
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def close(self) -> None:
        if self.is_whole:
            with contextlib.suppress(OSError):
                os.rmdir(_GROUP)


ACCOUNTING = Accounting()


class Cost(NamedTuple):
    wall: float
    cpu: float


def run(command: list[str], folder: Path, env: dict[str, str]) -> Cost:
    """Seconds of a command and of all it starts; its complaint if it fails."""
    before = ACCOUNTING.seconds()
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=ACCOUNTING.enter,
    )
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr.decode(errors='replace')[-3000:]}")
    return Cost(wall, ACCOUNTING.seconds() - before)


class Chx:
    name = "chx"

    def __init__(self, program: list[str], folder: Path, shell: str) -> None:
        self._folder = folder
        tree = folder / "root" / "bin"
        tree.mkdir(parents=True)
        shutil.copy(shell, tree / "sh")
        (folder / "chx.nix").write_text(EXPRESSION.replace("EXTRA", '{ rootfs = [ "${./root}" ]; }'))
        self._program = program
        self._env = {**os.environ, "CHX_HOME": str(folder / "home of chx")}

    def build(self, kind: str, stamp: str, count: int) -> Cost:
        words = ["build", "-f", "chx.nix", "--no-out-link", "-j", "2", "-q", "--argstr", "kind", kind]
        words += ["--argstr", "stamp", stamp, "--argstr", "count", str(count)]
        return run([*self._program, *words], self._folder, self._env)

    def replan(self, kind: str, stamp: str, count: int) -> Cost:
        """The no-op without the shortcut that remembers the last answer."""
        shutil.rmtree(self._folder / "home of chx" / "cache" / "noop", ignore_errors=True)
        return self.build(kind, stamp, count)


class Nix:
    name = "nix-build"

    def __init__(self, program: str, folder: Path, shell: str) -> None:
        self._folder = folder
        (folder / "nix.nix").write_text(EXPRESSION.replace("EXTRA", "{ }"))
        self._env = dict(os.environ)
        self._command = [program, "nix.nix", "--no-out-link", "-j", "2"]
        for option, value in (
            ("sandbox", "true"),
            ("sandbox-paths", f"/bin/sh={shell}"),
            ("substituters", ""),
            ("build-hook", ""),
            *([("build-users-group", "")] if os.geteuid() == 0 else []),
        ):
            self._command += ["--option", option, value]

    def build(self, kind: str, stamp: str, count: int) -> Cost:
        words = ["--argstr", "kind", kind, "--argstr", "stamp", stamp, "--argstr", "count", str(count)]
        return run([*self._command, *words], self._folder, self._env)


class BuildStream:
    name = "bst"

    def __init__(self, program: str, folder: Path, shell: str) -> None:
        self._folder = folder / "bst"
        self._elements = self._folder / "elements"
        self._elements.mkdir(parents=True)
        tree = self._folder / "root" / "bin"
        tree.mkdir(parents=True)
        shutil.copy(shell, tree / "sh")
        (self._folder / "project.conf").write_text("name: bench\nmin-version: 2.0\nelement-path: elements\n")
        (self._elements / "root.bst").write_text("kind: import\nsources:\n- kind: local\n  path: root\n")
        (self._folder / "user.conf").write_text(
            f"cachedir: {folder}/bst-cache\nlogdir: {folder}/bst-logs\nscheduler:\n  builders: 2\n"
        )
        self._env = {**os.environ, "PATH": f"{os.path.dirname(program)}:{os.environ['PATH']}"}
        self._command = [program, "--no-interactive", "--config", str(self._folder / "user.conf"), "build"]

    def build(self, kind: str, stamp: str, count: int) -> Cost:
        for number in range(count):
            needs = ["root.bst"] + ([f"c-{stamp}-{number - 1}.bst"] if kind == "chain" and number else [])
            prefix = "c" if kind == "chain" else "w"
            (self._elements / f"{prefix}-{stamp}-{number}.bst").write_text(
                "kind: manual\nbuild-depends:\n"
                + "".join(f"- {need}\n" for need in needs)
                + f'config:\n  install-commands:\n  - echo {stamp} {number} > "%{{install-root}}/{prefix}{number}"\n'
                + "  strip-commands: []\n"
            )
        top = self._elements / f"top-{kind}-{stamp}.bst"
        names = [f"c-{stamp}-{count - 1}"] if kind == "chain" else [f"w-{stamp}-{n}" for n in range(count)]
        top.write_text("kind: stack\ndepends:\n" + "".join(f"- {name}.bst\n" for name in names))
        return run([*self._command, top.name], self._folder, self._env)


def row(label: str, count: int, costs: dict[str, list[Cost]]) -> None:
    def middle(name: str, which: str) -> float | None:
        found = costs.get(name)
        return statistics.median(getattr(cost, which) for cost in found) * 1000 / count if found else None

    cells = []
    for which in ("wall", "cpu"):
        ours = middle("chx", which)
        for name in ("chx", "nix-build", "bst"):
            value = middle(name, which)
            if value is None or ours is None:
                cells.append("-")
            else:
                cells.append(f"{value:.1f}" if name == "chx" else f"{value:.1f} ({ours / value:.2f})")
    print(f"| {label} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    beside = os.path.join(os.path.dirname(sys.executable), "chx")
    parser.add_argument("--chx", default=beside if os.path.exists(beside) else shutil.which("chx"))
    parser.add_argument("--nix-build", default=shutil.which("nix-build"))
    parser.add_argument("--bst", default=shutil.which("bst"))
    parser.add_argument("--shell", default=shutil.which("bash-static"), help="a statically linked shell")
    parser.add_argument("--wide", type=int, default=200)
    parser.add_argument("--deep", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bst-rounds", type=int, default=1, help="it is slow")
    options = parser.parse_args()
    if options.shell is None:
        parser.error("--shell is needed: there is no bash-static on PATH")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        chx = Chx([options.chx] if options.chx else [sys.executable, str(ROOT)], folder, options.shell)
        others = [Nix(options.nix_build, folder, options.shell)] if options.nix_build else []
        slow = [BuildStream(options.bst, folder, options.shell)] if options.bst else []
        tools = [chx, *others, *slow]
        stamp = f"{os.getpid()}-{time.time_ns()}"
        for tool in tools:
            tool.build("wide", f"warm-{stamp}", 1)
        print("| ms for each | chx wall | nix-build wall | bst wall | chx CPU | nix-build CPU | bst CPU |")
        print("|---|---|---|---|---|---|---|")

        def compare(label: str, kind: str, count: int, each: int, fresh: bool = True, again: bool = False) -> None:
            costs: dict[str, list[Cost]] = {}
            for number in range(options.rounds):
                for tool in tools:
                    if tool in slow and number >= options.bst_rounds:
                        continue
                    name = f"{stamp}-{number if fresh else min(options.bst_rounds, 1) - 1 if tool in slow else 0}"
                    act = chx.replan if again and tool is chx else tool.build
                    costs.setdefault(tool.name, []).append(act(kind, name, count))
            row(label, each, costs)

        compare(f"{options.wide} independent derivations", "wide", options.wide, options.wide)
        compare(f"a chain of {options.deep}", "chain", options.deep, options.deep)
        compare(f"no-op over {options.wide}", "wide", options.wide, 1, fresh=False)
        compare("the same, evaluated and planned anew", "wide", options.wide, 1, fresh=False, again=True)
        ACCOUNTING.close()


if __name__ == "__main__":
    main()
