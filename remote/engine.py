"""The engine that builds at endpoints of the Remote Execution API.

A remote build is the word of somebody else. Each result is verified blob by blob, and the row in the ledger says whose
word it is. Where several have to agree, an action goes to as many pools; results are compared by their digests, and
outputs travel once.
"""

from __future__ import annotations

import os
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..builder.elsewhere import Outcome, OutputLimitExceeded, Ran, StoreRefused
from ..store.checkpoint import checkpoint, in_threads
from ..store.digest import Digest as StoreDigest
from ..store.errors import UnsupportedFile
from ..store.path import STORE_DIR
from .action import Terms, make_task, strays
from .capabilities import ask
from .cas import Cas
from .digests import Index
from .driver import Driver
from .endpoint import Channel
from .errors import (
    EndpointRefused,
    EndpointUnreachable,
    EndpointUnsuitable,
    FalseBlob,
    NamespacesForbidden,
    RemoteFailure,
)
from .inputs import Trees, is_chosen, secret_of
from .operation import DEADLINE_EXCEEDED
from .outcome import Contents, Results, place, read_result, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..builder.elsewhere import BuildError, EndpointOptions, Job, RemoteOptions
    from ..store.derivation import Derivation
    from ..store.store import Store
    from .inputs import Tree


_SALT_DOMAIN: Final = b"chx salt of actions 1\0"


class Testimony(NamedTuple):
    """What one endpoint gave for a job: its outcome, the tree of outputs, and where that is to be read."""

    endpoint: _Endpoint
    outcome: Outcome
    has_started: bool
    log: bytes
    contents: Contents
    names: frozenset[bytes]
    variation: str
    kernel: str

    @property
    def outputs(self) -> tuple[object, ...]:
        """What of it becomes objects, for comparison."""

        def belongs(path: bytes) -> bool:
            return path.partition(b"/")[0] in self.names

        return (
            frozenset(filter(belongs, self.contents.folders)),
            frozenset((path, file) for path, file in self.contents.files.items() if belongs(path)),
            frozenset((path, target) for path, target in self.contents.links.items() if belongs(path)),
        )


class _Endpoint:
    """An endpoint with everything that is open for it. Opened on first use."""

    def __init__(self, options: EndpointOptions, store: Store) -> None:
        self.options, self._store = options, store
        self.channel = Channel(options)
        self.name = self.channel.name
        self.refusal: BuildError | None = None
        self._lock = Lock()
        self._is_open = False

    def open(self) -> None:
        """Ask the endpoint what it can. Raises `EndpointUnsuitable`, `EndpointUnreachable`, `NotAuthenticated`."""
        with self._lock:
            if self._is_open:
                return
            capabilities = ask(self.channel)
            self.function = capabilities.function
            self.cas = Cas(self.channel, capabilities)
            self.index = Index(self._store.home, self.function)
            self.trees = Trees(self._store, self.function, self.index, self.options.node_properties)
            self.key = self.channel.key_digest()
            self._launchers: dict[str, Tree] = {}
            self._is_open = True

    def launcher(self, folder: str) -> Tree:
        """Return the tree of the programs that an action starts."""
        known = self._launchers.get(folder)
        if known is None:
            contents = {}
            for name in ("bwrap", "launch"):
                with open(f"{folder}/{name}", "rb") as file:
                    contents[name] = file.read()
            known = self._launchers[folder] = self.trees.files("tool", contents, frozenset(contents))
        return known

    def close(self) -> None:
        self.channel.close()
        if self._is_open:
            self.index.close()


class RemoteEngine:
    """An `Engine`. `launchers` returns the directory of the launcher for a system; it is asked before the first job."""

    def __init__(self, options: RemoteOptions, launchers: Callable[[str], str]) -> None:
        self._options, self._launchers = options, launchers
        self._endpoints: list[_Endpoint] = []
        self._store: Store | None = None
        self._folders: dict[str, str] = {}
        self._secret = b""
        self._lock = Lock()

    @property
    def jobs(self) -> int:
        return self._options.jobs

    @property
    def leaves_moments(self) -> bool:
        return self._options.agree == 1

    def prepare(self, store: Store) -> None:
        """Open the endpoints. Raises `EndpointRefused`, `RemoteMissing`, `BuildError`."""
        if self._store is store:
            return
        self._store = store
        self._secret = secret_of(store.home)
        self._endpoints = [_Endpoint(options, store) for options in self._options.endpoints]
        for system in self._options.systems:
            self._folders[system] = self._launchers(system)

    def takes(self, derivation: Derivation) -> bool:
        return derivation.fixed is None and derivation.system in self._options.systems

    def is_sampled(self, resolved: str) -> bool:
        return self._options.sample > 0 and is_chosen(self._secret, resolved, self._options.sample)

    def run(self, job: Job, folder: str, sink: Callable[[bytes], None]) -> Sequence[Ran]:
        """Run a job at one endpoint, or at several that must agree. See `Engine.run`."""
        if job.limits.processes or job.limits.memory_bytes:
            raise EndpointUnsuitable(
                self._endpoints[0].name, "no server limits processes and memory (max-processes, max-memory)"
            )
        told = self._ask(job)
        first = next((one for one in told if one.outcome.status or one.outcome.ended or not one.has_started), told[0])
        sink(first.log)
        if first.outcome.status or first.outcome.ended or not first.has_started:
            return [self._ran(first, job, "")]
        places: dict[tuple[object, ...], str] = {}
        result = []
        for one in told:
            if one.outputs not in places:
                places[one.outputs] = f"{folder}/store-{len(places)}"
                self._guarded(one.endpoint, partial(_fetch, one, places[one.outputs], job.max_output_bytes))
            result.append(self._ran(one, job, places[one.outputs]))
        return result

    def _ran(self, one: Testimony, job: Job, where: str) -> Ran:
        names = frozenset(
            os.fsdecode(path)
            for path in (*one.contents.folders, *one.contents.files, *one.contents.links)
            if b"/" not in path
        )
        return Ran(one.outcome, one.has_started, where, strays(names, job), "bubblewrap", one.kernel, one.variation)

    def _ask(self, job: Job) -> list[Testimony]:
        """Return the testimonies that are needed, from different pools. Raises `BuildError`."""
        wanted = self._options.agree
        if wanted == 1:
            return [self._ask_any(job)]
        pools: dict[str, _Endpoint] = {}
        for endpoint in self._usable():
            pools.setdefault(endpoint.options.pool_name, endpoint)
        if len(pools) < wanted:
            first = self._endpoints[0]
            raise EndpointRefused(
                first.name,
                f"{wanted} pools have to agree, and {len(pools)} can be asked",
                "name more in [[remote.also]] of chx.toml, each with its `pool`",
            )
        told: dict[str, Testimony] = {}

        def ask_one(endpoint: _Endpoint) -> None:
            told[endpoint.options.pool_name] = self._guarded(endpoint, partial(self._witness, endpoint, job))

        chosen = list(pools.values())[:wanted]
        in_threads(wanted, ask_one, chosen)
        result = [told[endpoint.options.pool_name] for endpoint in chosen]
        if len({one.endpoint.function.number for one in result}) > 1:
            raise EndpointUnsuitable(result[1].endpoint.name, "its digest function is not that of the others")
        return result

    def _usable(self) -> list[_Endpoint]:
        found = [endpoint for endpoint in self._endpoints if endpoint.refusal is None]
        if not found:
            refusal = self._endpoints[0].refusal
            assert refusal is not None
            raise refusal
        return found

    def _ask_any(self, job: Job) -> Testimony:
        failure: Exception | None = None
        for endpoint in self._usable():
            try:
                told: Testimony = self._guarded(endpoint, partial(self._witness, endpoint, job))
                return told
            except (EndpointUnreachable, RemoteFailure) as error:
                failure = failure or error
        assert failure is not None
        raise failure

    def _guarded(self, endpoint: _Endpoint, act: Callable[[], Any]) -> Any:
        """Call `act`; an endpoint that lies is not asked again."""
        try:
            return act()
        except FalseBlob as error:
            # Each build gets an error of its own, since each is told of where it was seen.
            endpoint.refusal = FalseBlob(error.endpoint, error.what, error.reason)
            raise

    def _terms(self, endpoint: _Endpoint, system: str) -> Terms:
        options = self._options
        properties = {**endpoint.options.properties, **options.systems.get(system, {})}
        # Servers see the salt, and must not learn from it which builds are sampled.
        salt = StoreDigest.of(_SALT_DOMAIN + self._secret).raw if options.cache == "own" else b""
        is_kept = options.cache != "never" and options.agree == 1
        return Terms(options.cores, properties, salt, is_kept)

    def _witness(self, endpoint: _Endpoint, job: Job) -> Testimony:
        endpoint.open()
        checkpoint()
        system = job.derivation.system
        terms = self._terms(endpoint, system)
        launcher = endpoint.launcher(self._folders[system])
        task = make_task(job, endpoint.trees, endpoint.function, launcher, terms)
        sources = [*(tree.sources for tree in task.trees), task.messages]

        def send() -> int:
            return endpoint.cas.ensure(*sources)

        def refill() -> int:
            endpoint.cas.forget([digest for part in sources for digest in part])
            return send()

        send()
        driver = Driver(
            endpoint.channel, endpoint.function.number, task.digest, refill, terms.is_kept, self._options.queue_timeout
        )
        response = driver.run()
        if response.status.code == DEADLINE_EXCEEDED:
            return self._ended(endpoint, "time", b"", "")
        results = read_result(endpoint.name, response.result, endpoint.cas, endpoint.function)
        if results.report is None:
            again = driver.again()
            if again is not None:
                results = read_result(endpoint.name, again.result, endpoint.cas, endpoint.function)
        return self._judge(endpoint, job, task.digest.hash, launcher, response, results)

    @staticmethod
    def _ended(endpoint: _Endpoint, how: str, log: bytes, variation: str) -> Testimony:
        return Testimony(endpoint, Outcome(1, how, ""), True, log, Contents((), {}, {}), frozenset(), variation, "")

    def _judge(
        self, endpoint: _Endpoint, job: Job, action: str, launcher: Tree, response: Any, results: Results
    ) -> Testimony:
        report = results.report
        if report is None:
            status = response.result.exit_code
            text = results.log[-2000:].decode("utf-8", "replace").strip() or "it gave no report"
            raise RemoteFailure(endpoint.name, f"exit status {status}", text)
        if report.refused is not None:
            raise NamespacesForbidden(endpoint.name, report.refused)
        said = results.log[-2000:].decode("utf-8", "replace")
        if not report.has_started and report.proc == "shared" and not report.ended and "execvp" not in said:
            raise NamespacesForbidden(endpoint.name, said)
        variation = _variation(endpoint, launcher, results, action, self._options.cores)
        if report.ended:
            return self._ended(
                endpoint, "cancelled" if report.ended == "told" else report.ended, results.log, variation
            )
        for kind, path in report.bad:
            raise StoreRefused(UnsupportedFile(_as_built(path, job.scratch), kind))
        contents = Contents((), {}, {})
        if results.tree is not None:
            contents = read_tree(endpoint.name, results.tree, endpoint.function)
        names = frozenset(os.fsencode(path.rpartition("/")[2]) for path in job.scratch.values())
        outcome = Outcome(report.status, None, "")
        return Testimony(endpoint, outcome, report.has_started, results.log, contents, names, variation, report.kernel)

    def close(self) -> None:
        """Close all connections."""
        for endpoint in self._endpoints:
            endpoint.close()


def _fetch(one: Testimony, folder: str, most: int) -> None:
    """Place the outputs of a testimony in the new directory `folder`. Raises `OutputLimitExceeded`, `FalseBlob`."""
    if most and _size(one) > most:
        raise OutputLimitExceeded(most)
    place(one.contents, one.names, folder, one.endpoint.cas)


def _size(one: Testimony) -> int:
    return sum(file.digest.size for path, file in one.contents.files.items() if path.partition(b"/")[0] in one.names)


def _as_built(path: str, scratch: Mapping[str, str]) -> str:
    """Return a path below the directory of outputs in terms of the build: `$out/file`."""
    base, slash, rest = path.partition("/")
    for output, written in scratch.items():
        if written == f"{STORE_DIR}/{base}":
            return f"${output}{slash}{rest}"
    return f"{STORE_DIR}/{path}"


def _variation(endpoint: _Endpoint, launcher: Tree, results: Results, action: str, cores: int) -> str:
    report = results.report
    assert report is not None and launcher.node.digest is not None
    parts = {
        "remote": endpoint.name,
        "key": endpoint.key,
        "worker": results.worker,
        "action": action,
        "launcher": launcher.node.digest.hash,
        "layout": "carried",
        "proc": report.proc,
        "cores": str(cores),
        "kernel": report.kernel,
    }
    # Told by others: a word of it must not look like several.
    return " ".join(f"{name}={_word(value)}" for name, value in parts.items() if value)


def _word(text: str) -> str:
    return "".join(char if char.isprintable() and char not in " =" else "_" for char in text)[:300]


def open_engine(options: RemoteOptions, launchers: Callable[[str], str]) -> RemoteEngine:
    """Return an engine for these endpoints; it connects on first use. Raises `EndpointRefused`."""
    from .endpoint import check_safety, check_url

    for endpoint in options.endpoints:
        check_safety(check_url(endpoint.url), endpoint)
    return RemoteEngine(options, launchers)
