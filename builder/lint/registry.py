"""The registry of lints."""

from __future__ import annotations

from typing import Final

from . import account, layout, leaks, links, machine, scripts, times
from .finding import Lint, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING
UNKNOWN_WAIVER: Final = "unknown-waiver"
IDLE_WAIVER: Final = "idle-waiver"

LINTS: Final = (
    Lint(
        "broken-link",
        ERROR,
        "a symbolic link leads to nothing",
        "make what it leads to, remove the link, or list in `runtime` what has it",
        tree=links.broken,
    ),
    Lint(
        "build-path",
        ERROR,
        "a file holds a path below /build, where it was built",
        "map it away (`-ffile-prefix-map=$PWD=.`), strip debugging information, or replace it with sed",
        file=leaks.build_path,
    ),
    Lint(
        "empty",
        ERROR,
        "a package or an output has no file",
        "look at what installPhase did; leave out an output that gets nothing",
        tree=layout.empty,
    ),
    Lint(
        "escaping-link",
        ERROR,
        "a symbolic link climbs above the root, or leads to where no package has files",
        "make it relative, and to a file of the package",
        tree=links.escaping,
    ),
    Lint(
        "executable-stack",
        ERROR,
        "a program or library asks for a stack whose content can be run",
        "give assembler sources a section .note.GNU-stack, or link with `-z noexecstack`",
        file=machine.executable_stack,
    ),
    Lint(
        "fhs",
        ERROR,
        "a path is in none of usr/{bin,include,lib,libexec,share}, etc, var and boot",
        "tell configure or make where to install, or move it in postInstall",
        tree=layout.fhs,
    ),
    Lint(
        "foreign-machine",
        ERROR,
        "a program, library or object is for another machine, word size or byte order than the profile's",
        "compile with $CC and not with $CC_FOR_BUILD; waive it for what is data here, as firmware is",
        file=machine.foreign_machine,
    ),
    Lint(
        "interpreter",
        ERROR,
        "a script is run by a program that is neither in the package nor in `runtime`",
        "add the package that has the interpreter to `runtime`, or its path if any package may have it",
        file=scripts.interpreter,
    ),
    Lint(
        "libtool",
        WARNING,
        "a .la file of libtool is installed",
        "remove it in postInstall: linkers and pkg-config do not need it, and it names folders of the build",
        tree=layout.libtool,
    ),
    Lint(
        "licence",
        ERROR,
        "the package does not say under which licence it is",
        "write an SPDX expression into `meta.license`",
        tree=account.licence,
    ),
    Lint("meta", ERROR, "`meta` is not as it should be", "correct what is said to be wrong", tree=account.meta),
    Lint(
        "set-id",
        ERROR,
        "a file has a set-user-id or set-group-id bit",
        "objects of the store have no such bits, so that somebody changed the object: `chx store verify --repair`",
        tree=layout.set_id,
    ),
    Lint(
        "static-library",
        ERROR,
        "a package with sub-outputs has a static library elsewhere than in `static`",
        'add "static" to `outputs`',
        tree=layout.static_library,
    ),
    Lint(
        "store-path",
        ERROR,
        "a file holds a store path, where packages find each other below /",
        "configure with paths below /usr; waive it for programs that are used by their store path",
        file=leaks.store_path,
    ),
    Lint(
        "text-relocation",
        ERROR,
        "a program or library has relocations in its instructions",
        "compile all of it with -fPIC; assembler sources have to reach data through the global offset table",
        file=machine.text_relocation,
    ),
    Lint(
        "timestamp",
        WARNING,
        "a gzip header, a compiled Python file or a member of an archive says when it was made",
        "gzip -n; ar with D; SOURCE_DATE_EPOCH and hash-based .pyc files",
        file=times.timestamp,
    ),
    Lint(
        IDLE_WAIVER,
        WARNING,
        "the package waives a lint that finds nothing",
        "remove it from `lints.waive`",
    ),
    Lint(
        UNKNOWN_WAIVER,
        ERROR,
        "the package waives a lint that there is none of",
        "spell it as in `chx pkgs lint --list`",
    ),
)

_BY_NAME: Final = {lint.name: lint for lint in LINTS}


def lint_called(name: str) -> Lint | None:
    """Return the lint of that name."""
    return _BY_NAME.get(name)
