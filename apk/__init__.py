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
    from .formats import PackageReader, entry_of, open_index, open_package
    from .index import Index, SignedIndex, index_entry, read_index, write_index
    from .installed import (
        InstalledDirectory,
        InstalledFile,
        InstalledPackage,
        InstalledScript,
        Owner,
        Triggers,
        installed_package,
        read_installed,
        read_scripts,
        read_triggers,
        read_world,
        write_installed,
        write_scripts,
        write_triggers,
        write_world,
    )
    from .keys import PrivateKey, PublicKey, Signature, generate, load_private, load_public, load_trusted
    from .package import Reader, pack, read_package, sign, write_package
    from .v2 import (
        IndexV2,
        ReaderV2,
        SignatureV2,
        index_entry_v2,
        read_index_v2,
        read_package_v2,
        write_index_v2,
        write_package_v2,
    )
    from .versions import Version, compare

_ORIGINS = {
    ".contents": "Acl Device Directory File Package sort_tree",
    ".dependencies": "Dependency check_name",
    ".description": "Info Scripts",
    ".errors": "ApkError BadDependency BadName BadVersion",
    ".index": "Index SignedIndex index_entry read_index write_index",
    ".keys": "PrivateKey PublicKey Signature generate load_private load_public load_trusted",
    ".package": "Reader pack read_package sign write_package",
    ".formats": "PackageReader entry_of open_index open_package",
    ".v2": "IndexV2 ReaderV2 SignatureV2 index_entry_v2 read_index_v2 read_package_v2 write_index_v2 write_package_v2",
    ".installed": "InstalledDirectory InstalledFile InstalledPackage InstalledScript Owner Triggers installed_package read_installed read_scripts read_triggers read_world write_installed write_scripts write_triggers write_world",
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
    "IndexV2",
    "Info",
    "InstalledDirectory",
    "InstalledFile",
    "InstalledPackage",
    "InstalledScript",
    "Owner",
    "Package",
    "PackageReader",
    "PrivateKey",
    "PublicKey",
    "Reader",
    "ReaderV2",
    "Scripts",
    "Signature",
    "SignatureV2",
    "SignedIndex",
    "Triggers",
    "Version",
    "check_name",
    "compare",
    "entry_of",
    "generate",
    "index_entry",
    "index_entry_v2",
    "installed_package",
    "load_private",
    "load_public",
    "load_trusted",
    "open_index",
    "open_package",
    "pack",
    "read_index",
    "read_index_v2",
    "read_installed",
    "read_package",
    "read_package_v2",
    "read_scripts",
    "read_triggers",
    "read_world",
    "sign",
    "sort_tree",
    "write_index",
    "write_index_v2",
    "write_installed",
    "write_package",
    "write_package_v2",
    "write_scripts",
    "write_triggers",
    "write_world",
]
