"""A whole life of a store (building, adding, importing, sharing, collecting), ended at random points.

`CHX_FAULTS=500 pytest tests/store/test_survival.py` tries so many points of each kind.
"""

from __future__ import annotations

import errno
import io
import os
import random
import signal
import subprocess
import time
from contextlib import nullcontext, suppress
from unittest import mock

import pytest

from chx.store import Digest, Realisation, Store, StoreError, StorePath, plan_gc, plan_sharing
from chx.store.exchange import ArchiveReader, export
from chx.store.linking import Linker

POINTS = int(os.environ.get("CHX_FAULTS", "0"))
CALLS = (
    "open", "write", "close", "rename", "unlink", "rmdir", "mkdir", "chmod", "fchmod", "utime", "link", "symlink",
    "read", "lstat", "stat", "scandir", "listdir",
)  # fmt: skip


@pytest.fixture(scope="module")
def archive_file(tmp_path_factory) -> bytes:
    """An export of two objects that a life imports."""
    with Store.open(str(tmp_path_factory.mktemp("exported") / "home")) as store:
        first = store.add_bytes(b"imported" * 500, "imported")
        second = store.add_bytes(str(first).encode(), "importer", [first])
        out = io.BytesIO()
        export(store, [second], out)
    return out.getvalue()


def life(top: str, tools, archive: bytes, seed: int) -> None:
    """What is promised (a link was made) is appended to `top/promises`."""
    choice = random.Random(seed)
    # Some lives leave it to sharing to find equal files.
    linking = mock.patch.object(Linker, "link", lambda *arguments: False) if seed % 3 == 0 else nullcontext()
    with linking, Store.open(top + "/home") as store:
        text = store.add_bytes(b"text %d" % choice.randrange(4), "text")
        version = b"%d" % choice.randrange(6)
        trees = {
            "out": {"bin/tool": ("run", b"@out@ @dev@ " + version), "ref": str(text).encode(), "d": None},
            "dev": {"include/x.h": b"common" * 200, "l": ("link", version)},
        }
        paths = store.add_outputs(tools.build(store, trees), [text], None)
        store.record([Realisation(Digest.of(version), "out", paths["out"], None, 1.0, 1.0)])
        promise(top, store, f"{top}/link{choice.randrange(3)}", paths["out"])
        source = f"{top}/source"
        if not os.path.isdir(source):
            os.makedirs(source + "/a/b")
            for name in ("a/one", "a/b/two", "three"):
                with open(f"{source}/{name}", "wb") as file:
                    file.write(b"common" * 200)
        store.add_tree(source, "source")
        reader = ArchiveReader(store, io.BytesIO(archive))
        reader.read()
        plan_sharing(store).execute(store)
        for name in choice.sample(os.listdir(top), 2):
            if name.startswith("link") and choice.random() < 0.5:
                os.unlink(f"{top}/{name}")
    with Store.open(top + "/home") as store:
        plan_gc(store).execute(store)


def promise(top: str, store: Store, link: str, path: StorePath) -> None:
    store.add_root(link, path)
    with open(top + "/promises", "a") as file:
        file.write(f"{path.base}\n")


def survey(top: str, tools) -> None:
    """Everything that is true at every moment."""
    with Store.open(top + "/home") as store:
        tools.check(store)
        assert store.check_ledger() == []
        for name in os.listdir(top):
            if name.startswith("link") and not name.endswith(".tmp"):
                path = StorePath.parse(os.path.basename(os.readlink(f"{top}/{name}")))
                assert store.is_valid(path), f"what {name} leads to is gone"


def leave_nothing(top: str, tools) -> None:
    """After a collection there is nothing but what is registered."""
    for name in os.listdir(top):
        if name.startswith("link"):
            os.unlink(f"{top}/{name}")
    with Store.open(top + "/home") as store:
        plan_gc(store).execute(store)
        assert store.objects() == [] and os.listdir(store.directory) == []
        for folder in ("pins", "gcroots"):
            assert os.listdir(f"{top}/home/{folder}") == []
        assert [name for name in os.listdir(top + "/home/tmp") if not name.startswith(f"{os.getpid()}-")] == []
        assert os.listdir(top + "/home/db/") and not os.path.exists(top + "/home/db/sharing")


def sabotage(number: int, fault: int | None) -> None:
    """Make the `number`-th call of the operating system end this process, or fail with `fault`."""
    calls = 0

    def wrap(real):
        def deadly(*arguments, **named):
            nonlocal calls
            calls += 1
            if calls == number:
                if fault is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(fault, os.strerror(fault))
            return real(*arguments, **named)

        return deadly

    for name in CALLS:
        setattr(os, name, wrap(getattr(os, name)))


def count_calls(top: str, tools, archive: bytes) -> int:
    """How many calls a life makes."""
    receiver, sender = os.pipe()

    def work() -> None:
        total = 0

        def wrap(real):
            def counted(*arguments, **named):
                nonlocal total
                total += 1
                return real(*arguments, **named)

            return counted

        write = os.write
        for name in CALLS:
            setattr(os, name, wrap(getattr(os, name)))
        life(top, tools, archive, 0)
        write(sender, b"%d" % total)

    assert tools.in_child(work) == 0
    return int(os.read(receiver, 20))


@pytest.mark.parametrize("fault", [None, errno.EIO, errno.ENOSPC], ids=["killed", "EIO", "ENOSPC"])
def test_a_life_that_fails_at_any_call_leaves_a_whole_store(tmp_path, tools, archive_file, fault, capfd) -> None:
    top = str(tmp_path)
    total = count_calls(top, tools, archive_file)
    choice = random.Random(os.environ.get("CHX_SEED", "1"))
    points = POINTS or 20
    ended = 0
    for number in range(points):
        # Each part of a life has its turn.
        point = choice.randrange(total * number // points, total * (number + 1) // points + 1) + 1

        def work(point: int = point, number: int = number) -> None:
            sabotage(point, fault)
            try:
                life(top, tools, archive_file, number)
            except (StoreError, OSError):
                if fault is None:
                    raise

        status = tools.in_child(work)
        assert status == 0 or (status == tools.KILLED and fault is None), capfd.readouterr().err
        ended += status != 0 or fault is not None
        survey(top, tools)
    leave_nothing(top, tools)
    with capfd.disabled():
        print(f"[{ended} of {points} points among {total} calls]", end=" ", flush=True)


def test_processes_killed_at_random_moments_beside_each_other_leave_a_whole_store(
    tmp_path, tools, archive_file, capfd
) -> None:
    """Three lives and a collector at once; one after the other is killed after a random time."""
    top = str(tmp_path)
    choice = random.Random(os.environ.get("CHX_SEED", "2"))
    rounds = (POINTS or 15) // 3
    killed = 0
    with Store.open(top + "/home"):
        pass

    def live(seed: int) -> None:
        private = f"{top}/{seed % 3}"
        os.makedirs(private, exist_ok=True)
        if not os.path.lexists(private + "/home"):
            os.symlink(top + "/home", private + "/home")
        for number in range(20):
            life(private, tools, archive_file, seed + number)

    def collect() -> None:
        while True:
            with Store.open(top + "/home") as store:
                plan_gc(store).execute(store)

    for number in range(rounds):
        children = [tools.start_child(lambda seed=seed: live(seed)) for seed in range(100 * number, 100 * number + 3)]
        children.append(tools.start_child(collect))
        choice.shuffle(children)
        for child in children:
            time.sleep(choice.uniform(0.01, 0.2))
            os.kill(child, signal.SIGKILL)
        statuses = [tools.finish(child) for child in children]
        assert set(statuses) <= {0, tools.KILLED}, capfd.readouterr().err
        killed += statuses.count(tools.KILLED)
        for place in (top, *(f"{top}/{seed}" for seed in range(3))):
            if os.path.lexists(place + "/home"):
                survey(place, tools)
    with capfd.disabled():
        print(f"[{killed} processes killed in {rounds} rounds]", end=" ", flush=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_lives_on_a_disk_that_is_full_again_and_again(tmp_path, tools, archive_file, capfd) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        top = str(place)
        choice = random.Random(3)
        failed = 0
        for number in range(POINTS or 10):
            # Something else takes a random part of the room.
            with suppress(OSError), open(top + "/other", "wb") as other:
                other.write(b"x" * choice.randrange(1_500_000, 3_000_000))

            def work(number: int = number) -> None:
                try:
                    life(top, tools, archive_file, number)
                except (StoreError, OSError) as error:
                    os._exit(7 if "space" in str(error) or "full" in str(error) else 1)

            status = tools.in_child(work)
            assert status in (0, 7), capfd.readouterr().err
            failed += status == 7
            os.unlink(top + "/other")
            survey(top, tools)
        leave_nothing(top, tools)
        with capfd.disabled():
            print(f"[{failed} lives met a full disk]", end=" ", flush=True)
    finally:
        subprocess.run(["umount", "-l", place], check=False)
