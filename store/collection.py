"""Garbage collection: a plan, and its execution.

`plan_gc` reads everything it needs into memory, as numbers, and decides. `GcPlan.execute` removes, batch by batch, the
objects that are still dead by then. `docs/store.md`, *Collecting garbage*, explains why no object in use can be
removed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from time import time
from typing import TYPE_CHECKING, Final, NamedTuple

from . import gc_epoch
from .errors import DamagedRow, NotValid, StoreError, StoreIO
from .home import RESERVE, make_reserve
from .linking import forget_files
from .loss import check_known, note_emptied
from .path import StorePath, stored_path
from .programs import programs
from .removal import remove_tree, weight
from .temp_roots import GcLock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from .store import Store

BATCH: Final = 256


class Root(NamedTuple):
    """A root of an object: `kind` is link, process (a temporary root) or program, `source` a path or process id."""

    kind: str
    source: str
    path: StorePath


class Dead(NamedTuple):
    """An object without a root; `used` is when it was last used, or registered, in seconds since 1970."""

    path: StorePath
    size: int
    used: int


class Collected(NamedTuple):
    """Result of a collection: objects removed, bytes freed on disk, and stray paths removed."""

    objects: int
    freed: int
    swept: int


@dataclass(frozen=True, slots=True)
class Policy:
    """Objects to keep in addition to those that are live by references.

    `max_age`: keep objects registered or used within so many seconds. `max_free`: stop after freeing so many bytes.
    """

    keep_derivations: bool = True
    keep_outputs: bool = False
    max_age: float | None = None
    max_free: int | None = None


class StillUsed(StoreError):
    """An object to be deleted has a root."""

    def __init__(self, path: StorePath, keepers: Sequence[str]) -> None:
        shown = ", ".join(keepers[:4]) + (f" and {len(keepers) - 4} more" if len(keepers) > 4 else "")
        super().__init__(
            f"'{path}' cannot be deleted: it is kept by {shown}",
            hint="remove what keeps it first; `chx store roots` and `chx store referrers` tell what does",
            code="S050",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class GcPlan:
    """`dead`: the objects to remove, referrers first; `live`: those that stay because of a root."""

    roots: tuple[Root, ...]
    live: tuple[StorePath, ...]
    dead: tuple[Dead, ...]

    @property
    def bytes(self) -> int:
        """Size of the dead objects; the disk gets back less where files are shared."""
        return sum(item.size for item in self.dead)

    def execute(self, store: Store, done: Callable[[int, int], None] | None = None) -> Collected:
        """Remove objects of the plan that are still dead. Calls `done` with the numbers of objects removed and planned.

        Raises `StoreIO`, `DatabaseFailure`; an object is removed as a whole or not at all.
        """
        store.check_writable()
        return _Collection(store, self).run(done)


class _Graph:
    """All registered objects, by row number."""

    def __init__(self, store: Store) -> None:
        database = store._database
        # One snapshot for all queries.
        with store.reading():
            self.rows: dict[int, tuple[str, int, int]] = {
                number: (base, size, used)
                for number, base, size, used in database.rows(
                    "SELECT id, base, size, max(registered, coalesce(used, 0)) FROM objects"
                )
            }
            self.references: defaultdict[int, list[int]] = defaultdict(list)
            for referrer, reference in database.rows("SELECT referrer, reference FROM refs"):
                self.references[referrer].append(reference)
            self.derivers = database.rows(
                "SELECT o.id, d.id FROM objects o JOIN objects d ON d.base = o.deriver"
                " UNION SELECT o.id, d.id FROM (SELECT path, derivation, max(id) FROM realisations GROUP BY path)"
                " JOIN objects o ON o.base = path JOIN objects d ON d.base = derivation"
            )
            self.outputs = database.rows(
                "SELECT d.id, o.id FROM realisations JOIN objects o ON o.base = path JOIN objects d ON d.base = derivation"
            )
        self._check()
        self.numbers = {base: number for number, (base, _, _) in self.rows.items()}

    def _check(self) -> None:
        """Raise `DamagedRow` for what can be no graph: what is kept would not be known."""
        for base, size, used in self.rows.values():
            stored_path(base)
            if type(size) is not int or type(used) is not int:
                raise DamagedRow(f"of '{base}' is damaged")
        for referrer, references in self.references.items():
            if referrer not in self.rows or not self.rows.keys() >= set(references):
                raise DamagedRow("refers to what is not there")

    def live(self, roots: Iterable[int], policy: Policy) -> set[int]:
        edges: list[dict[int, list[int]]] = [self.references]
        for wanted, pairs in ((policy.keep_derivations, self.derivers), (policy.keep_outputs, self.outputs)):
            if wanted and pairs:
                more: dict[int, list[int]] = {}
                for one, other in pairs:
                    more.setdefault(one, []).append(other)
                edges.append(more)
        found = set(roots)
        todo = list(found)
        while todo:
            number = todo.pop()
            for table in edges:
                for other in table.get(number, ()):
                    if other not in found:
                        found.add(other)
                        todo.append(other)
        return found

    def in_order(self, dead: Collection[int]) -> Iterator[int]:
        """Sort referrers before their references, and otherwise older ones first."""
        waiting: dict[int, int] = dict.fromkeys(dead, 0)
        for number in dead:
            for other in self.references.get(number, ()):
                if other in waiting:
                    waiting[other] += 1
        ready = [number for number, count in waiting.items() if not count]
        heapify(ready)
        while ready:
            number = heappop(ready)
            yield number
            for other in self.references.get(number, ()):
                if other in waiting:
                    waiting[other] -= 1
                    if not waiting[other]:
                        heappush(ready, other)


_path = stored_path


def find_roots(store: Store) -> list[Root]:
    """Return all current roots: links, temporary roots of processes, running programs."""
    found = [Root("link", link, path) for link, path in store.roots()]
    found += _used(store, ((number, base, "process") for number, base in store._temp_roots.live()))
    found += _used(store, ((number, base, "program") for number, base in programs()))
    return found


def _used(store: Store, uses: Iterable[tuple[int, str, str]]) -> Iterator[Root]:
    for number, base, kind in uses:
        if store._database.row("SELECT 1 FROM objects WHERE base = ?", (base,)) is not None:
            yield Root(kind, str(number), _path(base))


def plan_gc(store: Store, policy: Policy | None = None, only: Collection[StorePath] | None = None) -> GcPlan:
    """Plan what to remove. With `only`, just these objects. Raises `StillUsed` if one of them must stay, `NotValid`.

    Raises `RowsLost` if the database has lost objects: they would count as garbage.
    """
    check_known(store)
    policy = policy or Policy()
    roots = find_roots(store)
    graph = _Graph(store)
    kept = {graph.numbers[root.path.base] for root in roots if root.path.base in graph.numbers}
    if policy.max_age is not None:
        oldest = time() - policy.max_age
        kept.update(number for number, (_, _, used) in graph.rows.items() if used > oldest)
    if only is None:
        live = graph.live(kept, policy)
        dead = _enough(graph, graph.rows.keys() - live, policy.max_free)
    else:
        # Named objects may be removed even if they are kept to explain others.
        live = graph.live(kept, Policy(keep_derivations=False))
        dead = _chosen(graph, only, live, roots)
    return GcPlan(
        tuple(roots),
        tuple(_path(graph.rows[number][0]) for number in sorted(live)),
        tuple(Dead(_path(base), size, used) for base, size, used in (graph.rows[number] for number in dead)),
    )


def _enough(graph: _Graph, dead: Collection[int], max_free: int | None) -> list[int]:
    if max_free is None:
        # References were registered before their referrers.
        return sorted(dead, reverse=True)
    chosen: list[int] = []
    freed = 0
    for number in graph.in_order(dead):
        if freed >= max_free:
            break
        chosen.append(number)
        freed += graph.rows[number][1]
    return chosen


def _chosen(graph: _Graph, only: Collection[StorePath], live: set[int], roots: Sequence[Root]) -> list[int]:
    chosen: set[int] = set()
    for path in only:
        if path.base not in graph.numbers:
            raise NotValid(path)
        chosen.add(graph.numbers[path.base])
    keepers: dict[int, list[str]] = {}
    for root in roots if live & chosen else ():
        reached = graph.live([graph.numbers[root.path.base]], Policy(keep_derivations=False))
        for number in reached & chosen:
            keepers.setdefault(number, []).append(f"{root.kind} {root.source}")
    for referrer, references in graph.references.items():
        if referrer not in chosen:
            for number in chosen.intersection(references):
                keepers.setdefault(number, []).append(str(_path(graph.rows[referrer][0])))
    for number, names in keepers.items():
        raise StillUsed(_path(graph.rows[number][0]), names)
    return list(graph.in_order(chosen))


class _Collection:
    """One execution of a plan."""

    def __init__(self, store: Store, plan: GcPlan) -> None:
        self._store = store
        self._database = store._database
        self._plan = plan
        self._seen = {root.path.base for root in plan.roots}
        self._kept: set[str] = set()
        self._objects = self._freed = 0

    def run(self, done: Callable[[int, int], None] | None) -> Collected:
        store, dead = self._store, self._plan.dead
        self._give_up_reserve()
        for start in range(0, len(dead), BATCH):
            gone = self._unregister([item.path.base for item in dead[start : start + BATCH]])
            self._freed += self._sweep(gone)
            self._objects += len(gone)
            if done is not None:
                done(start + min(BATCH, len(dead) - start), len(dead))
        strays = self._strays()
        self._freed += sum(self._sweep(strays[start : start + BATCH]) for start in range(0, len(strays), BATCH))
        with store.transaction():
            if self._objects:
                forget_files(self._database)
            store._roots.sweep()
        store.clean_temporary()
        make_reserve(store.home)
        return Collected(self._objects, self._freed, len(strays))

    def _unregister(self, batch: list[str]) -> list[str]:
        """Delete the rows of objects that are still dead; return those objects."""
        gc_lock = GcLock(self._store.home, shared=False)
        try:
            # Without durability a power cut could bring back rows of removed files.
            with self._database.durable(), self._store.transaction():
                # After the write lock, and held until the commit: see `temp_roots`.
                gc_lock.__enter__()
                self._look_again()
                doomed = self._still_dead(batch)
                if doomed:
                    gc_epoch.advance(self._store.home)
                    rows = [(base,) for base in doomed]
                    self._database.execute_many(
                        "DELETE FROM refs WHERE referrer = (SELECT id FROM objects WHERE base = ?)", rows
                    )
                    self._database.execute_many("DELETE FROM objects WHERE base = ?", rows)
                    note_emptied(self._database)
                return doomed
        except OSError as error:
            raise StoreIO("collect garbage in", self._store.home, error) from error
        finally:
            gc_lock.__exit__()

    def _look_again(self) -> None:
        """Keep the closures of temporary roots and links added since the plan."""
        found = {base for _, base in self._store._temp_roots.live()}
        found.update(path.base for _, path in self._store._roots.live())
        fresh = found - self._seen
        if fresh:
            self._seen |= fresh
            self._keep(fresh)

    def _keep(self, bases: Collection[str]) -> None:
        import json

        reached = self._database.rows(
            "WITH RECURSIVE reached (id) AS ("
            " SELECT id FROM objects WHERE base IN (SELECT value FROM json_each(?))"
            " UNION SELECT reference FROM refs JOIN reached ON referrer = reached.id)"
            " SELECT base FROM reached JOIN objects USING (id)",
            (json.dumps(sorted(bases)),),
        )
        self._kept.update(base for (base,) in reached)

    def _still_dead(self, batch: list[str]) -> list[str]:
        import json

        doomed = [base for base in batch if base not in self._kept]
        while doomed:
            # A process that registered an object and ended since holds no temporary root: keep the references for now.
            held = self._database.rows(
                "WITH doomed (id) AS (SELECT id FROM objects WHERE base IN (SELECT value FROM json_each(?)))"
                " SELECT DISTINCT base FROM refs JOIN objects ON id = reference"
                " WHERE reference IN doomed AND referrer NOT IN doomed",
                (json.dumps(doomed),),
            )
            if not held:
                break
            self._keep([base for (base,) in held])
            doomed = [base for base in doomed if base not in self._kept]
        return doomed

    def _strays(self) -> list[str]:
        """Return paths without a row, which killed processes left."""
        registered = {base for (base,) in self._database.rows("SELECT base FROM objects")}
        return sorted(name for name in os.listdir(self._store.directory) if name not in registered)

    def _sweep(self, names: list[str]) -> int:
        """Remove paths that have no row; return the bytes freed on disk."""
        store = self._store
        aside: list[bytes] = []
        with store.transaction():
            # Under the write lock nobody uses a path without a row.
            for name in names:
                if self._database.row("SELECT 1 FROM objects WHERE base = ?", (name,)) is None:
                    place = os.fsencode(f"{store.directory}/{name}")
                    try:
                        aside.append(store._placement.set_aside(place))
                    except FileNotFoundError:
                        continue
                    except OSError as error:
                        raise StoreIO("remove", os.fsdecode(place), error) from error
        freed = 0
        for path in aside:
            try:
                freed += weight(path)
                remove_tree(path)
            except OSError as error:
                raise StoreIO("remove", os.fsdecode(path), error) from error
        return freed

    def _give_up_reserve(self) -> None:
        try:
            there = os.statvfs(self._store.directory)
            if there.f_bavail * there.f_frsize < 4 * RESERVE:
                os.unlink(self._store.home + "/db/reserve")
        except OSError:
            pass
