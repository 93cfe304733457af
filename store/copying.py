"""Copying trees, sharing blocks where the file system can."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from .canonical_form import CHUNK, EXECUTABLE_MODE, FILE_MODE, MTIME, READ, special_kind
from .checkpoint import checkpoint
from .errors import StoreIO, UnsupportedFile
from .manifest import Entry, Kind

if TYPE_CHECKING:
    from blake3 import blake3

    from .linking import Linker

LARGE: Final = 64 << 20
"""From this size on the kernel copies files, and the copy is hashed meanwhile."""
CLONE: Final = 1 << 20
"""From this size on, try to share the blocks of another file."""
_WINDOW: Final = 32 << 20
_BUFFER: Final = 4 << 20
_WRITERS: Final = 4
_BLOCK: Final = 4096
_FICLONE: Final = 0x40049409
"""From linux/fs.h."""
_ZEROS: Final = memoryview(bytes(CHUNK))
_NOT_OFFERED: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ENODEV)
"""Errors of a kernel that cannot copy between two file systems, or of a file system that cannot be mapped."""


class Hashed(NamedTuple):
    """Digest and size of a file's content."""

    digest: bytes
    size: int


def copy_file(source: bytes, target: bytes) -> None:
    """Make a new file in canonical form with the content of `source`; share blocks where the file system can."""
    reader = os.open(source, READ)
    try:
        status = os.fstat(reader)
        mode = EXECUTABLE_MODE if status.st_mode & stat.S_IXUSR else FILE_MODE
        if status.st_size >= CLONE and clone_file(reader, target):
            os.chmod(target, mode)
            os.utime(target, ns=MTIME)
            return
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copy_content(reader, writer, status.st_size)
            os.fchmod(writer, mode)
            os.utime(writer, ns=MTIME)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def clone_file(reader: int, target: bytes) -> bool:
    """Make a new file that shares the blocks of another; false, and no file, where the file system cannot."""
    import fcntl

    writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError:
        os.unlink(target)
        return False
    finally:
        os.close(writer)
    return True


def copy_and_hash(reader: int, target: bytes, size: int) -> Hashed | None:
    """Let the kernel copy a large file within its cache, and hash the copy; return None if the kernel cannot.

    Does not wait for the disk: an object whose content has not been flushed is marked (docs/store.md). The copy is
    hashed because the original may be changing.
    """
    from concurrent.futures import ThreadPoolExecutor

    from blake3 import blake3

    writer = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(writer, size)
        hasher, total, is_sparse = blake3(max_threads=blake3.AUTO), 0, _is_sparse(os.fstat(reader))
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(_copy_window, reader, writer, size, is_sparse)
            while total < size and (count := coming.result()):
                checkpoint()
                start, total = total, total + count
                if total < size:
                    coming = pool.submit(_copy_window, reader, writer, size - total, is_sparse)
                _hash_part(hasher, writer, start, total)
        os.ftruncate(writer, total)
        return Hashed(hasher.digest(), total)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        os.unlink(target)
        os.lseek(reader, 0, os.SEEK_SET)
        return None
    finally:
        os.close(writer)


def _hash_part(hasher: blake3, descriptor: int, start: int, end: int) -> None:
    """Hash a part of a file; no more of it is mapped, because the address space may be limited."""
    from mmap import ACCESS_READ, ALLOCATIONGRANULARITY, mmap

    base = start - start % ALLOCATIONGRANULARITY
    with mmap(descriptor, end - base, access=ACCESS_READ, offset=base) as mapped, memoryview(mapped) as part:
        hasher.update(part[start - base :])


def _copy_window(reader: int, writer: int, left: int, is_sparse: bool) -> int:
    """Copy a part of a file, or pass over a part of a hole; how large it was, 0 at the end."""
    is_hole, count = _extent(reader, min(_WINDOW, left)) if is_sparse else (False, min(_WINDOW, left))
    return _skip(reader, writer, count) if is_hole else os.copy_file_range(reader, writer, count)


def copy_direct(reader: int, target: bytes) -> Hashed | None:
    """Copy a large file with direct I/O, and hash it on the way; return None if that is not possible here.

    Serves files that the kernel cannot copy itself, such as those of another file system. This thread reads and hashes,
    others write: a disk is faster with several requests in flight.
    """
    direct = getattr(os, "O_DIRECT", 0)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | direct, 0o600)
    except OSError:
        return None
    try:
        size = os.fstat(reader).st_size
        _allocate(writer, size)
        hashed, rest = _pump(reader, writer)
        if rest or hashed.size != size:
            plain = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
            try:
                _write_at(plain, memoryview(rest), hashed.size - len(rest))
                os.ftruncate(plain, hashed.size)
            finally:
                os.close(plain)
        return hashed
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        os.unlink(target)
        os.lseek(reader, 0, os.SEEK_SET)
        return None
    finally:
        os.close(writer)


def _allocate(writer: int, size: int) -> None:
    """Allocate blocks and size at once: a file with both can be written in several places in parallel."""
    try:
        os.posix_fallocate(writer, 0, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise


def _pump(reader: int, writer: int) -> tuple[Hashed, bytes]:
    """Copy whole blocks. Return the digest and size of all, and the rest of the last block, which is not written."""
    from concurrent.futures import Future, ThreadPoolExecutor
    from mmap import mmap

    from blake3 import blake3

    hasher = blake3(max_threads=blake3.AUTO)
    total = 0
    rest = b""
    # Direct I/O needs page-aligned memory, which mmap returns.
    idle = [memoryview(mmap(-1, _BUFFER)) for _ in range(2 * _WRITERS)]
    busy: list[tuple[Future[None], memoryview]] = []
    with ThreadPoolExecutor(_WRITERS) as pool:
        while True:
            checkpoint()
            if not idle:
                done, buffer = busy.pop(0)
                done.result()
                idle.append(buffer)
            buffer = idle.pop()
            count = _fill(reader, buffer)
            whole = count - count % _BLOCK
            if whole:
                busy.append((pool.submit(_write_at, writer, buffer[:whole], total), buffer))
            hasher.update(buffer[:count])
            total += count
            if count < len(buffer):
                rest = bytes(buffer[whole:count])
                break
        for done, _ in busy:
            done.result()
    return Hashed(hasher.digest(), total), rest


def _fill(reader: int, buffer: memoryview) -> int:
    """Read until the buffer is full or the file ends."""
    count = 0
    while count < len(buffer) and (more := os.readv(reader, [buffer[count:]])):
        count += more
    return count


def _write_at(writer: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(writer, data, offset)
        data = data[written:]
        offset += written


def copy_hashed(source: bytes, target: bytes, path: str, linker: Linker) -> Entry:
    """A file in the store's form with the content of `source`, and its entry; a link if there is an equal one.

    Raises `UnsupportedFile`.
    """
    from blake3 import blake3

    reader = os.open(source, READ)
    try:
        status = os.fstat(reader)
        if not stat.S_ISREG(status.st_mode):
            _refuse_special(source, status.st_mode)
        if status.st_mode & (stat.S_ISUID | stat.S_ISGID):
            raise UnsupportedFile(os.fsdecode(source), "a setuid or setgid file")
        kind, mode = (Kind.EXECUTABLE, EXECUTABLE_MODE) if status.st_mode & stat.S_IXUSR else (Kind.FILE, FILE_MODE)
        data = os.read(reader, status.st_size + 1) if status.st_size < CHUNK else b""
        if len(data) == status.st_size < CHUNK:
            entry = Entry(path, kind, blake3(data).digest(), len(data))
            if data and linker.link(entry, target):
                linker.linked += (1, entry.size)
                return entry
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                _write(writer, data)
                # Asking is cheaper than setting what the umask has let through.
                if stat.S_IMODE(os.fstat(writer).st_mode) != mode:
                    os.fchmod(writer, mode)
                os.utime(writer, ns=MTIME)
            finally:
                os.close(writer)
        else:
            hashed = _copy_large(reader, target, status.st_size, data)
            os.chmod(target, mode)
            os.utime(target, ns=MTIME)
            entry = Entry(path, kind, *hashed)
            if hashed.size and linker.link(entry, target + b".link"):
                os.rename(target + b".link", target)
                linker.linked += (1, entry.size)
                return entry
        if entry.size:
            linker.remember(entry, target)
        return entry
    finally:
        os.close(reader)


def _copy_large(reader: int, target: bytes, size: int, data: bytes) -> Hashed:
    """Copy a file that is large, or grew while it was read; `data` is the part read so far."""
    from blake3 import blake3

    if size >= CLONE and clone_file(reader, target):
        from .tree import hash_large

        # Read the clone: the original may be changing.
        copy = os.open(target, READ)
        try:
            return Hashed(*hash_large(copy))
        finally:
            os.close(copy)
    is_sparse = _is_sparse(os.fstat(reader))
    if size >= LARGE:
        # Direct writes leave no holes.
        hashed = copy_and_hash(reader, target, size) or (None if is_sparse else copy_direct(reader, target))
        if hashed is not None:
            return hashed
    writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        hasher, total = blake3(), 0
        while True:
            checkpoint()
            is_hole, count = _extent(reader, CHUNK) if is_sparse and not data else (False, CHUNK)
            if is_hole and count:
                hasher.update(_ZEROS[: _skip(reader, writer, count)])
                total += count
                continue
            if not (data := data or os.read(reader, count)):
                break
            _write(writer, data)
            hasher.update(data)
            total += len(data)
            data = b""
        if is_sparse:
            os.ftruncate(writer, total)
        return Hashed(hasher.digest(), total)
    finally:
        os.close(writer)


def copy_content(reader: int, writer: int, size: int) -> None:
    """Copy an open file of about `size` bytes to an empty one; the kernel does it if it can, and a hole stays a hole."""
    is_sparse = _is_sparse(os.fstat(reader))
    if size > CHUNK:
        try:
            while _copy_window(reader, writer, _WINDOW, is_sparse):
                checkpoint()
        except OSError as error:
            # Both files are positioned behind the bytes copied so far.
            if error.errno not in _NOT_OFFERED:
                raise
    # Some file systems report a wrong end of file to the kernel.
    while True:
        checkpoint()
        is_hole, count = _extent(reader, _WINDOW) if is_sparse else (False, CHUNK)
        if is_hole and count:
            _skip(reader, writer, count)
        elif data := os.read(reader, min(count, CHUNK)):
            _write(writer, data)
        else:
            break
    if is_sparse:
        os.ftruncate(writer, os.lseek(writer, 0, os.SEEK_CUR))


def _is_sparse(status: os.stat_result) -> bool:
    return status.st_blocks * 512 < status.st_size


def _extent(descriptor: int, most: int) -> tuple[bool, int]:
    """Whether an open file has a hole where it is read next, and up to `most` bytes that are all in one or all not.

    0 at its end.
    """
    start = os.lseek(descriptor, 0, os.SEEK_CUR)
    is_hole = True
    try:
        end = os.lseek(descriptor, start, os.SEEK_DATA)
        if end == start:
            is_hole = False
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
    except OSError as error:
        # At the end of the data, or on a file system without holes.
        is_hole = error.errno == errno.ENXIO
        end = os.fstat(descriptor).st_size if is_hole else start + most
    os.lseek(descriptor, start, os.SEEK_SET)
    return is_hole, max(0, min(end - start, most))


def _skip(reader: int, writer: int, count: int) -> int:
    os.lseek(reader, count, os.SEEK_CUR)
    os.lseek(writer, count, os.SEEK_CUR)
    return count


def _write(writer: int, data: bytes) -> None:
    written = os.write(writer, data)
    while written < len(data):
        written += os.write(writer, memoryview(data)[written:])


def copy_tree(source: bytes, target: bytes) -> None:
    """Copy a tree to a path that does not exist; the copy is private and writable, its files are in the store's form."""
    try:
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(source), target)
        elif not stat.S_ISDIR(mode):
            _refuse_special(source, mode)
            copy_file(source, target)
        else:
            os.mkdir(target, 0o755)
            pending = [(source, target)]
            while pending:
                directory, place = pending.pop()
                with os.scandir(directory) as listing:
                    for child in listing:
                        checkpoint()
                        below = place + b"/" + child.name
                        if child.is_symlink():
                            os.symlink(os.readlink(child.path), below)
                        elif child.is_dir(follow_symlinks=False):
                            os.mkdir(below, 0o755)
                            pending.append((child.path, below))
                        else:
                            if not child.is_file(follow_symlinks=False):
                                _refuse_special(child.path, child.stat(follow_symlinks=False).st_mode)
                            copy_file(child.path, below)
    except OSError as error:
        raise StoreIO("copy", os.fsdecode(error.filename or source), error) from error


def _refuse_special(path: bytes, mode: int) -> None:
    kind = special_kind(mode)
    if kind is not None:
        raise UnsupportedFile(os.fsdecode(path), kind)
