"""Propose a package for a source."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

from ...builder import BuildError
from ..errors import RequestError
from ..fetching import learn
from ..packages.catalogue import Catalogue
from ..seeds.resolve import object_name
from .build_system import guess_build_system
from .debian import source_package
from .licences import guess_licence
from .requirements import libraries, programs, resolve
from .tree import SourceTree

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ..request import Request
    from ..session import Session
    from .requirements import Requirement

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ARCHIVE: Final = re.compile(r"(?:\.orig)?\.(?:tar(?:\.\w+)?|t[gbx]z2?|tzst|zip|crate|gem)$")
_REPACKED: Final = re.compile(r"[+~.](?:dfsg|ds|repack|really).*$")
_LONGEST: Final = 80


class Proposal(NamedTuple):
    """A package: what is known of its source, and what the tree of it tells.

    `hash` is in the form of SRI. `tools` and `libraries` are packages of the set; `missing` is what the build files ask
    for and the set lacks. `lacking` says in sentences what a person has to find out.
    """

    pname: str
    version: str
    url: str
    hash: str
    file: str
    style: str
    settings: tuple[str, ...]
    tools: list[str]
    libraries: list[str]
    missing: list[Requirement]
    is_cxx: bool
    description: str | None
    homepage: str | None
    licence: str | None
    licence_source: str | None
    lacking: list[str]


def propose(session: Session, request: Request, name: str, url: str, options: BuildOptions | None = None) -> Proposal:
    """Fetch the source at `url` and propose a package called `name` for the set that `request` names.

    `url` is one that `chx fetch` takes, the path of an archive, or `debian-source:NAME`, for which apt is asked. Raises
    `RequestError`, and as `learn` and `Catalogue`.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(f"'{name}' cannot be the name of a package", hint="a letter or digit, then also + . _ -")
    if url.startswith("git+"):
        raise RequestError("a package is made from an archive, and this is a repository", hint="name a release of it")
    version, homepage, packaging = "", "", None
    scheme, _, place = url.partition(":")
    if scheme in ("debian-source", "debian") and "/" not in place:
        found = source_package(place, session.reporter.notice)
        url, version, homepage, packaging = found.source, found.version, found.homepage, found.packaging
    elif not _SCHEME.match(url):
        if not os.path.isfile(url):
            raise RequestError(
                f"there is no file '{url}'", hint="--from takes a URL, an archive, or debian-source:NAME"
            )
        url = "file://" + quote(os.path.abspath(url))
    archive = learn(session, url, options=options)
    tree = SourceTree(_unpacked(session, session.store.physical(archive.path), options))
    debian = None
    if packaging is not None:
        debian = _packaging(session, packaging, options)
    return _proposed(
        Catalogue(session, request),
        name,
        tree,
        debian,
        source=(url, archive.hash),
        version=_version(name, version or _file_version(name, url), tree),
        homepage=homepage,
    )


def _packaging(session: Session, url: str, options: BuildOptions | None) -> SourceTree | None:
    """Return the tree of Debian's packaging; None if it cannot be fetched: archives keep it for a shorter time."""
    try:
        place = _unpacked(session, url, options)
    except BuildError as error:
        session.reporter.notice(f"Debian's description of the package is left out: {error.message}")
        return None
    # Unpacking drops a single directory.
    return SourceTree(place, "" if os.path.isdir(f"{place}/debian") else "debian/")


def _unpacked(session: Session, place: str, options: BuildOptions | None) -> str:
    url = place if _SCHEME.match(place) else "file://" + quote(place)
    return session.store.physical(learn(session, url, unpack=True, options=options).path)


def _proposed(
    catalogue: Catalogue,
    name: str,
    tree: SourceTree,
    debian: SourceTree | None,
    *,
    source: tuple[str, str],
    version: str | None,
    homepage: str,
) -> Proposal:
    available = {one for one in catalogue.evaluator.attr_names(catalogue.set) if _IDENTIFIER.fullmatch(one)} - {name}
    system = guess_build_system(tree, name)
    linked = resolve(libraries(tree, system.style), available)
    called = programs(system.tools, available)
    licence = guess_licence(tree, debian)
    lacking = list(system.lacking)
    expression = None if licence is None else licence.expression
    if expression is not None:
        problem = catalogue.library("licence", expression)
        if problem is not None:
            lacking.append(f"its licence seems to be {expression}, and {catalogue.evaluator.to_raw(problem)}")
            expression = None
    else:
        lacking.append("its licence: no text of one that is known was found")
    description = _description(name, tree, debian)
    page = homepage or _homepage(source[0], tree)
    lacking += [] if version else ["its version"]
    lacking += [] if description else ["a description"]
    lacking += [] if page else ["its home page"]
    return Proposal(
        name,
        version or "0",
        source[0],
        source[1],
        object_name(unquote(source[0])),
        system.style,
        system.settings,
        called.packages,
        linked.packages,
        [*called.missing, *linked.missing],
        system.is_cxx,
        description,
        page,
        expression,
        None if licence is None else licence.source,
        lacking,
    )


def _file_version(name: str, url: str) -> str:
    """Return the version in the name of an archive, "" if there is none."""
    file = _ARCHIVE.sub("", unquote(url).rstrip("/").rpartition("/")[2].partition("?")[0])
    found = re.search(r"(?:^|[-_])v?([0-9][A-Za-z0-9.+~_-]*)$", file.removeprefix(name).removeprefix("-source"))
    return found[1] if found else ""


def _version(name: str, known: str, tree: SourceTree) -> str | None:
    if known:
        return _REPACKED.sub("", known).replace("~", "-")
    for path, pattern in (
        ("configure.ac", r"AC_INIT\s*\(\s*\[?[^,\]]+\]?\s*,\s*\[?([0-9][\w.]*)"),
        ("configure", r"(?m)^PACKAGE_VERSION='([0-9][^']*)'"),
        ("meson.build", r"(?s)\bproject\s*\([^)]*\bversion\s*:\s*'([0-9][^']*)'"),
        ("CMakeLists.txt", r"(?is)\bproject\s*\([^)]*\bVERSION\s+([0-9][\w.]*)"),
        ("pyproject.toml", r"(?m)^version\s*=\s*[\"']([0-9][^\"']*)"),
        ("Makefile", r"(?m)^\s*VERSION\s*[:?]?=\s*([0-9][\w.]*)"),
    ):
        found = re.search(pattern, tree.text(path))
        if found:
            return found[1]
    return None


def _description(name: str, tree: SourceTree, debian: SourceTree | None) -> str | None:
    for packaging in (debian, tree):
        text = "" if packaging is None else packaging.text("debian/control")
        found = re.search(r"(?m)^Description:[ \t]*(.+)$", text)
        if found:
            return _line(found[1])
    found = re.search(r"(?m)^description\s*=\s*[\"'](.+)[\"']\s*$", tree.text("pyproject.toml"))
    if found:
        return _line(found[1])
    for path in tree.matching(f"{name}.[1-8]*", f"{name}.man", f"{name}.mdoc"):
        found = re.search(r'(?m)^\.Nd (.+)$|^\.SH "?NAME"?\n(?:\..*\n)*.* \\?-+ (.+)$', tree.text(path))
        if found:
            return _line(re.sub(r"\\f.|\\&|\\", "", found[1] or found[2]))
    for path in tree.top("README*", "readme*"):
        found = re.search(
            rf"(?im)^\W{{0,4}}{re.escape(name)}(?:[ -]v?[0-9.]+)?\s*(?:--?|:|\u2013|\u2014|is(?= an? | the ))\s+(\S.+)$",
            tree.text(path),
        )
        if found:
            return _line(found[1])
    return None


def _line(text: str) -> str | None:
    """Return text as `meta.description` has it: one line of 80 characters without a full stop."""
    text = re.sub(r"[^\x20-\x7e]+", " ", text)
    text = re.sub(r"^(?:an?|the) ", "", " ".join(text.split()), flags=re.IGNORECASE)
    while len(text) > _LONGEST:
        text = text.rpartition(" ")[0] or text[:_LONGEST]
    return text.rstrip(" .,;:") or None


def _homepage(url: str, tree: SourceTree) -> str | None:
    stated = re.search(r"(?m)^PACKAGE_URL='(https?://[^' ]+)'", tree.text("configure"))
    if stated:
        return stated[1]
    found = re.match(r"(https?://[^/]+)(/.*)?$", url)
    if found is None:
        return None
    project = re.match(r"(/[^/]+/[^/]+)/(?:archive|releases|-)/", found[2] or "")
    return found[1] + (project[1] if project else "/")
