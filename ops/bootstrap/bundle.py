"""Bundles: every fetched input of a proof in one file, by hash.

A bundle is an uncompressed tar archive (POSIX.1-2001, pax) of regular files, sorted by name, without times and owners:

    ALGORITHM/HEX          the bytes of a `flat` fixed output
    nar-ALGORITHM/HEX      the NAR of a `recursive` one

Bundles are untrusted: chx hashes each file, and takes those that a derivation needs.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...builder.errors import BuildError
from ...builder.fixed import check_fixed
from ...builder.nar import InvalidNar, read_nar, write_nar
from ...builder.planning import known_fixed
from ...store.derivation import output_object_name
from ...store.errors import StoreError
from ...store.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from ...store.derivation import Derivation, FixedOutput
    from ...store.path import StorePath
    from ...store.store import Store


class BundleRefused(StoreError):
    """A bundle that cannot be written or read."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, code="B042")


class Loaded(NamedTuple):
    """The result of loading a bundle: the number of files taken, and the names of missing ones."""

    taken: int
    missing: tuple[str, ...]


def member_name(fixed: FixedOutput) -> str:
    """Return the name of a fixed output in a bundle."""
    prefix = "nar-" if fixed.mode == "recursive" else ""
    return f"{prefix}{fixed.algorithm}/{fixed.digest.hex()}"


def fixed_outputs(derivations: Mapping[StorePath, Derivation]) -> dict[str, tuple[str, FixedOutput]]:
    """Return the object name and the hash of each fixed output, by its name in a bundle."""
    return {
        member_name(derivation.fixed): (output_object_name(derivation.name, "out"), derivation.fixed)
        for derivation in derivations.values()
        if derivation.fixed is not None
    }


def write_bundle(store: Store, derivations: Mapping[StorePath, Derivation], out: BinaryIO) -> int:
    """Write the fixed outputs of `derivations`; return their number.

    Raises `BundleRefused` if one is missing or was changed.
    """
    members: dict[str, tuple[StorePath, FixedOutput]] = {}
    for derivation in derivations.values():
        if derivation.fixed is not None:
            path = known_fixed(store, derivation)
            if path is None:
                raise BundleRefused(
                    f"'{derivation.name}' is not in the store any more",
                    hint="chx bootstrap --proof FILE --bundle FILE fetches what is missing",
                )
            members[member_name(derivation.fixed)] = path, derivation.fixed
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, (path, fixed) in sorted(members.items()):
            physical = store.physical(path)
            try:
                check_fixed(physical, fixed)
            except BuildError as error:
                raise BundleRefused(f"{path} was changed after it was fetched: {error.message}") from error
            about = tarfile.TarInfo(name)
            about.mode = 0o444
            if fixed.mode == "flat":
                about.size = os.path.getsize(physical)
                with open(physical, "rb") as file:
                    archive.addfile(about, file)
            else:
                # tarfile pulls and write_nar pushes: a file between them is simpler than a thread.
                with tempfile.TemporaryFile() as file:
                    write_nar(physical, file.write)
                    about.size = file.tell()
                    file.seek(0)
                    archive.addfile(about, file)
    return len(members)


def load_bundle(store: Store, derivations: Mapping[StorePath, Derivation], name: str) -> Loaded:
    """Add the fixed outputs of `derivations` that `store` lacks from the bundle `name`.

    Raises `BundleRefused` if the file is no bundle, or if the hash of a member contradicts its name.
    """
    needed = fixed_outputs(derivations)
    present = {
        member_name(derivation.fixed)
        for derivation in derivations.values()
        if derivation.fixed is not None and known_fixed(store, derivation) is not None
    }
    taken = set()
    try:
        with open(name, "rb") as file, tarfile.open(fileobj=file, mode="r|") as archive:
            for member, content in _members(archive):
                if member in needed and member not in present:
                    _take(store, *needed[member], content, f"'{member}' in '{name}'")
                    taken.add(member)
    except tarfile.TarError as error:
        raise BundleRefused(
            f"'{name}' is no bundle: {error}", hint="bundles are written by chx bootstrap --proof FILE --bundle FILE"
        ) from error
    missing = sorted(needed[member][0] for member in needed.keys() - present - taken)
    return Loaded(len(taken), tuple(missing))


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, BinaryIO]]:
    for about in archive:
        content = archive.extractfile(about) if about.isreg() else None
        if content is not None:
            yield about.name, content  # type: ignore[misc]


def _take(store: Store, name: str, fixed: FixedOutput, content: BinaryIO, what: str) -> None:
    folder = store.temporary("bundle")
    try:
        place = os.path.join(folder, "tree")
        if fixed.mode == "flat":
            with open(place, "xb") as file:
                while chunk := content.read(1 << 20):
                    file.write(chunk)
            os.chmod(place, 0o644)
        else:
            read_nar(content, place)
        check_fixed(place, fixed)
        path = store.add_tree(place, name, consume=True)
        store.record_fixed_output(name, fixed, path)
    except (BuildError, InvalidNar) as error:
        message = error.message if isinstance(error, BuildError) else str(error)
        raise BundleRefused(f"{what} is not what its name says: {message}") from error
    finally:
        remove_tree(os.fsencode(folder))
