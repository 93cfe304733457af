"""Inputs of a fetch: what `fetchGit` and `fetchTree` are told to fetch, as attributes and as a URL.

An input is a scheme (`git`, `path`, `tarball`, `file`, or a service such as `github`, whose commits are archives) and attributes that are texts, numbers or Booleans. Its URL is the one
that Nix shows in messages. A `World` fetches a `Source`, which has only what the tree depends on.
"""

from __future__ import annotations

from ..frozen import Frozen
from .errors import InvalidInput, InvalidText, Unsupported, readable
from .hashes import parse_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, TypeAlias

    from ..store import StorePath

    Attribute: TypeAlias = str | int | bool


class GitSource(Frozen):
    """A commit, or the working tree of a repository on this disk if neither `revision` nor `ref` is given.

    `url` is without `git+`; paths are byte strings. `shallow`: the number of commits is not asked for. `export_ignore`:
    files that the attribute of that name marks are left out.
    """

    url: str
    revision: str | None = None
    ref: str | None = None
    shallow: bool = False
    submodules: bool = False
    lfs: bool = False
    export_ignore: bool = False

    @property
    def local(self) -> str | None:
        """The path of the repository, a byte string, if it is on this disk."""
        return local_path(self.url)


class PathSource(Frozen):
    """A file or a tree at an absolute path."""

    path: str


class ArchiveSource(Frozen):
    """A file at a URL, or with `unpack` what an archive holds, without its only directory.

    `expected` is the SHA-256 of the NAR, if it is known. `timed`: the time of the newest member is asked for.
    """

    url: str
    unpack: bool
    expected: bytes | None = None
    timed: bool = False


if TYPE_CHECKING:
    Source: TypeAlias = GitSource | PathSource | ArchiveSource


class FetchedTree(Frozen):
    """What was fetched: the object and the SHA-256 of its NAR.

    `revision`, the number of commits up to it, `dirty` (the commit that a changed working tree is based on) and the time of the last change
    (seconds since 1970) are None if there are none.
    """

    path: StorePath
    nar: bytes
    revision: str | None = None
    count: int | None = None
    modified: int | None = None
    dirty: str | None = None


_ANY: Final = frozenset({"type", "lastModified", "narHash", "rev", "revCount"})
_SIGNED: Final = ("keytype", "publicKey", "publicKeys", "verifyCommit")
_ATTRIBUTES: Final = {
    "git": _ANY
    | {"allRefs", "dirtyRev", "dirtyShortRev", "exportIgnore", "lfs", "name", "ref", "shallow", "submodules", "url"},
    "path": _ANY | {"path"},
    "tarball": _ANY | {"name", "unpack", "url"},
    "file": _ANY | {"name", "unpack", "url"},
}
HOSTED: Final = {"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
"""Services that give the tree of a commit as an archive, and their usual hosts."""
for _name in HOSTED:
    _ATTRIBUTES[_name] = (_ANY - {"revCount"}) | {"host", "owner", "ref", "repo", "treeHash"}
_BOOLEANS: Final = ("allRefs", "exportIgnore", "lfs", "shallow", "submodules", "unpack")
_NUMBERS: Final = ("lastModified", "revCount")
IN_QUERY: Final = ("exportIgnore", "lfs", "shallow", "submodules")
_COMMIT: Final = (40, 64)
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
NEED_FLAKES: Final = ("path", "github", "gitlab", "sourcehut", "indirect")
"""Types that Nix has only with the experimental feature `flakes`."""
NO_COMMIT: Final = "0" * 40
"""What stands for the name of a commit where there is none."""


class Input:
    """A scheme and attributes that fit it. Raises `InvalidInput` for attributes that do not, `Unsupported` for a scheme that chx lacks."""

    def __init__(self, attributes: Mapping[str, Attribute], features: frozenset[str]) -> None:
        self.attributes = dict(attributes)
        self.scheme = self._text("type")
        known = _ATTRIBUTES.get(self.scheme)
        if known is None:
            raise unknown_scheme(self.scheme, attributes)
        for name in sorted(attributes):
            if name in _SIGNED and self.scheme == "git":
                _refuse_signatures(features)
            if name not in known:
                raise InvalidInput(f"input attribute '{readable(name)}' not supported by scheme '{self.scheme}'")
        for name in attributes.keys() & {*_BOOLEANS}:
            if type(attributes[name]) is not bool:
                raise InvalidInput(f"input attribute '{name}' is not a Boolean")
        for name in attributes.keys() & {*_NUMBERS}:
            if type(attributes[name]) is not int:
                raise InvalidInput(f"input attribute '{name}' is not an integer")
        self.name = self._text("name") if "name" in attributes else "source"
        self.ref = self._text("ref") if "ref" in attributes else None
        if self.ref is not None and not is_ref(self.ref):
            raise InvalidInput(f"invalid Git branch/tag name '{readable(self.ref)}'")
        self.revision = _commit(self._text("rev")) if "rev" in attributes else None
        if self.scheme in HOSTED:
            self.place = self._archive()
        else:
            self.place = self._path() if self.scheme == "path" else _location(self._text("url"), self.scheme)
        self.expected = self._expected()

    def _text(self, name: str) -> str:
        found = self.attributes.get(name)
        if found is None:
            raise InvalidInput(f"input attribute '{name}' is missing")
        if type(found) is not str:
            raise InvalidInput(f"input attribute '{name}' is not a string {shown(self.attributes)}")
        return found

    def _archive(self) -> str:
        """Return the URL of the archive of a commit."""
        owner, repository = self._text("owner"), self._text("repo")
        host = self._text("host") if "host" in self.attributes else HOSTED[self.scheme]
        if self.revision is None:
            raise Unsupported(
                f"inputs of type '{self.scheme}' without a commit are not supported",
                hint="rev names one, as flake.lock does; the service is not asked which one a branch has",
            )
        for part in (owner, repository, host):
            if (
                not part
                or not part.isascii()
                or not part.replace("-", "").replace(".", "").replace("_", "").lstrip("~").isalnum()
            ):
                raise InvalidInput(f"'{readable(part)}' is no name of a host, an owner or a repository")
        if self.scheme == "gitlab":
            place = f"api/v4/projects/{owner}%2F{repository}/repository/archive.tar.gz?sha={self.revision}"
            return f"https://{host}/{place}"
        return f"https://{host}/{owner}/{repository}/archive/{self.revision}.tar.gz"

    def _path(self) -> str:
        path = self._text("path")
        if not path.startswith("/"):
            raise InvalidInput(f"cannot fetch input 'path:{readable(path)}' because it uses a relative path")
        return path

    def _expected(self) -> bytes | None:
        if "narHash" not in self.attributes:
            return None
        text = self._text("narHash")
        return parse_hash(text, None if "-" in text else "sha256").digest if text else bytes(32)

    def has(self, name: str) -> bool:
        """Whether a Boolean attribute is true."""
        return self.attributes.get(name) is True

    @property
    def is_locked(self) -> bool:
        """Whether the attributes alone say what is fetched."""
        if self.scheme == "git" or self.scheme in HOSTED:
            return self.revision is not None
        return self.expected is not None

    @property
    def source(self) -> Source:
        """What the world is asked for."""
        if self.scheme == "path":
            return PathSource(self.place)
        if self.scheme != "git":
            unpack = self.scheme != "file"
            return ArchiveSource(self.place, unpack, self.expected, unpack and "lastModified" not in self.attributes)
        switches = (self.has(name) for name in ("shallow", "submodules", "lfs", "exportIgnore"))
        return GitSource(self.place, self.revision, self.ref, *switches)

    @property
    def url(self) -> str:
        """The URL that messages show, readable."""
        query: dict[str, str] = {name: "1" for name in IN_QUERY if self.has(name) and self.scheme == "git"}
        for name in ("ref", "rev") if self.scheme == "git" else ("narHash", "rev", "revCount", "lastModified"):
            if name in self.attributes:
                query[name] = str(self.attributes[name])
        if self.scheme in HOSTED:
            from .flakeref import reference_text

            return readable(
                reference_text({name: value for name, value in self.attributes.items() if name != "lastModified"})
            )
        head = {"git": "git+", "path": "path:"}.get(self.scheme, "")
        place = readable(shown_place(self.place))
        words = text_query(query)
        return f"{head}{place}{'&' if '?' in place else '?'}{words}" if words else f"{head}{place}"


def text_query(query: Mapping[str, str]) -> str:
    """Return the query of a URL, in the order of the names."""
    from urllib.parse import quote

    return "&".join(f"{name}={quote(query[name].encode('latin-1'), safe='/:@!$*,;')}" for name in sorted(query))


def shown_place(place: str) -> str:
    """Return a place with what a URL cannot have escaped. Only what is on this disk was taken apart before."""
    return place if local_path(place) is None and not place.startswith("/") else quoted(place)


def quoted(path: str) -> str:
    """Return a path as it is written in a URL."""
    from urllib.parse import quote

    return quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~")


def shown(attributes: Mapping[str, Attribute]) -> str:
    """Return attributes as JSON, as Nix shows them in messages."""
    import json

    return readable(json.dumps(dict(attributes), sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def unknown_scheme(scheme: str, attributes: Mapping[str, Attribute]) -> Exception:
    """Return the error for an input that chx does not fetch."""
    if scheme in ("hg", "indirect"):
        return Unsupported(
            f"inputs of type '{scheme}' are not supported",
            hint='type = "tarball" fetches an archive by its address, type = "git" a repository',
        )
    return InvalidInput(f"cannot show unsupported input '{shown(attributes)}'")


def _refuse_signatures(features: frozenset[str]) -> None:
    if "verified-fetches" in features:
        raise Unsupported(
            "signatures of commits are not verified: experimental Nix feature 'verified-fetches' is not supported"
        )
    raise InvalidInput(disabled("verified-fetches"))


def disabled(feature: str) -> str:
    """Return the message for an experimental feature that is not enabled."""
    return (
        f"experimental Nix feature '{feature}' is disabled; add '--extra-experimental-features {feature}' to enable it"
    )


def _commit(text: str) -> str:
    """Return the whole name of a commit, in lower case."""
    name = text.lower()
    if len(name) not in _COMMIT:
        raise InvalidText(f"hash '{readable(text)}' has wrong length for hash algorithm 'sha1'")
    if not _HEXADECIMAL.issuperset(name):
        raise InvalidText(f"invalid hash '{readable(text)}'")
    return name


def is_ref(name: str) -> bool:
    """Whether git accepts a name of a branch or tag (git-check-ref-format); neither an option nor an expression for commits."""
    if name.startswith(("/", ".", "-")) or name.endswith(("/", ".", ".lock")) or name in ("", "@"):
        return False
    if any(part in name for part in ("//", "/.", "..", ".lock/", "@{")):
        return False
    return not any(c in "\\ ~^:?*[" or c < " " or c == "\x7f" for c in name)


def git_url(text: str) -> str:
    """Return the URL of a repository for an argument of `fetchGit`: a path, `USER@HOST:PATH`, or a URL."""
    if "://" in text or text.startswith("file:"):
        return text
    host, colon, path = text.partition(":")
    if colon and "/" not in host:
        return f"ssh://{host}/{path.removeprefix('/')}"
    return f"file:{'//' * text.startswith('/')}{quoted(text)}"


def _location(url: str, scheme: str) -> str:
    """Return a URL without what is for chx and not for a server; of a path on this disk every character is its own. Raises `InvalidInput`."""
    if scheme != "git":
        place = url.partition("#")[0].removeprefix("tarball+").removeprefix("file+")
        if "://" not in place and not place.startswith("file:/"):
            raise InvalidInput(f"'{readable(url)}' doesn't have a scheme")
        return place
    place = git_url(url).removeprefix("git+").partition("#")[0]
    if not place.startswith("file:"):
        return place
    from urllib.parse import unquote_to_bytes

    place = unquote_to_bytes(place.partition("?")[0].encode("latin-1")).decode("latin-1")
    if local_path(place) is None:
        raise InvalidInput(
            f"cannot fetch the Git repository '{readable(place)}', whose path is relative",
            hint="write the path without quotes: ./NAME",
        )
    return place


def local_path(url: str) -> str | None:
    """Return the path, a byte string, of a URL on this disk; None for another or a relative one."""
    if not url.startswith("file:"):
        return None
    path = url[5:].removeprefix("//") if url.startswith("file:///") else url[5:]
    return path if path.startswith("/") and not path.startswith("//") else None
