"""The protocol of the outside world of an evaluation.

The evaluator does no I/O and knows neither stores nor builders: it calls a `World`. The command line implements it with
files, a store and import-from-derivation; tests use dictionaries.

Paths are byte strings (each character one byte), absolute and canonical. Paths below the store directory are logical,
and the world knows where to read them. Links in parent directories are followed, in store objects as builds see them; a
link at the end only where stated. A failing method raises `OSError` for files, or an error of its own room with
`message`, which passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ..store import Derivation, StorePath
    from .inputs import FetchedTree, Source

FileKind = Literal["regular", "directory", "symlink", "unknown"]
ContextElement = tuple[str, ...]
"""`("path", p)`, `("drv", p)` or `("output", p, name)`."""


class World(Protocol):
    """Files, store objects, environment and the code cache."""

    current_system: str

    def read_file(self, path: str) -> bytes:
        """Return the bytes of a regular file, following symbolic links."""

    def read_dir(self, path: str) -> Mapping[str, FileKind]:
        """Return the names in a directory and their kinds, without following links."""

    def file_type(self, path: str) -> FileKind | None:
        """Return the kind of a path, without following its last component; None if it does not exist."""

    def link_target(self, path: str) -> str:
        """Return the target of a symbolic link, which may be relative to the directory of `path`. Raises if it must not be followed."""

    def resolve(self, path: str) -> str:
        """Return the path with every symbolic link followed. Raises OSError if it does not exist."""

    def add_path(
        self,
        path: str,
        name: str,
        filter: Callable[[str, FileKind], bool] | None,
        recursive: bool,
        expected: tuple[str, bytes] | None,
    ) -> StorePath:
        """Copy a file or tree into the store.

        `filter` takes full paths and kinds and returns whether to keep them. `recursive` is false for a flat file.
        `expected` is the algorithm and digest that the copy must have (of the file's bytes if flat, of the NAR if
        recursive).
        """

    def fetch(self, source: Source, name: str) -> FetchedTree:
        """Fetch a tree or a file into the store, under that name, now. Raises an error if it is not to be had."""

    def add_text(self, name: str, content: bytes, references: Iterable[StorePath]) -> StorePath:
        """Add a file with that content."""

    def write_derivation(self, derivation: Derivation) -> StorePath:
        """Instantiate a derivation; return its store path."""

    def realise(self, context: Iterable[ContextElement]) -> Mapping[str, str]:
        """Build what a string refers to; maps placeholders to the store paths they became.

        Refuses with an error if import from derivation is not allowed.
        """

    def allowed(self, path: str) -> bool:
        """Whether pure evaluation may read `path`; always true if evaluation is not pure."""

    def search_path(self) -> list[tuple[str, str]]:
        """Return entries `(prefix, path)` for `<name>`."""

    def bundled(self) -> list[tuple[str, str]]:
        """Further entries, hidden from `builtins.nixPath`: those that come with chx."""

    def env(self, name: str) -> str:
        """Return an environment variable; empty in pure evaluation."""

    def trace(self, message: str) -> None:
        """Show the message of `builtins.trace`."""

    def warn(self, message: str) -> None:
        """Show the message of `builtins.warn`."""

    def lint(self, message: str) -> None:
        """Show a warning of a lint."""

    def load_code(self, key: str) -> bytes | None:
        """Return compiled code saved under `key`."""

    def save_code(self, key: str, data: bytes) -> None:
        """Keep compiled code for later; may do nothing."""
