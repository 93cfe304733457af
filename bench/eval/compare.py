"""CPU time of `chx eval` against nix-instantiate on each expression beside this file.

`python bench/eval/compare.py [NAME...]`; the peer is $CHX_NIX_INSTANTIATE or `nix-instantiate`. The
first run of chx fills its cache of compiled code and does not count; the best of three does.
"""

from __future__ import annotations

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CHX = [sys.executable, str(HERE.parents[1]), "eval"]


def seconds(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """User and system time of a command, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise SystemExit(f"{command} failed:\n{run.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, run.stdout


def best(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    results = [seconds(command, environment) for _ in range(3)]
    return min(results)[0], results[0][1]


def main(names: list[str]) -> None:
    peer = os.environ.get("CHX_NIX_INSTANTIATE") or shutil.which("nix-instantiate")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHX_HOME": home}
        print(f"{'':16}{'chx ms':>10}{'nix ms':>10}{'ratio':>8}")
        for file in sorted(HERE.glob("*.nix")):
            if names and file.stem not in names:
                continue
            seconds([*CHX, str(file)], environment)
            ours, value = best([*CHX, str(file)], environment)
            line = f"{file.stem:16}{ours * 1000:10.0f}"
            if peer:
                theirs, expected = best([peer, "--eval", str(file)], environment)
                assert value == expected or file.stem == "derivations", f"{file.stem}: {value} is not {expected}"
                line += f"{theirs * 1000:10.0f}{ours / theirs:8.2f}"
            print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
