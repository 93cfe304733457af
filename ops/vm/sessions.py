"""What is done with a machine: watch its console, or run a command in it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from .console import Keys, Left
from .errors import EmulatorFailed, KernelPanicked, NoStatus, TimeLimitReached
from .flows import Flow
from .handover import ANSWER, PORTS, STATUS, STDERR, STDIN, STDOUT, MarkedOutput, StatusLine
from .running import Ended, Running, deadline_of, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from .specification import VirtualMachine

_POWER_OFF: Final = 60.0
"""Seconds that a machine has to stop its services when its command has ended."""
Streams = tuple[int, "int | Callable[[bytes], object]", "int | Callable[[bytes], object]"]
"""Input, output and errors of a command: descriptors, or what is called with what comes out."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Runner:
    """How machines are run. `program` is qemu; `seconds` how long a machine may be on, None for ever; `log` is called
    with what the console says; `slower` with what qemu said, if it cannot use KVM after all and emulates the machine.
    """

    program: str
    seconds: float | None = None
    log: Callable[[bytes], object] | None = None
    slower: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command in a machine ended: its status, as a shell has it. `ended` is None if the machine did not power
    itself off in time.
    """

    status: int
    ended: Ended | None


def watch(machine: VirtualMachine, runner: Runner, source: int, sink: int, keys: bool = False) -> Ended | None:
    """Run a machine with its console bound to two descriptors.

    `keys`: the source is a terminal in raw mode, which has keys that end the machine (`Keys`); None is returned then.
    Raises `EmulatorFailed`, `TimeLimitReached`, `KernelPanicked`, and OSError if the sink cannot be written to.
    """
    return _accelerated(machine, runner, lambda one: _watch(one, runner, source, sink, keys))


def run_command(machine: VirtualMachine, runner: Runner, mark: str, streams: Streams) -> CommandResult:
    """Run a machine that was given a handover with this mark, and bind the streams of its command.

    Raises as `watch`, and `NoStatus` if the machine ends before its command, `BadGuest`.
    """
    machine = replace(machine, ports=PORTS)
    return _accelerated(machine, runner, lambda one: _run_command(one, runner, mark, streams))


def _accelerated(machine: VirtualMachine, runner: Runner, run: Callable[[VirtualMachine], T]) -> T:
    """Run a machine, and once more without KVM if qemu cannot make it with it: to open the device proves little."""
    try:
        return run(machine)
    except EmulatorFailed as error:
        if machine.accelerator != "kvm" or not error.is_early:
            raise
        if runner.slower is not None:
            runner.slower(error.said)
        return run(replace(machine, accelerator="tcg"))


def _watch(machine: VirtualMachine, runner: Runner, source: int, sink: int, keys: bool) -> Ended | None:
    with start(machine, runner.program) as running:
        console = Flow(running.console.fileno(), sink, running.heard)
        moving = _Moving(running, runner, [console])
        moving.make_ready()
        typed = Flow(source, running.console.fileno(), Keys().passed if keys else None, sink_may_close=True)
        try:
            moving.go([console, typed])
        except Left:
            return None
        ended = running.wait()
        if ended.panicked:
            raise KernelPanicked(ended.console)
        return ended


def _run_command(machine: VirtualMachine, runner: Runner, mark: str, streams: Streams) -> CommandResult:
    with start(machine, runner.program) as running:
        ports = {name: socket.fileno() for name, socket in running.ports.items()}
        outputs = MarkedOutput(mark), MarkedOutput(mark)
        status = StatusLine()
        console = Flow(running.console.fileno(), None, running.heard)
        flows = [
            console,
            Flow(streams[0], ports[STDIN], ended=lambda: running.close_port(STDIN), sink_may_close=True),
            Flow(ports[STATUS], None, status.add),
            *(
                _flow_of(output, ports[name], stream)
                for name, stream, output in zip((STDOUT, STDERR), streams[1:], outputs)
            ),
        ]
        moving = _Moving(running, runner, [console])
        moving.make_ready()
        moving.go(
            flows,
            lambda: (
                status.value is not None
                and all(output.is_complete for output in outputs)
                and not any(flow.is_pending for flow in flows[-2:])
            ),
        )
        if status.value is None:
            raise NoStatus(running.wait().how, running.tail.lines)
        return CommandResult(status.value, _powered_off(running, ports[STATUS], console))


def _flow_of(output: MarkedOutput, port: int, stream: int | Callable[[bytes], object]) -> Flow:
    if isinstance(stream, int):
        return Flow(port, stream, output.passed, output.rest)

    def take(data: bytes) -> bytes:
        stream(data)
        return b""

    return Flow(port, None, lambda data: take(output.passed(data)), lambda: take(output.rest()))


def _powered_off(running: Running, port: int, console: Flow) -> Ended | None:
    """Tell a machine that all was read, and return how it ended; None if it does not."""
    with suppress(OSError):
        os.write(port, ANSWER)
    try:
        running.move([console], lambda: False, deadline_of(_POWER_OFF), _POWER_OFF)
    except TimeLimitReached:
        return None
    return running.wait()


class _Moving:
    """Moves what a machine says, within the time that it has in all."""

    def __init__(self, running: Running, runner: Runner, first: list[Flow]) -> None:
        self._running, self._first = running, first
        self._limit, self._deadline = runner.seconds, deadline_of(runner.seconds)
        if runner.log is not None:
            running.log_to(runner.log)

    def make_ready(self) -> None:
        """Wait until qemu has made the machine, so that nothing was read yet if it cannot. Raises `EmulatorFailed`."""
        self.go(self._first, lambda: self._running.is_ready)
        if not self._running.is_ready:
            self._running.wait()

    def go(self, flows: list[Flow], until: Callable[[], bool] = lambda: False) -> None:
        self._running.move(flows, until, self._deadline, self._limit or 0)
