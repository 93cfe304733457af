import os
import sys
import threading

import pytest

from chx.builder.cancellation import Cancellation
from chx.builder.process import executable, run
from chx.builder.sandbox import Limits

SHELL = executable("sh")


def sh(text, **more):
    said = []
    outcome = run([SHELL, "-c", text], {"PATH": os.environ["PATH"]}, said.append, **more)
    return outcome, b"".join(said)


def test_status_and_output():
    outcome, said = sh("echo out; echo err >&2; exit 3")
    assert (outcome.status, outcome.ended, said) == (3, None, b"out\nerr\n")
    assert sh("kill -9 $$")[0].status == 128 + 9


def test_there_is_no_input_and_no_other_descriptor():
    assert sh("cat; ls /proc/self/fd")[1].split() == [b"0", b"1", b"2", b"3"]


def test_the_environment_is_what_was_given():
    said = []
    run([executable("env")], {"A": "b"}, said.append)
    assert b"".join(said) == b"A=b\n"


def test_limits_end_a_program_and_its_children():
    outcome, _ = sh("sleep 100 & sleep 100", limits=Limits(seconds=0.2))
    assert outcome.ended == "time"
    outcome, said = sh("echo x; sleep 100", limits=Limits(silence=1.0))
    assert (outcome.ended, said) == ("silence", b"x\n")
    outcome, said = sh("while :; do echo 0123456789; done", limits=Limits(log_bytes=10000))
    assert outcome.ended == "log" and 10000 < len(said) < 1000000


def test_output_delays_the_limit_of_silence():
    outcome, _ = sh("for i in 1 2 3 4 5 6 7 8 9 10; do echo; sleep 0.2; done", limits=Limits(silence=1.8))
    assert outcome.ended is None


def test_cancelling_wakes_who_waits():
    cancellation = Cancellation()
    threading.Timer(0.1, cancellation.cancel).start()
    for _ in range(2):
        # What it would say if it ended by itself.
        outcome, said = sh("sleep 100; echo awake", cancellation=cancellation)
        assert (outcome.ended, said) == ("cancelled", b"")


def test_much_output_arrives_whole():
    said = []
    program = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 20000)"
    run([sys.executable, "-c", program], {}, said.append)
    assert b"".join(said) == bytes(range(256)) * 20000


def test_no_descriptors_are_lost():
    sh("true")
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        sh("true")
        with pytest.raises(FileNotFoundError):
            run(["/no/such/program"], {}, print)
    assert os.listdir("/proc/self/fd") == before
