"""A store in a temporary home, and work done in child processes."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator

import pytest

from chx.store import OutputDraft, Store, output_object_name, remove_tree, scratch_hash, scratch_path


@pytest.fixture
def home(tmp_path) -> Iterator[str]:
    path = str(tmp_path / "home")
    yield path
    remove_tree(os.fsencode(path))


@pytest.fixture
def store(home) -> Iterator[Store]:
    with Store.open(home) as store:
        yield store


def build(store: Store, trees: dict[str, dict[str, object]], name: str = "thing") -> list[OutputDraft]:
    """Drafts as a builder would leave them.

    A tree maps paths to `bytes`, to `("link", target)`, to `("run", bytes)` for an
    executable or to None for a directory. `@output@` in it is the scratch path of that output.
    """
    folder = store.temporary("build")

    def expand(data: bytes) -> bytes:
        for output in trees:
            data = data.replace(
                b"@%s@" % output.encode(), scratch_path(output, output_object_name(name, output)).encode()
            )
            data = data.replace(b"%%%s%%" % output.encode(), scratch_hash(output).encode())
        return data

    drafts = []
    for output, tree in trees.items():
        root = f"{folder}/{output}"
        if isinstance(tree, bytes):
            with open(root, "wb") as file:
                file.write(expand(tree))
        else:
            write_tree(root.encode(), {expand(os.fsencode(k)): v for k, v in tree.items()}, expand)
        drafts.append(OutputDraft(output, output_object_name(name, output), root, scratch_hash(output)))
    return drafts


def write_tree(root: bytes, tree: dict[bytes, object], expand: Callable[[bytes], bytes] = lambda data: data) -> None:
    os.makedirs(root)
    for path, content in tree.items():
        full = root + b"/" + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if content is None:
            os.makedirs(full, exist_ok=True)
        elif isinstance(content, bytes):
            with open(full, "wb") as file:
                file.write(expand(content))
        elif content[0] == "link":
            os.symlink(expand(content[1]), full)
        else:
            with open(full, "wb") as file:
                file.write(expand(content[1]))
            os.chmod(full, 0o755)


def in_child(work: Callable[[], object], user: int | None = None) -> int:
    """Run `work` in a forked process, as `user` if given; its status: 0, 1 after an exception, -9 if it was killed."""
    return finish(start_child(work, user))


def start_child(work: Callable[[], object], user: int | None = None) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def finish(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(store: Store) -> None:
    """What is true at every moment: registered objects are whole, and so are their closures."""
    rows = store._database.rows("SELECT base FROM objects")
    from chx.store import StorePath

    for (base,) in rows:
        path = StorePath.parse(base)
        assert store.verify_object(path) == []
        for reference in store.closure([path]):
            assert store.is_valid(reference)


@pytest.fixture
def tools() -> type:
    class Tools:
        build = staticmethod(build)
        write_tree = staticmethod(write_tree)
        in_child = staticmethod(in_child)
        start_child = staticmethod(start_child)
        finish = staticmethod(finish)
        check = staticmethod(check)
        KILLED = -signal.SIGKILL

    return Tools
