"""The static layout of a cache, and how an object is described in it.

    chx-cache                    `chx cache 1`
    objects/<hash>-<name>.zst    description: one line of JSON, then the manifest
    blobs/<2>/<digest>.zst       a file's content, by its BLAKE3 digest
    trace/<resolved>.json        signed rows of the build trace, a JSON list

All compressed parts are single zstd frames or several in a row. An object's description is written after its
blobs and after the objects it refers to: what is described is complete.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import StoreError
from ..foreign import parse_json
from ..manifest import Manifest
from ..path import StorePath

if TYPE_CHECKING:
    from ..digest import Digest
    from ..store import Store

MARK: Final = "chx-cache"
MARK_TEXT: Final = b"chx cache 1\n"
_FORMAT: Final = "chx object 1"
LEVEL: Final = 3
"""Level of zstd: above 3, compressing takes longer than sending over most networks."""
WINDOW: Final = 27
"""Frames with windows of more than 2 to the power of this bytes (128 MiB) are refused."""
LARGEST_DESCRIPTION: Final = 1 << 28
LARGEST_TRACE: Final = 1 << 24


def object_name(path: StorePath) -> str:
    return f"objects/{path.base}.zst"


def blob_name(digest: bytes) -> str:
    text = digest.hex()
    return f"blobs/{text[:2]}/{text}.zst"


def trace_name(resolved: Digest) -> str:
    return f"trace/{resolved}.json"


class Description(NamedTuple):
    """Object description from a cache. Untrusted: the receiver recomputes the store path."""

    path: StorePath
    references: tuple[StorePath, ...]
    self_reference: bool
    manifest: Manifest

    @classmethod
    def of(cls, store: Store, path: StorePath) -> Description:
        """Raises `NotValid`."""
        references = store.info(path).references
        others = tuple(other for other in references if other != path)
        return cls(path, others, len(others) != len(references), store.manifest(path))

    def encode(self) -> bytes:
        line = json.dumps(
            {
                "format": _FORMAT,
                "path": self.path.base,
                "references": [other.base for other in self.references],
                "self": self.self_reference,
                "size": self.manifest.total_size,
            },
            sort_keys=True,
        )
        return line.encode() + b"\n" + self.manifest.encode()

    @classmethod
    def decode(cls, data: bytes) -> Description:
        """Raises `ValueError`."""
        line, _, rest = data.partition(b"\n")
        try:
            facts = parse_json(line)
            if facts["format"] != _FORMAT:
                raise ValueError("it is of another format")
            return cls(
                StorePath.parse(facts["path"]),
                tuple(sorted(StorePath.parse(base) for base in facts["references"])),
                facts["self"] is True,
                Manifest.decode(rest),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no description of an object: {error}") from error
        except StoreError as error:
            raise ValueError(error.message) from error
