"""Writers of root file systems for others: pax archives and OCI image layouts, the same bytes on any machine.

This room knows nothing of packages or stores: it is given members and metadata. Sources: POSIX.1-2017, `pax`,
"pax Interchange Format" and "ustar Interchange Format"; OCI Image Format Specification 1.1.
"""

from __future__ import annotations

from .compression import GZIP, NONE, Compression
from .errors import ContentChanged, InvalidMember, InvalidTag, OciError
from .layout import LAYER, Blob, Configuration, Layer, LayoutWriter, WrittenImage, check_layer, check_tag
from .members import Kind, Member, in_order
from .pax import archive

__all__ = [
    "GZIP",
    "LAYER",
    "NONE",
    "Blob",
    "Compression",
    "Configuration",
    "ContentChanged",
    "InvalidMember",
    "InvalidTag",
    "Kind",
    "Layer",
    "LayoutWriter",
    "Member",
    "OciError",
    "WrittenImage",
    "archive",
    "check_layer",
    "check_tag",
    "in_order",
]
