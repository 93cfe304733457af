"""Virtual machines that qemu has, one for each architecture, as data.

`PLATFORMS` is a table: what differs between architectures is in it, and nowhere else. Names of machines and devices are
those of qemu's manual (https://www.qemu.org/docs/master/system/targets.html), of consoles those of the kernel's drivers,
of files those that packages of the distributions install.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import UnknownPlatform

if TYPE_CHECKING:
    from collections.abc import Mapping


class Firmware(NamedTuple):
    """UEFI firmware: the file of its code, and of its empty variables, None if the code is loaded without any.

    The two are flash chips. Code alone is a ROM, and variables are forgotten.
    """

    code: str
    variables: str | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """A virtual machine for an architecture.

    `name` is that of the architecture's profile; `emulator` the program. `machine` and `cpus` are qemu's options `-M` and
    `-cpu`, the latter by accelerator. `console` is the device of the serial port in the guest. `bus` is the end of the
    names of virtio devices. `firmware` are the places of UEFI firmware, the best first. `packages` and
    `firmware_packages` say what to install, by distribution.
    """

    name: str
    emulator: str
    machine: str
    cpus: Mapping[str, str]
    console: str
    packages: Mapping[str, str]
    firmware: tuple[Firmware, ...] = ()
    firmware_packages: Mapping[str, str] = field(default_factory=dict)
    bus: str = "pci"


_X86_64: Final = Platform(
    name="x86_64",
    emulator="qemu-system-x86_64",
    machine="q35",
    # The accelerator's "max" has random numbers of the processor, without which a kernel waits for some.
    cpus={"kvm": "host", "tcg": "max"},
    console="ttyS0",
    packages={"Debian": "qemu-system-x86", "Alpine": "qemu-system-x86_64", "Fedora": "qemu-system-x86-core"},
    firmware=(
        Firmware("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        Firmware("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        Firmware("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        Firmware("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        Firmware("/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"),
        Firmware("/usr/share/OVMF/OVMF.fd"),
    ),
    firmware_packages={"Debian": "ovmf", "Alpine": "ovmf", "Fedora": "edk2-ovmf"},
)
_AARCH64: Final = Platform(
    name="aarch64",
    emulator="qemu-system-aarch64",
    # The newest interrupt controller that the accelerator has.
    machine="virt,gic-version=max",
    # "max" signs pointers in software, which takes longer than all else together.
    cpus={"kvm": "host", "tcg": "cortex-a57"},
    console="ttyAMA0",
    packages={"Debian": "qemu-system-arm", "Alpine": "qemu-system-aarch64", "Fedora": "qemu-system-aarch64-core"},
    firmware=(
        Firmware("/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        Firmware("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        Firmware("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"),
        Firmware("/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd"),
        Firmware("/usr/share/qemu/edk2-aarch64-code.fd", "/usr/share/qemu/edk2-arm-vars.fd"),
        Firmware("/usr/share/AAVMF/QEMU_EFI.fd"),
        Firmware("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"),
    ),
    firmware_packages={"Debian": "qemu-efi-aarch64", "Alpine": "aavmf", "Fedora": "edk2-aarch64"},
)
_RISCV64: Final = Platform(
    name="riscv64",
    emulator="qemu-system-riscv64",
    machine="virt",
    cpus={"kvm": "host", "tcg": "rv64"},
    console="ttyS0",
    packages={
        "Debian": "qemu-system-misc (since 13: qemu-system-riscv)",
        "Alpine": "qemu-system-riscv64",
        "Fedora": "qemu-system-riscv-core",
    },
    firmware=(
        Firmware("/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd"),
        Firmware("/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd", "/usr/share/edk2/riscv/RISCV_VIRT_VARS.fd"),
        Firmware("/usr/share/qemu/edk2-riscv-code.fd", "/usr/share/qemu/edk2-riscv-vars.fd"),
    ),
    firmware_packages={"Debian": "qemu-efi-riscv64", "Fedora": "edk2-riscv64"},
)
# What the emulated processor lacks against attacks by speculation is said, so that qemu does not warn of it.
_PSERIES: Final = "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"
_PPC64LE: Final = Platform(
    name="ppc64le",
    emulator="qemu-system-ppc64",
    machine=_PSERIES,
    cpus={"kvm": "host", "tcg": "power9"},
    console="hvc0",
    packages={"Debian": "qemu-system-ppc", "Alpine": "qemu-system-ppc64", "Fedora": "qemu-system-ppc-core"},
)
_PPC64: Final = Platform(
    name="ppc64",
    emulator="qemu-system-ppc64",
    machine=_PSERIES,
    cpus={"kvm": "host", "tcg": "power9"},
    console="hvc0",
    packages=_PPC64LE.packages,
)

PLATFORMS: Final = {one.name: one for one in (_AARCH64, _PPC64, _PPC64LE, _RISCV64, _X86_64)}
"""Platforms by the name of the architecture."""


def platform_of(architecture: str) -> Platform:
    """Return the virtual machine for an architecture. Raises `UnknownPlatform`."""
    found = PLATFORMS.get(architecture)
    if found is None:
        raise UnknownPlatform(architecture, sorted(PLATFORMS))
    return found
