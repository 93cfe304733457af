"""What the user says of an image: its process, its annotations, how it is packed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from ...oci import check_tag
from ...store.package_names import split_name
from ..installed import InstalledKind
from .errors import WrongOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..installed import InstalledRoot
    from .layers import LayerPlan

CompressionName = Literal["gzip", "zstd", "none"]
_PATH: Final = "PATH=/usr/bin:/bin"
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]*|[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Options of an image.

    `command` and `entrypoint` are words of a command line; without either, the image starts the program of the name of
    its only requested package, or else /bin/sh. `environment` has texts `NAME=VALUE`; PATH is /usr/bin:/bin unless it is
    there. `user` is `USER` or `USER:GROUP`, by name or number. `proof` is a file that `chx bootstrap --proof` wrote,
    whose digest becomes an annotation.
    """

    tag: str = "latest"
    layers: LayerPlan = "package"
    compression: CompressionName = "gzip"
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    user: str | None = None
    directory: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    proof: str | None = None

    def check(self) -> None:
        """Raise `InvalidTag` or `WrongOption` for what no image can have."""
        check_tag(self.tag)
        for what, words in (("command", self.command), ("entrypoint", self.entrypoint)):
            if words is not None and (not words or not words[0]):
                raise WrongOption(f"the {what} is empty")
        for text in self.environment:
            name, found, _ = text.partition("=")
            if not name or not found:
                raise WrongOption(f"'{text}' sets no variable", hint="write --env NAME=VALUE")
        if self.user is not None and not all(_USER.fullmatch(part) for part in self._owner):
            raise WrongOption(f"'{self.user}' is no user", hint="write USER or USER:GROUP, by name or number")
        if self.directory is not None and not self.directory.startswith("/"):
            raise WrongOption(f"'{self.directory}' is no absolute path", hint="--workdir names a folder of the image")
        for name in (*self.labels, *self.annotations):
            if not name:
                raise WrongOption("a label or an annotation has no name")
        for text in self._texts():
            if "\0" in text or any(0xD800 <= ord(character) < 0xE000 for character in text):
                raise WrongOption(f"{text!r} is no text that an image can have: it is no UTF-8, or has a NUL")

    @property
    def _owner(self) -> list[str]:
        return [] if self.user is None else self.user.split(":", 1)

    def _texts(self) -> Iterable[str]:
        for mapping in (self.labels, self.annotations):
            yield from mapping
            yield from mapping.values()
        yield from (*(self.command or ()), *(self.entrypoint or ()), *self.environment, self.directory or "")

    def check_user(self, root: InstalledRoot) -> None:
        """Raise `WrongOption` if the user or its group has a name that the root has no account of."""
        known = (
            {user.name for user in root.accounts.users},
            {group.name for group in root.accounts.groups},
        )
        for part, names, what in zip(self._owner, known, ("user", "group")):
            if not part.isdigit() and part not in names:
                listed = ", ".join(sorted(names)) or "none"
                raise WrongOption(f"the image has no {what} '{part}'", hint=f"there are: {listed}")

    def command_in(self, root: InstalledRoot) -> tuple[str, ...] | None:
        """Return the command of an image of `root`."""
        if self.command is not None or self.entrypoint is not None:
            return self.command
        requested = [package for package in root.packages if package.is_requested]
        if len(requested) == 1 and len(requested[0].objects) == 1:
            program = f"/usr/bin/{split_name(requested[0].objects[0].name).package}"
            if _is_program(root, program):
                return (program,)
        return ("/bin/sh",) if _is_program(root, "/bin/sh") else None

    def environment_in(self) -> tuple[str, ...]:
        """Return the variables of an image."""
        if any(text.startswith("PATH=") for text in self.environment):
            return self.environment
        return (_PATH, *self.environment)


def _is_program(root: InstalledRoot, path: str) -> bool:
    found = root.find(path)
    return found is not None and found.kind == InstalledKind.FILE and bool(found.mode & 0o111)
