"""Copying trees, sharing blocks where the file system can."""

from __future__ import annotations

import os
import stat
from typing import Final, NamedTuple

from .errors import StoreIO, UnsupportedFile
from .normal import CHUNK, EXECUTABLE_MODE, FILE_MODE, MTIME, READ, special_kind

DIRECT: Final = 64 << 20
"""From this size on files are copied past the system's cache."""
_BUFFER: Final = 8 << 20
_BLOCK: Final = 4096


class Hashed(NamedTuple):
    """Digest and size of a file's content."""

    digest: bytes
    size: int


def copy_file(source: bytes, target: bytes) -> Hashed | None:
    """A new file in the store's form with the content of `source`; shares blocks where the file system can.

    Gives the digest of what was written if it came to be known.
    """
    reader = os.open(source, READ)
    try:
        status = os.fstat(reader)
        mode = EXECUTABLE_MODE if status.st_mode & stat.S_IXUSR else FILE_MODE
        if status.st_size >= DIRECT and (hashed := copy_direct(reader, target)) is not None:
            os.chmod(target, mode)
            os.utime(target, ns=MTIME)
            return hashed
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _copy_bytes(reader, writer, status.st_size)
            os.fchmod(writer, mode)
            os.utime(writer, ns=MTIME)
        finally:
            os.close(writer)
        return None
    finally:
        os.close(reader)


def copy_direct(reader: int, target: bytes) -> Hashed | None:
    """Copy a large file past the cache of the system, and hash it on the way; None if that cannot be done here.

    Filling the cache with a file that is not read soon costs more than writing it: on a virtual machine four times
    as much, because every page has to be got from the host. One thread reads and hashes, another writes.
    """
    import fcntl
    from concurrent.futures import Future, ThreadPoolExecutor
    from mmap import mmap

    from blake3 import blake3

    direct = getattr(os, "O_DIRECT", 0)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | direct, 0o600)
    except OSError:
        return None
    hasher = blake3(max_threads=blake3.AUTO)
    total = 0
    # Memory from mmap is aligned to pages, as the kernel wants it here.
    buffers = [memoryview(mmap(-1, _BUFFER)) for _ in range(2)]
    written: Future[None] | None = None
    try:
        with ThreadPoolExecutor(1) as pool:
            while count := _fill(reader, buffers[0]):
                hasher.update(buffers[0][:count])
                total += count
                if written is not None:
                    written.result()
                if count % _BLOCK:
                    # The end of the file; its last piece has no length that could be written directly.
                    fcntl.fcntl(writer, fcntl.F_SETFL, fcntl.fcntl(writer, fcntl.F_GETFL) & ~direct)
                written = pool.submit(_write, writer, buffers[0][:count])
                buffers.reverse()
            if written is not None:
                written.result()
        return Hashed(hasher.digest(), total)
    except OSError as error:
        import errno

        if error.errno != errno.EINVAL:
            raise
        os.unlink(target)
        os.lseek(reader, 0, os.SEEK_SET)
        return None
    finally:
        os.close(writer)


def _fill(reader: int, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends."""
    count = 0
    while count < len(buffer) and (more := os.readv(reader, [buffer[count:]])):
        count += more
    return count


def _write(writer: int, data: memoryview) -> None:
    while data:
        data = data[os.write(writer, data) :]


def _copy_bytes(reader: int, writer: int, size: int) -> None:
    if size > CHUNK:
        try:
            while os.copy_file_range(reader, writer, 1 << 30):
                pass
        except OSError as error:
            import errno

            # Not offered between these two file systems, or by this kernel: nothing has been copied then.
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
        else:
            if os.fstat(writer).st_size >= size:
                return
            os.lseek(reader, os.lseek(writer, 0, os.SEEK_END), os.SEEK_SET)
    while data := os.read(reader, CHUNK):
        view = memoryview(data)
        while view:
            view = view[os.write(writer, view) :]


def copy_tree(source: bytes, target: bytes) -> dict[bytes, Hashed]:
    """Copy a tree to a path that does not exist; the copy is private and writable, its files are in the store's form.

    Gives what is known already of the content of copies, by path.
    """
    known: dict[bytes, Hashed] = {}

    def copy(origin: bytes, place: bytes) -> None:
        hashed = copy_file(origin, place)
        if hashed is not None:
            known[place] = hashed

    try:
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(source), target)
        elif not stat.S_ISDIR(mode):
            _refuse_special(source, mode)
            copy(source, target)
        else:
            os.mkdir(target, 0o755)
            pending = [(source, target)]
            while pending:
                directory, place = pending.pop()
                with os.scandir(directory) as listing:
                    for child in listing:
                        below = place + b"/" + child.name
                        if child.is_symlink():
                            os.symlink(os.readlink(child.path), below)
                        elif child.is_dir(follow_symlinks=False):
                            os.mkdir(below, 0o755)
                            pending.append((child.path, below))
                        else:
                            if not child.is_file(follow_symlinks=False):
                                _refuse_special(child.path, child.stat(follow_symlinks=False).st_mode)
                            copy(child.path, below)
    except OSError as error:
        raise StoreIO("copy", os.fsdecode(error.filename or source), error) from error
    return known


def _refuse_special(path: bytes, mode: int) -> None:
    kind = special_kind(mode)
    if kind is not None:
        raise UnsupportedFile(os.fsdecode(path), kind)
