"""What this machine has to run virtual machines with: qemu, firmware, KVM."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

from ..world import machine_system
from .errors import EmulatorMissing, FirmwareMissing

if TYPE_CHECKING:
    from .platforms import Firmware, Platform
    from .specification import Accelerator

_KVM: Final = "/dev/kvm"
_KVM_GET_API_VERSION: Final = 0xAE00
_KVM_API_VERSION: Final = 12
"""The kernel's Documentation/virt/kvm/api.rst: "applications should refuse to run if KVM_GET_API_VERSION returns a value
other than 12"."""


def find_emulator(platform: Platform) -> str:
    """Return the path of the program that emulates a platform. Raises `EmulatorMissing`."""
    found = shutil.which(platform.emulator)
    if found is None:
        raise EmulatorMissing(platform.emulator, platform.packages)
    return found


def find_firmware(platform: Platform, root: str = "") -> Firmware:
    """Return the first firmware of a platform whose files are all here, below the folder `root`. Raises `FirmwareMissing`."""
    for firmware in platform.firmware:
        files = [f"{root}{file}" for file in firmware if file is not None]
        if all(os.access(file, os.R_OK) for file in files):
            return type(firmware)(*files)
    raise FirmwareMissing(platform.name, [one.code for one in platform.firmware], platform.firmware_packages)


def best_accelerator(platform: Platform, device: str = _KVM) -> Accelerator:
    """Return "kvm" if the processor is one of the platform and this user may use KVM, else "tcg": emulation."""
    if machine_system() != f"{platform.name}-linux":
        return "tcg"
    import fcntl

    try:
        handle = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return "tcg"
    try:
        return "kvm" if fcntl.ioctl(handle, _KVM_GET_API_VERSION) == _KVM_API_VERSION else "tcg"
    except OSError:
        return "tcg"
    finally:
        os.close(handle)
