"""The registry of lints."""

from __future__ import annotations

from typing import Final

from . import account, installing, layout, leaks, links, machine, scripts, times
from .finding import Lint, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING
UNKNOWN_WAIVER: Final = "unknown-waiver"
IDLE_WAIVER: Final = "idle-waiver"

LINTS: Final = (
    Lint(
        "account-clash",
        ERROR,
        "a user or group of the package and another one of the set have the same number, or one name and different attributes",
        "give one of them another `uid` or `gid`, or declare the account in one package",
        tree=installing.account_clash,
    ),
    Lint(
        "alternative",
        ERROR,
        "an alternative leads to no file of the package, or a file is in its place",
        "install the file under another name, and name that as `target`",
        tree=installing.alternative,
    ),
    Lint(
        "alternative-clash",
        ERROR,
        "two packages offer an alternative for a path with the same priority",
        "give one of them another `priority`",
        tree=installing.alternative_clash,
    ),
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
        "gnu-in-base",
        ERROR,
        "a package of the base system is GNU's, or has something of GNU in it",
        "take another program; leave it out of pkgs/base.nix; or remove from the outputs what build tools left",
        tree=account.gnu_in_base,
    ),
    Lint(
        "installation",
        ERROR,
        "what the package says to the maker of a root is not as it should be",
        "correct what is said to be wrong",
        tree=installing.installation,
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
    Lint(
        "loader",
        ERROR,
        "a program is linked with shared libraries, by a loader that is neither in the package nor in `runtime`",
        "link it statically: libtool takes `-static` of LDFLAGS for itself, and knows neither `--static` nor `-static-pie`; or add what has the loader to `runtime`",
        file=machine.loader,
    ),
    Lint(
        "lonely-alternative",
        WARNING,
        "no other package of the set offers an alternative for the path",
        "install the file at the path itself",
        tree=installing.lonely_alternative,
    ),
    Lint("meta", ERROR, "`meta` is not as it should be", "correct what is said to be wrong", tree=account.meta),
    Lint(
        "modes",
        ERROR,
        "`modes` names a path that no output has, or gives a link a mode",
        "correct the path, or remove it",
        tree=installing.modes,
    ),
    Lint(
        "origin",
        ERROR,
        "a package of the base system does not say where it comes from, or one of GNU does not say that it is",
        "write `meta.origin`",
        tree=account.origin,
    ),
    Lint(
        "owner",
        ERROR,
        "a user or group is neither root nor declared",
        "declare it in `users` or `groups`, or add the package that declares it to `runtime`",
        tree=installing.owner,
    ),
    Lint(
        "service",
        ERROR,
        "a service calls a program that is neither in the package nor in `runtime`",
        "correct the path, or add the package that has the program to `runtime`",
        tree=installing.service,
    ),
    Lint(
        "service-clash",
        ERROR,
        "two packages of the set have a service of the same name",
        "rename one of them",
        tree=installing.service_clash,
    ),
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
        "trigger",
        ERROR,
        "a trigger is run by a program that is neither in the package nor in `runtime`",
        'add "/bin/sh", or what has the interpreter, to `runtime`',
        tree=installing.trigger,
    ),
    Lint(
        "update-check",
        ERROR,
        "`updateCheck.pattern` is no regular expression with one group",
        "put parentheses around the version, and (?:...) around all else",
        tree=installing.update_check,
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
