"""Resolve the packages of a seed to current files: packages with apt, wheels with pip."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from ...builder import BuildOptions, parse_wheel, pip_command, prefetch_file
from ..errors import RequestError
from ..settings import configured_limits

if TYPE_CHECKING:
    from ..session import Session

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Pin:
    """One file: its package, version and URL, its size in bytes and its SHA-256 in hexadecimal.

    `version` is "" if unknown. A `url` without a scheme is a path beside the lock.
    """

    package: str
    version: str
    url: str
    size: int
    sha256: str


class Apt:
    """A private apt state for one suite, made from the machine's own sources.

    It installs nothing and writes no file outside of the directory `folder`, so that it needs no privileges.
    An empty status file makes apt resolve a whole closure. `architecture` is Debian's name of the machine that the
    packages are for, by default apt's own.
    """

    def __init__(self, folder: str, suite: str, architecture: str | None = None) -> None:
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            os.makedirs(os.path.join(folder, name))
        open(os.path.join(folder, "status"), "w").close()
        sources = [
            f"deb {base} {suite} main\n" for base in self._bases() if "security" not in base and "debian" in base
        ]
        if not sources:
            raise RequestError("apt is not configured for any Debian archive", hint="run this on a Debian machine")
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
                *((f"APT::Architecture={architecture}", f"APT::Architectures={architecture}") if architecture else ()),
            )
            for option in ("-o", setting)
        ]
        self.run("apt-get", "update")

    @staticmethod
    def _bases() -> list[str]:
        command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
        run = subprocess.run(command, text=True, errors="replace", capture_output=True, check=False)
        if run.returncode:
            raise RequestError(f"apt-get indextargets failed: {run.stderr.strip()}")
        return sorted(set(run.stdout.split()))

    def run(self, program: str, *arguments: str) -> str:
        """Run an apt program, and return its standard output. Raises `RequestError` with its messages on failure."""
        run = subprocess.run(
            [program, *self._options, *arguments], text=True, errors="replace", capture_output=True, check=False
        )
        if run.returncode:
            raise RequestError(f"{program} {arguments[0]} failed: {run.stderr.strip()}")
        return run.stdout

    def closure(self, packages: list[str]) -> dict[str, str]:
        """Return the pool paths of packages and their dependencies, by package name."""
        text = self.run("apt-get", "install", "-y", "--print-uris", "--no-install-recommends", *packages)
        found = {}
        for uri in re.findall(r"^'([^']+)'", text, re.MULTILINE):
            path = unquote(urlsplit(uri).path)
            found[os.path.basename(path).split("_", 1)[0]] = path[path.index("/pool/") + 1 :]
        return found

    def pins(self, pool: dict[str, str]) -> list[Pin]:
        """Return the pins of the packages of `closure`."""
        records = self.run("apt-cache", "show", *sorted(pool))
        pins = {}
        for record in records.split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", record, re.MULTILINE))
            name = fields.get("Package", "")
            if name in pool and pool[name] == fields.get("Filename"):
                _, component, _, source, file = pool[name].split("/")
                prefix = "" if component == "main" else component + "/"
                url = f"debian:{prefix}{source}/{file}"
                pins[name] = Pin(name, fields["Version"], url, int(fields["Size"]), fields["SHA256"])
        missing = sorted(set(pool) - set(pins))
        if missing:
            raise RequestError(f"apt has no record of {', '.join(missing)}")
        return [pins[name] for name in sorted(pins)]


def wheel_pin(url: str, folder: str) -> Pin:
    """Fetch the wheel that a `pypi:` URL names, and return its pin."""
    wheel = parse_wheel(url)
    pip = pip_command()
    if pip is None:
        raise RequestError("there is no pip", hint="install pip for this Python, or put pip on the PATH")
    command = [*pip, "download", "--no-deps", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += ["--only-binary=:all:", *wheel.options, "-d", folder, wheel.requirement]
    run = subprocess.run(command, text=True, errors="replace", capture_output=True, check=False)
    if run.returncode:
        raise RequestError(f"pip download {wheel.requirement} failed: {run.stderr.strip()}")
    path = os.path.join(folder, wheel.file)
    if not os.path.exists(path):
        raise RequestError(f"pip chose another file than {wheel.file}: {', '.join(sorted(os.listdir(folder)))}")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    project, _, version = wheel.requirement.partition("==")
    return Pin(project, version, url, os.path.getsize(path), digest)


def archive_pin(session: Session, url: str, folder: str) -> Pin:
    """Fetch an archive into the store, and return its pin; a URL without a scheme is a path below `folder`."""
    place = url if _SCHEME.match(url) else "file:" + quote(os.path.join(os.path.abspath(folder), url))
    name = object_name(url)
    fetched = prefetch_file(session.store, place, name, session.reporter.notice, BuildOptions(**configured_limits()))
    return Pin(name, "", url, fetched.size, fetched.digest.hex())


def object_name(url: str) -> str:
    """Return the object name for a URL: the one of pkgs/lib/fetchurl.nix, made valid for the store."""
    return (
        re.sub(r"[^A-Za-z0-9+._?=-]", "-", url.rstrip("/").rpartition("/")[2].partition("?")[0]).lstrip(".")
        or "archive"
    )
