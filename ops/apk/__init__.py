"""Packages of apk out of packages of a set: build, sign, index, check and install them (docs/apk.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .checking import Checked, Fault, check
    from .comparing import ApkComparison, FieldChange, PackageDifference, PathChange, compare_apk
    from .inspecting import Shown, inspect_file, verify_file
    from .installing import Installed, install
    from .packaging import PackageFile, PackageFiles, build_packages, files_of
    from .repository import Repository, Stored, read_repository, write_indexes, write_repository
    from .serving import check_repository, open_file
    from .signing import find_key, keys_of, make_key
    from .solving import Pool, solve
    from .trust import trusted_keys

_ORIGINS = {
    ".checking": "Checked Fault check",
    ".comparing": "ApkComparison FieldChange PackageDifference PathChange compare_apk",
    ".inspecting": "Shown inspect_file verify_file",
    ".installing": "Installed install",
    ".packaging": "PackageFile PackageFiles build_packages files_of",
    ".repository": "Repository Stored read_repository write_indexes write_repository",
    ".serving": "check_repository open_file",
    ".signing": "find_key keys_of make_key",
    ".solving": "Pool solve",
    ".trust": "trusted_keys",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "ApkComparison",
    "Checked",
    "Fault",
    "FieldChange",
    "Installed",
    "PackageDifference",
    "PackageFile",
    "PackageFiles",
    "PathChange",
    "Pool",
    "Repository",
    "Shown",
    "Stored",
    "build_packages",
    "check",
    "check_repository",
    "compare_apk",
    "files_of",
    "find_key",
    "inspect_file",
    "install",
    "keys_of",
    "make_key",
    "open_file",
    "read_repository",
    "solve",
    "trusted_keys",
    "verify_file",
    "write_indexes",
    "write_repository",
]
