"""Mirrors by hash: servers and directories that keep files under the names of their contents.

    [fetch]
    hashed-mirrors = ["https://example.org/files", "/mnt/files"]

A file with the SHA-256 digest HEX is `MIRROR/sha256/HEX`; other algorithms have directories of their own. They are tried
after all URLs of a source. Nobody has to be trusted, since the hash decides. `chx store mirror` makes such a directory,
and `chx serve` serves one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..configuration import tables
from ..errors import BadConfiguration
from .local import as_url

if TYPE_CHECKING:
    from ...store import FixedOutput

ALGORITHMS = ("sha256", "sha512", "blake3")
"""Algorithms whose digests name files: nobody can make two files with one digest."""
_KEY = "hashed-mirrors"


def hashed_urls(fixed: FixedOutput) -> list[str]:
    """Return where mirrors keep the file `fixed`; nothing for a tree. Raises `BadConfiguration`."""
    if fixed.mode != "flat" or fixed.algorithm not in ALGORITHMS:
        return []
    name = f"{fixed.algorithm}/{fixed.digest.hex()}"
    return [f"{mirror}/{name}" for mirror in _mirrors(os.getcwd())]


def _mirrors(directory: str) -> list[str]:
    """Return the mirrors of the nearest chx.toml that names some, as URLs without a slash at the end."""
    for place, table in tables("fetch", directory):
        found = table.get(_KEY)
        if found is None:
            continue
        if not isinstance(found, list) or not all(isinstance(mirror, str) for mirror in found):
            raise BadConfiguration(place, f"`{_KEY}` in [fetch] must be a list of strings")
        mirrors = []
        for mirror in found:
            mirror = as_url(mirror)
            if mirror.partition(":")[0] not in ("file", "http", "https"):
                raise BadConfiguration(
                    place, f"'{mirror}' in `{_KEY}` must be an absolute path, or a URL with file, http or https"
                )
            mirrors.append(mirror)
        return mirrors
    return []
