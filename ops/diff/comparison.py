"""Comparing what two words mean: everything `chx diff` says, as values. Nothing is built."""

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
"""Files that are read and compared byte by byte unless all are asked for."""


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """Two objects that differ. `skipped` changed files were not read."""

    label: str
    difference: ObjectDifference
    contents: tuple[ContentChange, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A source that changed, file by file; None if an object is gone."""

    change: SourceChange
    report: ObjectReport | None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member of a collection that is not the same on both sides. `verdict`:

    `added`, `removed`; `differs`: outputs differ; `not built`: the derivations differ and an output is not
    known, so nobody can tell.
    """

    name: str
    verdict: Literal["added", "removed", "differs", "not built"]
    version_before: str | None
    version_after: str | None
    size_before: int | None
    size_after: int | None


@dataclass(frozen=True, slots=True)
class MembersDifference:
    """`equal` are the members with equal outputs, `changes` the others."""

    equal: tuple[str, ...]
    changes: tuple[MemberChange, ...]


@dataclass(frozen=True, slots=True)
class LockChange:
    """A package of a lock file that is not the same in both."""

    package: str
    before: LockedFile | None
    after: LockedFile | None


@dataclass(frozen=True, slots=True)
class LockDifference:
    """`equal` packages are the same."""

    equal: int
    changes: tuple[LockChange, ...]


@dataclass(frozen=True, slots=True)
class NotBuilt:
    """Outputs that would have to be there; `side` is what the user called it."""

    side: str
    derivation: StorePath
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was found. A level that was not asked for or does not apply is None or empty.

    `is_equal` is what the exit status tells: see `compare`.
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
    store: Store, knowledge: BuildTraceCache, before: Subject, after: Subject, levels: Iterable[Level], everything: bool
) -> Comparison:
    """Compare two subjects of one sort; raises `RequestError` if they are of two.

    With no `levels` all that apply are compared, and what is equal is decided by the outputs where those of
    both sides are there, else by the derivations. With levels, these decide; what is not built is not equal.
    `everything`: read all changed files and not only the first few.
    """
    chosen = tuple(level for level in LEVELS if level in set(levels))
    if isinstance(before, Lock) and isinstance(after, Lock):
        return _compare_locks(before, after, chosen)
    if isinstance(before, PackageSubject) and isinstance(after, PackageSubject):
        return _Comparing(store, knowledge, chosen, everything).things(before, after)
    if isinstance(before, Collection) and isinstance(after, Collection):
        return _Comparing(store, knowledge, chosen, everything).collections(before, after)
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
    """One comparison: what it reads from, and how much it may read."""

    def __init__(self, store: Store, knowledge: BuildTraceCache, levels: tuple[Level, ...], everything: bool) -> None:
        self._store = store
        self._knowledge = knowledge
        self._levels = levels or LEVELS
        self._is_default = not levels
        self._everything = everything
        self._contents_left = CONTENTS_SHOWN

    def things(self, before: PackageSubject, after: PackageSubject) -> Comparison:
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
            for side, thing in ((before, after), (after, before)):
                lonely = [output for output in side.outputs if output not in thing.outputs and side.is_object]
                if lonely and not (before.is_object and after.is_object):
                    notes.append(f"'{thing.text}' has no output '{lonely[0]}' that is built")
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
        return compare_graphs(self._knowledge.derivation, tops, self._knowledge.same_output)

    def _sources(self, inputs: GraphDifference) -> tuple[SourceReport, ...]:
        reports = []
        seen: set[SourceChange] = set()
        for change in (change for cause in inputs.causes for change in cause.own.sources):
            if change in seen:
                continue
            seen.add(change)
            there = self._store.is_valid(change.before) and self._store.is_valid(change.after)
            report = self._object(change.name, change.before, change.after, read=True) if there else None
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

    def _size(self, thing: PackageSubject | None) -> int | None:
        if thing is None or not thing.outputs:
            return None
        return sum(self._store.info(path).size for path in thing.outputs.values())

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
        wanted = count if self._everything else min(count, self._contents_left)
        self._contents_left -= wanted
        contents = compare_all_contents(self._store, difference, wanted)
        return ObjectReport(label, difference, contents, count - wanted)


def _output_pairs(before: PackageSubject, after: PackageSubject) -> Iterator[tuple[str, StorePath, StorePath]]:
    """Outputs that are there on both sides; two objects are compared whatever outputs they were."""
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
    for thing in (before, after):
        if thing.missing and thing.derivation is not None:
            yield NotBuilt(thing.text, thing.derivation, thing.missing)


def _version(thing: PackageSubject | None) -> str | None:
    if thing is None or thing.derivation is None:
        return None
    return split_name(thing.derivation.name.removesuffix(".drv")).version
