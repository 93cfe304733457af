"""Which files of an installed root start a machine, as its packages say in `boot` (docs/packages.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .errors import NoInit, PartMissing, PartNotInRoot, SeveralParts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..installing.values import InstalledEntry, InstalledRoot

INIT: Final = "/sbin/init"


@dataclass(frozen=True, slots=True)
class BootParts:
    """The files that start a machine, as entries of the root.

    `kernel` is the kernel's image. `initramfs` is the program that finds the root file system, and `stub` the program of
    UEFI that starts a kernel in its own file; None if no package has one. `console` is the name of the machine's serial
    line ("ttyS0"), None if the kernel's package does not say it; `command_line` are the words that the kernel wants.
    """

    kernel: InstalledEntry
    initramfs: InstalledEntry | None
    stub: InstalledEntry | None
    console: str | None
    command_line: tuple[str, ...]

    def need_initramfs(self) -> InstalledEntry:
        """Return the program of the initramfs. Raises `PartMissing`."""
        if self.initramfs is None:
            raise PartMissing("a program that finds the root file system", "early-init")
        return self.initramfs

    def need_stub(self) -> InstalledEntry:
        """Return the program of UEFI. Raises `PartMissing`."""
        if self.stub is None:
            raise PartMissing("a program by which UEFI starts a kernel", "efi-stub")
        return self.stub


def boot_parts(root: InstalledRoot) -> BootParts:
    """Return what starts a machine with that root. Raises `PartMissing`, `SeveralParts`, `PartNotInRoot`, `NoInit`."""
    found = _only(root, "a kernel", lambda boot: boot.get("kernel"))
    if found is None:
        raise PartMissing("a kernel", "linux")
    title, kernel = found
    if root.find(INIT) is None:
        raise NoInit(INIT)
    return BootParts(
        _entry(root, title, "boot.kernel.file", kernel["file"]),
        _file(root, "initramfs", "a program that finds the root file system"),
        _file(root, "stub", "a program by which UEFI starts a kernel"),
        kernel["console"],
        tuple(kernel["commandLine"]),
    )


def _file(root: InstalledRoot, field: str, part: str) -> InstalledEntry | None:
    found = _only(root, part, lambda boot: boot.get(field))
    return None if found is None else _entry(root, found[0], f"boot.{field}", found[1])


def _only(root: InstalledRoot, part: str, field: Callable[[Mapping[str, Any]], Any]) -> tuple[str, Any] | None:
    """Return the title of the one package that has a field of `boot`, and the field; None if none has it."""
    found = [(one.title, field(one.installation.get("boot", {}))) for one in root.packages]
    having = [(title, value) for title, value in found if value is not None]
    if len(having) > 1:
        raise SeveralParts(part, tuple(title for title, _ in having))
    return having[0] if having else None


def _entry(root: InstalledRoot, title: str, attribute: str, path: str) -> InstalledEntry:
    entry = root.find(path)
    if entry is None or entry.digest is None:
        raise PartNotInRoot(title, attribute, path)
    return entry
