"""The keys that packages of apk are signed with: RSA or EC, in `$CHX_HOME/keys/apk`.

The key of the store is of Ed25519, which apk does not know.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...apk.keys import generate, load_private
from ..errors import RequestError

if TYPE_CHECKING:
    from ...apk.keys import PrivateKey

_SUFFIX = {"rsa": ".rsa", "ec": ".ec"}


def make_key(home: str, name: str | None = None, kind: str = "rsa") -> str:
    """Make a key in the store of `home`, and return the path of its private half; the public one is beside it.

    Without `name`, which may be a path, it is called `chx-` and eight random digits: clients have the keys of all their
    repositories in one folder. Raises `RequestError`, `KeyExists`, OSError.
    """
    if name is None:
        name = f"chx-{os.urandom(4).hex()}"
    elif not name or name.endswith("/") or "\n" in name or "\0" in name:
        raise RequestError(f"a key cannot be called {name!r}")
    if "/" not in name:
        folder = _folder(home)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        name = f"{folder}/{name}"
    suffix = _SUFFIX[kind]
    path = name if name.endswith(suffix) else name + suffix
    generate(path, kind)
    return path


def keys_of(home: str) -> list[str]:
    """Return the paths of the private keys in the store of `home`, sorted."""
    folder = _folder(home)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{name}" for name in sorted(names) if name.endswith(tuple(_SUFFIX.values()))]


def find_key(home: str, name: str | None = None, option: str = "--key") -> PrivateKey:
    """Return the key of a name or path, or else the only one of the store. `option` is how to name one.

    Raises `RequestError`, `BadKey`, OSError.
    """
    known = keys_of(home)
    if name is None:
        if len(known) == 1:
            return load_private(known[0])
        if not known:
            raise RequestError("there is no key to sign with", hint="make one with `chx apk key`, or say --unsigned")
        raise RequestError(
            f"there are several keys to sign with: {', '.join(map(os.path.basename, known))}",
            hint=f"choose one with {option}",
        )
    named = [path for path in known if name in (os.path.basename(path), os.path.basename(path).rpartition(".")[0])]
    if named:
        return load_private(named[0])
    if not os.path.exists(name):
        hint = f"there are {', '.join(map(os.path.basename, known))}" if known else "make one with `chx apk key`"
        raise RequestError(f"there is no key '{name}'", hint=hint)
    return load_private(name)


def _folder(home: str) -> str:
    return f"{home}/keys/apk"
