"""Disks that a machine starts from by UEFI: an EFI system partition with kernel and initramfs in one program, and a root.

The root is a file system that cannot be written to (EROFS); what changes is laid over it (`pkgs/early-init`), from a
third partition if the disk has room for one (ext4, empty). Types of partitions are those of the Discoverable Partitions Specification (UAPI group 2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final
from uuid import UUID

from blake3 import blake3

from ...disk import Partition, erofs, ext4, fat, gpt, uki
from ...store.checkpoint import checkpoint
from .boot import boot_parts
from .errors import DoesNotFit, MachineUnknown
from .identity import identifier, root_digest
from .initramfs import program_initramfs
from .nodes import EPOCH, content_of, nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..installing.values import InstalledRoot
    from .boot import BootParts

_ESP: Final = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
_ROOTS: Final = {
    "aarch64": (UUID("b921b045-1df0-41c3-af44-4c6f280d3fae"), "BOOTAA64.EFI"),
    "x86_64": (UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"), "BOOTX64.EFI"),
}
"""By profile: the type of a root partition, and the name under which the firmware looks for a program."""
_STATE: Final = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
_ESP_ROOM: Final = 1 << 20
"""Bytes of the EFI system partition beside what is in it, so that somebody may add a file."""
_BITS: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class DiskOptions:
    """What a disk is to be: its size in bytes (None: as small as it can be), and words for the kernel's command line.

    What a size leaves, if it is 16 MiB or more, is a file system for what changes.
    `handover` are more archives after the initramfs, which hand files over to the system (`handover_initramfs`).
    """

    size: int | None = None
    command_line: tuple[str, ...] = ()
    handover: bytes = b""


@dataclass(frozen=True, slots=True)
class DiskLayout:
    """A disk that was written: its size and identifier, its partitions, and the kernel's command line."""

    size: int
    identifier: UUID
    partitions: tuple[Partition, ...]
    command_line: str

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON types."""
        return {
            "identifier": str(self.identifier),
            "commandLine": self.command_line,
            "partitions": [
                {"name": one.name, "type": str(one.type), "identifier": str(one.identifier), "start": one.start, "size": one.size}
                for one in self.partitions
            ],
        }  # fmt: skip


def write_disk(root: InstalledRoot, file: IO[bytes], options: DiskOptions) -> DiskLayout:
    """Write a disk into an empty file that can be sought in; the bytes follow from the root and the options alone.

    Raises `MachineImageError`, `DiskError`, and OSError for the file.
    """
    plan = _Plan(root, options)
    layout, program = plan.layout()
    begin, end = gpt.tables(layout.size, layout.identifier, layout.partitions)
    esp, system, *rest = layout.partitions
    file.truncate(layout.size)
    _put(file, 0, [begin])
    _put(file, esp.start, fat.file_system(program, esp.size, esp.identifier.int & _BITS, "ESP"))
    _put(file, system.start, plan.system.chunks(blake3))
    for state in rest:
        for piece in ext4.empty(state.size, state.identifier, state.name, EPOCH):
            _put(file, state.start + piece.offset, [piece.content])
    _put(file, layout.size - len(end), [end])
    return layout


class _Plan:
    """What is to be on a disk, and where, before anything is written."""

    def __init__(self, root: InstalledRoot, options: DiskOptions) -> None:
        if root.machine not in _ROOTS:
            raise MachineUnknown(root.machine, tuple(_ROOTS))
        self._options = options
        self._kind, self._name = _ROOTS[root.machine]
        self._parts = boot_parts(root)
        self._digest = root_digest(root.entries)
        self._place = identifier(self._digest, "root")
        self.system = erofs.plan(nodes_of(root.entries), self._place, "root", EPOCH)

    def layout(self) -> tuple[DiskLayout, dict[str, bytes]]:
        """Return the disk, and the files of its first partition. Raises `DoesNotFit`, `DiskError`."""
        size = None if self._options.size is None else self._options.size // gpt.SECTOR * gpt.SECTOR
        if size is not None:
            state = identifier(self._digest, "state")
            layout, program = self._with(size, (f"state=PARTUUID={state}",))
            start = _end(layout.partitions)
            left = (size - gpt.LAST - start) // gpt.ALIGNMENT * gpt.ALIGNMENT
            if left >= ext4.LEAST:
                part = Partition(_STATE, state, "state", start, left)
                return replace(layout, partitions=(*layout.partitions, part)), program
        layout, program = self._with(size or 0, ())
        needed = _aligned(_end(layout.partitions) + gpt.LAST)
        if size is not None and size < needed:
            raise DoesNotFit(size, needed)
        return replace(layout, size=size or needed), program

    def _with(self, size: int, words: tuple[str, ...]) -> tuple[DiskLayout, dict[str, bytes]]:
        """Return a disk with two partitions whose kernel gets these words, too."""
        line = " ".join(command_line(self._parts, f"PARTUUID={self._place}", (*words, *self._options.command_line)))
        program = {f"EFI/BOOT/{self._name}": _program(self._parts, line, self._options)}
        esp = _aligned(fat.needed_size(program) + _ESP_ROOM)
        partitions = (
            Partition(_ESP, identifier(self._digest, "esp"), "ESP", gpt.ALIGNMENT, esp),
            Partition(self._kind, self._place, "root", gpt.ALIGNMENT + esp, _aligned(self.system.size)),
        )
        return DiskLayout(size, identifier(self._digest, "disk"), partitions, line), program


def _end(partitions: tuple[Partition, ...]) -> int:
    return partitions[-1].start + partitions[-1].size


def command_line(parts: BootParts, root: str, more: Iterable[str] = ()) -> list[str]:
    """Return the words of a kernel's command line for a root that is named as in `root=`.

    A kernel that panics starts the machine again, so that nothing waits for somebody to look at it.
    """
    console = [] if parts.console is None else [f"console={parts.console}"]
    return [*console, f"root={root}", "panic=-1", *parts.command_line, *more]


def _program(parts: BootParts, line: str, options: DiskOptions) -> bytes:
    """Return the program that the firmware starts: a kernel, its initramfs and its command line in one."""
    return uki.assemble(
        content_of(parts.need_stub()),
        {
            ".cmdline": line.encode(),
            ".initrd": b"".join(program_initramfs(parts)) + options.handover,
            ".linux": content_of(parts.kernel),
        },
    )


def _put(file: IO[bytes], start: int, chunks: Iterable[bytes] | Iterator[bytes]) -> None:
    """Write chunks from an offset on; blocks of zeros take no room."""
    file.seek(start)
    for chunk in chunks:
        checkpoint()
        if any(chunk):
            file.write(chunk)
        else:
            file.seek(len(chunk), 1)


def _aligned(size: int) -> int:
    return -(-size // gpt.ALIGNMENT) * gpt.ALIGNMENT
