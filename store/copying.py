"""Copying trees, sharing blocks where the file system can."""

from __future__ import annotations

import os
import stat

from .errors import StoreIO, UnsupportedFile
from .normal import CHUNK, EXECUTABLE_MODE, FILE_MODE, MTIME, READ, special_kind


def copy_file(source: bytes, target: bytes) -> None:
    """A new file in the store's form with the content of `source`; shares blocks where the file system can."""
    reader = os.open(source, READ)
    try:
        status = os.fstat(reader)
        mode = EXECUTABLE_MODE if status.st_mode & stat.S_IXUSR else FILE_MODE
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _copy_bytes(reader, writer, status.st_size)
            os.fchmod(writer, mode)
            os.utime(writer, ns=MTIME)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


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
                directory, copy = pending.pop()
                with os.scandir(directory) as listing:
                    for child in listing:
                        below = copy + b"/" + child.name
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
