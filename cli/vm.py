"""`chx vm`: start a machine from packages, and run a command in it."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..ops import settings
from ..ops.errors import RequestError
from .options import evaluation, language, numbers
from .options.building import configure_building
from .output import put, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ops.installed import InstalledRoot
    from ..ops.session import Session
    from ..ops.vm import CheckResult, Handover, MachineOptions, Runner, VirtualMachine

DESCRIPTION = """\
Build packages, among them a kernel and an init, write a disk of them and what they
need where they run, and start a machine from it in qemu:

  chx vm X...                    its console, on this terminal; Ctrl-A x ends it
  chx vm X... -- COMMAND ARG...  run a command in it, with this input and output
  chx vm X... --test FILE        run a script in it (sh -e)
  chx vm X... --checks           run the checks that its packages have (checks.boot)

The exit status of the command or the script is passed on. A machine that ends before
its command has, or whose kernel panics, is an error. What changes on the disk is gone
when the machine ends. Without KVM, or for another architecture, qemu emulates it.
"""
EPILOG = """\
examples:
  chx vm tiny.{base-minimal,linux,early-init,efi-stub}
  chx vm tiny.{base-minimal,linux,early-init,efi-stub} -- uname -a
  chx vm -f system.nix --firmware --checks --time-limit 300
  chx vm -f system.nix --forward 2222:22 --memory 2G
"""
TAKES_COMMAND = True
_AUTOLOGIN = "chx.autologin"
"""The word by which a system logs root in on its console (docs/services.md): nobody has a password at first."""
_seconds = numbers.argument(settings.seconds)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chx vm [OPTION...] X... [-- COMMAND ARG...]"
    evaluation.configure(parser, "X", evaluation.MEANING)
    group = parser.add_argument_group("what it does")
    group.add_argument("--test", metavar="FILE", help="run a script in the machine, until something in it fails")
    group.add_argument("--checks", action="store_true", help="run checks.boot of each package that has it")
    group.add_argument("--time-limit", type=_seconds, metavar="SECONDS", help="end the machine after SECONDS")
    group.add_argument("--console", metavar="FILE", help="write what the console says to FILE; - is standard error")
    group.add_argument(
        "--login", action="store_true", help="ask who it is at the console, where root is logged in otherwise"
    )
    group.add_argument("--dry-run", action="store_true", help="build and write all, and print the command of qemu")
    group = parser.add_argument_group("the machine")
    group.add_argument("--firmware", action="store_true", help="start the disk by UEFI; else qemu loads the kernel")
    group.add_argument("--memory", type=numbers.size, default=1 << 30, metavar="SIZE", help="as 512M (default: 1G)")
    group.add_argument("--cpus", type=numbers.positive, metavar="N", help="processors (default: those here, at most 2)")
    group.add_argument(
        "--disk",
        type=numbers.size,
        metavar="SIZE",
        help="size of the disk; what the packages leave is for what changes",
    )
    group.add_argument("--keep-image", metavar="FILE", help="write the disk to FILE, and leave it there")
    group.add_argument(
        "--append", action="append", default=[], metavar="WORD", help="a word of the kernel's command line (repeatable)"
    )
    group.add_argument("--no-network", action="store_true", help="no network device")
    group.add_argument(
        "--forward",
        action="append",
        default=[],
        metavar="HOST:GUEST",
        help="let a port of this machine (127.0.0.1) lead to one of that (repeatable)",
    )
    group.add_argument(
        "--accel", choices=("auto", "kvm", "tcg"), default="auto", help="how: by KVM, or by emulation (tcg)"
    )
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    import tempfile

    from ..ops import vm

    wanted = [name for name, given in _ways(arguments) if given]
    if len(wanted) > 1:
        raise RequestError(f"{wanted[0]} and {wanted[1]} exclude each other")
    options = _options(arguments, has_console=not wanted and not arguments.login)
    mark = vm.new_mark()
    with ExitStack() as stack:
        session = stack.enter_context(evaluation.open_session(arguments))
        # What the machine itself is given is known before anything is built.
        handover = _handover(arguments, mark)
        _check_programs(arguments, options)
        root = _root(arguments, session)
        checks = vm.checks_of(root) if arguments.checks else []
        if arguments.checks:
            if not checks:
                raise RequestError("no package of the machine has a check", hint="a package says checks.boot = ''...''")
            handover = vm.checks_handover(checks, mark)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chx-vm-"))
        machine = vm.make_machine(root, options, folder, handover)
        program = vm.find_emulator(machine.platform)
        if arguments.dry_run:
            return _print_command(arguments, machine, program, handover)
        log = _log(arguments, stack)
        runner = vm.Runner(program, arguments.time_limit, log, _tell_slower)
        sys.stdout.flush()
        if arguments.checks:
            return _run_checks(lambda told: vm.run_checks(machine, runner, checks, mark, told))
        if handover is None:
            return _watch(machine, runner, arguments.quiet)
        return _run_command(machine, runner, mark)


def _ways(arguments: argparse.Namespace) -> list[tuple[str, bool]]:
    return [
        ("a command", arguments.command is not None),
        ("--test", arguments.test is not None),
        ("--checks", arguments.checks),
    ]


def _options(arguments: argparse.Namespace, has_console: bool) -> MachineOptions:
    from ..ops import vm

    words = [word for text in arguments.append for word in text.split()]
    return vm.MachineOptions(
        memory=arguments.memory,
        processors=arguments.cpus,
        disk_size=arguments.disk,
        command_line=(*words, *([_AUTOLOGIN] if has_console else [])),
        firmware=arguments.firmware,
        network=not arguments.no_network,
        forwards=tuple(vm.Forward.parse(text) for text in arguments.forward),
        accelerator=arguments.accel,
        image=arguments.keep_image,
    )


def _handover(arguments: argparse.Namespace, mark: str) -> Handover | None:
    from ..ops import vm

    if arguments.command is not None:
        return vm.command_handover(arguments.command, mark)
    if arguments.test is None:
        return None
    try:
        with open(arguments.test, "rb") as file:
            return vm.script_handover(file.read(), mark)
    except OSError as error:
        raise RequestError(f"cannot read '{arguments.test}': {error.strerror}") from error


def _check_programs(arguments: argparse.Namespace, options: MachineOptions) -> None:
    """Raise what is missing of qemu before packages are built for it, as far as it is known which machine is meant."""
    from ..ops import vm
    from ..ops.world import machine_system

    request = evaluation.request_of(arguments, takes_objects=True)
    if request.objects:
        return
    name = arguments.target or (language.system_of(arguments) or machine_system()).removesuffix("-linux")
    platform = vm.platform_of(name)
    vm.find_emulator(platform)
    if options.firmware:
        vm.find_firmware(platform)
    vm.accelerator_of(platform, options)


def _root(arguments: argparse.Namespace, session: Session) -> InstalledRoot:
    from ..ops.installed import install_root
    from .options.building import options_of
    from .options.reporting import notices_of, reporter_of
    from .progress.late import LateReporter

    request = evaluation.request_of(arguments, takes_objects=True)
    reporter = LateReporter(lambda: reporter_of(arguments))
    root = install_root(session, request, options_of(arguments), reporter, notices_of(arguments))
    if not arguments.quiet:
        for title, path in root.unmet:
            tell(f"chx: {title} needs /{path} where it runs, and no package of the machine has it\n")
    return root


def _print_command(
    arguments: argparse.Namespace, machine: VirtualMachine, program: str, handover: Handover | None
) -> int:
    """Print the command of qemu with this terminal as the console, and sockets in the folder as ports."""
    import shlex
    from dataclasses import replace

    from ..ops import vm
    from ..ops.vm.handover import PORTS

    ends = {"console": "stdio,signal=off"}
    if handover is not None:
        machine = replace(machine, ports=PORTS)
        ends |= {name: f"socket,path={name},server=on,wait=off" for name in PORTS}
    put(shlex.join([program, *vm.qemu_arguments(machine, ends)]) + "\n")
    if arguments.keep_image is None and not arguments.quiet:
        tell("chx: what was written for this command is gone; --keep-image FILE keeps it\n")
    return 0


def _log(arguments: argparse.Namespace, stack: ExitStack) -> Callable[[bytes], object] | None:
    if arguments.console is None:
        return None
    if arguments.console == "-":
        return _told_lines()
    import os

    def refused(error: OSError) -> RequestError:
        return RequestError(f"cannot write '{arguments.console}': {error.strerror}")

    try:
        file = os.open(arguments.console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise refused(error) from error
    stack.callback(os.close, file)

    def write(data: bytes) -> None:
        try:
            os.write(file, data)
        except OSError as error:
            raise refused(error) from error

    return write


def _told_lines() -> Callable[[bytes], object]:
    """Return what tells whole lines of a console, whatever pieces they come in."""
    rest = b""

    def add(data: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            tell(line.rstrip(b"\r").decode("utf-8", "replace") + "\n")

    return add


def _tell_slower(said: str) -> None:
    reason = said.strip().splitlines()[0] if said.strip() else "it said nothing"
    tell(f"chx: qemu cannot use KVM here ({reason}), and emulates the machine\n")


def _watch(machine: VirtualMachine, runner: Runner, quiet: bool) -> int:
    """Run a machine with its console on the standard streams."""
    from ..ops import vm
    from .output import OutputFailed
    from .rawterminal import is_console, raw_terminal

    try:
        if not is_console(0, 1):
            ended = vm.watch(machine, runner, 0, 1)
        else:
            if not quiet:
                tell("chx: this is the machine's console; Ctrl-A x ends it, Ctrl-A a is a Ctrl-A\n")
            with raw_terminal(0):
                ended = vm.watch(machine, runner, 0, 1, keys=True)
    except OSError as error:
        raise OutputFailed(error) from error
    if ended is None:
        tell("\nchx: the machine was ended\n")
    elif ended.reason == "guest-reset":
        tell("chx: the machine restarted, which ends it here\n")
    return 0


def _run_command(machine: VirtualMachine, runner: Runner, mark: str) -> int:
    from ..ops import vm
    from .output import OutputFailed

    try:
        result = vm.run_command(machine, runner, mark, (0, 1, 2))
    except OSError as error:
        raise OutputFailed(error) from error
    if result.ended is None:
        tell("chx: the machine did not power itself off, and was ended\n")
    elif result.ended.reason != "guest-shutdown":
        tell(f"chx: the machine {result.ended.how} after its command had ended\n")
    return result.status


def _run_checks(start: Callable[[Callable[[CheckResult], None]], list[CheckResult]]) -> int:
    """Run checks, and print a line for each, and what those that failed wrote."""
    from .output import finish

    def told(result: CheckResult) -> None:
        verdict = "passed" if result.status == 0 else f"failed (exit status {result.status})"
        lines = [] if result.status == 0 else [f"  {line}" for line in result.lines]
        put("\n".join([f"{result.check.package}: {verdict}", *lines]) + "\n")
        finish()

    results = start(told)
    return int(any(result.status != 0 for result in results))
