"""Builtins that fetch a file or an archive.

What is known by its hash becomes a fixed output, which nothing fetches until it is read or built with. Without a hash it
is fetched while evaluating, which only impure evaluation does.
"""

from __future__ import annotations

from .. import session
from ..errors import FileUnavailable, InvalidDerivation, Unsupported, readable
from ..force import force_slot
from ..hashes import parse_hash
from ..inputs import ArchiveSource
from ..storename import check
from ..values import MISSING, ContextString, Slot, Value, names
from .arguments import boolean, plain_string, value
from .derivations import derivation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Never


_ALGORITHMS: Final = ("sha256", "sha512")
_CHX_ONLY: Final = frozenset({"sha512", "hash", "executable", "mirrors"})


def _base_name(url: str) -> str:
    """The last component of a path, before slashes at its end."""
    return url.rstrip("/").rpartition("/")[2]


class _Request:
    """Arguments of `fetchurl` or `fetchTarball`."""

    def __init__(self, who: str, argument: Slot, default_name: str | None) -> None:
        found = value(argument)
        given: dict[str, Slot] = {"url": found}
        if type(found) is dict:
            given = found
        else:
            plain_string(found)
        for name in names(given):
            if name not in ("url", "sha256", "name") and name not in _CHX_ONLY:
                raise InvalidDerivation(f"unsupported argument '{readable(name)}' to '{who}'")
        if "url" not in given:
            raise InvalidDerivation("'url' argument required")
        self.given = given
        self.url = plain_string(given["url"])
        self.name = default_name or _base_name(self.url)
        if "name" in given:
            self.name = plain_string(given["name"])
        self._check_name(who, type(found) is dict)
        self.executable = "executable" in given and boolean(force_slot(given["executable"]))
        digest = given.get("sha256", given.get("hash", given.get("sha512", MISSING)))
        if digest is MISSING or force_slot(digest) == "":
            if not session.evaluator().options.pure and not self.executable:
                self.digest = ""
                return
            raise InvalidDerivation(
                f"in pure evaluation mode, '{who}' requires a 'sha256' argument",
                hint=f"what is fetched from {readable(self.url)} is known by its hash",
            )
        self.digest = plain_string(digest)
        self.algorithm = "sha512" if "sha512" in given and "sha256" not in given else "sha256"
        parse_hash(self.digest, None if "hash" in given and "sha256" not in given else self.algorithm)

    def _check_name(self, who: str, named: bool) -> None:
        try:
            check(self.name)
        except FileUnavailable as error:
            if "name" in self.given:
                what = f"change the value for the 'name' attribute passed to '{who}', so"
            elif named:
                what = f"add a valid 'name' attribute to the argument for '{who}', so"
            else:
                what = f"pass an attribute set with 'url' and 'name' attributes to '{who}',  so"
            raise FileUnavailable(
                f"invalid store path name when fetching URL '{readable(self.url)}': {error.message}. Please {what} that "
                "it can create a valid store path."
            ) from None

    def path(self, unpack: bool) -> Value:
        """The path of what is fetched: with a hash that of a fixed output, which is fetched when it is needed; else it is fetched now."""
        if not self.digest:
            path = str(session.world().fetch(ArchiveSource(self.url, unpack), self.name).path)
            return ContextString(path, frozenset((("path", path),)))
        return force_slot(self._derivation(unpack)["outPath"])

    def _derivation(self, unpack: bool) -> dict[str, Slot]:
        result: dict[str, Slot] = {
            "builder": "builtin:fetch",
            "name": self.name,
            "outputHash": self.digest,
            "outputHashMode": "recursive" if self.executable or unpack else "flat",
            "system": "builtin",
            "url": self.url,
        }
        if ":" not in self.digest and "-" not in self.digest:
            result["outputHashAlgo"] = self.algorithm
        if self.executable:
            result["executable"] = "1"
        if unpack:
            result["unpack"] = "1"
        if "mirrors" in self.given:
            result["mirrors"] = self.given["mirrors"]
        return derivation(result)


def fetchurl(argument: Slot) -> Value:
    """`fetchurl { url, sha256 | hash, name ?, executable ? }`: the path of a fixed output that is the file."""
    return _Request("fetchurl", argument, None).path(unpack=False)


def fetch_tarball(argument: Slot) -> Value:
    """`fetchTarball { url, sha256 | hash, name ? "source" }`: the path of a fixed output that is what an archive holds."""
    return _Request("fetchTarball", argument, "source").path(unpack=True)


def _not_here(name: str) -> Never:
    raise Unsupported(
        f"'{name}' is not supported: chx does not fetch from version control while evaluating",
        hint="builtins.fetchTarball and builtins.fetchurl take the address of an archive and its hash",
    )


def fetch_mercurial(argument: Slot) -> Value:
    """`fetchMercurial`: fails."""
    _not_here("fetchMercurial")
