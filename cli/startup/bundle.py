"""All compiled modules of chx in one file.

Python searches the directory of each module and compares the compiled file with its source: for
fifty small modules a quarter of the time of `chx eval -E '1 + 1'`. So a command writes the compiled
modules that it used into one file below the cache, and the next command reads them from there; of a
module in machine code, which has to be a file, only the path. As in Python, an entry is valid while
its source has the recorded time and size; every other module is imported normally.
"""

from __future__ import annotations

import _imp
import marshal
import posix
import sys

from ...signatures import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Source, directory if it is a package, time and size of the source; offset, length and digest of the code.
    Entry = tuple[str, str | None, bytes, int, int, bytes]

FORMAT = 2
_HEADER = 16
_DIGEST = 8
_VERSION = sys.version

_ModuleSpec = type(sys.__spec__)

_OTHERS = frozenset(("_blake2", "_json", "_sha256", "blake3", "blake3.blake3"))
"""Modules of others that most evaluations need and that would be looked for in several folders."""


class Bundle:
    """Finds and loads modules; `new` is true once a module was missing."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.entries: dict[str, Entry] = {}
        self.start = 0
        self.descriptor = -1
        self.new = False
        self._found: dict[str, bytes] = {}
        self.earlier = frozenset(sys.modules)

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Return the spec of a module, as the import system requests."""
        entry = self.entries.get(name)
        if entry is None:
            self.new = self.new or name.startswith("chx.") or name in _OTHERS
            return None
        source, directory, stamp, *_ = entry
        code = self.code(name) if _stamp(source) == stamp else None
        if code is None:
            self.new = True
            return None
        self._found[name] = code
        spec = _ModuleSpec(name, self, origin=source, is_package=directory is not None)  # type: ignore[arg-type]
        spec.has_location = True
        if directory is not None:
            spec.submodule_search_locations = [directory]
        return spec

    def create_module(self, spec: Any) -> Any:
        """Return None for an ordinary module; load machine code from its file."""
        return None if self._found[spec.name] else _imp.create_dynamic(spec)

    def exec_module(self, module: Any) -> None:
        """Run the code of a module."""
        code = self._found.pop(module.__name__)
        if code:
            exec(marshal.loads(code), module.__dict__)
        else:
            _imp.exec_dynamic(module)

    def code(self, name: str) -> bytes | None:
        """Return the marshalled code of a module; None if it is damaged, since unmarshalling could crash."""
        *_, place, length, digest = self.entries[name]
        try:
            data = posix.pread(self.descriptor, length, self.start + place)
        except OSError:
            return None
        return data if _digest(data) == digest else None

    def open(self) -> None:
        """Read the bundle."""
        try:
            self.descriptor = posix.open(self.file, posix.O_RDONLY | posix.O_CLOEXEC)
            header = posix.pread(self.descriptor, _HEADER, 0)
            length = int.from_bytes(header[:_DIGEST], "little")
            if length > posix.fstat(self.descriptor).st_size:
                return
            index = posix.pread(self.descriptor, length, _HEADER)
            if _digest(index) == header[_DIGEST:]:
                form, version, own, entries = marshal.loads(index)
                if (form, version, own) == (FORMAT, _VERSION, __file__):
                    self.start = _HEADER + length
                    self.entries = entries
        except (OSError, ValueError, EOFError, TypeError):
            return


def _stamp(source: str) -> bytes:
    """Return time and size of a source, in the form of a compiled file."""
    try:
        found = posix.stat(source)
    except OSError:
        return b""
    return (int(found.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (found.st_size & 0xFFFFFFFF).to_bytes(4, "little")


def _digest(data: bytes) -> bytes:
    """Return a 64-bit digest against accidental damage, as Python uses for its compiled files."""
    return _imp.source_hash(0x636878, data)


def _file() -> str:
    # As in result_cache.py: the file contains its whole key, so any number serves as hash.
    key = f"{_VERSION} {__file__}".encode("utf-8", "surrogateescape")
    return f"{home()}/cache/start/{int.from_bytes(key, 'little') % ((1 << 61) - 1):016x}"


def install() -> Bundle:
    """Import from the bundle from now on; return it."""
    bundle = Bundle(_file())
    bundle.open()
    sys.meta_path.insert(0, bundle)
    return bundle


def keep(bundle: Bundle) -> None:
    """Write a bundle of the loaded modules if some were missing; a failed write is no error."""
    if not bundle.new:
        return
    codes: dict[str, bytes] = {}
    entries: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if (
            not (name.startswith("chx.") or name in _OTHERS)
            or name in bundle.earlier
            or getattr(module, "__loader__", None) is bundle
        ):
            continue
        compiled = getattr(module, "__cached__", None)
        source = getattr(module, "__file__", None)
        if source and source.endswith(".so"):
            entries[name] = (source, None, _stamp(source))
            codes[name] = b""
        if not compiled or not source:
            continue
        try:
            with open(compiled, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if data[4:8] == b"\0\0\0\0" and data[8:_HEADER] == _stamp(source):
            paths = getattr(module, "__path__", None)
            entries[name] = (source, paths[0] if paths else None, data[8:_HEADER])
            codes[name] = data[_HEADER:]
    if not codes:
        return
    import os

    temporary = f"{bundle.file}.{os.getpid()}"
    try:
        for name, entry in bundle.entries.items():
            code = None if name in codes else bundle.code(name)
            if code is not None:
                codes[name] = code
                entries[name] = entry[:3]
        at = 0
        for name, data in codes.items():
            entries[name] = (*entries[name], at, len(data), _digest(data))
            at += len(data)
        index = marshal.dumps((FORMAT, _VERSION, __file__, entries))
        os.makedirs(os.path.dirname(bundle.file), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(b"".join([len(index).to_bytes(_DIGEST, "little"), _digest(index), index, *codes.values()]))
        os.replace(temporary, bundle.file)
    except (OSError, ValueError):
        return
