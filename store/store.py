"""The store."""

from __future__ import annotations

import os
from _thread import allocate_lock
from contextlib import contextmanager, suppress
from time import time
from typing import TYPE_CHECKING, Final

from . import gc_epoch, queries
from .address import object_path
from .canonical_form import EXECUTABLE_MODE, FILE_MODE
from .closure import Cycle
from .copying import copy_tree
from .database import Database
from .derivation import Derivation, InvalidDerivation
from .digest import Digest
from .errors import DamagedRow, DatabaseFailure, MissingFolder, NotValid, ReadOnlyHome, StoreError, StoreIO
from .home import MATTERING, check_home, check_owner, create_home, default_home, place_text
from .importing import ImportWalk, tree_size
from .linking import Linked, Linker, link_equal, note_files
from .manifest import Entry, Kind, Manifest
from .outputs import Settled, complete, settle_outputs
from .path import HASH_LENGTH, InvalidStorePath, StorePath, check_name, parsed, stored_path
from .placement import Placement, discard
from .records import ObjectInfo
from .recovery import flush_soon, mark_synced, recover
from .refscan import Scanner
from .roots import Roots
from .temp_roots import TempRoots
from .temporary import TemporaryFolders
from .trace import COLUMNS, readable
from .transaction import Transaction
from .tree import TreeWalk, scan_tree
from .verify import Problem

DAY: Final = 86400
"""Seconds within which the use of an object is recorded once."""

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import BinaryIO

    from .derivation import FixedOutput
    from .keys import Signer
    from .ledger import Fault, SignedRow
    from .records import OutputDraft, Realisation
    from .witness import Witness


class Store:
    """Immutable objects by content, with their metadata.

    Thread-safe. `docs/store.md` states the invariants.
    """

    def __init__(self, home: str, database: Database) -> None:
        self.home = home
        self.directory = home + "/store"
        self._database = database
        self._temporary = TemporaryFolders(home + "/tmp")
        self._placement = Placement(self.directory, self._temporary, database.is_read_only)
        self._roots = Roots(home)
        self._temp_roots = TempRoots(home)
        self._held: dict[str, int] = {}
        self._uses: set[str] = set()
        self.linked = Linked(0, 0)
        """Files of added objects that became links to equal files, since the store was opened."""
        self.added = 0
        """Number of objects added since the store was opened, without derivations."""
        self.notices: list[str] = []
        """Messages for the owner: that the home was moved, and which roots were adjusted."""
        self._signer: Signer | None = None
        self._signer_lock = allocate_lock()

    @classmethod
    def open(cls, home: str | os.PathLike[str] | None = None) -> Store:
        """Open the store in `home`, or in `default_home`; create it if necessary.

        Raises `InvalidHome`, `DatabaseFailure`.
        """
        place = os.fspath(home) if home is not None else default_home()
        real = check_home(place)
        place = os.path.normpath(place)
        database = place + "/db/store.sqlite"
        if os.path.exists(database):
            check_owner(place)
            if not os.access(database, os.W_OK) or not os.access(place + "/db", os.W_OK):
                store = cls(place, Database.open_to_read(database))
                store._check_folders()
                return store
        else:
            create_home(place)
        store = cls(place, Database.open(database))
        store._check_folders()
        recover(store.home, store._database, store._placement)
        if store._database.value("SELECT CAST(value AS BLOB) FROM meta WHERE key = 'place'") != place_text(place, real):
            from .place import settle

            store.notices += settle(store, real)
        if os.path.exists(store.home + "/db/sharing"):
            from .sharing import settle_after_crash

            settle_after_crash(store)
        return store

    def _check_folders(self) -> None:
        """Raise `MissingFolder` if what the database speaks of is not where it should be."""
        for folder, what in MATTERING.items():
            if os.path.isdir(f"{self.home}/{folder}"):
                continue
            (count,) = self._database.row("SELECT count(*) FROM objects")
            if count:
                self._database.close()
                raise MissingFolder(f"{self.home}/{folder}", what.format(count))
            os.makedirs(f"{self.home}/{folder}", exist_ok=True)

    @property
    def is_read_only(self) -> bool:
        """Whether the home is read-only: queries work all the same."""
        return self._database.is_read_only

    def close(self) -> None:
        """Close the store."""
        if self._uses:
            with suppress(StoreError):
                self.note_uses(self._uses)
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()
        self._temporary.close()
        self._temp_roots.close()
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(self) -> Transaction:
        """Context in which all additions are registered together or not at all; may be nested.

        Other processes can read meanwhile, but not add.
        """
        return Transaction(self._database, self._placement)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Context in which all queries see one snapshot; it excludes nobody."""
        with self._database.lock:
            if self._database.depth:
                yield
                return
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("COMMIT")

    # Places

    def physical(self, path: StorePath) -> str:
        """Return the path of an object on disk; it need not exist."""
        return f"{self.directory}/{path.hash}-{path.name}"

    def temporary(self, kind: str) -> str:
        """Return a fresh private directory on the file system of the store; it is removed some time after this process has ended."""
        self.check_writable()
        try:
            return self._temporary.folder(kind)
        except OSError as error:
            raise StoreIO("create a temporary folder in", self.home + "/tmp", error) from error

    def check_writable(self) -> None:
        """Raise `ReadOnlyHome` if nothing can be changed."""
        if self.is_read_only:
            raise ReadOnlyHome(self.home)

    def open_file(self, path: StorePath, file: str) -> BinaryIO:
        """Open the file `file` of an object for reading; the empty name is the object itself. Raises OSError."""
        physical = self.physical(path)
        return open(f"{physical}/{file}" if file else physical, "rb")

    def _temporary_path(self, kind: str) -> str:
        self.check_writable()
        try:
            return self._temporary.name(kind)
        except OSError as error:
            raise StoreIO("create a temporary folder in", self.home + "/tmp", error) from error

    def clean_temporary(self) -> list[str]:
        """Remove the temporary directories of dead processes; return their paths."""
        return self._temporary.clean()

    # Objects

    def is_valid(self, path: StorePath) -> bool:
        """Return whether the object is registered and exists: somebody may have removed it by hand."""
        return self._is_registered(path) and os.path.lexists(self.physical(path))

    def _is_registered(self, path: StorePath) -> bool:
        return self._database.row("SELECT 1 FROM objects WHERE base = ?", (path.base,)) is not None

    def add_temp_roots(self, paths: Iterable[StorePath]) -> None:
        """Keep valid objects and their closures until this process ends. Raises `StoreIO`.

        Objects that this process adds are temporary roots already. To rely on another object, add it first and check
        that it is valid afterwards.
        """
        if self.is_read_only:
            return  # a read-only store is never collected
        with self._database.lock:
            # A thread that gets the lock during a transaction is the one that opened the transaction.
            self._temp_roots.add([path.base for path in paths], guarded=bool(self._database.depth))

    def claim(self, path: StorePath) -> bool:
        """Return whether the object is valid. If it is, keep it until this process ends, and record its use."""
        self.add_temp_roots((path,))
        self._uses.add(path.base)
        return self.is_valid(path)

    def note_uses(self, bases: Iterable[str], when: float | None = None) -> None:
        """Record the use of objects (`when`: in seconds since 1970; now if None), once a day for each.

        Does nothing while another process adds objects.
        """
        moment = int(time() if when is None else when)
        names = queries.json_list(sorted(bases))
        stale = (
            " FROM objects WHERE base IN (SELECT value FROM json_each(?)) AND max(registered, coalesce(used, 0)) <= ?"
        )
        with self._database.lock:
            if self.is_read_only:
                return
            if self._database.depth or not self._database.rows(f"SELECT 1{stale} LIMIT 1", (names, moment - DAY)):
                return
            with suppress(DatabaseFailure), self._database.impatient():
                self._database.execute(
                    f"UPDATE objects SET used = ? WHERE id IN (SELECT id{stale})", (moment, names, moment - DAY)
                )

    def hold(self, file: str) -> bool:
        """Lock `file` (shared) until the store is closed; return False if it does not exist. Raises `StoreIO`."""
        import fcntl

        if file in self._held:
            return True
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if not os.fstat(descriptor).st_nlink:
                os.close(descriptor)
                return False
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreIO("lock", file, error) from error
        self._held[file] = descriptor
        return True

    def objects(self) -> list[StorePath]:
        """Return all registered objects, sorted."""
        bases = self._database.rows("SELECT base FROM objects ORDER BY base")
        return [stored_path(base) for (base,) in bases]

    def manifests(self) -> Iterator[tuple[StorePath, Manifest]]:
        """Yield all objects with their manifests, sorted; without those removed meanwhile."""
        for path in self.objects():
            with suppress(NotValid):
                yield path, self.manifest(path)

    def in_order(self) -> list[StorePath]:
        """Return all registered objects, dependencies first."""
        bases = self._database.rows("SELECT base FROM objects ORDER BY id")
        return [stored_path(base) for (base,) in bases]

    def sizes(self) -> dict[StorePath, int]:
        """Return the bytes in the files of every object."""
        rows = self._database.rows("SELECT base, CAST(size AS INTEGER) FROM objects")
        return {stored_path(base): size for base, size in rows}

    def info(self, path: StorePath) -> ObjectInfo:
        """Raises `NotValid`, `DamagedRow`."""
        row = self._database.row(queries.INFO, (path.base,))
        if row is None:
            raise NotValid(path)
        number, tree, size, own, deriver, registered, used = row
        if type(tree) is not bytes or [type(cell) for cell in (size, own, registered, used or 0)] != [int] * 4:
            raise DamagedRow(f"of '{path}' is damaged")
        references = [stored_path(base) for base in queries.references(self._database.rows, number)]
        if own:
            references.append(path)
        try:
            return ObjectInfo(
                path,
                Digest(tree),
                tuple(sorted(references)),
                size,
                None if deriver is None else StorePath.parse(deriver),
                registered,
                max(registered, used or 0),
            )
        except (ValueError, TypeError, AttributeError, InvalidStorePath) as error:
            raise DamagedRow(f"of '{path}' is damaged: {error}") from error

    def manifest(self, path: StorePath) -> Manifest:
        """Return the recorded manifest of the object. Raises `NotValid`, `DamagedRow`."""
        content = self._database.value(
            "SELECT content FROM manifests JOIN objects ON id = object WHERE base = ?", (path.base,)
        )
        if content is None:
            if self._is_registered(path):
                raise DamagedRow(f"is missing: the manifest of '{path}'")
            raise NotValid(path)
        try:
            return Manifest.decode(content)
        except (StoreError, ValueError, TypeError, AttributeError) as error:
            raise DamagedRow(f"is damaged: the manifest of '{path}'") from error

    def derivation(self, path: StorePath) -> Derivation:
        """Read a derivation. Raises `NotValid`, `InvalidDerivation`."""
        if not self.claim(path):
            raise NotValid(path)
        physical = self.physical(path)
        try:
            with open(physical, "rb") as file:
                data = file.read()
        except OSError as error:
            raise StoreIO("read", physical, error) from error
        try:
            return Derivation.from_json(data)
        except InvalidDerivation as error:
            raise InvalidDerivation(
                f"'{physical}' is {error.message}",
                hint="`chx store verify` tells whether the store holds it as it was written"
                if error.code == "S020"
                else None,
                code=error.code,
            ) from error

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Return the closure of `paths`, dependencies first.

        The order depends on the objects alone. Raises `NotValid`.
        """
        roots = sorted(set(paths))
        for root in roots:
            if not self.is_valid(root):
                raise NotValid(root)
        try:
            with self.reading():
                ordered = queries.closure(self._database.rows, [root.base for root in roots])
        except (KeyError, TypeError, Cycle) as error:
            raise DamagedRow("refers to what is not there") from error
        return [stored_path(base) for base in ordered]

    def referrers(self, path: StorePath) -> list[StorePath]:
        """The objects that refer to `path` directly, sorted; itself if it does. Raises `NotValid`."""
        row = self._database.row("SELECT id, self FROM objects WHERE base = ?", (path.base,))
        if row is None:
            raise NotValid(path)
        number, own = row
        bases = queries.referrers(self._database.rows, number)
        return sorted([stored_path(base) for base in bases] + ([path] if own else []))

    # Adding

    def add_outputs(
        self, drafts: Sequence[OutputDraft], candidates: Iterable[StorePath], deriver: StorePath | None
    ) -> dict[str, StorePath]:
        """Make objects of the outputs of one build; return the path of each output.

        `candidates` are the objects that the outputs may refer to. The trees are consumed; after an error the remaining
        ones belong to the caller. Raises `PartialScratch`, `ForeignScratch`, `OutputCycle`, `UnsupportedFile`,
        `NotValid` (a reference is no object), `StoreIO`, `DatabaseFailure`.
        """
        by_hash = {candidate.hash: candidate for candidate in candidates}
        settled = settle_outputs(drafts, by_hash, self.is_valid)
        for item in settled:
            if not self.is_valid(item.path):
                self._link_equal(item)
        with self.transaction():
            spare = [item.root for item in settled if not self._adopt(item, deriver)]
        self._placement.discard(spare)
        return {item.output: item.path for item in settled}

    def add_tree(
        self,
        source: str,
        name: str,
        *,
        references: Iterable[StorePath] = (),
        scan: bool = False,
        consume: bool = False,
    ) -> StorePath:
        """Add the file or tree at `source`; links are not followed.

        `references` are the references of the object, or with `scan` the candidates of which those that occur are
        chosen. With `consume` the tree itself becomes the object; it must be on the file system of the store and belong
        to the caller alone. Raises `InvalidStorePath` (for the name), `UnsupportedFile`, `NotValid`, `StoreIO`,
        `DatabaseFailure`.
        """
        check_name(name)
        allowed = {reference.hash: reference for reference in references}
        if not consume and self._may_have(source, name):
            # Most trees that are added have been added before: look before copying.
            manifest, found = scan_tree(source, allowed if scan else ())
            path = object_path(manifest.tree_digest, name, _chosen(allowed, found, scan))
            if self.claim(path):
                return path
        root = os.fsencode(source if consume else self._temporary_path("tree"))
        try:
            if consume or scan:
                if not consume:
                    copy_tree(os.fsencode(source), root)
                walk = TreeWalk(root, Scanner(allowed if scan else ()), normalise=True)
                walk.run()
                manifest, chosen = Manifest(tuple(walk.entries)), _chosen(allowed, walk.found, scan)
            else:
                fresh = ImportWalk(os.fsencode(source), root, Linker(self))
                fresh.run()
                self.linked += fresh.linker.linked
                manifest, chosen = Manifest(tuple(fresh.entries)), tuple(allowed.values())
            path = object_path(manifest.tree_digest, name, chosen)
            settled = Settled("out", root, path, manifest.tree_digest, chosen, False, manifest)
            if (consume or scan) and not self.is_valid(path):
                self._link_equal(settled)
            with self.transaction():
                spare = not self._adopt(settled, None)
            if spare:
                discard(root)
            return path
        except BaseException:
            if not consume:
                discard(root)
            raise

    def _may_have(self, source: str, name: str) -> bool:
        """Whether there is an object of that name and size; if not, nothing has to be read to know that a tree is new."""
        sizes = self._database.rows(
            f"SELECT DISTINCT size FROM objects WHERE substr(base, {HASH_LENGTH + 2}) = ?", (name,)
        )
        return bool(sizes) and (tree_size(source),) in sizes

    def _link_equal(self, item: Settled) -> None:
        """Replace files of a draft by links to equal files of objects. Call it before the transaction: it may read much."""
        if not item.own:
            self.linked += link_equal(self, item.root, item.manifest)

    def add_bytes(
        self, content: bytes, name: str, references: Iterable[StorePath] = (), executable: bool = False
    ) -> StorePath:
        """Add a file. Raises `NotValid`, `StoreIO`, `DatabaseFailure`."""
        entry = Entry("", Kind.EXECUTABLE if executable else Kind.FILE, Digest.of(content).raw, len(content))
        manifest = Manifest((entry,))
        chosen = tuple(references)
        path = object_path(manifest.tree_digest, name, chosen)
        if self.claim(path):
            return path
        with self.transaction():
            # Asked again: another process may just have added it.
            if self.is_valid(path):
                return path
            # No two derivations are equal but for their names.
            if path.is_derivation or not self._place_link(entry, path):
                self._placement.write(content, path, EXECUTABLE_MODE if executable else FILE_MODE)
            self._register(Settled("out", b"", path, manifest.tree_digest, chosen, False, manifest), None)
        return path

    def _place_link(self, entry: Entry, path: StorePath) -> bool:
        """Make an object of one file a link to an equal file; false if there is none."""
        draft = os.fsencode(self._temporary_path("link"))
        if not entry.size or not Linker(self).link(entry, draft):
            return False
        self._placement.move(draft, path, entry.kind)
        self.linked += (1, entry.size)
        return True

    def add_derivation(self, drv: Derivation) -> StorePath:
        """Add a derivation as `<name>.drv`; it refers to its inputs, which have to be there. Raises as `add_bytes`."""
        return self.add_bytes(drv.to_json(), drv.name + ".drv", (*drv.input_srcs, *drv.input_drvs))

    def _adopt(self, item: Settled, deriver: StorePath | None) -> bool:
        """Move a tree to its store path and register it; return False if it was registered already. Call it in a transaction."""
        if self.claim(item.path):
            return False
        item = complete(item)
        self._placement.move(item.root, item.path, item.manifest.entries[0].kind)
        self._register(item, deriver)
        return True

    def _register(self, item: Settled, deriver: StorePath | None) -> None:
        """Write the rows of an object that is at its store path. Call it in a transaction."""
        if self._is_registered(item.path):
            # The object was removed by hand and is added again. Its rows follow from its name, unless they are damaged.
            self._database.execute(
                "UPDATE objects SET synced = 0, tree = ?, size = ?, self = ? WHERE base = ?",
                (item.tree_digest.raw, item.manifest.total_size, item.self_reference, item.path.base),
            )
            self._describe(self._database.value("SELECT id FROM objects WHERE base = ?", (item.path.base,)), item)
            return
        number = self._database.execute(
            "INSERT INTO objects (base, tree, size, self, deriver, registered) VALUES (?, ?, ?, ?, ?, ?)",
            (
                item.path.base,
                item.tree_digest.raw,
                item.manifest.total_size,
                item.self_reference,
                None if deriver is None else deriver.base,
                int(time()),
            ),
        ).lastrowid
        if not item.path.is_derivation:
            self.added += 1
        self._describe(number or 0, item)

    def _describe(self, number: int, item: Settled) -> None:
        """Replace the rows of an object in the other tables. Call it in a transaction. Raises `NotValid`."""
        self._database.execute("INSERT OR REPLACE INTO manifests VALUES (?, ?)", (number, item.manifest.encode()))
        if not item.path.is_derivation:
            note_files(self._database, [(number, item.manifest)])
        self._database.execute("DELETE FROM refs WHERE referrer = ?", (number,))
        wanted = set(item.references)
        if wanted:
            rows = [(number, reference.base) for reference in wanted]
            count = self._database.execute_many(
                "INSERT INTO refs SELECT ?, id FROM objects WHERE base = ?", rows
            ).rowcount
            if count != len(wanted):
                raise NotValid(next(reference for reference in sorted(wanted) if not self._is_registered(reference)))

    # The build trace

    def realisation(self, resolved: Digest, output: str) -> StorePath | None:
        """The first recorded output of a resolved derivation that is still valid."""
        bases = self._database.rows(
            "SELECT path FROM realisations JOIN objects ON base = path WHERE resolved = ? AND output = ?"
            " ORDER BY realisations.id",
            (resolved.raw, output),
        )
        paths = (stored_path(base) for (base,) in bases)
        return next((path for path in paths if os.path.lexists(self.physical(path))), None)

    def realisations(self, resolved: Digest) -> list[Realisation]:
        """Return the rows of a resolved derivation in order of recording, without witnesses; their objects may have been removed."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM realisations WHERE resolved = ? ORDER BY id", (resolved.raw,)
        )
        return list(readable(rows))

    def realised_derivations(self) -> list[StorePath]:
        """Return derivations whose outputs the build trace knows, latest first; they may have been removed."""
        bases = self._database.rows(
            "SELECT derivation FROM realisations WHERE derivation IS NOT NULL GROUP BY derivation ORDER BY max(id) DESC"
        )
        return [stored_path(base) for (base,) in bases]

    def durations(self, names: Iterable[str]) -> dict[str, float]:
        """Return the durations in seconds of the latest builds of derivations with these names (`x.drv`), where recorded."""
        import json

        # With max(), SQLite returns the other columns from the row of the maximum.
        rows = self._database.rows(
            f"SELECT substr(derivation, {HASH_LENGTH + 2}) AS name, seconds, max(id) FROM realisations"
            " WHERE derivation IS NOT NULL AND name IN (SELECT value FROM json_each(?)) GROUP BY name",
            (json.dumps(sorted(names)),),
        )
        return {name: seconds for name, seconds, _ in rows}

    def record(self, rows: Iterable[Realisation]) -> None:
        """Record and sign builds of this store's builder, all or none.

        Each is recorded, also if the same is recorded already. A row without a witness gets that of this process.
        """
        from . import ledger

        self.check_writable()
        signer = self.signer
        here = self.witness()
        told = [row if row.witness is not None else row._replace(witness=here) for row in rows]
        with self.transaction():
            ledger.append(self._database, signer, told)

    def witness(self, sandbox: str = "") -> Witness:
        """Return the witness of builds made now; `sandbox` names the isolating program: `bubblewrap 0.11.0`."""
        from .witness import witness_here

        return witness_here(self._identity(), sandbox)

    def _identity(self) -> str:
        """The identity of this home."""
        return str(self._database.value("SELECT value FROM meta WHERE key = 'home'"))

    def record_foreign(self, rows: Iterable[SignedRow], origin: str) -> None:
        """Record rows that other builders have signed and that the caller has decided to trust."""
        from . import ledger

        with self.transaction():
            for row in rows:
                if row.realisation.builder != self.signer.public:
                    ledger.insert(self._database, row._replace(realisation=row.realisation._replace(origin=origin)))

    @property
    def signer(self) -> Signer:
        """Signs as this store's owner. Raises `InvalidKey`, `StoreIO`."""
        with self._signer_lock:
            if self._signer is None:
                from .keys import Signer

                self._signer = Signer(self.home)
            return self._signer

    def ledger(self) -> list[Realisation]:
        """Return all intact rows of the build trace, other builders' included, in the order of recording."""
        from . import ledger

        return ledger.all_rows(self._database)

    def ledger_head(self) -> str:
        """Return the number of rows of the ledger and the last hash. A copy kept elsewhere reveals a store that was reset."""
        from . import ledger

        return ledger.head(self._database)

    def check_ledger(self, expected: str | None = None) -> list[Fault]:
        """Return the faults of the build trace; `expected` is an earlier head that it has to extend."""
        from . import ledger

        return ledger.check(self._database, self.signer.public, expected)

    def check_relied(
        self, relied: Mapping[tuple[Digest, str], StorePath]
    ) -> dict[tuple[Digest, str], tuple[SignedRow, ...]]:
        """Return the rows which claim that resolved derivations produced these paths as these outputs.

        Raises `UnsoundLedger` for a missing claim, and for the first row that is damaged, not signed by the builder
        that it names, out of the chain, or in contradiction to a claim. Raises `InvalidKey`.
        """
        from . import ledger

        with self.reading():
            return ledger.check_relied(self._database, self.signer.public, relied)

    def fixed_output(self, name: str, fixed: FixedOutput) -> StorePath | None:
        """The valid object called `name` that is known to have the content `fixed`."""
        base = self._database.value(
            "SELECT path FROM fixed_outputs f JOIN objects ON base = path"
            " WHERE f.name = ? AND algorithm = ? AND digest = ? AND mode = ?",
            (name, fixed.algorithm, fixed.digest, fixed.mode),
        )
        path = None if base is None else stored_path(base)
        return path if path is not None and os.path.lexists(self.physical(path)) else None

    def file_with(self, algorithm: str, digest: bytes) -> StorePath | None:
        """Return a valid object that is one file with this digest, whatever it is called; None if none is known."""
        bases = self._database.execute(
            "SELECT path FROM fixed_outputs JOIN objects ON base = path"
            " WHERE algorithm = ? AND digest = ? AND mode = 'flat' ORDER BY path",
            (algorithm, digest),
        )
        paths = (stored_path(base) for (base,) in bases)
        return next((path for path in paths if os.path.isfile(self.physical(path))), None)

    def record_fixed_output(self, name: str, fixed: FixedOutput, path: StorePath) -> None:
        """Record that `path`, verified by the caller, has the content `fixed`."""
        with self.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO fixed_outputs VALUES (?, ?, ?, ?, ?)",
                (name, fixed.algorithm, fixed.digest, fixed.mode, path.base),
            )

    def promises(self) -> list[tuple[StorePath, FixedOutput]]:
        """Return the fixed outputs of objects, without damaged rows and removed objects."""
        from .rows import promises

        return promises(self)

    def forget_promise(self, path: StorePath, fixed: FixedOutput) -> None:
        """Forget that an object has the content `fixed`."""
        with self.transaction():
            self._database.execute(
                "DELETE FROM fixed_outputs WHERE path = ? AND algorithm = ? AND digest = ? AND mode = ?",
                (path.base, fixed.algorithm, fixed.digest, fixed.mode),
            )

    # Life and death

    def add_root(self, link: str, path: StorePath) -> None:
        """Make the symbolic link `link` to an object, and keep the object as long as the link exists.

        Replaces an existing link, but no other file. Raises `NotValid`, `StoreIO`.
        """
        if self.is_read_only and os.path.islink(link) and self._roots.object_at(link) == path:
            return
        self.check_writable()
        # In a transaction, so that the object cannot be removed in between.
        with self.transaction():
            if not self.is_valid(path):
                raise NotValid(path)
            self._roots.add(os.path.abspath(link), path)

    def link_text(self, link: str, path: StorePath) -> str:
        """Return the target that `add_root` gives a link: the object's path, relative for a link below the home."""
        return self._roots.target(os.path.abspath(link), path)

    def roots(self) -> list[tuple[str, StorePath]]:
        """Return the links that keep objects alive, and the objects; sorted."""
        return [(link, path) for link, path in self._roots.live() if self.is_valid(path)]

    def verify_object(self, path: StorePath) -> list[Problem]:
        """Compare an object with its manifest, its name and its rows; return the problems.

        Reads all of it and trusts neither the disk nor the database. Raises `NotValid`, `StoreIO`.
        """
        from .rows import neighbours, report

        found = report(self, path, lambda: neighbours(self))
        return [
            *found.problems,
            *(Problem("", f"in the database: {fault.table} {fault.what}") for fault in found.faults),
        ]

    def deriver(self, path: StorePath) -> StorePath | None:
        """Return a deriver of an object, according to its row or the build trace; the object may be unregistered or damaged."""
        from .loss import deriver_of

        with self._database.lenient():
            named = parsed(self._database.value("SELECT deriver FROM objects WHERE base = ?", (path.base,)))
        return named if named is not None and self.is_valid(named) else deriver_of(self._database, path)

    def complaints(self) -> list[str]:
        """Return the faults that SQLite finds in the database file; empty if there are none."""
        return self._database.complaints()

    def mend_indexes(self) -> bool:
        """Rebuild the indexes of the database, if nothing else is wrong with its file; return whether it is in order now."""
        return self._database.mend_indexes()

    @property
    def database_file(self) -> str:
        """The path of the database."""
        return self._database.path

    def take_out(self, path: StorePath) -> str | None:
        """Move a damaged object to `damaged/`; return its path there, None if it was missing.

        It remains registered, and is not valid until it is added again. Raises `StoreIO`.
        """
        self.check_writable()
        place = f"{self.home}/damaged/{path.base}"
        try:
            os.makedirs(self.home + "/damaged", exist_ok=True)
            with self.transaction():
                if not os.path.lexists(self.physical(path)):
                    return None
                gc_epoch.advance(self.home)
                discard(os.fsencode(place))
                os.rename(self._placement.set_aside(os.fsencode(self.physical(path))), place)
        except OSError as error:
            raise StoreIO("take out", self.physical(path), error) from error
        return place

    def forget_damaged(self, path: StorePath) -> None:
        """Remove what `take_out` kept of an object."""
        discard(os.fsencode(f"{self.home}/damaged/{path.base}"))

    def sync(self) -> None:
        """Wait until everything registered so far is on the disk and survives a power cut."""
        if self.is_read_only:
            return
        mark_synced(self._database, self.directory)
        self.added = 0

    def flush_soon(self) -> None:
        """Flush the file system in a background process."""
        flush_soon(self.directory)

    def gc_epoch(self) -> int:
        """Return a number that changes whenever an object may have been removed."""
        return gc_epoch.read(self.home)


def _chosen(allowed: dict[str, StorePath], found: Collection[str], scan: bool) -> tuple[StorePath, ...]:
    return tuple(path for digits, path in allowed.items() if not scan or digits in found)
