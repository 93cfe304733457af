"""Write repositories: packages, packed and signed, and the index of each architecture.

    DIR/ARCHITECTURE/NAME-VERSION.apk
    DIR/ARCHITECTURE/Packages.adb           the index, for a line `v3 URL` in etc/apk/repositories
    DIR/ARCHITECTURE/APKINDEX.tar.gz        the same file, under the name that a plain URL asks for
    DIR/keys/NAME.rsa.pub                   what clients put into etc/apk/keys

A file is written under another name first, and the index last, so that a reader sees whole files only.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from ...apk.compression import Compression
from ...apk.errors import ApkError
from ...apk.formats import entry_of, version_of
from ...apk.index import Index, index_entry, write_index
from ...apk.package import read_package, sign
from ...apk.v2 import write_index_v2
from ...store.checkpoint import checkpoint
from ..errors import RequestError
from .older import write_older

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from ...apk.description import Info
    from ...apk.keys import PrivateKey
    from .packaging import PackageFile

PACKING: Final = "zstd"
INDEX_NAME: Final = "Packages.adb"
OLD_INDEX_NAME: Final = "APKINDEX.tar.gz"
KEYS: Final = "keys"
_UNFINISHED: Final = re.compile(r"[.].+[.]([0-9]+)[.]new")


class Stored(NamedTuple):
    """A package of a repository: `identity` is that of its container, so that packing and signing leave it."""

    architecture: str
    name: str
    version: str
    identity: bytes
    size: int

    @property
    def file(self) -> str:
        """The path below the repository."""
        return f"{self.architecture}/{self.name}-{self.version}.apk"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on disk. `written` are the packages that were not there before, `removed` files that are gone.

    `written` is None where no packages were to be written.
    """

    directory: str
    packages: tuple[Stored, ...]
    written: tuple[str, ...] | None = None
    removed: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of a text that names each package: its identity in hexadecimal, two blanks, its path, a newline.

        The lines are sorted by path. Neither the signature nor the packing change it.
        """
        lines = [f"{one.identity.hex()}  {one.file}\n" for one in sorted(self.packages, key=lambda one: one.file)]
        return sha256("".join(lines).encode()).hexdigest()


def write_repository(
    directory: str,
    files: Sequence[PackageFile],
    key: PrivateKey | None,
    *,
    packing: str = PACKING,
    description: str = "",
    prunes: bool = False,
    version: int = 3,
) -> Repository:
    """Add packages to a repository, sign them and its indexes by `key`, and return all that is in it then.

    What is there as it would be written stays. `packing` is none, deflate, deflate:N, zstd or zstd:N. `prunes`: remove
    packages that are not among `files`. `version` is that of the format: of 2, all packages are written anew, and packed
    as that format is. Raises `RequestError`, `ApkError`, OSError.
    """
    compression = str(Compression.parse(packing))
    _check_directory(directory)
    _check_version(directory, version)
    for architecture in {file.architecture for file in files}:
        os.makedirs(f"{directory}/{architecture}", exist_ok=True)
        _remove_remains(f"{directory}/{architecture}")

    def write(file: PackageFile) -> bool:
        checkpoint()
        target = f"{directory}/{file.architecture}/{file.name}"
        if version == 3 and _is_there(target, file.path, key, compression):
            return False
        with open(file.path, "rb") as source, _replacing(target) as out:
            if version == 2:
                write_older(source, out, key)
                return True
            sign(source, out, () if key is None else (key,), compression=packing, keeps_signatures=False)
        return True

    # Compressors and signatures do not wait for each other: Python is not held meanwhile.
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            is_new = list(pool.map(write, files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    written = [f"{file.architecture}/{file.name}" for file, was_written in zip(files, is_new) if was_written]
    removed = _prune(directory, files) if prunes else []
    repository = write_indexes(directory, key, packing=packing, description=description, version=version)
    return Repository(directory, repository.packages, tuple(written), tuple(removed))


def write_indexes(
    directory: str, key: PrivateKey | None, *, packing: str = PACKING, description: str = "", version: int = 3
) -> Repository:
    """Write the indexes of all architectures of a repository anew, signed by `key`.

    All packages must be of `version`. Raises `RequestError`, `ApkError` for a package that cannot be read, OSError.
    """
    packages: list[Stored] = []
    _check_version(directory, version)
    for architecture in architectures_of(directory):
        place = f"{directory}/{architecture}"
        infos = [_entry(path) for path in package_files(place)]
        packages += [_stored(architecture, info) for info in infos]
        index = Index(description, tuple(infos))
        if version == 2:
            with _replacing(f"{place}/{OLD_INDEX_NAME}") as out:
                write_index_v2(out, index, signer=key)
            _forget(f"{place}/{INDEX_NAME}")
            continue
        with _replacing(f"{place}/{INDEX_NAME}") as out:
            write_index(out, index, compression=packing, signers=() if key is None else (key,))
        _link(f"{place}/{INDEX_NAME}", f"{place}/{OLD_INDEX_NAME}")
    if key is not None:
        os.makedirs(f"{directory}/{KEYS}", exist_ok=True)
        with _replacing(f"{directory}/{KEYS}/{key.public.name}") as out:
            out.write(key.public.to_pem())
    return Repository(directory, tuple(packages))


def read_repository(directory: str) -> Repository:
    """Return what is in a repository, from its packages. Raises `RequestError`, `ApkError`, OSError."""
    packages = [
        _stored(architecture, entry_of(path))
        for architecture in architectures_of(directory)
        for path in package_files(f"{directory}/{architecture}")
    ]
    return Repository(directory, tuple(packages))


def architectures_of(directory: str) -> list[str]:
    """Return the names of the folders of a repository that have packages or an index. Raises `RequestError`, OSError."""
    if not os.path.isdir(directory):
        raise RequestError(f"there is no repository '{directory}': it is no directory")
    return [
        name
        for name in sorted(os.listdir(directory))
        if os.path.isdir(f"{directory}/{name}")
        and (package_files(f"{directory}/{name}") or _has_index(f"{directory}/{name}"))
    ]


def package_files(folder: str) -> list[str]:
    """Return the paths of the packages in a folder, sorted."""
    return [f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".apk")]


def index_of(folder: str) -> str:
    """Return the path of the index in a folder of a repository. Raises `RequestError` if it has none."""
    for name in (INDEX_NAME, OLD_INDEX_NAME):
        if os.path.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise RequestError(f"'{folder}' has no index", hint="`chx apk index` writes one")


def _has_index(folder: str) -> bool:
    return any(os.path.exists(f"{folder}/{name}") for name in (INDEX_NAME, OLD_INDEX_NAME))


def _forget(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)


def _is_begun(folder: str) -> bool:
    """Whether a folder has nothing but what a process that was killed left there."""
    return os.path.isdir(folder) and all(_UNFINISHED.fullmatch(name) for name in os.listdir(folder))


def _check_version(directory: str, version: int) -> None:
    """Raise `RequestError` if a repository has packages of another version of the format."""
    if not os.path.isdir(directory):
        return
    for architecture in architectures_of(directory):
        for path in package_files(f"{directory}/{architecture}"):
            with open(path, "rb") as file:
                found = version_of(file, path)
            if found != version:
                raise RequestError(
                    f"the package '{path}' is of version {found}, and version {version} is asked for",
                    hint="--format says which, and a repository has one",
                )


def _entry(path: str) -> Info:
    info = entry_of(path)
    expected = f"{info.full_name}.apk"
    if os.path.basename(path) != expected:
        raise RequestError(f"the package '{path}' is {info.full_name}", hint=f"clients ask for {expected}: rename it")
    return info


def _stored(architecture: str, info: Info) -> Stored:
    assert info.file_size is not None
    return Stored(architecture, info.name, info.version, info.hashes, info.file_size)


def _check_directory(directory: str) -> None:
    """Raise `RequestError` for what is no repository, so that nobody's files are mixed with packages by mistake."""
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise RequestError(f"'{directory}' is no directory, and a repository is one")
    if not os.path.isdir(directory):
        return
    names = os.listdir(directory)
    known = {KEYS, *architectures_of(directory)}
    odd = [
        name
        for name in names
        if name not in known and not name.startswith(".") and not _is_begun(f"{directory}/{name}")
    ]
    if names and not known - {KEYS} and odd:
        raise RequestError(
            f"'{directory}' has other files than a repository, such as '{min(odd)}'",
            hint="name an empty or new directory",
        )


def _is_there(target: str, source: str, key: PrivateKey | None, compression: str) -> bool:
    """Whether a package is in its place already, packed and signed as it shall be."""
    try:
        with open(target, "rb") as opened:
            reader = read_package(opened)
            signers = [one.key_id for one in reader.signatures]
            if reader.compression != compression or signers != ([] if key is None else [key.key_id]):
                return False
            if key is not None:
                reader.verify_signature([key.public])
    except (FileNotFoundError, ApkError):
        return False
    return index_entry(source).hashes == reader.identity


def _prune(directory: str, files: Sequence[PackageFile]) -> list[str]:
    wanted = {f"{directory}/{file.architecture}/{file.name}" for file in files}
    removed = []
    for architecture in architectures_of(directory):
        for path in package_files(f"{directory}/{architecture}"):
            if path not in wanted:
                os.unlink(path)
                removed.append(os.path.relpath(path, directory))
    return removed


def _remove_remains(folder: str) -> None:
    """Remove files that a process which was killed has not finished."""
    for name in os.listdir(folder):
        found = _UNFINISHED.fullmatch(name)
        if found is not None and not os.path.exists(f"/proc/{found[1]}"):
            os.unlink(f"{folder}/{name}")


@contextmanager
def _replacing(target: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `target` once it is whole."""
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.new")
    try:
        with open(temporary, "wb") as out:
            yield out
        os.replace(temporary, target)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def _link(source: str, target: str) -> None:
    temporary = f"{target}.{os.getpid()}.new"
    try:
        os.link(source, temporary)
    except OSError:
        # A file system without hard links.
        import shutil

        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
