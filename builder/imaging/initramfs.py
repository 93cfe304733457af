"""Initramfs: the files that a kernel starts with, as an archive (kernel documentation, "initramfs buffer format").

Nothing is compressed, so that the bytes do not depend on a library; the kernel takes several archives one after the
other, and one that is not compressed may be followed by others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from ...disk import Kind, Node, archive
from .boot import INIT
from .errors import NoInit
from .nodes import EPOCH, nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..installing.values import InstalledRoot
    from .boot import BootParts

HANDOVER: Final = b"handover"
"""What lies in this folder of an initramfs comes to /run/handover of the system (docs/services.md)."""
# Without it, the first program has neither input nor output (kernel documentation, admin-guide/devices).
_CONSOLE: Final = Node(b"dev/console", Kind.CHARACTER, 0o600, device=(5, 1))


def program_initramfs(parts: BootParts) -> Iterator[bytes]:
    """Yield an initramfs whose program finds the root file system. Raises `PartMissing`, `ContentChanged`."""
    (program,) = nodes_of([parts.need_initramfs()])
    nodes = [_CONSOLE, replace(program, path=b"init", mode=0o755)]
    return archive(nodes, EPOCH, blake3)


def root_initramfs(root: InstalledRoot) -> Iterator[bytes]:
    """Yield an initramfs that is the whole root, which the kernel starts as it is. Raises `NoInit`, `ContentChanged`."""
    nodes = nodes_of(root.entries)
    if root.find("init") is None:
        if root.find(INIT) is None:
            raise NoInit(INIT)
        nodes.append(Node(b"init", Kind.SYMLINK, 0o777, target=INIT.encode()))
    if root.find("dev/console") is None:
        nodes.append(_CONSOLE)
    return archive(nodes, EPOCH, blake3)


def handover_initramfs(files: Iterable[Node]) -> bytes:
    """Return an archive that hands files over to the system: their paths are below /run/handover there."""
    nodes = [replace(node, path=HANDOVER + b"/" + node.path) for node in files]
    return b"".join(archive(nodes, EPOCH))
