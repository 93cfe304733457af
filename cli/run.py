"""`chx run`: run a command in a container whose `/` is what was built."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ..ops.errors import RequestError
from . import container
from .options import evaluation
from .options.building import configure_building
from .options.numbers import count

if TYPE_CHECKING:
    from ..ops.session import Session
    from ..store import Store, StorePath

DESCRIPTION = """\
Build X if need be, and run COMMAND in a container whose `/` is X, read-only.
X is what `chx build` takes, a store path or a result link; several are merged.
Without COMMAND, the program of X is run: the only one, or the one of the same
name; a COMMAND that starts with `-` is arguments for it.

The command has this terminal, a writable /tmp and home that are gone when it
ends, no network, and of the environment only TERM. Its exit status is passed on.
"""
EPILOG = (
    evaluation.EPILOG
    + """
examples:
  chx run root -- sh                     a shell in the final tiny system
  chx run hello
  chx run hello -- --version             arguments for the program of the package
  chx run root --bind . --chdir "$PWD" -- make
"""
)
TAKES_COMMAND = True


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chx run [OPTION...] X... [-- COMMAND ARG...]"
    evaluation.configure(parser)
    container.configure(parser)
    parser.add_argument(
        "--uid", type=count, default=1000, metavar="N", help="number of the user inside (default: 1000)"
    )
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    from ..builder import ContainerOptions, compose_root, enter, open_container
    from .sandboxes import tell_age

    variables = container.variables_of(arguments)
    if "TERM" in os.environ:
        variables = {"TERM": os.environ["TERM"]} | variables
    binds, directory = container.binds_of(arguments), container.directory_of(arguments)
    with evaluation.open_session(arguments) as session:
        store = session.store
        trees = list(dict.fromkeys(tree_meant(store, path) for path in trees_named(session, arguments)))
        for tree in trees:
            # Running it is a use.
            store.claim(tree)
            check_tree(store, tree)
        programs = Programs(compose_root(store, trees), trees)
        command = programs.command(arguments.command, anywhere=bool(binds or "PATH" in variables))
        options = ContainerOptions(command, binds, variables, directory, arguments.network, arguments.uid)
        with open_container(store, trees, options) as spec:
            sys.stdout.flush()
            if not arguments.quiet:
                tell_age(store.home)
            return enter(spec, store.home)


def trees_named(session: Session, arguments: argparse.Namespace) -> list[StorePath]:
    """The store objects that the command line means, built if need be, in the order named."""
    from ..ops.building import build
    from ..ops.targets import object_named
    from .options.building import options_of
    from .options.reporting import notices_of, reporter_of
    from .progress.late import LateReporter

    store = session.store
    request = evaluation.request_of(arguments, takes_objects=True)
    objects = []
    targets = []
    for word in request.objects:
        path = object_named(store, word)
        if path.is_derivation:
            targets.append((path, store.derivation(path).outputs))
        else:
            objects.append(path)
    if targets:
        made = session.realise(targets, options_of(arguments), reporter_of(arguments))
        objects += [made[derivation, output] for derivation, outputs in targets for output in outputs]
    if request.needs_evaluation:
        reporter = LateReporter(lambda: reporter_of(arguments))
        built = build(session, request.replace(objects=()), options_of(arguments), reporter, notices_of(arguments))
        objects += built.paths
    return list(dict.fromkeys(objects))


def tree_meant(store: Store, path: StorePath) -> StorePath:
    """The object that an object stands for which is only a link to it. Raises `RequestError`, `BadLink`."""
    from ..store import Follower, Kind, StorePath, references_reach

    if store.manifest(path).entries[0].kind != Kind.SYMLINK:
        return path
    reach = references_reach(lambda: store, lambda base: f"{store.directory}/{base}")
    found = Follower(reach, store.directory).follow(str(path)).path
    if found.count("/") > str(path).count("/"):
        raise RequestError(
            f"'{path}' is a link to '{found}', and a container needs a whole tree as its root",
            hint=f"name the tree that this is a part of: {'/'.join(found.split('/')[:4])}",
        )
    return StorePath.parse(found)


def check_tree(store: Store, path: StorePath) -> None:
    """Raise `RequestError` if an object cannot be a root."""
    from ..store import Kind

    if store.manifest(path).entries[0].kind != Kind.DIRECTORY:
        raise RequestError(
            f"'{path}' is a file, and a container needs a tree as its root",
            hint="run it in a system that it can be seen in: "
            f"chx run root --ro-bind {store.physical(path)}:/mnt/{path.name} -- ...",
        )


class Programs:
    """The programs of a root, and which of them is meant."""

    def __init__(self, root: str, trees: list[StorePath]) -> None:
        self._root = root
        self._title = ", ".join(tree.name for tree in trees)
        self._packages = [package_name(tree.name) for tree in trees]
        self.names = sorted({name for folder in ("usr/bin", "bin") for name in self._executables(folder)})

    def _executables(self, folder: str) -> list[str]:
        place = os.path.join(self._root, folder)
        if os.path.islink(place) or not os.path.isdir(place):
            return []
        return [name for name in os.listdir(place) if _is_program(os.path.join(place, name))]

    def command(self, given: list[str] | None, anywhere: bool) -> tuple[str, ...]:
        """The command to run. `anywhere`: there may be programs that this root does not have."""
        if not given or given[0].startswith("-"):
            return (self._default(), *(given or ()))
        name = given[0]
        if not name:
            raise RequestError("the command is empty")
        if "/" not in name and not anywhere and name not in self.names:
            raise self._unknown(name)
        return tuple(given)

    def _default(self) -> str:
        names = [name for name in self._packages if name in self.names]
        if len(names) == 1:
            return names[0]
        files = {os.path.realpath(self._place(name)) for name in self.names}
        if len(files) == 1:
            return self.names[0]
        if not self.names:
            raise RequestError(f"'{self._title}' has no program", hint="there is nothing executable in its usr/bin")
        raise RequestError(
            f"which program of '{self._title}' shall it be? Name it after `--`", hint=f"there are {self._listed()}"
        )

    def _place(self, name: str) -> str:
        usr = os.path.join(self._root, "usr/bin", name)
        return usr if os.path.lexists(usr) else os.path.join(self._root, "bin", name)

    def _unknown(self, name: str) -> RequestError:
        from difflib import get_close_matches

        near = get_close_matches(name, self.names, 1)
        guess = f"did you mean `{near[0]}`? " if near else ""
        listed = f"there are {self._listed()}" if self.names else "there is nothing executable in its usr/bin"
        return RequestError(f"there is no program '{name}' in '{self._title}'", hint=guess + listed)

    def _listed(self) -> str:
        import textwrap

        return textwrap.fill(", ".join(self.names), 100, subsequent_indent="    ", break_on_hyphens=False)


def _is_program(place: str) -> bool:
    # A link may lead to a place that exists only inside.
    return os.path.islink(place) or (os.path.isfile(place) and bool(os.stat(place).st_mode & 0o111))


def package_name(name: str) -> str:
    """The part of an object's name before its version: `hello` of `hello-2.12`, as Nix parses it."""
    for place, character in enumerate(name):
        if character == "-" and place + 1 < len(name) and not name[place + 1].isalpha():
            return name[:place]
    return name
