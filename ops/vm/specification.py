"""A virtual machine as a value, and the command line of qemu that follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .errors import WrongOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .platforms import Firmware, Platform

Accelerator = Literal["kvm", "tcg"]
CONSOLE: Final = "console"
MONITOR: Final = "monitor"
"""Names of character devices of each machine; those of ports are the names of the ports."""
_MIB: Final = 1 << 20
_LEAST_MEMORY: Final = 64 * _MIB
_MOST_PROCESSORS: Final = 255
_FORWARD: Final = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Forward:
    """A TCP port of this machine's loopback device, and the port of the guest that it leads to."""

    host: int
    guest: int

    @classmethod
    def parse(cls, text: str) -> Forward:
        """Parse `HOST:GUEST`, both from 1 to 65535. Raises `WrongOption`."""
        found = _FORWARD.fullmatch(text)
        ports = [int(number) for number in found.groups()] if found is not None else []
        if not ports or not all(1 <= port <= 65535 for port in ports):
            raise WrongOption(f"'{text}' forwards no port", hint="write --forward HOST:GUEST, two numbers up to 65535")
        return cls(*ports)


@dataclass(frozen=True, slots=True)
class Disk:
    """A raw image as a disk. A temporary one is gone with the machine, and its writes need not reach any medium."""

    path: str
    is_temporary: bool = True


@dataclass(frozen=True, slots=True)
class KernelBoot:
    """A kernel that qemu loads, with an initramfs and the words of its command line."""

    kernel: str
    initramfs: str | None = None
    command_line: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirmwareBoot:
    """UEFI firmware, which finds what to start on the first disk."""

    firmware: Firmware


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A virtual machine. `memory` is in bytes; `ports` are names of virtio-serial ports, which the guest finds below
    /sys/class/virtio-ports. With `network`, the guest has a device in a network of qemu's own (10.0.2.0/24, DHCP), from
    which it reaches the host's loopback device as 10.0.2.2 and whatever the host reaches.
    """

    platform: Platform
    boot: KernelBoot | FirmwareBoot
    disks: tuple[Disk, ...] = ()
    memory: int = 1024 * _MIB
    processors: int = 1
    network: bool = True
    forwards: tuple[Forward, ...] = ()
    accelerator: Accelerator = "tcg"
    ports: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise `WrongOption` for what no machine can have."""
        if self.memory < _LEAST_MEMORY:
            raise WrongOption(f"{self.memory} bytes of memory are too few", hint="a machine needs 64M")
        if not 1 <= self.processors <= _MOST_PROCESSORS:
            raise WrongOption(f"a machine has 1 to {_MOST_PROCESSORS} processors, and not {self.processors}")
        if self.forwards and not self.network:
            raise WrongOption("a machine without a network has no port that could be forwarded")
        hosts = [forward.host for forward in self.forwards]
        for port in hosts:
            if hosts.count(port) > 1:
                raise WrongOption(f"port {port} of this machine is forwarded twice")
        for word in self.boot.command_line if isinstance(self.boot, KernelBoot) else ():
            if not word.isprintable():
                raise WrongOption(f"{word!r} is no text that a kernel can have on its command line")


def qemu_arguments(machine: VirtualMachine, ends: Mapping[str, str]) -> list[str]:
    """Return the arguments of qemu for a machine.

    `ends` are the other ends of its character devices (the console, the monitor, each port), as `-chardev` has them:
    "socket,fd=7" or "stdio,signal=off". A device that is not in it leads nowhere; without a monitor there is none.

    A machine ends in place of restarting, has no display, and none of qemu's default devices.
    """
    platform = machine.platform
    words = ["-M", platform.machine, "-cpu", platform.cpus[machine.accelerator]]
    words += ["-accel", "kvm" if machine.accelerator == "kvm" else "tcg,thread=multi"]
    words += ["-m", f"{machine.memory // _MIB}M", "-smp", str(machine.processors)]
    words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    words += _boot(machine.boot)
    for number, disk in enumerate(machine.disks):
        # Who reads a temporary disk after a crash of the machine?
        cache = "unsafe" if disk.is_temporary else "writeback"
        words += ["-drive", f"if=none,id=disk{number},format=raw,cache={cache},file={_value(disk.path)}"]
        # Otherwise firmware may try the network first, which takes minutes.
        order = ",bootindex=0" if number == 0 and isinstance(machine.boot, FirmwareBoot) else ""
        words += ["-device", f"virtio-blk-{platform.bus},drive=disk{number}{order}"]
    words += ["-device", f"virtio-rng-{platform.bus}"]
    if machine.network:
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{one.host}-:{one.guest}" for one in machine.forwards)
        # The card's ROM, which starts from the network, is in a package of its own that need not be here.
        rom = ",romfile=" if platform.bus == "pci" else ""
        words += ["-netdev", f"user,id=network{forwards}"]
        words += ["-device", f"virtio-net-{platform.bus},netdev=network{rom}"]
    words += ["-chardev", _end(CONSOLE, ends), "-serial", f"chardev:{CONSOLE}"]
    if MONITOR in ends:
        words += ["-chardev", _end(MONITOR, ends), "-mon", f"chardev={MONITOR},mode=control"]
    if machine.ports:
        words += ["-device", f"virtio-serial-{platform.bus}"]
    for port in machine.ports:
        words += ["-chardev", _end(port, ends), "-device", f"virtserialport,chardev={port},name={port}"]
    return words


def _boot(boot: KernelBoot | FirmwareBoot) -> list[str]:
    if isinstance(boot, KernelBoot):
        words = ["-kernel", boot.kernel]
        words += ["-initrd", boot.initramfs] if boot.initramfs is not None else []
        return words + (["-append", " ".join(boot.command_line)] if boot.command_line else [])
    code, variables = boot.firmware
    if variables is None:
        return ["-bios", code]
    # A snapshot: what the firmware remembers is forgotten when the machine ends.
    return [
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={_value(code)}",
        "-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={_value(variables)}",
    ]  # fmt: skip


def _end(name: str, ends: Mapping[str, str]) -> str:
    kind, comma, rest = ends.get(name, "null").partition(",")
    return f"{kind},id={name}{comma}{rest}"


def _value(text: str) -> str:
    """Return a value of an option, in which a comma would begin the next."""
    return text.replace(",", ",,")
