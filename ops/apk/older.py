"""Packages of version 2 of apk, for clients before 3.0, out of packages of version 3."""

from __future__ import annotations

from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, cast

from ...apk.package import read_package
from ...apk.v2 import write_package_v2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from ...apk.keys import PrivateKey
    from ...apk.package import Reader


def write_older(source: BinaryIO, out: BinaryIO, key: PrivateKey | None) -> None:
    """Write the package of version 3 in `source` as one of version 2, signed by `key`.

    A client finds the public key by its name. Raises what reading and writing raise.
    """
    reader = read_package(source)
    write_package_v2(out, reader.package, _Contents(reader), signer=key)


class _Contents:
    """The contents of a package's files, which are asked for in the order of the package."""

    def __init__(self, reader: Reader) -> None:
        self._contents = reader.contents()

    def __call__(self, path: str) -> BinaryIO:
        for directory, file, chunks in self._contents:
            if file.has_data and directory.path_of(file) == path:
                return cast("BinaryIO", BufferedReader(_Stream(chunks)))
        raise AssertionError(f"'{path}' was asked for out of order")


class _Stream(RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._left = self._left or next(self._chunks, b"")
        view = memoryview(buffer)
        size = min(len(view), len(self._left))
        view[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
