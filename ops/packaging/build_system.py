"""Guess how a source tree is built: the style of the package, and the programs that the build calls."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .requirements import Requirement

if TYPE_CHECKING:
    from .tree import SourceTree

_GENERATED: Final = re.compile(r"(?i)generated (?:automatically )?(?:by|using) (?:GNU )?autoconf")
_CXX: Final = ("*.cc", "*.cpp", "*.cxx", "*.C", "*.hpp", "*.hh")
_APART: Final = ("test", "tests", "example", "examples", "contrib", "bench", "benchmarks", "fuzz", "bindings")


class BuildSystem(NamedTuple):
    """A style, and the lines of the package that it needs; `tools` are programs of the build, `a|b` is either.

    `lacking` says what a person has to find out.
    """

    style: str
    settings: tuple[str, ...] = ()
    tools: tuple[Requirement, ...] = ()
    is_cxx: bool = False
    lacking: tuple[str, ...] = ()


def guess_build_system(tree: SourceTree, pname: str) -> BuildSystem:
    """Return the build system of a tree. A `configure` that is shipped comes first: it needs the fewest tools."""
    found = _style(tree, pname)
    return found._replace(is_cxx=_is_cxx(tree, found.style))


def _style(tree: SourceTree, pname: str) -> BuildSystem:
    if tree.top("configure"):
        if _GENERATED.search(tree.text("configure", 65536)):
            return BuildSystem("autoconf", tools=tuple(_autoconf_tools(tree)))
        return BuildSystem(
            "configure",
            ('configureScript = "sh ./configure";',) if not _can_run(tree, "configure") else (),
            lacking=("its `configure` is written by hand: look at `./configure --help` for what it takes",),
        )
    if tree.top("meson.build"):
        return BuildSystem("meson", tools=(Requirement("muon", "meson.build"), *_pkgconf(tree, "meson.build")))
    if tree.top("CMakeLists.txt"):
        return BuildSystem("cmake", tools=(Requirement("cmake", "CMakeLists.txt"), *_pkgconf(tree, "CMakeLists.txt")))
    (source, *_) = tree.top("configure.ac", "configure.in") or ("",)
    if source:
        made = ["autoconf", "automake", "libtool", "m4"]
        if "AM_INIT_AUTOMAKE" not in tree.text(source):
            made.remove("automake")
        if not re.search(r"\b(LT_INIT|A[CM]_PROG_LIBTOOL)\b", tree.text(source)):
            made.remove("libtool")
        tools = [Requirement(name, source) for name in made]
        return BuildSystem("autoconf", ("autoreconf = true;",), (*tools, *_autoconf_tools(tree)))
    makefiles = tree.top("Makefile", "makefile", "GNUmakefile")
    if makefiles:
        return _make(tree, makefiles[0])
    if tree.top("pyproject.toml", "setup.py"):
        modules = [one for one in (pname, pname.replace("-", "_"), f"src/{pname.replace('-', '_')}") if _has(tree, one)]
        settings = (f'modules = "{modules[0]}";',) if modules and modules[0] != pname else ()
        lacking = () if modules else ("which folders and files are its modules: write them into `modules`",)
        return BuildSystem("python", settings, (Requirement("python3", "pyproject.toml"),), lacking=lacking)
    if tree.top("*.c"):
        return BuildSystem("command")
    return BuildSystem("make", lacking=("how it is built: there is no build file that is known at its top",))


def _make(tree: SourceTree, makefile: str) -> BuildSystem:
    text = tree.text(makefile)
    lacking = []
    tools = list(_pkgconf(tree, makefile))
    if re.search(r"^\s*\.include\s+<", text, re.MULTILINE):
        tools.append(Requirement("bmake", makefile))
        lacking.append("its makefile is for BSD make: write phases that call bmake")
    elif not re.search(r"^install\b[^=\n]*:", text, re.MULTILINE):
        lacking.append("its makefile has no `install`: write an `installPhase`")
    elif re.search(r"^[ \t]*DESTDIR[ \t]*[:?]?=[ \t]*\S", text, re.MULTILINE):
        lacking.append("its makefile means something else by DESTDIR: write an `installPhase`")
    elif not re.search(r"\$[({]DESTDIR[)}]", text):
        lacking.append("its makefile does not know DESTDIR: write an `installPhase`")
    return BuildSystem("make", (), tuple(tools), lacking=tuple(lacking))


def _autoconf_tools(tree: SourceTree) -> list[Requirement]:
    found = []
    for source in tree.top("configure.ac", "configure.in") or ["configure"]:
        text = tree.text(source)
        if re.search(r"\bPKG_(CHECK_MODULES|PROG_PKG_CONFIG|CHECK_EXISTS)\b|PKG_CONFIG --exists", text):
            found.append(Requirement("pkgconf", source))
        # What the tools make is usually shipped with `configure`.
        if re.search(r"\bAC_PROG_YACC\b", text) and not _shipped(tree, "*.y", ".c"):
            found.append(Requirement("byacc|bison", source))
        if re.search(r"\bA[CM]_PROG_LEX\b", text) and not _shipped(tree, "*.l", ".c"):
            found.append(Requirement("flex", source))
    return found


def _pkgconf(tree: SourceTree, path: str) -> list[Requirement]:
    text = tree.text(path)
    is_asked = re.search(r"\bdependency\s*\(|pkg-config|pkg_check_modules|PkgConfig|PKG_CONFIG", text)
    return [Requirement("pkgconf", path)] if is_asked else []


def _shipped(tree: SourceTree, pattern: str, suffix: str) -> bool:
    """Return whether each grammar has its C source beside it; automake's directories are looked at, too."""
    paths = set(tree.paths)
    return all(path.rpartition(".")[0] + suffix in paths for path in tree.matching(pattern) if not _is_apart(path))


def _is_cxx(tree: SourceTree, style: str) -> bool:
    if style == "cmake":
        project = re.search(r"(?is)\bproject\s*\(([^)]*)\)", tree.text("CMakeLists.txt"))
        words = project[1].split() if project else []
        # Without LANGUAGES, cmake looks for a C++ compiler.
        if "LANGUAGES" in words or words[1:2] in (["C"], ["CXX"]):
            return "CXX" in words
        return True
    if style == "meson":
        project = re.search(r"(?s)\bproject\s*\(([^)]*)\)", tree.text("meson.build"))
        return bool(project and "'cpp'" in project[1])
    return any(not _is_apart(path) for path in tree.matching(*_CXX[:4]))


def _is_apart(path: str) -> bool:
    return any(part.lower() in _APART for part in path.split("/")[:-1])


def _can_run(tree: SourceTree, path: str) -> bool:
    return os.access(os.path.join(tree.root, path), os.X_OK)


def _has(tree: SourceTree, path: str) -> bool:
    return any(one == path or one.startswith(f"{path}/") for one in tree.paths)
