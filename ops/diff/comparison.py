"""Compare two subjects without building: the results of `chx diff` as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...store.difference import (
    compare_all_contents,
    compare_closures,
    compare_graphs,
    compare_objects,
    split_name,
)
from ..errors import RequestError
from .subject import Collection, Lock, PackageSubject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...store import Store, StorePath
    from ...store.difference import (
        ClosureDifference,
        ContentChange,
        GraphDifference,
        ObjectDifference,
        SourceChange,
    )
    from .recall import BuildTraceCache
    from .subject import LockedFile, Subject

Level = Literal["inputs", "closure", "files", "bytes"]
LEVELS: Final[tuple[Level, ...]] = ("inputs", "closure", "files", "bytes")
CONTENTS_SHOWN: Final = 6
"""Number of files that are compared byte by byte unless the user requests all."""


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """Two objects that differ. `skipped` is the number of changed files that were not read."""

    label: str
    difference: ObjectDifference
    contents: tuple[ContentChange, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A changed source, file by file; `report` is None if an object is not in the store."""

    change: SourceChange
    report: ObjectReport | None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member that differs between two collections. `verdict`:

    `added`, `removed`; `differs`: outputs differ; `not built`: the derivations differ and an output is unknown.
    """

    name: str
    verdict: Literal["added", "removed", "differs", "not built"]
    version_before: str | None
    version_after: str | None
    size_before: int | None
    size_after: int | None


@dataclass(frozen=True, slots=True)
class MembersDifference:
    """The members of two collections: `equal` are those with equal outputs, `changes` the others."""

    equal: tuple[str, ...]
    changes: tuple[MemberChange, ...]


@dataclass(frozen=True, slots=True)
class LockChange:
    """A package that differs between two lock files; None on the side that lacks it."""

    package: str
    before: LockedFile | None
    after: LockedFile | None


@dataclass(frozen=True, slots=True)
class LockDifference:
    """The differences of two lock files; `equal` is the number of equal packages."""

    equal: int
    changes: tuple[LockChange, ...]


@dataclass(frozen=True, slots=True)
class NotBuilt:
    """Outputs missing for a comparison; `side` is the user's name of the package."""

    side: str
    derivation: StorePath
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a comparison. A level that was not requested or does not apply is None or empty.

    `is_equal` determines the exit status: see `compare_subjects`.
    """

    before: Subject
    after: Subject
    levels: tuple[Level, ...]
    is_equal: bool
    inputs: GraphDifference | None = None
    sources: tuple[SourceReport, ...] = ()
    closure: ClosureDifference | None = None
    members: MembersDifference | None = None
    lock: LockDifference | None = None
    objects: tuple[ObjectReport, ...] = ()
    not_built: tuple[NotBuilt, ...] = ()
    notes: tuple[str, ...] = ()


def compare_subjects(
    store: Store, cache: BuildTraceCache, before: Subject, after: Subject, levels: Iterable[Level], everything: bool
) -> Comparison:
    """Compare two subjects of one kind.

    Without `levels`, this compares all levels that apply. Then the outputs decide on equality if both sides have
    them, else the derivations. With `levels`, these decide, and missing outputs are unequal. `everything`: read all
    changed files and not only the first few. Raises `RequestError` for subjects of different kinds.
    """
    chosen = tuple(level for level in LEVELS if level in set(levels))
    if isinstance(before, Lock) and isinstance(after, Lock):
        return _compare_locks(before, after, chosen)
    if isinstance(before, PackageSubject) and isinstance(after, PackageSubject):
        return _Comparing(store, cache, chosen, everything).packages(before, after)
    if isinstance(before, Collection) and isinstance(after, Collection):
        return _Comparing(store, cache, chosen, everything).collections(before, after)
    raise RequestError(
        f"'{before.text}' is {_sort(before)} and '{after.text}' {_sort(after)}: they cannot be compared",
        hint="name two packages, two sets of packages, or two lock files",
    )


def _sort(subject: Subject) -> str:
    if isinstance(subject, Lock):
        return "a lock file"
    return f"a set of {len(subject.members)} derivations" if isinstance(subject, Collection) else "one package"


def _compare_locks(before: Lock, after: Lock, levels: tuple[Level, ...]) -> Comparison:
    if any(level != "closure" for level in levels):
        raise RequestError("lock files have packages and nothing else to compare", hint="use --level closure")
    names = sorted(before.files.keys() | after.files.keys())
    changes = tuple(
        LockChange(name, before.files.get(name), after.files.get(name))
        for name in names
        if before.files.get(name) != after.files.get(name)
    )
    found = LockDifference(len(names) - len(changes), changes)
    return Comparison(before, after, levels or ("closure",), not changes, lock=found)


class _Comparing:
    """One comparison, with its store, its levels and its limit of files to read."""

    def __init__(self, store: Store, cache: BuildTraceCache, levels: tuple[Level, ...], everything: bool) -> None:
        self._store = store
        self._cache = cache
        self._levels = levels or LEVELS
        self._is_default = not levels
        self._everything = everything
        self._contents_left = CONTENTS_SHOWN

    def packages(self, before: PackageSubject, after: PackageSubject) -> Comparison:
        notes: list[str] = []
        inputs: GraphDifference | None = None
        sources: tuple[SourceReport, ...] = ()
        if "inputs" in self._levels:
            if before.derivation is not None and after.derivation is not None:
                inputs = self._inputs([(before.derivation, after.derivation)])
                sources = self._sources(inputs)
            elif not self._is_default:
                side = before if before.derivation is None else after
                raise RequestError(f"'{side.text}' was not built by this store: it has no derivation to compare")
        pairs = list(_output_pairs(before, after))
        closure = None
        if "closure" in self._levels and before.outputs and after.outputs:
            closure = self._closure(before, after)
        objects = self._objects(pairs)
        not_built = tuple(_not_built(before, after))
        if before.is_object or after.is_object:
            for side, opposite in ((before, after), (after, before)):
                unpaired = [output for output in side.outputs if output not in opposite.outputs and side.is_object]
                if unpaired and not (before.is_object and after.is_object):
                    notes.append(f"'{opposite.text}' has no output '{unpaired[0]}' that is built")
        if self._is_default:
            is_equal = _same_outputs(before, after, pairs)
        else:
            is_equal = (
                not (inputs and inputs.causes)
                and not (closure and closure.changes)
                and not any(report.difference.files for report in objects)
                and not (not_built and self._levels != ("inputs",))
            )
        return Comparison(
            before,
            after,
            self._levels,
            is_equal,
            inputs,
            sources,
            closure,
            objects=objects,
            not_built=not_built,
            notes=tuple(notes),
        )

    def collections(self, before: Collection, after: Collection) -> Comparison:
        both = [name for name in before.members if name in after.members]
        members = self._members(before, after, both)
        pairs = [
            (name if output == "out" else f"{name}.{output}", one, other)
            for name in both
            for output, one, other in _output_pairs(before.members[name], after.members[name])
        ]
        objects = self._objects(pairs)
        inputs: GraphDifference | None = None
        sources: tuple[SourceReport, ...] = ()
        if "inputs" in self._levels and not self._is_default:
            tops = [(before.members[name].derivation, after.members[name].derivation) for name in both]
            inputs = self._inputs([(one, other) for one, other in tops if one is not None and other is not None])
            sources = self._sources(inputs)
        not_built = tuple(item for name in both for item in _not_built(before.members[name], after.members[name]))
        is_equal = not members.changes
        if not self._is_default and "closure" not in self._levels:
            is_equal = (
                not (inputs and inputs.causes)
                and not any(report.difference.files for report in objects)
                and not (not_built and self._levels != ("inputs",))
            )
        return Comparison(
            before,
            after,
            self._levels,
            is_equal,
            inputs,
            sources,
            members=members if "closure" in self._levels else None,
            objects=objects,
            not_built=not_built,
        )

    def _inputs(self, tops: list[tuple[StorePath, StorePath]]) -> GraphDifference:
        return compare_graphs(self._cache.derivation, tops, self._cache.same_output)

    def _sources(self, inputs: GraphDifference) -> tuple[SourceReport, ...]:
        reports = []
        seen: set[SourceChange] = set()
        for change in (change for cause in inputs.causes for change in cause.own.sources):
            if change in seen:
                continue
            seen.add(change)
            is_readable = self._store.is_valid(change.before) and self._store.is_valid(change.after)
            report = self._object(change.name, change.before, change.after, read=True) if is_readable else None
            reports.append(SourceReport(change, report))
        return tuple(reports)

    def _closure(self, before: PackageSubject, after: PackageSubject) -> ClosureDifference:
        return compare_closures(self._store, before.outputs.values(), after.outputs.values())

    def _members(self, before: Collection, after: Collection, both: list[str]) -> MembersDifference:
        equal: list[str] = []
        changes: list[MemberChange] = []
        for name in sorted(before.members.keys() | after.members.keys()):
            one, other = before.members.get(name), after.members.get(name)
            verdict: Literal["added", "removed", "differs", "not built"]
            if one is None:
                verdict = "added"
            elif other is None:
                verdict = "removed"
            elif _same_outputs(one, other, list(_output_pairs(one, other))):
                equal.append(name)
                continue
            elif any(path != other.outputs.get(output, path) for output, path in one.outputs.items()):
                verdict = "differs"
            else:
                verdict = "differs" if not one.missing and not other.missing else "not built"
            changes.append(
                MemberChange(name, verdict, _version(one), _version(other), self._size(one), self._size(other))
            )
        return MembersDifference(tuple(equal), tuple(changes))

    def _size(self, package: PackageSubject | None) -> int | None:
        if package is None or not package.outputs:
            return None
        return sum(self._store.info(path).size for path in package.outputs.values())

    def _objects(self, pairs: Iterable[tuple[str, StorePath, StorePath]]) -> tuple[ObjectReport, ...]:
        if "files" not in self._levels and "bytes" not in self._levels:
            return ()
        read = "bytes" in self._levels
        return tuple(self._object(label, one, other, read) for label, one, other in pairs if one != other)

    def _object(self, label: str, before: StorePath, after: StorePath, read: bool) -> ObjectReport:
        difference = compare_objects(self._store, before, after)
        if not read:
            return ObjectReport(label, difference)
        count = len(difference.contents)
        limit = count if self._everything else min(count, self._contents_left)
        self._contents_left -= limit
        contents = compare_all_contents(self._store, difference, limit)
        return ObjectReport(label, difference, contents, count - limit)


def _output_pairs(before: PackageSubject, after: PackageSubject) -> Iterator[tuple[str, StorePath, StorePath]]:
    """Yield the outputs present on both sides. Two bare objects always form one pair."""
    if before.is_object and after.is_object:
        (one,), (other,) = before.outputs.values(), after.outputs.values()
        yield "out", one, other
        return
    for output, path in before.outputs.items():
        if output in after.outputs:
            yield output, path, after.outputs[output]


def _same_outputs(before: PackageSubject, after: PackageSubject, pairs: list[tuple[str, StorePath, StorePath]]) -> bool:
    if before.derivation is not None and before.derivation == after.derivation and not before.is_object:
        return before.outputs.keys() | set(before.missing) == after.outputs.keys() | set(after.missing)
    complete = not before.missing and not after.missing and len(before.outputs) == len(after.outputs) == len(pairs)
    return complete and all(one == other for _, one, other in pairs)


def _not_built(before: PackageSubject, after: PackageSubject) -> Iterator[NotBuilt]:
    if before.derivation == after.derivation:
        return
    for side in (before, after):
        if side.missing and side.derivation is not None:
            yield NotBuilt(side.text, side.derivation, side.missing)


def _version(package: PackageSubject | None) -> str | None:
    if package is None or package.derivation is None:
        return None
    return split_name(package.derivation.name.removesuffix(".drv")).version
