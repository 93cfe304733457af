"""Containers: the trees that are merged into the root `/`, and the programs in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..builder import compose_root
from ..store import Follower, Kind, StorePath, references_reach
from ..store.package_names import split_name
from .building import build
from .errors import RequestError
from .instantiation import derivers_of_objects
from .settings import configured
from .targets import object_named
from .text import title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..builder import BuildOptions
    from ..store import Store
    from .instantiation import Instantiated
    from .reporter import Reporter
    from .request import Request
    from .session import Session


def prepare_root(
    session: Session,
    request: Request,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    notices: Reporter | None = None,
) -> ContainerRoot:
    """Build the objects of a request, and merge them into a root. Protects them from garbage collection.

    `options`, `reporter` and `notices`: as in `build`. Raises what `build` raises, and `RequestError` for an object
    that cannot be a root.
    """
    store = session.store
    trees = []
    for path in _objects(session, request, options, reporter, notices):
        tree = follow_object_link(store, path)
        if tree not in trees:
            store.claim(tree)
            check_tree(store, tree)
            trees.append(tree)
    return ContainerRoot(compose_root(store, trees), trees)


def _objects(
    session: Session,
    request: Request,
    options: BuildOptions | None,
    reporter: Reporter | None,
    notices: Reporter | None,
) -> list[StorePath]:
    """Build what a request names, and return the store objects in that order, store paths first."""
    store = session.store
    objects = []
    targets = []
    for word in request.objects:
        path = object_named(store, word)
        if path.is_derivation:
            targets.append((path, store.derivation(path).outputs))
        else:
            objects.append(path)
    if targets:
        made = session.realise(targets, options or configured(), reporter)
        objects += [made[derivation, output] for derivation, outputs in targets for output in outputs]
    if request.needs_evaluation:
        objects += build(session, request.replace(objects=()), options, reporter, notices).paths
    return list(dict.fromkeys(objects))


def follow_object_link(store: Store, path: StorePath) -> StorePath:
    """Return the target of an object that is a link, else `path` itself. Raises `RequestError`, `BadLink`."""
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
    if store.manifest(path).entries[0].kind != Kind.DIRECTORY:
        raise RequestError(
            f"'{path}' is a file, and a container needs a tree as its root",
            hint="run it in a system that it can be seen in: "
            f"chx run root --ro-bind {store.physical(path)}:/mnt/{path.name} -- ...",
        )


class ContainerRoot:
    """The root merged from `trees`, at the path `directory`; `programs` are the names in its usr/bin and bin."""

    def __init__(self, directory: str, trees: Sequence[StorePath]) -> None:
        self.directory = directory
        self.trees = tuple(trees)
        self.programs = sorted({name for place in ("usr/bin", "bin") for name in self._executables(place)})
        self._title = ", ".join(tree.name for tree in trees)

    def _executables(self, directory: str) -> list[str]:
        place = os.path.join(self.directory, directory)
        if os.path.islink(place) or not os.path.isdir(place):
            return []
        return [name for name in os.listdir(place) if _is_program(os.path.join(place, name))]

    def command(
        self, given: Sequence[str] | None, anywhere: bool = False, program: str | None = None
    ) -> tuple[str, ...]:
        """Return the command to run.

        `given` are arguments of `program`, or else of the program of the root. If the root has none that is meant, or
        is merged from several trees, the first of `given` is the program, unless it begins with `-`. `anywhere`: accept
        programs that this root lacks. Raises `RequestError`.
        """
        if program is not None:
            given = (program, *(given or ()))
        else:
            default = self._default()
            if default is not None and (len(self.trees) == 1 or not given or given[0].startswith("-")):
                return (default, *(given or ()))
            if not given or given[0].startswith("-"):
                raise self._several()
        name = given[0]
        if not name:
            raise RequestError("the command is empty")
        if "/" not in name and not anywhere and name not in self.programs:
            raise self._unknown(name)
        return tuple(given)

    def _default(self) -> str | None:
        """Return the program with the name of its package, or else the only program; None if there is no such."""
        packages = [split_name(tree.name).package for tree in self.trees]
        names = [name for name in packages if name in self.programs]
        if len(names) == 1:
            return names[0]
        files = {os.path.realpath(self._place(name)) for name in self.programs}
        return self.programs[0] if len(files) == 1 else None

    def _several(self) -> RequestError:
        if not self.programs:
            return RequestError(f"'{self._title}' has no program", hint="there is nothing executable in its usr/bin")
        return RequestError(
            f"'{self._title}' has several programs: name one of them after `--`", hint=f"there are {self._listed()}"
        )

    def _place(self, name: str) -> str:
        usr = os.path.join(self.directory, "usr/bin", name)
        return usr if os.path.lexists(usr) else os.path.join(self.directory, "bin", name)

    def _unknown(self, name: str) -> RequestError:
        from difflib import get_close_matches

        near = get_close_matches(name, self.programs, 1)
        guess = f"did you mean `{near[0]}`? " if near else ""
        listed = f"there are {self._listed()}" if self.programs else "there is nothing executable in its usr/bin"
        return RequestError(f"there is no program '{name}' in '{self._title}'", hint=guess + listed)

    def _listed(self) -> str:
        import textwrap

        return textwrap.fill(", ".join(self.programs), 100, subsequent_indent="    ", break_on_hyphens=False)


def _is_program(place: str) -> bool:
    # The target of a link may exist only inside of the container.
    return os.path.islink(place) or (os.path.isfile(place) and bool(os.stat(place).st_mode & 0o111))


def one_derivation(session: Session, request: Request) -> tuple[StorePath, Instantiated]:
    """Return the only derivation of a request, and the result of instantiating the request.

    Raises what `derivers_of_objects` raises, and `RequestError` if there are several.
    """
    found = derivers_of_objects(session, request)
    paths = list(dict.fromkeys(target.derivation for target in found.targets))
    if len(paths) != 1:
        raise RequestError(f"that is {len(paths)} derivations: {', '.join(map(title, paths))}", hint="name one of them")
    return paths[0], found
