"""Ask the user's apt for the files of a source package."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SECONDS: Final = 600
_ORIGINAL: Final = re.compile(r"[^_]+_.*\.orig\.tar\.(?:gz|xz|bz2|lzma|zst)")
_NATIVE: Final = re.compile(r"[^_]+_[^-]*\.tar\.(?:gz|xz|bz2|lzma|zst)")
_PACKAGING: Final = re.compile(r"[^_]+_.*\.debian\.tar\.(?:gz|xz|bz2|lzma|zst)")


class SourcePackage(NamedTuple):
    """A source package: `source` and `packaging` are `debian-source:` URLs, `version` is upstream's, `homepage` may be ""."""

    name: str
    version: str
    source: str
    packaging: str | None
    homepage: str


def source_package(name: str, notice: Callable[[str], None]) -> SourcePackage:
    """Return the newest source package `name` of the archives that apt is configured for.

    Indexes of sources are fetched into a directory of their own if the user's apt has none; nothing else is changed.
    Raises `RequestError`.
    """
    try:
        return _asked(name, [])
    except RequestError:
        archives = _archives()
    if not archives:
        raise RequestError(
            "apt is not configured for any Debian archive",
            hint=f"name the file: --from debian-source:{name}/FILE",
        )
    notice("fetching apt's indexes of sources")
    with tempfile.TemporaryDirectory(prefix="chx-apt-") as folder:
        options = _private(folder, archives)
        _run("apt-get", *options, "update")
        return _asked(name, options)


def parse_source(name: str, uris: str, records: str) -> SourcePackage:
    """Read what `apt-get source --print-uris` and `apt-cache showsrc` print. Raises `RequestError`."""
    files = [found[1] for found in re.finditer(r"^'[^']*' (\S+) ", uris, re.MULTILINE)]
    archive = next((file for file in files if _ORIGINAL.fullmatch(file)), None)
    packaging = next((file for file in files if _PACKAGING.fullmatch(file)), None)
    if archive is None:
        archive = next((file for file in files if _NATIVE.fullmatch(file) and file != packaging), None)
    described = next((file for file in files if file.endswith(".dsc")), "")
    if archive is None:
        raise RequestError(f"apt names no archive for the source package '{name}'", hint="name another package")
    fields: dict[str, str] = {}
    for record in records.split("\n\n"):
        if described and f" {described}\n" in f"{record}\n":
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", record, re.MULTILINE))
    # pool/COMPONENT/PREFIX/SOURCE
    parts = fields.get("Directory", "").split("/")
    source = parts[-1] if len(parts) >= 4 else archive.partition("_")[0]
    component = parts[-3] if len(parts) >= 4 else "main"
    place = source if component == "main" else f"{component}/{source}"
    version = re.sub(r"\.orig\.tar\..*|\.tar\..*", "", archive.partition("_")[2])
    return SourcePackage(
        source,
        version,
        f"debian-source:{place}/{archive}",
        None if packaging is None else f"debian-source:{place}/{packaging}",
        fields.get("Homepage", ""),
    )


def _asked(name: str, options: Sequence[str]) -> SourcePackage:
    uris = _run("apt-get", *options, "source", "--print-uris", "--only-source", "--", name)
    return parse_source(name, uris, _run("apt-cache", *options, "showsrc", "--only-source", "--", name))


def _archives() -> list[tuple[str, str]]:
    """Return URLs and code names of the archives of the apt configuration."""
    lines = _run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)").splitlines()
    pairs = [tuple(line.split()) for line in lines]
    return list(dict.fromkeys((pair[0], pair[1]) for pair in pairs if len(pair) == 2))


def _private(folder: str, archives: Sequence[tuple[str, str]]) -> list[str]:
    """Write a configuration with the sources of `archives`; return options of apt's programs."""
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        os.makedirs(os.path.join(folder, name))
    open(os.path.join(folder, "status"), "w").close()
    with open(os.path.join(folder, "parts", "sources.list"), "w") as file:
        file.writelines(f"deb-src {base} {suite} main\n" for base, suite in archives)
    settings = (
        f"Dir::Etc::SourceParts={folder}/parts",
        "Dir::Etc::SourceList=/dev/null",
        f"Dir::State::Lists={folder}/lists",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}/cache",
    )
    return [option for setting in settings for option in ("-o", setting)]


def _run(program: str, *arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        run = subprocess.run(
            [program, *arguments],
            text=True,
            errors="replace",
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except OSError as error:
        hint = "name the file: --from debian-source:NAME/FILE"
        raise RequestError(f"{program} cannot be run: {error.strerror}", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise RequestError(f"{program} did not end within {_SECONDS} seconds", hint="is the network there?") from error
    if run.returncode:
        told = [line[2:].strip() for line in run.stderr.splitlines() if line.startswith("E:")]
        raise RequestError(f"{program} failed: {told[0] if told else run.stderr.strip()[-200:]}")
    return run.stdout
