"""What a build handed to a process outside must not change anything once its hash was checked."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions, hash_content
from chx.builder.builtin import debian
from chx.builder.errors import BuilderFailed, BuildError
from chx.store import Derivation, FixedOutput, StoreError

pytestmark = pytest.mark.sandbox
FILE, OUT, FOLDER, STORE, BUILD, BESIDE = range(6)


@pytest.fixture(scope="session")
def leak(tmp_path_factory):
    program = tmp_path_factory.mktemp("leak") / "leak"
    if subprocess.run(["cc", "-w", "-static", "-o", program, Path(__file__).parent / "leak.c"]).returncode:
        pytest.skip("no C compiler that links statically")
    return str(program)


@pytest.fixture
def promised(tmp_path):
    """The fixed output of the tree that `leak` makes."""
    tree = tmp_path / "promised"
    (tree / "folder").mkdir(parents=True)
    (tree / "folder" / "file").write_text("good")
    (tree / "second").write_text("good")
    return FixedOutput("sha256", hash_content(str(tree), "sha256", "recursive"), "recursive")


class Accomplice:
    """A process outside, here a thread: it takes what it is given and does `meanwhile` until it is told to stop."""

    def __init__(self, meanwhile=None) -> None:
        self.given: list[int] = []
        self._meanwhile = meanwhile
        self._stopped = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind("\0" + self.name)
        self._listener.listen()
        self._listener.settimeout(20)
        self._thread = threading.Thread(target=self._take)

    @property
    def name(self) -> str:
        return f"chx-leak-{os.getpid()}"

    def __enter__(self) -> Accomplice:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        # Whoever waits in accept() is woken by one more connection.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect("\0" + self.name)
        self._thread.join()
        self._listener.close()
        for descriptor in self.given:
            os.close(descriptor)

    def _take(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                _, self.given, _, _ = socket.recv_fds(connection, 1, 6)
        while self._meanwhile is not None and self.given and not self._stopped.is_set():
            with suppress(OSError):
                self._meanwhile(self.given)


@pytest.fixture
def build(store, script, leak, recorder):
    """Build what `leak` makes; the path of the output. Without a promise there is no network."""

    def run(fixed=None, **options):
        program = store.add_tree(leak, "leak")
        env = {"program": str(program)}
        text = f"$program {Accomplice.name.fget(None)} $out"
        drv = store.add_derivation(script(text, input_srcs=(program,), fixed=fixed, env=env))
        return Builder(store, BuildOptions(**options), recorder).realise([(drv, ("out",))])[drv, "out"]

    return run


@pytest.fixture
def shared(monkeypatch):
    """There is no pasta: a build that may reach the network shares that of the machine."""
    monkeypatch.setenv("CHX_PASTA", "/nonexistent")


def content(store, path) -> dict[str, str]:
    top = Path(store.physical(path))
    return {str(file.relative_to(top)): file.read_text() for file in top.rglob("*") if file.is_file()}


GOOD = {"folder/file": "good", "second": "good"}


def test_a_descriptor_that_left_a_build_changes_nothing_in_the_store(build, script, store, promised, recorder, shared):
    with Accomplice() as accomplice:
        path = build(promised)
        given = accomplice.given
        assert "handed out" in recorder.text and len(given) == 6
        for descriptor in (given[FILE], given[BESIDE]):
            assert os.pwrite(descriptor, b"evil", 0) == 4
        for descriptor in (given[OUT], given[FOLDER], given[STORE]):
            with suppress(OSError):
                os.close(os.open("planted", os.O_CREAT | os.O_WRONLY, 0o666, dir_fd=descriptor))
        with suppress(OSError):
            os.rename("second", "folder/third", src_dir_fd=given[OUT], dst_dir_fd=given[OUT])
        assert content(store, path) == GOOD and store.verify_object(path) == []
        # What is built from it gets what was checked.
        text = "cat $input0/folder/file $input0/second > $out"
        drv = store.add_derivation(script(text, name="third", input_srcs=(path,), env={"input0": str(path)}))
        made = Builder(store).realise([(drv, ("out",))])[drv, "out"]
        assert Path(store.physical(made)).read_text() == "goodgood"


def test_the_names_of_one_file_are_one_file_in_the_copy(build, store, promised, shared):
    with Accomplice():
        path = build(promised)
    files = [os.stat(f"{store.physical(path)}/{name}") for name in GOOD]
    assert files[0].st_ino == files[1].st_ino and files[0].st_nlink == 2


def test_who_writes_all_the_time_gets_nothing_in(build, store, promised, shared):
    def writing(given):
        os.pwrite(given[FILE], b"evil", 0)
        os.pwrite(given[FILE], b"good", 0)

    for _ in range(8):
        with Accomplice(writing):
            try:
                path = build(promised, rebuild=True)
            except (BuildError, StoreError):
                continue
            assert content(store, path) == GOOD and store.verify_object(path) == []


def test_who_puts_links_in_the_place_of_folders_gets_nothing_out_and_nothing_removed(
    build, store, promised, shared, tmp_path
):
    """Neither while the output is copied nor while the build's folders are removed."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("mine")
    os.chmod(victim, 0o755)

    def swapping(given):
        for place, name in ((given[OUT], "folder"), (given[BUILD], "deep")):
            os.rename(name, "aside", src_dir_fd=place, dst_dir_fd=place)
            os.symlink(victim, name, dir_fd=place)
            os.unlink(name, dir_fd=place)
            os.rename("aside", name, src_dir_fd=place, dst_dir_fd=place)

    for _ in range(8):
        with Accomplice(swapping):
            try:
                path = build(promised, rebuild=True)
            except (BuildError, StoreError):
                path = None
        assert (victim / "file").read_text() == "mine" and os.stat(victim).st_mode & 0o777 == 0o755
        assert path is None or (content(store, path) == GOOD and store.verify_object(path) == [])


def test_a_build_without_a_promise_finds_nobody(build, store, recorder):
    with Accomplice() as accomplice:
        path = build()
        assert "nobody listens" in recorder.text and not accomplice.given
    assert content(store, path) == GOOD


def test_what_a_client_still_writes_to_is_not_what_is_kept(store, promise, monkeypatch):
    """git, apt and pip may leave processes."""
    kept = []

    def retrieve(task, url, work):
        kept.append(os.open(f"{work}/file", os.O_CREAT | os.O_RDWR, 0o644))
        os.write(kept[0], b"good")
        return f"{work}/file"

    monkeypatch.setattr(debian, "apt_bases", lambda *_: ("http://127.0.0.1:1/debian",))
    monkeypatch.setattr(debian, "_retrieve_with_apt", retrieve)
    env = {"url": "debian:x/x_1.deb"}
    drv = store.add_derivation(Derivation("x", "builtin", "builtin:fetch", env=env, fixed=promise(b"good")))
    path = Builder(store).realise([(drv, ("out",))])[drv, "out"]
    os.pwrite(kept[0], b"evil", 0)
    os.close(kept[0])
    assert Path(store.physical(path)).read_text() == "good" and store.verify_object(path) == []


def test_no_other_user_comes_near_a_build_or_what_is_kept_of_it(store, script):
    """A socket in a folder of the build would be a way out where the network is none: sockets with a path know no namespaces."""
    drv = store.add_derivation(script("exit 1"))
    with pytest.raises(BuilderFailed) as caught:
        Builder(store, BuildOptions(keep_failed=True)).realise([(drv, ("out",))])
    assert stat.S_IMODE(os.stat(caught.value.kept).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.dirname(store.temporary("build"))).st_mode) == 0o700
