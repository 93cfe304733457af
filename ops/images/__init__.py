"""Images of installed roots: archives and OCI layouts (docs/images.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .attesting import attest_image, bill_of_image
    from .errors import ImageError, NoImage, OutputInTheWay, OutputRefused, PushFailed, WrongOption
    from .machines import DiskOptions, WrittenImage, copy_image, write_disk, write_initramfs
    from .options import ImageOptions
    from .pushing import check_push, push_image
    from .reading import ImageDescription, read_image
    from .tarball import WrittenTar, write_tar
    from .writing import OciImage, is_image, write_oci

_ORIGINS = {
    ".attesting": "attest_image bill_of_image",
    ".errors": "ImageError NoImage OutputInTheWay OutputRefused PushFailed WrongOption",
    ".machines": "DiskOptions WrittenImage copy_image write_disk write_initramfs",
    ".options": "ImageOptions",
    ".pushing": "check_push push_image",
    ".reading": "ImageDescription read_image",
    ".tarball": "WrittenTar write_tar",
    ".writing": "OciImage is_image write_oci",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "DiskOptions",
    "ImageDescription",
    "ImageError",
    "ImageOptions",
    "NoImage",
    "OciImage",
    "OutputInTheWay",
    "OutputRefused",
    "PushFailed",
    "WrittenImage",
    "WrittenTar",
    "WrongOption",
    "attest_image",
    "bill_of_image",
    "check_push",
    "copy_image",
    "is_image",
    "push_image",
    "read_image",
    "write_disk",
    "write_initramfs",
    "write_oci",
    "write_tar",
]
