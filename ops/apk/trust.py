"""The public keys that packages and indexes are held against."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...apk.keys import load_public, load_trusted
from ..errors import RequestError
from .signing import keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...apk.keys import PublicKey


def trusted_keys(home: str, places: Sequence[str] = ()) -> list[PublicKey]:
    """Return the keys of the store in `home`, and those in files and folders. Raises `RequestError`, `BadKey`, OSError."""
    found = [load_public(f"{path}.pub") for path in keys_of(home)]
    for place in places:
        found += load_trusted(place) if os.path.isdir(place) else [load_public(place)]
    if not found:
        raise RequestError("no key is trusted", hint="name one with --keys: a repository has it in DIR/keys")
    return found
