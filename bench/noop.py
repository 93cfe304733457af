"""The no-op and a trivial new build, beside nix-build in the same run.

`python bench/noop.py [--chx PROGRAM] [--nix-build PROGRAM] [--attribute tinycc]`.
Runs alternate, so that both meet the same machine; medians of wall time are
compared. nix-build is given a trivial expression that is built already, and for
the second row a fresh trivial derivation each time; so is chx.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def milliseconds(command: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def trivial_nix(name: str) -> list[str]:
    return [
        "--no-out-link",
        "-E",
        f'derivation {{ name = "{name}"; system = builtins.currentSystem; builder = "/bin/sh";'
        ' args = [ "-c" "echo hi > $out" ]; }',
    ]


def trivial_chx(name: str) -> list[str]:
    return [
        "--no-out-link",
        "-E",
        f'with import <chx> {{ }}; derivation {{ name = "{name}"; system = builtins.currentSystem; builder = "/bin/sh";'
        ' rootfs = seeds.debian-gcc.rootfs; args = [ "-c" "echo hi > $out" ]; }',
    ]


def row(label: str, ours: list[float], theirs: list[float]) -> None:
    mine = statistics.median(ours)
    if theirs:
        peer = statistics.median(theirs)
        print(f"| {label} | {mine:.1f} | {peer:.1f} | {mine / peer:.2f} |")
    else:
        print(f"| {label} | {mine:.1f} | - | - |")


def main() -> None:
    parser = argparse.ArgumentParser()
    beside = os.path.join(os.path.dirname(sys.executable), "chx")
    parser.add_argument("--chx", default=beside if os.path.exists(beside) else shutil.which("chx"))
    parser.add_argument("--nix-build", default=shutil.which("nix-build"))
    parser.add_argument("--attribute", default="tinycc")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    chx = [options.chx] if options.chx else [sys.executable, str(ROOT)]
    nix = [options.nix_build] if options.nix_build else None
    print(f"chx: {' '.join(chx)}; nix-build: {' '.join(nix) if nix else 'none'}; {options.rounds} rounds, medians\n")
    print("| ms wall | chx | nix-build | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*chx, "build", options.attribute], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        if nix:
            milliseconds([*nix, *trivial_nix("noop")], folder)
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(milliseconds([*chx, "build", options.attribute], folder))
            if nix:
                theirs.append(milliseconds([*nix, *trivial_nix("noop")], folder))
        row(f"no-op: `chx build {options.attribute}`, nix-build of a trivial expression", ours, theirs)
        ours, theirs = [], []
        stamp = f"{os.getpid()}-{time.time_ns()}"
        for number in range(options.rounds):
            ours.append(milliseconds([*chx, "build", *trivial_chx(f"t-{stamp}-{number}")], folder))
            if nix:
                theirs.append(milliseconds([*nix, *trivial_nix(f"t-{stamp}-{number}")], folder))
        row("a new trivial derivation, sandboxed by chx in the seed's root", ours, theirs)


if __name__ == "__main__":
    main()
