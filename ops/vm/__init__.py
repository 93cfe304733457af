"""Virtual machines, by qemu: their console, and commands in them (docs/vm.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .checks import Check, CheckResult, checks_handover, checks_of, run_checks
    from .errors import (
        BadGuest,
        CheckInterrupted,
        EmulatorFailed,
        EmulatorMissing,
        FirmwareMissing,
        KernelPanicked,
        NoStatus,
        TimeLimitReached,
        UnknownPlatform,
        VmError,
        WrongOption,
    )
    from .finding import best_accelerator, find_emulator, find_firmware
    from .handover import Handover, HandoverFile, command_handover, new_mark, script_handover
    from .making import MachineOptions, accelerator_of, make_machine
    from .platforms import Firmware, Platform, platform_of
    from .running import Ended, Running, start
    from .sessions import CommandResult, Runner, run_command, watch
    from .specification import Disk, FirmwareBoot, Forward, KernelBoot, VirtualMachine, qemu_arguments

_ORIGINS = {
    ".checks": "Check CheckResult checks_handover checks_of run_checks",
    ".errors": "BadGuest CheckInterrupted EmulatorFailed EmulatorMissing FirmwareMissing KernelPanicked NoStatus TimeLimitReached "
    "UnknownPlatform VmError WrongOption",
    ".finding": "best_accelerator find_emulator find_firmware",
    ".handover": "Handover HandoverFile command_handover new_mark script_handover",
    ".making": "MachineOptions accelerator_of make_machine",
    ".platforms": "Firmware Platform platform_of",
    ".running": "Ended Running start",
    ".sessions": "CommandResult Runner run_command watch",
    ".specification": "Disk FirmwareBoot Forward KernelBoot VirtualMachine qemu_arguments",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "BadGuest",
    "Check",
    "CheckInterrupted",
    "CheckResult",
    "CommandResult",
    "Disk",
    "EmulatorFailed",
    "EmulatorMissing",
    "Ended",
    "Firmware",
    "FirmwareBoot",
    "FirmwareMissing",
    "Forward",
    "Handover",
    "HandoverFile",
    "KernelBoot",
    "KernelPanicked",
    "MachineOptions",
    "NoStatus",
    "Platform",
    "Runner",
    "Running",
    "TimeLimitReached",
    "UnknownPlatform",
    "VirtualMachine",
    "VmError",
    "WrongOption",
    "accelerator_of",
    "best_accelerator",
    "checks_handover",
    "checks_of",
    "command_handover",
    "find_emulator",
    "find_firmware",
    "make_machine",
    "new_mark",
    "platform_of",
    "qemu_arguments",
    "run_checks",
    "run_command",
    "script_handover",
    "start",
    "watch",
]
