"""Variations: changes of a sandbox that must not change the output.

`chx build --check --vary` rebuilds under variations. Each is a function from a `SandboxSpec` to another, so that any
set of them can be combined. `minimal_set` bisects a set under which the output differs.

Most are visible to any program. `time` needs libfaketime on this machine and a dynamically linked glibc in the root.
`kernel` and `machine` change the result of uname(2); they are applied only by name, because programs linked to a recent
glibc do not start under `kernel`, and `machine` usually requests another result.

Some cannot be applied alone. Files get other links, and directories another order, only by copying, and every copy has
other inodes. So a variation names those that it *brings*, and `refined` checks whether one of them alone suffices.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ..store.path import STORE_DIR
from .duplicate import Change, Duplicator, TreeSize, occupy_inodes, tree_size
from .etc import accounts
from .procfiles import other, proc_files, this_machine, write_proc_files
from .sandbox import BUILD_DIRECTORY, Bind, Overlay, SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .sandbox import Mount

ADDR_NO_RANDOMIZE: Final = 0x0040000
UNAME26: Final = 0x0020000
PER_LINUX32: Final = 0x0008

_USER, _GROUP = 1234, 2345
_ELSEWHERE: Final = "/tmp/varied/build"
_MOST_IN_MEMORY: Final = 256 << 20
_MOST_ON_DISK: Final = 1 << 30
"""Bytes of the root and inputs that are copied."""


class Workspace(NamedTuple):
    """Space for the files of a varied sandbox: `folder` on disk, `memory` in memory if available."""

    folder: str
    memory: str | None


@dataclass(frozen=True, slots=True)
class Variation:
    """`what` continues "the output depends on". `apply` returns the same spec object if it cannot be applied there.

    `brings`: other variations that are necessarily applied with it.
    """

    name: str
    what: str
    apply: Callable[[SandboxSpec, Workspace], SandboxSpec]
    is_usual: bool = True
    brings: tuple[str, ...] = ()


def _user(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    binds: list[Bind] = []
    home = spec.env.get("HOME", "/homeless-shelter")
    for path, content in accounts(_USER, _GROUP, home).items():
        if spec.root is None or os.path.isfile(f"{spec.root}/{path}"):
            place = f"{workspace.folder}/{os.path.basename(path)}"
            with open(place, "wb") as file:
                file.write(content)
            os.chmod(place, 0o444)
            binds.append(Bind(place, "/" + path))
    return replace(spec, uid=_USER, gid=_GROUP, binds=(*spec.binds, *binds))


def _host(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return _with_procfiles(replace(spec, hostname="another-host"), workspace)


def _umask(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return replace(spec, umask=0o077)


def _with(spec: SandboxSpec, **variables: str) -> SandboxSpec:
    return replace(spec, env={**spec.env, **variables})


def _timezone(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return spec if "TZ" in spec.env else _with(spec, TZ="VARY-13:45")


def _locale(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    if "LC_ALL" in spec.env or "LANG" in spec.env:
        return spec
    return _with(spec, LANG="tr_TR.UTF-8", LC_ALL="tr_TR.UTF-8", LANGUAGE="tr:fr")


def _cores(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return _with(spec, NIX_BUILD_CORES="3" if spec.env.get("NIX_BUILD_CORES") == "1" else "1")


def _processors(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    available = os.sched_getaffinity(0)
    if len(available) == 1:
        return spec
    return _with_procfiles(replace(spec, processors=frozenset({min(available)})), workspace)


def _directory(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Use another build directory; occurrences of /build in the derivation itself stay."""

    def moved(text: str) -> str:
        is_inside = text == BUILD_DIRECTORY or text.startswith(BUILD_DIRECTORY + "/")
        return _ELSEWHERE + text[len(BUILD_DIRECTORY) :] if is_inside else text

    binds = [
        replace(bind, target=_ELSEWHERE) if isinstance(bind, Bind) and bind.target == BUILD_DIRECTORY else bind
        for bind in spec.binds
    ]
    # Below /tmp, which has to be there first.
    binds.sort(key=lambda bind: isinstance(bind, Bind) and bind.target == _ELSEWHERE)
    return replace(
        spec,
        binds=tuple(binds),
        env={name: moved(value) for name, value in spec.env.items()},
        cwd=moved(spec.cwd),
    )


def _order(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Directories in memory list their entries by age, those on a disk mostly by a hash of the names.

    The build directory is moved to memory, and the root and inputs are copied there so that they list their entries
    from the last to the first, if they are not too large.
    """
    if workspace.memory is None:
        return spec
    there = os.statvfs(workspace.memory)
    most = min(_MOST_IN_MEMORY, there.f_bavail * there.f_frsize // 2)
    sources = [bind.source for bind in spec.binds if isinstance(bind, Bind) and bind.target == BUILD_DIRECTORY]
    return _copied(spec, (*sources, *_shown(spec)), _fresh(workspace.memory, "order"), Change(order=True), most)


def _inodes(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Copy the root and inputs, and shift the inode numbers of new files, too."""
    varied = _copied(spec, _shown(spec), _fresh(workspace.folder, "inodes"), Change(), _MOST_ON_DISK)
    if varied is not spec:
        _occupy(spec, workspace)
    return varied


def _links(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Give each file another number of links: separate shared files, and join equal ones."""
    varied = _copied(spec, _shown(spec), _fresh(workspace.folder, "links"), Change(links=True), _MOST_ON_DISK)
    if varied is not spec:
        _occupy(spec, workspace)
    return varied


def _shown(spec: SandboxSpec) -> tuple[str, ...]:
    """Return the paths of the root and the inputs of a build."""
    sources = [] if spec.root is None else [spec.root]
    for bind in spec.binds:
        match bind:
            case Bind(source, target, False) if target.startswith(STORE_DIR + "/"):
                sources.append(source)
            case Overlay(lower):
                sources.append(lower)
    return tuple(sources)


def _occupy(spec: SandboxSpec, workspace: Workspace) -> None:
    for bind in spec.binds:
        if isinstance(bind, Bind) and bind.writable and not os.path.islink(bind.source) and os.path.isdir(bind.source):
            occupy_inodes(bind.source, _fresh(workspace.folder, "occupied"))


def _copied(spec: SandboxSpec, sources: Sequence[str], folder: str, change: Change, most: int) -> SandboxSpec:
    """Return `spec` with copies in `folder` in place of `sources`, if these have at most `most` bytes."""
    trees: dict[str, TreeSize] = {}
    for source in dict.fromkeys(sources):
        if not os.path.islink(source):
            size = tree_size(source, most)
            if size.bytes <= most:
                most -= size.bytes
                trees[source] = size
    if not trees:
        return spec
    duplicator = Duplicator(folder, change)
    places = duplicator.copy(trees)
    if not duplicator.is_faithful(places):
        return spec

    def moved(bind: Mount) -> Mount:
        match bind:
            case Bind(source):
                return replace(bind, source=places.get(source, source))
            case Overlay(lower):
                return replace(bind, lower=places.get(lower, lower))
        return bind

    return replace(spec, root=spec.root and places.get(spec.root, spec.root), binds=tuple(map(moved, spec.binds)))


def _fresh(folder: str, name: str) -> str:
    """Return an unused path in `folder`."""
    number = 0
    while os.path.lexists(f"{folder}/{name}-{number}"):
        number += 1
    return f"{folder}/{name}-{number}"


def _time(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Shift the clock by a year and some hours, by a library that replaces clock functions; no change where it cannot be loaded."""
    library = _faketime()
    if library is None or "LD_PRELOAD" in spec.env or not _has_glibc(spec.root):
        return spec
    inside = "/tmp/.faketime.so"
    varied = _with(spec, LD_PRELOAD=inside, FAKETIME="+400d", FAKETIME_NO_CACHE="1")
    return replace(varied, binds=(*spec.binds, Bind(library, inside)))


def _faketime() -> str | None:
    named = os.environ.get("CHX_FAKETIME")
    machine = os.uname().machine
    places = [
        f"/usr/lib/{machine}-linux-gnu/faketime",
        "/usr/lib64/faketime",
        "/usr/lib/faketime",
        "/usr/local/lib/faketime",
    ]
    candidates = [named] if named else [f"{place}/libfaketime.so.1" for place in places]
    return next((path for path in candidates if os.path.isfile(path)), None)


def _has_glibc(root: str | None) -> bool:
    """Whether a root has the libraries that libfaketime is linked to."""
    multiarch = f"{os.uname().machine}-linux-gnu"
    folders = ["lib", "lib64", "usr/lib", "usr/lib64", f"lib/{multiarch}", f"usr/lib/{multiarch}"]
    return root is not None and all(
        any(os.path.exists(f"{root}/{folder}/{library}") for folder in folders)
        for library in ("libc.so.6", "libm.so.6")
    )


def _stopped_clock(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Stop the clock: it always shows the same time."""
    varied = _time(spec, workspace)
    return varied if varied is spec else _with(varied, FAKETIME="2001-02-03 04:05:06")


def _aslr(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return replace(spec, personality=spec.personality | ADDR_NO_RANDOMIZE)


def _kernel(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return _with_procfiles(replace(spec, personality=spec.personality | UNAME26), workspace)


def _with_procfiles(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Return `spec` with constants in /proc that agree with its variations, if it has any constants."""
    version_file = next(
        (bind.source for bind in spec.binds if isinstance(bind, Bind) and bind.target == "/proc/version"), None
    )
    if version_file is None:
        return spec
    before, place = os.path.dirname(version_file), _fresh(workspace.folder, "proc")
    facts = this_machine()._replace(hostname=spec.hostname)
    if spec.processors is not None:
        facts = facts._replace(processors=len(spec.processors))
    write_proc_files(proc_files(other(facts) if spec.personality & UNAME26 else facts), place)

    def moved(bind: Mount) -> Mount:
        if isinstance(bind, Bind) and bind.source.startswith(before + "/"):
            return replace(bind, source=place + bind.source[len(before) :])
        return bind

    return replace(spec, binds=tuple(map(moved, spec.binds)))


def _machine(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    return replace(spec, personality=spec.personality | PER_LINUX32)


def _inputs(spec: SandboxSpec, workspace: Workspace) -> SandboxSpec:
    """Add one unused object to the store."""
    place = f"{workspace.folder}/unused"
    os.makedirs(f"{place}/bin", exist_ok=True)
    with open(f"{place}/bin/unused", "w") as file:
        file.write("#!/bin/sh\nexit 1\n")
    extra = Bind(place, "/chx/store/00000000000000000000000000000000-unused")
    return replace(spec, binds=(*spec.binds, extra))


VARIATIONS: Final = {
    variation.name: variation
    for variation in (
        Variation("user", "the numbers or the name of the user and group", _user),
        Variation("host", "the host name", _host),
        Variation("umask", "the mask of file modes (umask)", _umask),
        Variation("timezone", "the time zone (TZ)", _timezone),
        Variation("locale", "the locale (LANG, LC_ALL)", _locale),
        Variation("cores", "the number of cores it was told to use (NIX_BUILD_CORES)", _cores),
        Variation("processors", "the number of processors it may run on", _processors),
        Variation("links", "how many links files have, or which equal files are one", _links, brings=("inodes",)),
        Variation(
            "order",
            "the order in which directories list their entries, or the kind of file system",
            _order,
            brings=("inodes",),
        ),
        Variation("inodes", "the numbers of inodes, or when these were changed (ctime)", _inodes),
        Variation("directory", "the build directory", _directory),
        Variation("time", "the date", _time),
        Variation("aslr", "where things lie in memory (ASLR)", _aslr),
        Variation("inputs", "objects in the store that it does not use", _inputs),
        Variation("stopped-clock", "the time at which it is built", _stopped_clock, is_usual=False),
        Variation("kernel", "the kernel, or what /proc tells of the machine", _kernel, is_usual=False),
        Variation("machine", "the machine that uname tells", _machine, is_usual=False),
    )
}
USUAL: Final = tuple(name for name, variation in VARIATIONS.items() if variation.is_usual)


def vary(
    spec: SandboxSpec, names: Iterable[str], workspace: Workspace, unvaried: Callable[[str], None] | None = None
) -> SandboxSpec:
    """Return `spec` under the variations `names`, applied in the order of the table.

    Calls `unvaried` with the names of those that cannot be applied here.
    """
    chosen = frozenset(names)
    brought: set[str] = set()
    for name, variation in VARIATIONS.items():
        if name in chosen and name not in brought:
            before = spec
            spec = variation.apply(before, workspace)
            if spec is not before:
                brought |= set(variation.brings)
            elif unvaried is not None:
                unvaried(name)
    return spec


def refined(names: Sequence[str], differs: Callable[[tuple[str, ...]], bool]) -> tuple[str, ...]:
    """Narrow down `names`: replace a variation by those that it brings, if the result differs under them as well."""
    current = tuple(names)
    for name in names:
        brought = VARIATIONS[name].brings if name in VARIATIONS else ()
        if brought:
            finer = tuple(dict.fromkeys((*(one for one in current if one != name), *brought)))
            if differs(finer):
                current = finer
    return current


def minimal_set(names: Sequence[str], differs: Callable[[tuple[str, ...]], bool]) -> tuple[str, ...]:
    """A smallest part of `names` under which the result differs: without any one of its members it would not.

    All of `names` together are known to make a difference. Delta debugging: halves first, then what is left without a
    part, ever smaller parts; each question is a build.
    """
    current = tuple(names)
    pieces = 2
    while len(current) > 1:
        size = -(-len(current) // pieces)
        parts = [current[start : start + size] for start in range(0, len(current), size)]
        part = next((part for part in parts if differs(part)), None)
        if part is not None:
            current, pieces = part, 2
            continue
        rests = [tuple(name for name in current if name not in part) for part in parts] if len(parts) > 2 else []
        rest = next((rest for rest in rests if differs(rest)), None)
        if rest is not None:
            current, pieces = rest, max(pieces - 1, 2)
        elif pieces >= len(current):
            break
        else:
            pieces = min(len(current), pieces * 2)
    return current
