"""Build the packages of apk that the packages of a request are made into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RequestError
from ..packages.members import members_of
from ..settings import configured

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...store import Store, StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session


class PackageFile(NamedTuple):
    """A package of apk, neither signed nor packed: its architecture, its file name, and its path on disk."""

    architecture: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """The packages of apk of a request, by architecture and name.

    `trees` are the objects that they are in, by the attribute of their package; `broken` are the packages of a set that
    cannot be built in it, with the reasons.
    """

    files: tuple[PackageFile, ...]
    trees: dict[str, StorePath]
    broken: dict[str, str]


def build_packages(
    session: Session, request: Request, options: BuildOptions | None = None, reporter: Reporter | None = None
) -> PackageFiles:
    """Build the packages of apk of what a request names: packages, or sets of them.

    Raises `RequestError`, `LangError`, `EvalError`, `BuildError`; also if a package that is named cannot be built, or if
    two give packages of one file name that differ.
    """
    members, _ = members_of(session, request, "apk")
    broken = {}
    for member in members:
        if member.error is not None:
            assert isinstance(member.error, Exception)
            raise member.error
        if member.broken is not None:
            if member.attribute in request.attributes:
                raise RequestError(f"'{member.attribute}' cannot be built: {member.broken}")
            broken[member.attribute] = member.broken
    wanted = [(member.attribute, member.target) for member in members if member.target is not None]
    if not wanted:
        raise RequestError("there is no package in what was named", hint="name packages, or a set such as `tiny`")
    targets = [(target.derivation, target.outputs) for _, target in wanted]
    built = session.realise(targets, options or configured(), reporter or session.reporter)
    trees = {attribute: built[target.derivation, target.outputs[0]] for attribute, target in wanted}
    return PackageFiles(_files(session, trees), trees, broken)


def files_of(store: Store, tree: StorePath) -> tuple[PackageFile, ...]:
    """Return the packages in an object that `builtin:apk` made, or that several such were merged into."""
    place = store.physical(tree)
    files = [entry.path.partition("/") for entry in store.manifest(tree) if entry.is_file]
    return tuple(PackageFile(architecture, name, f"{place}/{architecture}/{name}") for architecture, _, name in files)


def _files(session: Session, trees: dict[str, StorePath]) -> tuple[PackageFile, ...]:
    found: dict[tuple[str, str], tuple[str, StorePath, PackageFile]] = {}
    for attribute, tree in trees.items():
        for file in files_of(session.store, tree):
            other = found.setdefault(file[:2], (attribute, tree, file))
            if other[1] != tree and not _is_equal(other[2].path, file.path):
                raise RequestError(f"'{other[0]}' and '{attribute}' both give the package {file.name}, and they differ")
    return tuple(found[key][2] for key in sorted(found))


def _is_equal(one: str, other: str) -> bool:
    import filecmp

    return filecmp.cmp(one, other, shallow=False)
