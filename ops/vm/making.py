"""Machines of installed roots: their disk, their kernel, and what they are given to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...builder.imaging.boot import boot_parts
from ...builder.imaging.disk import DiskOptions, write_disk
from ...builder.imaging.initramfs import handover_initramfs, program_initramfs
from ...disk import Node
from ..images.output import new_file
from .errors import WrongOption
from .finding import best_accelerator, find_firmware
from .platforms import platform_of
from .specification import Disk, FirmwareBoot, KernelBoot, VirtualMachine

if TYPE_CHECKING:
    from ...builder.imaging.boot import BootParts
    from ...builder.installing.values import InstalledRoot
    from .handover import Handover
    from .platforms import Platform
    from .specification import Accelerator, Forward

_MEMORY: Final = 1 << 30
_PROCESSORS: Final = 2


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """What a machine is to be like; sizes are in bytes.

    `processors`: as many as this machine has, up to two, if None. `disk_size`: as small as it can be if None.
    `command_line` are words after those that the packages want. With `firmware`, UEFI firmware starts the disk; else
    qemu loads the kernel. `image` is a file that the disk is written to and stays in, and the initramfs beside it.
    """

    memory: int = _MEMORY
    processors: int | None = None
    disk_size: int | None = None
    command_line: tuple[str, ...] = ()
    firmware: bool = False
    network: bool = True
    forwards: tuple[Forward, ...] = ()
    accelerator: Accelerator | Literal["auto"] = "auto"
    image: str | None = None


def make_machine(
    root: InstalledRoot, options: MachineOptions, folder: str, handover: Handover | None = None
) -> VirtualMachine:
    """Write the disk of a root, and return the machine that starts from it; temporary files are in `folder`.

    Raises `UnknownPlatform`, `FirmwareMissing`, `WrongOption`, and what `write_disk` raises.
    """
    platform = platform_of(root.machine or "packages that do not say theirs")
    firmware = find_firmware(platform) if options.firmware else None
    parts = boot_parts(root)
    given = b"" if handover is None else _archive(handover)
    disk = options.image or os.path.join(folder, "disk.img")
    in_image = given if options.firmware else b""
    with new_file(disk) as file:
        layout = write_disk(root, file, DiskOptions(options.disk_size, options.command_line, in_image))
    boot: KernelBoot | FirmwareBoot
    if firmware is not None:
        boot = FirmwareBoot(firmware)
    else:
        initramfs = f"{options.image}.initramfs" if options.image else os.path.join(folder, "initramfs")
        boot = KernelBoot(_kernel(parts, folder), initramfs, tuple(layout.command_line.split()))
        with new_file(initramfs) as file:
            for chunk in program_initramfs(parts):
                file.write(chunk)
            file.write(given)
    machine = VirtualMachine(
        platform,
        boot,
        (Disk(disk, is_temporary=options.image is None),),
        options.memory,
        options.processors or min(_PROCESSORS, len(os.sched_getaffinity(0))),
        options.network,
        options.forwards,
        accelerator_of(platform, options),
    )
    machine.check()
    return machine


def accelerator_of(platform: Platform, options: MachineOptions) -> Accelerator:
    """Return the accelerator of a machine. Raises `WrongOption` if KVM is asked for and cannot be used."""
    best = best_accelerator(platform)
    if options.accelerator == "auto":
        return best
    if options.accelerator == "kvm" != best:
        raise WrongOption(
            f"KVM cannot run {platform.name} here",
            hint="it needs a processor of that kind, and /dev/kvm that this user may open",
        )
    return options.accelerator


def _kernel(parts: BootParts, folder: str) -> str:
    kernel = parts.kernel
    if kernel.source is not None:
        return kernel.source
    # Written by the maker of the root.
    place = os.path.join(folder, "kernel")
    with open(place, "wb") as file:
        file.write(kernel.content or b"")
    return place


def _archive(handover: Handover) -> bytes:
    return handover_initramfs(
        Node.of_bytes(os.fsencode(file.path), file.content, 0o755 if file.is_program else 0o644)
        for file in handover.all_files()
    )
