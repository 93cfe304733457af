"""`chx seed`: pin the foreign toolchains that a bootstrap may start from."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from .errors import CommandError

HELP = "pin the packages of a seed"
DESCRIPTION = """\
A seed is a foreign toolchain, fetched by hash, that stage 0 is built with. Its
packages are named in pkgs/seeds/NAME.nix and pinned in pkgs/seeds/NAME.lock.json.
`chx seed update NAME` asks this machine's own apt configuration which files
those packages are today and writes the lock file anew.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    update = sub.add_parser("update", help="write the lock file of a seed anew", description=DESCRIPTION)
    update.add_argument("name", metavar="NAME", help="the seed, for example debian-gcc")
    update.add_argument("--directory", metavar="DIR", help="where NAME.nix lies (default: the bundled pkgs/seeds)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One `.deb` file: where it lies in a pool, and its SHA-256 in hexadecimal."""

    package: str
    version: str
    url: str
    sha256: str


class Apt:
    """A private apt state for one suite, made from the machine's own sources.

    Nothing is installed and no file outside `folder` is written, so no rights
    are needed. An empty status file makes apt resolve a whole closure.
    """

    def __init__(self, folder: str, suite: str) -> None:
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            os.makedirs(os.path.join(folder, name))
        open(os.path.join(folder, "status"), "w").close()
        sources = [
            f"deb {base} {suite} main\n" for base in self._bases() if "security" not in base and "debian" in base
        ]
        if not sources:
            raise CommandError("apt is not configured for any Debian archive", hint="run this on a Debian machine")
        with open(os.path.join(folder, "sources", "seed.list"), "w") as file:
            file.writelines(sources)
        self._options = [
            option
            for setting in (
                f"Dir::Etc::SourceParts={folder}/sources",
                "Dir::Etc::SourceList=/dev/null",
                f"Dir::State::Lists={folder}/lists",
                f"Dir::State::status={folder}/status",
                f"Dir::Cache={folder}/cache",
                "APT::Get::List-Cleanup=false",
            )
            for option in ("-o", setting)
        ]
        self.run("apt-get", "update")

    @staticmethod
    def _bases() -> list[str]:
        run = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)"], text=True, stdout=subprocess.PIPE, check=False
        )
        return sorted(set(run.stdout.split()))

    def run(self, program: str, *arguments: str) -> str:
        """Standard output of an apt program; raises `CommandError` with what it said on failure."""
        run = subprocess.run([program, *self._options, *arguments], text=True, capture_output=True, check=False)
        if run.returncode:
            raise CommandError(f"{program} {arguments[0]} failed: {run.stderr.strip()}")
        return run.stdout

    def closure(self, packages: list[str]) -> dict[str, str]:
        """Package -> pool path of its file, for the packages and what they depend on."""
        text = self.run("apt-get", "install", "-y", "--print-uris", "--no-install-recommends", *packages)
        found = {}
        for uri in re.findall(r"^'([^']+)'", text, re.MULTILINE):
            path = unquote(urlsplit(uri).path)
            found[os.path.basename(path).split("_", 1)[0]] = path[path.index("/pool/") + 1 :]
        return found

    def pins(self, pool: dict[str, str]) -> list[Pin]:
        records = self.run("apt-cache", "show", *sorted(pool))
        pins = {}
        for record in records.split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", record, re.MULTILINE))
            name = fields.get("Package", "")
            if name in pool and pool[name] == fields.get("Filename"):
                _, component, _, source, file = pool[name].split("/")
                prefix = "" if component == "main" else component + "/"
                pins[name] = Pin(name, fields["Version"], f"debian:{prefix}{source}/{file}", fields["SHA256"])
        missing = sorted(set(pool) - set(pins))
        if missing:
            raise CommandError(f"apt has no record of {', '.join(missing)}")
        return [pins[name] for name in sorted(pins)]


def update(directory: str, name: str) -> int:
    """Write `NAME.lock.json`; returns the number of pinned files."""
    from ..evaluator import to_python
    from .session import Session

    path = os.path.join(directory, f"{name}.nix")
    if not os.path.exists(path):
        raise CommandError(f"there is no seed '{name}' in {directory}")
    with Session() as session:
        seed = to_python(session.evaluator, session.evaluator.eval_file(path))
    with tempfile.TemporaryDirectory() as folder:
        apt = Apt(folder, seed["suite"])
        pool = apt.closure(seed["packages"])
        for package in seed["without"]:
            pool.pop(package, None)
        pins = apt.pins(pool)
    lock = {
        "files": [
            {"package": pin.package, "sha256": pin.sha256, "url": pin.url, "version": pin.version} for pin in pins
        ],
        "suite": seed["suite"],
        "version": 1,
    }
    target = os.path.join(directory, f"{name}.lock.json")
    with open(target + ".new", "w") as file:
        json.dump(lock, file, indent=1, sort_keys=True)
        file.write("\n")
    os.replace(target + ".new", target)
    return len(pins)


def run(arguments: argparse.Namespace) -> int:
    from .session import PKGS

    count = update(arguments.directory or os.path.join(PKGS, "seeds"), arguments.name)
    print(f"chx: pinned {count} files of {arguments.name}", file=sys.stderr)
    return 0
