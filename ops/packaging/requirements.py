"""Find what the build files of a source tree ask for: libraries, and programs of the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .tree import SourceTree

_OF_THE_SYSTEM: Final = frozenset(
    [
        *("atomic", "c", "c++", "crypt", "dl", "gcc", "gcc_s", "gen", "iconv", "inet", "intl", "m", "nsl", "pthread"),
        *("posix4", "resolv", "rt", "socket", "stdc++", "sun", "threads", "util", "xnet"),
    ]
)
"""Libraries that the C library and the compiler bring, or that other systems have."""
_NAMES: Final = {
    "archive": "libarchive",
    "blkid": "util-linux",
    "bz2": "bzip2",
    "bzlib": "bzip2",
    "cap": "libcap",
    "crypto": "openssl",
    "curses": "ncurses",
    "cursesw": "ncurses",
    "edit": "libedit",
    "event": "libevent",
    "expat": "expat",
    "ffi": "libffi",
    "form": "ncurses",
    "lua5": "lua",
    "lzma": "xz",
    "liblzma": "xz",
    "magic": "file",
    "menu": "ncurses",
    "mount": "util-linux",
    "ncurses": "ncurses",
    "ncursesw": "ncurses",
    "panel": "ncurses",
    "pcre2-8": "pcre2",
    "pcre2-posix": "pcre2",
    "sqlite3": "sqlite",
    "ssl": "openssl",
    "termcap": "ncurses",
    "termlib": "ncurses",
    "tinfo": "ncurses",
    "tinfow": "ncurses",
    "uuid": "util-linux",
    "xml2": "libxml2",
    "xml-2": "libxml2",
    "z": "zlib",
    "zlib": "zlib",
    "zstd": "zstd",
}
"""Packages by the names of their libraries, without `lib`, and of their .pc files."""


class Requirement(NamedTuple):
    """A library or program by the name that `source`, a build file, gives it."""

    name: str
    source: str


class Resolved(NamedTuple):
    """Names of packages of the set, and what no package of it was found for."""

    packages: list[str]
    missing: list[Requirement]


def libraries(tree: SourceTree, style: str) -> list[Requirement]:
    """Return the libraries that the build files of `style` ask for, each once."""
    found: dict[str, Requirement] = {}
    for path, pattern in _places(tree, style):
        for name in _names(tree.text(path), pattern):
            found.setdefault(name, Requirement(name, path))
    return [one for name, one in sorted(found.items()) if _bare(name) not in _OF_THE_SYSTEM]


def resolve(wanted: Iterable[Requirement], available: Collection[str]) -> Resolved:
    """Find the packages of a set, named `available`, that provide libraries."""
    packages: set[str] = set()
    missing: list[Requirement] = []
    for one in wanted:
        name = next((name for name in _candidates(one.name) if name in available), None)
        if name is None:
            missing.append(one)
        else:
            packages.add(name)
    return Resolved(sorted(packages), missing)


def programs(wanted: Iterable[Requirement], available: Collection[str]) -> Resolved:
    """Find the packages of a set, named `available`, that are programs of a build; `a|b` is either."""
    packages: list[str] = []
    missing: list[Requirement] = []
    for one in wanted:
        name = next((name for name in one.name.split("|") if name in available), None)
        if name is None:
            missing.append(one)
        elif name not in packages:
            packages.append(name)
    return Resolved(packages, missing)


_AUTOCONF: Final = (
    r"PKG_CHECK_MODULES(?:_STATIC)?\s*\(\s*\[?\w+\]?\s*,\s*\[?([^\]\),]+)"
    r"|PKG_CHECK_EXISTS\s*\(\s*\[?([^\]\),]+)"
    r"|AC_CHECK_LIB\s*\(\s*\[?([\w+.-]+)"
    r"|AC_SEARCH_LIBS\s*\(\s*\[?\w+\]?\s*,\s*\[?([^\]\),]+)"
)
_CONFIGURE: Final = (
    r"PKG_CONFIG --exists --print-errors \\?\"([^\"\\$]+)\\?\""
    r"|checking for \w+ in -l([\w+.-]+)"
    r"|^for ac_lib in '' ([^;\n$]+)"
)
_MESON: Final = r"\bdependency\s*\(\s*'([^']+)'|find_library\s*\(\s*'([^']+)'"
_CMAKE: Final = (
    r"(?i)find_package\s*\(\s*([\w+.-]+)"
    r"|pkg_(?:check|search)_modules?\s*\(\s*\w+\s+((?:[^)\s]+\s*)+)\)"
    r"|find_library\s*\(\s*\w+\s+(?:NAMES\s+)?([\w+.-]+)"
)
_MAKE: Final = (
    r"(?:^|[\s=])-l([\w+.-]+)|pkg-config\s+(?:--\S+\s+)+([\w+. -]+)|\bPKG_CONFIG\)?\s+(?:--\S+\s+)+([\w+. -]+)"
)
_NO_MODULES: Final = frozenset(["REQUIRED", "QUIET", "IMPORTED_TARGET", "GLOBAL", "NO_CMAKE_PATH", "STATIC_TARGET"])
_NO_LIBRARIES: Final = frozenset(
    [
        "PkgConfig",
        "Threads",
        "Doxygen",
        "Git",
        "Python",
        "Python3",
        "PythonInterp",
        "Perl",
        "BISON",
        "FLEX",
        "Gettext",
        "Intl",
        "Iconv",
        "GTest",
        "CUnit",
    ]
)


def _places(tree: SourceTree, style: str) -> Iterator[tuple[str, str]]:
    if style in ("autoconf", "configure"):
        sources = tree.top("configure.ac", "configure.in", "acinclude.m4")
        for path in sources:
            yield path, _AUTOCONF
        if not sources:
            yield "configure", _CONFIGURE
    elif style == "meson":
        for path in tree.matching("meson.build"):
            yield path, _MESON
    elif style == "cmake":
        for path in tree.matching("CMakeLists.txt"):
            yield path, _CMAKE
    elif style == "make":
        for path in tree.top("Makefile", "makefile", "GNUmakefile", "*.mk"):
            yield path, _MAKE


def _names(text: str, pattern: str) -> Iterator[str]:
    # What is commented away is not asked for.
    text = re.sub(r"(?m)^\s*(?:dnl\b|#).*$", "", text)
    for found in re.finditer(pattern, text, re.MULTILINE):
        words = next(group for group in found.groups() if group is not None)
        words = re.sub(r"[<>=]+\s*[\w.$@{}-]+", " ", words)
        for word in words.replace("[", " ").replace("]", " ").split():
            name = word.strip("'\",)")
            if re.fullmatch(r"[A-Za-z][\w+.-]*", name) and name not in _NO_MODULES and name not in _NO_LIBRARIES:
                yield name


def _bare(name: str) -> str:
    name = name.lower()
    return name.removeprefix("lib") if len(name) > 4 else name


def _candidates(name: str) -> Iterator[str]:
    low = name.lower()
    short = re.sub(r"-?[0-9.]+$", "", low)
    for one in dict.fromkeys((low, _bare(low), short, _bare(short))):
        if one in _NAMES:
            yield _NAMES[one]
        yield one
        yield f"lib{one}"
