"""Programs that need an interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...store.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import File, Subject

_LONGEST: Final = 4096
_SEARCHING: Final = ("/usr/bin/env", "/bin/env")


def interpreter(subject: Subject, file: File) -> Iterator[str]:
    """Find scripts whose interpreter is neither in the package nor declared."""
    if file.entry.kind != Kind.EXECUTABLE or bytes(file.data[:2]) != b"#!":
        return
    line = bytes(file.data[2:_LONGEST]).split(b"\n", 1)[0].decode("utf-8", "surrogateescape")
    words = line.split()
    if not words:
        yield "its first line names no interpreter"
        return
    wanted = [words[0]]
    if words[0] in _SEARCHING:
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        wanted += [f"/usr/bin/{named[0]}"] if named else []
    for program in wanted:
        if not program.startswith("/"):
            yield f"its interpreter '{program}' is found in some folders only"
        elif not subject.has_path(program):
            yield f"it is run by {program}, which is neither in the package nor in `runtime`"
