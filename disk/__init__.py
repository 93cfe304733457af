"""Bytes of disks: partition tables, file systems, initramfs and programs of UEFI, the same on any machine (docs/disk-format.md).

Nothing here needs root, a loop device or another program, and nothing knows of chx. `nodes` are what is in a file system
or an initramfs; `erofs` and `fat` write file systems, `cpio` an initramfs, `gpt` partition tables, `uki` a kernel that
UEFI starts.
"""

from __future__ import annotations

from .. import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cpio import archive
    from .errors import ContentChanged, DiskError, InvalidNode, InvalidParameter, InvalidStub, NoRoom
    from .gpt import Partition
    from .nodes import Kind, Node, content

_ORIGINS = {
    ".cpio": "archive",
    ".errors": "ContentChanged DiskError InvalidNode InvalidParameter InvalidStub NoRoom",
    ".gpt": "Partition",
    ".nodes": "Kind Node content",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "ContentChanged",
    "DiskError",
    "InvalidNode",
    "InvalidParameter",
    "InvalidStub",
    "Kind",
    "NoRoom",
    "Node",
    "Partition",
    "archive",
    "content",
]
