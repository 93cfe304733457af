"""What disks and machines take, when everything is built: writing a disk of 200 MB, and starting it under emulation.

`python bench/machine.py [--chx PROGRAM] [--rounds 5] [--large PATH]`, with a store that has the packages below, qemu with
OVMF, and for `--large` a store object of about 200 MB. Times are from the start of the program to the line, medians, by
qemu without KVM on two emulated processors; the disk is written before. `first line` is that of the first program of the
initramfs's root, `login` what asks for a name.
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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGES = ["tiny.base-minimal", "tiny.linux", "tiny.early-init", "tiny.efi-stub"]
MACHINE = [
    "qemu-system-x86_64",
    "-accel",
    "tcg,thread=multi",
    "-M",
    "q35",
    "-smp",
    "2",
    "-m",
    "512",
    "-nographic",
    "-no-reboot",
]
CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"


def until(command: list[str], wanted: list[bytes]) -> list[float]:
    """Seconds until a program has written each of these texts; it is ended then."""
    start = time.perf_counter()
    found = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        seen = b""
        for text in wanted:
            while text not in seen:
                piece = os.read(run.stdout.fileno(), 65536)
                if not piece:
                    raise SystemExit(f"{command[0]} ended before it wrote {text!r}:\n{seen.decode(errors='replace')}")
                seen += piece
            found.append(time.perf_counter() - start)
        run.kill()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    beside = os.path.join(os.path.dirname(sys.executable), "chx")
    parser.add_argument("--chx", help="the program (default: this checkout)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="append", default=[], metavar="PATH", help="more for a large disk")
    arguments = parser.parse_args()
    found = arguments.chx or (beside if os.path.exists(beside) else shutil.which("chx"))
    chx = [found] if found else [sys.executable, ROOT]
    print("| | seconds | |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for label, more in (("`chx image disk`, a small system", []), ("the same with more packages", arguments.large)):
            disk = f"{folder}/large.img" if more else f"{folder}/small.img"
            times = []
            for _ in range(arguments.rounds if more or not arguments.large or label.startswith("`") else 0):
                start = time.perf_counter()
                subprocess.run([*chx, "image", "disk", *PACKAGES, *more, "-o", disk], check=True, capture_output=True)
                times.append(time.perf_counter() - start)
            print(f"| {label} | {statistics.median(times):.2f} | {os.path.getsize(disk) / 1e6:.0f} MB |")
            if not arguments.large:
                break
        small = f"{folder}/small.img"
        started = [
            *MACHINE, "-drive", f"if=pflash,format=raw,readonly=on,file={CODE}", "-drive", f"file={small},format=raw,if=virtio",
            "-nic", "none",
        ]  # fmt: skip
        rows = [until(started, [b"INIT: version", b"login: "]) for _ in range(arguments.rounds)]
        for number, label in enumerate(("UEFI to the first line of init", "UEFI to login")):
            print(f"| {label} | {statistics.median(row[number] for row in rows):.1f} | |")
        printed = subprocess.run(
            [*chx, "vm", *PACKAGES, "--accel", "tcg", "--dry-run", "--keep-image", f"{folder}/vm.img", "--no-network"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        rows = [until(["sh", "-c", f"exec {printed}"], [b"INIT: version", b"login: "]) for _ in range(arguments.rounds)]
        for number, label in enumerate(("`-kernel` to the first line of init", "`-kernel` to login")):
            print(f"| {label} | {statistics.median(row[number] for row in rows):.1f} | |")


if __name__ == "__main__":
    main()
