"""What an OCI image of the tiny root takes, when everything is built.

`python bench/image.py [--chx PROGRAM] [--rounds 9]`, with a store that has `root` (`chx build root`). Each row is the
whole command, started anew: medians of wall time and of CPU time (user and system). Without kept layers, gzip is part of
it. `chx eval` of the same attribute says what start-up and evaluation alone take.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def measured(command: list[str], folder: str) -> tuple[float, float]:
    """Milliseconds of wall time and of CPU time that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    beside = os.path.join(os.path.dirname(sys.executable), "chx")
    parser.add_argument("--chx", help="the program (default: this checkout)")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    found = arguments.chx or (beside if os.path.exists(beside) else shutil.which("chx"))
    chx = [found] if found else [sys.executable, ROOT]
    home = os.environ.get("CHX_HOME") or os.path.expanduser("~/.local/share/chx")
    rows = {
        "`chx image oci root`, layers kept": [*chx, "image", "oci", "root", "-o", "image"],
        "the same, layers packed anew": [*chx, "image", "oci", "root", "-o", "image"],
        "`--compression none`": [*chx, "image", "oci", "root", "-o", "image", "--compression", "none"],
        "`--compression zstd`": [*chx, "image", "oci", "root", "-o", "image", "--compression", "zstd"],
        "`chx image tar root`": [*chx, "image", "tar", "root", "-o", "root.tar"],
        "`chx eval -f '<chx>' -A root.drvPath`": [*chx, "eval", "-f", "<chx>", "-A", "root.drvPath"],
    }
    times: dict[str, list[tuple[float, float]]] = {label: [] for label in rows}
    with tempfile.TemporaryDirectory() as folder:
        for command in rows.values():
            measured(command, folder)
        # Alternating, so that all meet the same machine.
        for _ in range(arguments.rounds):
            for label, command in rows.items():
                if label == "the same, layers packed anew":
                    shutil.rmtree(f"{home}/cache/layers", ignore_errors=True)
                times[label].append(measured(command, folder))
        archive = os.path.getsize(f"{folder}/root.tar")
    print(f"The archive has {archive / 1e6:.1f} MB. Load at the end: {os.getloadavg()[0]:.1f}.\n")
    print("| ms | wall | CPU |\n|---|--:|--:|")
    for label, found_times in times.items():
        wall, cpu = (statistics.median(one) for one in zip(*found_times, strict=True))
        print(f"| {label} | {wall:.0f} | {cpu:.0f} |")


if __name__ == "__main__":
    main()
