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


def accounts(uid: int, gid: int, home: str) -> dict[str, bytes]:
    """`etc/passwd` and `etc/group` for a user with a shell and a home."""
    name = "root" if uid == 0 else "builder"
    passwd = [f"{name}:x:{uid}:{gid}:{name}:{home}:/bin/sh"]
    passwd += [line for line in _lines("etc/passwd") if line.split(":")[0] != name]
    groups = [line for line in _lines("etc/group") if int(line.split(":")[2]) != gid]
    group = "root" if gid == 0 else "builder"
    groups = [f"{group}:x:{gid}:", *(line for line in groups if line.split(":")[0] != group)]
    return {
        "etc/passwd": "".join(f"{line}\n" for line in passwd).encode(),
        "etc/group": "".join(f"{line}\n" for line in groups).encode(),
    }


def _lines(path: str) -> list[str]:
    return CONSTANT_ETC[path].decode().splitlines()
