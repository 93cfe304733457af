"""What a package says of itself: its metadata and its scripts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dependencies import Dependency


@dataclass(frozen=True, slots=True)
class Info:
    """Metadata of a package. Empty texts and None are fields that are not there.

    `hashes` is the unique id (20 bytes) in a package, the identity (32 bytes, or its first 20) in an index, and what C of version 2 has
    (SHA-1, 20 bytes) in an index of that version. `file_size` is there in an index only.
    """

    name: str
    version: str
    hashes: bytes = b""
    description: str = ""
    arch: str = ""
    license: str = ""
    origin: str = ""
    maintainer: str = ""
    url: str = ""
    repo_commit: bytes = b""
    """20 bytes."""
    build_time: int | None = None
    """Seconds since 1970."""
    installed_size: int | None = None
    """Bytes. None: counted when a package is written."""
    file_size: int | None = None
    """Bytes of the package's file, as it is packed."""
    provider_priority: int | None = None
    depends: tuple[Dependency, ...] = ()
    provides: tuple[Dependency, ...] = ()
    replaces: tuple[Dependency, ...] = ()
    install_if: tuple[Dependency, ...] = ()
    recommends: tuple[Dependency, ...] = ()
    layer: int | None = None
    tags: tuple[str, ...] = ()
    unique_id: bytes = b""
    """In what `index_entry` returns, the unique id of the package: the client writes it into an index, though nothing refers to it."""

    @property
    def identity_text(self) -> str:
        """`hashes` as version 2 and databases write it: Q1 and the base 64 of the first 20 bytes."""
        from base64 import b64encode

        return "Q1" + b64encode(self.hashes[:20]).decode()

    @property
    def full_name(self) -> str:
        """NAME-VERSION."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class Scripts:
    """The scripts of a package, each as its whole text."""

    trigger: bytes | None = None
    pre_install: bytes | None = None
    post_install: bytes | None = None
    pre_deinstall: bytes | None = None
    post_deinstall: bytes | None = None
    pre_upgrade: bytes | None = None
    post_upgrade: bytes | None = None

    def present(self) -> dict[str, bytes]:
        """Return the scripts that there are, by the names that version 2 and the client give them (`pre-install`)."""
        found = {name: getattr(self, name.replace("-", "_")) for name in SCRIPT_NAMES}
        return {name: text for name, text in found.items() if text}

    @classmethod
    def named(cls, texts: dict[str, bytes]) -> Scripts:
        """Return the opposite of `present`."""
        return cls(**{name.replace("-", "_"): text for name, text in texts.items()})


SCRIPT_NAMES = tuple(field.name.replace("_", "-") for field in fields(Scripts))
"""In the order of the schema."""
