"""Packages of apk, versions 2 and 3: a codec that knows nothing of the rest of chx (docs/apk-format.md).

Words: a *container* is the unpacked file of version 3; its *values* are metadata; the *identity* of a package is the SHA-256 of its values
(in version 2 the SHA-1 of its packed control member), by which an index names it.
"""

from __future__ import annotations

from .. import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contents import Acl, Device, Directory, File, Package, sort_tree
    from .dependencies import Dependency, check_name
    from .description import Info, Scripts
    from .errors import ApkError, BadDependency, BadName, BadVersion
    from .index import Index, SignedIndex, index_entry, read_index, write_index
    from .keys import PrivateKey, PublicKey, Signature, generate, load_private, load_public, load_trusted
    from .package import Reader, pack, read_package, sign, write_package
    from .versions import Version, compare

_ORIGINS = {
    ".contents": "Acl Device Directory File Package sort_tree",
    ".dependencies": "Dependency check_name",
    ".description": "Info Scripts",
    ".errors": "ApkError BadDependency BadName BadVersion",
    ".index": "Index SignedIndex index_entry read_index write_index",
    ".keys": "PrivateKey PublicKey Signature generate load_private load_public load_trusted",
    ".package": "Reader pack read_package sign write_package",
    ".versions": "Version compare",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "Acl",
    "ApkError",
    "BadDependency",
    "BadName",
    "BadVersion",
    "Dependency",
    "Device",
    "Directory",
    "File",
    "Index",
    "Info",
    "Package",
    "PrivateKey",
    "PublicKey",
    "Reader",
    "Scripts",
    "Signature",
    "SignedIndex",
    "Version",
    "check_name",
    "compare",
    "generate",
    "index_entry",
    "load_private",
    "load_public",
    "load_trusted",
    "pack",
    "read_index",
    "read_package",
    "sign",
    "sort_tree",
    "write_index",
    "write_package",
]
