import os
import threading

import pytest

from chx.builder.cancellation import Cancellation
from chx.builder.errors import Cancelled
from chx.builder.work_lock import WorkLock
from chx.store import Digest

KEY = Digest(b"k" * 32)


def test_one_holder_at_a_time_and_nothing_is_left(tmp_path):
    order = []
    waits = threading.Event()
    cancellation = Cancellation()

    def second():
        with WorkLock(str(tmp_path), KEY, cancellation, waits.set):
            order.append("second")

    with WorkLock(str(tmp_path), KEY, cancellation):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert os.listdir(tmp_path / "locks") == []


def test_a_dead_holder_holds_nothing(tmp_path):
    child = os.fork()
    if child == 0:
        WorkLock(str(tmp_path), KEY, Cancellation()).__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    with WorkLock(str(tmp_path), KEY, Cancellation()):
        pass


def test_waiting_ends_when_cancelled(tmp_path):
    cancellation = Cancellation()
    with WorkLock(str(tmp_path), KEY, Cancellation()), pytest.raises(Cancelled):
        WorkLock(str(tmp_path), KEY, cancellation, cancellation.cancel).__enter__()
