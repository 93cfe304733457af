"""Builds at endpoints: what the engine makes of a server's answers, and what the builder makes of the engine."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chx.builder import Builder, BuilderFailed, BuildError, BuildOptions, Cancelled
from chx.builder.elsewhere import EndpointOptions, RemoteOptions
from chx.builder.errors import LimitExceeded, MissingOutput, OutputLimitExceeded, StoreRefused, WitnessesDisagree
from chx.remote import (
    EndpointRefused,
    EndpointUnreachable,
    EndpointUnsuitable,
    FalseBlob,
    NamespacesForbidden,
    NothingExecutes,
    RemoteFailure,
    open_engine,
)
from chx.remote.engine import RemoteEngine
from chx.remote.wire import parse
from chx.store import Derivation, Store, StorePath
from chx.store.scratch import scratch_path

from .server import Call, FakeServer, failing, finished, refused, report, running

SYSTEM = f"{os.uname().machine}-linux"
MADE = {"f": b"content", "run*": b"program", "l": "f", "e": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def root(store: Store, tmp_path: Path) -> StorePath:
    tree = tmp_path / "root"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "sh").write_bytes(b"a shell" * 1000)
    (tree / "bin" / "sh").chmod(0o755)
    return store.add_tree(str(tree), "shell")


@pytest.fixture
def launcher(tmp_path: Path) -> Callable[[str], str]:
    folder = tmp_path / "launcher"
    folder.mkdir()
    for name in ("bwrap", "launch"):
        (folder / name).write_bytes(name.encode())
    return lambda system: str(folder)


@pytest.fixture
def derive(store: Store, root: StorePath) -> Callable[..., StorePath]:
    """Register a derivation, which nothing here could build: its shell is none."""

    def make(name: str = "test", **more: Any) -> StorePath:
        more.setdefault("env", {})
        derivation = Derivation(
            name, SYSTEM, "/bin/sh", ("-c", "true"), input_srcs=(root,), rootfs=(str(root),), **more
        )
        return store.add_derivation(derivation)

    return make


@pytest.fixture
def build(store: Store, launcher: Callable[[str], str]) -> Iterator[Callable[..., str]]:
    """Build a derivation at servers; return the path of its output on the disk."""
    engines: list[RemoteEngine] = []

    def make(path: StorePath, *servers: FakeServer, options: dict[str, Any] | None = None, **remote: Any) -> str:
        settings = RemoteOptions(
            tuple(EndpointOptions(server.url, pool=server.url) for server in servers),
            **{"systems": {SYSTEM: {"OSFamily": "linux"}}, "queue_timeout": 20, **remote},
        )
        engine = open_engine(settings, launcher)
        engines.append(engine)
        chosen = BuildOptions(remote=settings, engine=engine, **(options or {}))
        return store.physical(Builder(store, chosen).realise([(path, ("out",))])[path, "out"])

    yield make
    for engine in engines:
        engine.close()


def scratch(name: str = "test", output: str = "out") -> str:
    return scratch_path(output, name).rpartition("/")[2]


def gives(contents: dict[str, Any] | None = None, name: str = "test", **more: Any) -> Callable[[Call], Iterator[Any]]:
    """A script: the action succeeds with these files in its output."""
    made = MADE if contents is None else contents

    def script(call: Call) -> Iterator[Any]:
        yield running()
        below = {f"{scratch(name)}/{path}": content for path, content in made.items()}
        yield finished(call.server.result(below, **more))

    return script


def action_of(server: FakeServer, number: int = 0) -> Any:
    digest = server.of("Execute")[number].request.action_digest
    return parse("Action", next(data for key, data in server.blobs.items() if key.hash == digest.hash))


def test_outputs_are_registered_by_their_bytes(store: Store, derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives(worker="a worker", log=b"said\n")) as server:
        path = derive()
        place = Path(build(path, server))
        assert (place / "f").read_bytes() == b"content" and os.readlink(place / "l") == "f"
        assert os.access(place / "run", os.X_OK) and not os.access(place / "f", os.X_OK) and (place / "e").is_dir()
        (row,) = store.ledger()
        assert f"remote={server.url} worker=a_worker action=" in row.variation
        assert row.variation.endswith("layout=carried proc=new cores=4 kernel=6.1.0")
        assert row.witness is not None
        assert (row.witness.machine, row.witness.kernel, row.witness.sandbox) == ("", "6.1.0", "bubblewrap")


def test_an_action_is_the_same_from_every_machine_and_asks_no_cache(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as server:
        build(derive(env={"b": "2", "a": "1"}), server)
        (call,) = server.of("Execute")
        assert call.request.skip_cache_lookup
        action = action_of(server)
        assert action.do_not_cache and not action.salt and not action.HasField("timeout")
        command = next(
            parse("Command", data) for key, data in server.blobs.items() if key.hash == action.command_digest.hash
        )
        assert list(command.arguments) == ["tool/launch", "spec"] and list(command.output_paths) == ["report", "store"]
        assert not command.environment_variables
        assert [(one.name, one.value) for one in action.platform.properties] == [("OSFamily", "linux")]
        root = parse("Directory", _blob(server, action.input_root_digest))
        assert [node.name for node in root.directories] == [b"build", b"constants", b"objects", b"root", b"tool"]
        spec = _blob(server, next(node.digest for node in root.files if node.name == b"spec")).split(b"\0")
        pairs = list(zip(spec[::2], spec[1::2]))
        assert (b"program", b"tool/bwrap") in pairs and pairs[-3:] == [
            (b"command", b"/bin/sh"),
            (b"command", b"-c"),
            (b"command", b"true"),
        ]
        words = [value for key, value in pairs if key == b"option"]
        assert b"--unshare-all" in words and words[words.index(b"--uid") + 1] == b"1000"
        cores = words.index(b"NIX_BUILD_CORES")
        assert words[cores - 1 : cores + 2] == [b"--setenv", b"NIX_BUILD_CORES", b"4"]


def _blob(server: FakeServer, digest: Any) -> bytes:
    return next(data for key, data in server.blobs.items() if key.hash == digest.hash)


def test_blobs_travel_once_and_a_second_action_is_small(store: Store, derive, launcher) -> None:  # type: ignore[no-untyped-def]
    def script(call: Call) -> Iterator[Any]:
        name = f"test{call.number}"
        yield finished(call.server.result({f"{scratch(name)}/f": name.encode()}))

    with FakeServer(execute=script) as server:
        settings = RemoteOptions((EndpointOptions(server.url),), jobs=1, systems={SYSTEM: {}})
        engine = open_engine(settings, launcher)
        options = BuildOptions(remote=settings, engine=engine)
        sizes = []
        for number in (1, 2):
            path = derive(f"test{number}")
            before = sum(digest.size for digest in server.sent)
            Builder(store, options).realise([(path, ("out",))])
            sizes.append(sum(digest.size for digest in server.sent) - before)
        engine.close()
        assert set(server.sent.values()) == {1}
        assert sizes[1] <= 10_000 < sizes[0]


def test_the_salt_keeps_others_out_of_the_action_cache(derive, build, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as server:
        build(derive(), server, cache="own")
        action = action_of(server)
        assert len(action.salt) == 32 and not action.do_not_cache
        # Whoever sees the salt cannot tell from it which builds are sampled.
        assert action.salt != (tmp_path / "home" / "keys" / "remote-secret").read_bytes()
        assert not server.of("Execute")[0].request.skip_cache_lookup


@pytest.mark.parametrize(
    ("about", "error", "text"),
    [
        (report(started="1", status="3"), BuilderFailed, "exit status 3"),
        (report(started="1", status="137"), BuilderFailed, "SIGKILL"),
        (report(started="1", status="1", ended="silence"), LimitExceeded, "7 seconds without output"),
        (report(started="1", status="1", ended="log"), LimitExceeded, "log exceeded 1000 bytes"),
        (report(started="1", status="0", bad="a fifo store/{}/p"), StoreRefused, "'$out/p' is a fifo"),
        (report(refused="bwrap: No permissions to create a new namespace"), NamespacesForbidden, "No permissions"),
        (report(started="1", status="0"), MissingOutput, "without making its output 'out'"),
        (b"nonsense", FalseBlob, "it is no report of this version"),
    ],
)  # fmt: skip
def test_a_report_is_judged_as_a_build_here(
    store, derive, build, about: bytes, error: type[BuildError], text: str
) -> None:  # type: ignore[no-untyped-def]
    about = about.replace(b"{}", scratch().encode())
    with FakeServer(execute=lambda call: iter([finished(call.server.result({}, about, b"last words\n"))])) as server:
        with pytest.raises(error) as caught:
            build(derive(), server, options={"silence_seconds": 7, "max_log_bytes": 1000})
        assert text in caught.value.message
        assert store.ledger() == [] and len(server.of("Execute")) == 1


def test_an_output_that_is_too_large_does_not_travel(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives({"f": b"x" * 5000})) as server:
        with pytest.raises(OutputLimitExceeded):
            build(derive(), server, options={"max_output_bytes": 4000})
        asked = [one.hash for call in server.of("BatchReadBlobs") for one in call.request.digests]
        assert asked and server.function.of(b"x" * 5000).hash not in asked


def test_a_job_without_a_report_is_tried_twice(derive, build) -> None:  # type: ignore[no-untyped-def]
    def script(call: Call) -> Iterator[Any]:
        lost = finished(call.server.result(None, None, b"", 137))
        yield lost if call.number < 2 else finished(call.server.result({scratch() + "/f": b"x"}))

    with FakeServer(execute=script) as server:
        assert os.path.exists(build(derive(), server))
        assert len(server.of("Execute")) == 2
    with FakeServer(
        execute=lambda call: iter([finished(call.server.result(None, None, b"out of memory\n", 137))])
    ) as server:
        with pytest.raises(RemoteFailure, match=r"exit status 137.*out of memory"):
            build(derive("other"), server)
        assert len(server.of("Execute")) == 2


def test_a_broken_stream_is_taken_up_again(derive, build) -> None:  # type: ignore[no-untyped-def]
    def breaks(call: Call) -> Iterator[Any]:
        yield running()
        call.abort("UNAVAILABLE", "the stream broke")

    with FakeServer(execute=breaks, wait=gives()) as server:
        assert os.path.exists(build(derive(), server))
        assert [call.request.name for call in server.of("WaitExecution")] == ["operations/1"]


def test_an_operation_that_is_gone_is_executed_again(derive, build) -> None:  # type: ignore[no-untyped-def]
    def breaks(call: Call) -> Iterator[Any]:
        if call.number == 1:
            yield running()
            call.abort("UNAVAILABLE", "the server is killed")
        yield from gives()(call)

    def gone(call: Call) -> Iterator[Any]:
        call.abort("NOT_FOUND", "no such operation")
        yield

    with FakeServer(execute=breaks, wait=gone) as server:
        assert os.path.exists(build(derive(), server))
        assert len(server.of("Execute")) == 2


@pytest.mark.parametrize("code", ["FAILED_PRECONDITION", "INTERNAL", "NOT_FOUND"])
def test_inputs_that_were_evicted_are_sent_again(derive, build, code: str) -> None:  # type: ignore[no-untyped-def]
    def script(call: Call) -> Iterator[Any]:
        if call.number == 1:
            gone = next(digest for digest in call.server.blobs if digest.size == 7000)
            del call.server.blobs[gone]
            yield refused(code, "a blob is gone")
        else:
            yield from gives()(call)

    with FakeServer(execute=script) as server:
        assert os.path.exists(build(derive(), server))
        assert [count for digest, count in server.sent.items() if digest.size == 7000] == [2]


def test_the_same_failure_without_anything_missing_is_the_server_s(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=lambda call: iter([refused("INTERNAL", "disk on fire")])) as server:
        with pytest.raises(RemoteFailure, match=r"INTERNAL.*disk on fire"):
            build(derive(), server)
        assert len(server.of("Execute")) == 1


def test_a_busy_server_is_asked_later(derive, build) -> None:  # type: ignore[no-untyped-def]
    def script(call: Call) -> Iterator[Any]:
        if call.number == 1:
            call.abort("UNAVAILABLE", "later", retry=0.01)
        yield from gives()(call)

    with FakeServer(execute=script) as server:
        server.behave("FindMissingBlobs", failing(2))
        assert os.path.exists(build(derive(), server))


def test_a_queue_without_workers_ends(derive, build) -> None:  # type: ignore[no-untyped-def]
    def waits(call: Call) -> Iterator[Any]:
        yield running(stage=2)
        call.hang()

    with FakeServer(execute=waits) as server:
        with pytest.raises(NothingExecutes, match=r"has not begun .* in 0.3 seconds"):
            build(derive(), server, queue_timeout=0.3)
        assert server.cancelled == ["operations/1"]


def test_who_cancels_ends_the_job_there(store: Store, derive, launcher) -> None:  # type: ignore[no-untyped-def]
    begun = threading.Event()

    def hangs(call: Call) -> Iterator[Any]:
        yield running()
        begun.set()
        call.hang()

    with FakeServer(execute=hangs) as server:
        settings = RemoteOptions((EndpointOptions(server.url),), systems={SYSTEM: {}})
        engine = open_engine(settings, launcher)
        builder = Builder(store, BuildOptions(remote=settings, engine=engine))
        path = derive()
        ended: list[BaseException] = []

        def run() -> None:
            try:
                builder.realise([(path, ("out",))])
            except BaseException as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        assert begun.wait(20)
        builder.cancel()
        thread.join(20)
        engine.close()
        assert [type(error) for error in ended] == [Cancelled]
        assert server.cancelled == ["operations/1"]


def test_a_time_limit_is_kept_by_both(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=lambda call: iter([refused("DEADLINE_EXCEEDED")])) as server:
        with pytest.raises(LimitExceeded, match="after 100 seconds"):
            build(derive(), server, options={"timeout_seconds": 100})
        assert 150 <= action_of(server).timeout.seconds <= 160


def test_damaged_bytes_are_refused_and_so_is_who_sent_them(store: Store, derive, launcher) -> None:  # type: ignore[no-untyped-def]
    def damages(call: Call) -> Any:
        answer = call.proceed()
        answer.responses[0].data = b"damaged"
        return answer

    with FakeServer(execute=gives()) as server:
        server.behave("BatchReadBlobs", damages)
        settings = RemoteOptions((EndpointOptions(server.url),), systems={SYSTEM: {}})
        engine = open_engine(settings, launcher)
        for _ in range(2):
            with pytest.raises(FalseBlob, match="bytes under the digest"):
                Builder(store, BuildOptions(remote=settings, engine=engine)).realise([(derive(), ("out",))])
        engine.close()
        assert len(server.of("Execute")) == 1
        assert store.ledger() == []


def test_another_endpoint_does_what_one_cannot(derive, build) -> None:  # type: ignore[no-untyped-def]
    with (
        FakeServer(execute=lambda call: iter([refused("INTERNAL", "no")])) as broken,
        FakeServer(execute=gives()) as good,
    ):
        assert os.path.exists(build(derive(), broken, good))
        assert len(good.of("Execute")) == 1


def test_pools_that_agree_are_two_witnesses_and_the_outputs_travel_once(store: Store, derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as first, FakeServer(execute=gives()) as second:
        build(derive(), first, second, agree=2)
        assert sorted(row.variation.split()[0] for row in store.ledger()) == sorted(
            [f"remote={first.url}", f"remote={second.url}"]
        )
        assert {row.path for row in store.ledger()} == {store.ledger()[0].path}
        content = first.function.of(b"content")
        reads = [call for server in (first, second) for call in server.of("BatchReadBlobs")]
        assert sum(one.hash == content.hash for call in reads for one in call.request.digests) == 1


def test_a_liar_among_two_is_found_and_nothing_is_recorded(store: Store, derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as honest, FakeServer(execute=gives({**MADE, "f": b"forged"})) as liar:
        path = derive()
        with pytest.raises(WitnessesDisagree) as caught:
            build(path, honest, liar, agree=2)
        error = caught.value
        kept = [Path(store.physical(StorePath.parse(one))) / "f" for one in (error.first, error.second)]
        assert {place.read_bytes() for place in kept} == {b"content", b"forged"}
        assert honest.url in error.message and liar.url in error.message
        assert store.ledger() == []
        # So the next build asks again.
        with pytest.raises(WitnessesDisagree):
            build(path, honest, liar, agree=2)


def test_one_pool_cannot_agree_with_itself(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as server, pytest.raises(EndpointRefused, match="2 pools have to agree, and 1"):
        build(derive(), server, server, agree=2)


def test_limits_that_nobody_keeps_are_refused(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as server, pytest.raises(EndpointUnsuitable, match="max-processes"):
        build(derive(), server, options={"max_processes": 5})


def test_a_variation_is_tried_here(derive, build) -> None:  # type: ignore[no-untyped-def]
    with FakeServer(execute=gives()) as server:
        with pytest.raises(BuildError):
            build(derive(), server, options={"rebuild": True, "variations": ("hostname",)})
        assert server.of("Execute") == []


def test_a_fetch_stays_here(store: Store, derive, build) -> None:  # type: ignore[no-untyped-def]
    from chx.store import FixedOutput

    path = derive(fixed=FixedOutput("sha256", bytes(32), "flat"))
    with FakeServer(execute=gives()) as server:
        with pytest.raises(BuildError):
            build(path, server)
        assert server.of("Execute") == []


@pytest.mark.parametrize("fallback", ["error", "local"])
def test_without_an_answer_a_build_fails_or_is_done_here(derive, build, fallback: str) -> None:  # type: ignore[no-untyped-def]
    with FakeServer() as server:
        pass
    with pytest.raises(BuildError) as caught:
        build(derive(), server, fallback=fallback)
    # Here there is no shell, so the attempt itself shows.
    assert isinstance(caught.value, EndpointUnreachable) is (fallback == "error")
