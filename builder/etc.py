"""The files of /etc that every build sees, the same on every machine.

`resolv.conf` is empty: a build without network has no use for it, and one with network has the host's
bound over it.
"""

from __future__ import annotations

from typing import Final

CONSTANT_ETC: Final[dict[str, bytes]] = {
    "etc/group": b"root:x:0:\nbuilder:x:1000:\nnogroup:x:65534:\n",
    "etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": (
        b"root:x:0:0:root:/:/noshell\n"
        b"builder:x:1000:1000:builder:/homeless-shelter:/noshell\n"
        b"nobody:x:65534:65534:nobody:/:/noshell\n"
    ),
    "etc/resolv.conf": b"",
}
