"""What two packages may both have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...apk.contents import File
    from ...apk.description import Info


def is_same_file(one: File, other: File) -> bool:
    """Whether the client takes two files of one path for one."""
    if one.link_target is not None or other.link_target is not None:
        return one.link_target == other.link_target
    return one.sha256 is not None and one.sha256 == other.sha256 and one.acl == other.acl


def is_of_one_origin(one: Info, other: Info) -> bool:
    """Whether two packages are parts of one, which may have the same files and provide the same."""
    return bool(one.origin) and one.origin == other.origin
