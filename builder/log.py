"""Build logs: `$CHX_HOME/logs/<first 2>/<rest of the derivation's hash>-<name>.log`.

A finished log is compressed, unless it fits into one block of the disk anyway.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from ..store.checkpoint import Stopped, checkpoint
from .disk import write_all
from .errors import LogDamaged
from .structured_log import StructuredLogFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..store.path import StorePath
    from ..store.store import Store

TAIL_LINES = 25
_LONGEST_LINE = 4096
_BLOCK = 4096
_PAUSE = 0.1  # seconds between looks at a log that grows
_CHUNK = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS


def log_path(home: str, derivation: StorePath) -> str:
    """Return the path of the log of `derivation` while it is written; finished logs may have the suffix `.gz`."""
    name = f"{derivation.hash[2:]}-{derivation.name.removesuffix('.drv')}.log"
    return os.path.join(home, "logs", derivation.hash[:2], name)


class BuildLog:
    """The log of one running build.

    `write` takes bytes in any pieces; whole lines go to `listener` as text, names of phases to `phase`. `tail` holds
    the last lines. The file is locked while it is written.
    """

    def __init__(
        self,
        path: str,
        listener: Callable[[list[str]], None] | None = None,
        phase: Callable[[str], None] | None = None,
    ) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_EX)
        self._listener = listener
        self._filter = StructuredLogFilter(phase or (lambda name: None))
        self._rest = b""
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    def write(self, chunk: bytes) -> None:
        self._append(self._filter.filter(chunk))

    def _append(self, chunk: bytes) -> None:
        write_all(self._file, chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        self._take(lines)

    def say(self, text: str) -> None:
        """Write a line of our own."""
        self.write(text.encode("utf-8", "surrogateescape") + b"\n")

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(self._tail)

    def close(self) -> str:
        """Compress the log if that saves space and the disk allows it; return its final path. Never fails."""
        if self._file < 0:
            return self.path
        with suppress(OSError):
            self._append(self._filter.rest())
        if self._rest:
            self._take([self._rest])
            self._rest = b""
        try:
            if os.lseek(self._file, 0, os.SEEK_CUR) > _BLOCK:
                self.path = self._compress()
            else:
                os.unlink(self.path + ".gz")  # of an earlier build that printed more
        except (OSError, Stopped):
            pass  # the uncompressed log is as good
        finally:
            os.close(self._file)
            self._file = -1
        return self.path

    def _compress(self) -> str:
        compressor = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        os.lseek(self._file, 0, os.SEEK_SET)
        final = self.path + ".gz"
        # Written under another name first: a reader sees the plain log or a whole compressed one.
        work = f"{final}.{os.getpid()}"
        target = os.open(work, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            while chunk := os.read(self._file, _CHUNK):
                checkpoint()
                write_all(target, compressor.compress(chunk))
            write_all(target, compressor.flush())
            os.rename(work, final)
        except (OSError, Stopped):
            os.unlink(work)
            raise
        finally:
            os.close(target)
        os.unlink(self.path)
        return final

    def _take(self, lines: list[bytes]) -> None:
        if lines:
            texts = [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
            self._tail.extend(texts)
            if self._listener is not None:
                self._listener(texts)


def find_log(store: Store, path: StorePath) -> str | None:
    """Return the log file of a derivation or of the deriver of an output; None if there is none."""
    derivation: StorePath | None = path
    if not path.is_derivation:
        derivation = store.info(path).deriver if store.is_valid(path) else None
    if derivation is None:
        return None
    plain = log_path(store.home, derivation)
    return next((found for found in (plain, plain + ".gz") if os.path.exists(found)), None)


def open_log(store: Store, path: StorePath) -> Iterator[bytes] | None:
    """Return the log of `path` in pieces (see `find_log`); of a running build, the part written so far."""
    found = find_log(store, path)
    return None if found is None else _pieces(found)


def follow_log(store: Store, path: StorePath) -> Iterator[bytes] | None:
    """Like `open_log`, but follow a running build until it ends."""
    found = find_log(store, path)
    if found is None or found.endswith(".gz"):
        return None if found is None else _pieces(found)
    return _following(found)


def _following(path: str) -> Iterator[bytes]:
    """Follow a log. Its writer holds a lock on it, and may compress it, which removes its name, meanwhile."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            is_written = _is_locked(file)
            while chunk := os.read(file, _CHUNK):
                yield chunk
            if not is_written:
                return
            time.sleep(_PAUSE)
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        if not path.endswith(".gz"):
            while chunk := file.read(_CHUNK):
                yield chunk
            return
        decompressor = zlib.decompressobj(_GZIP)
        while chunk := file.read(_BLOCK):  # text in the same block as a fault is lost
            # A little that is compressed can be very much.
            while chunk:
                try:
                    text = decompressor.decompress(chunk, _CHUNK)
                except zlib.error as error:
                    raise LogDamaged(path) from error
                yield text
                chunk = decompressor.unconsumed_tail
        if not decompressor.eof:
            raise LogDamaged(path)
