"""The result of compiling a file, as it is cached.

Separate from the compiler, which a warm start need not import.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Final


GENERATOR_VERSION: Final = 19
"""Part of the key of cached code; increased whenever generated code changes."""


class CompiledFile:
    """The cached result for one file.

    `builtin_values` and `builtin_functions` are the builtins it mentions. `paths` are its path literals as written.
    `table` is a marshalled tuple of the mark of each generated line (marshalled by themselves, as only errors need them),
    the attribute positions of each set literal, and the names in the order of `symbols.first_seen`; only queries for
    places need it.
    """

    __slots__ = ("builtin_functions", "builtin_values", "code", "paths", "sites", "table")

    def __init__(
        self,
        code: CodeType,
        builtin_values: tuple[str, ...],
        builtin_functions: tuple[str, ...],
        paths: tuple[tuple[str, str], ...],
        sites: int,
        table: bytes,
    ) -> None:
        self.code = code
        self.builtin_values = builtin_values
        self.builtin_functions = builtin_functions
        self.paths = paths
        self.sites = sites
        self.table = table

    def dump(self) -> bytes:
        """Encode it for the cache."""
        return marshal.dumps(
            (self.code, self.builtin_values, self.builtin_functions, self.paths, self.sites, self.table)
        )

    @classmethod
    def load(cls, data: bytes) -> CompiledFile:
        """Inverse of `dump`. ValueError, EOFError or TypeError for damaged data."""
        return cls(*marshal.loads(data))


def mangled(name: str) -> str:
    """Return a builtin's name as part of a Python identifier."""
    return name.replace("'", "_")
