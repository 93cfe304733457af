"""The seccomp filter of a build, as bytes of a classic BPF program.

What it refuses, and why:

* making a file set-user-id or set-group-id (chmod and every call that creates a file with a mode): store
  objects have no such bits, so setting one must not appear to succeed -> EPERM;
* extended attributes: store objects have none -> ENOTSUP, which every tool understands as "this file system
  cannot";
* namespaces inside the sandbox: an attack surface of the kernel that no build needs -> EPERM. The flags of
  clone3 and the mode of openat2 are in memory, which a filter cannot read -> ENOSYS, and libc falls back;
* io_uring: its operations bypass every filter -> ENOSYS;
* keyrings, which are shared by all processes of the user outside -> ENOSYS;
* typing into the terminal (TIOCSTI, and TIOCLINUX, which can paste): a command in `chx run` may share the
  terminal of a shell outside -> EPERM;
* access to the first process, which is bubblewrap and runs without this filter (ptrace, its memory, a descriptor of
  it) -> EPERM; if stopped, it could not even exit;
* sockets of other families than a build needs: AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK to query its own
  network. Some (AF_VSOCK) know no namespaces and lead to the machine around a virtual one, some (AF_ALG) answer
  differently on each machine -> EAFNOSUPPORT, EPROTONOSUPPORT;
* leases on files (F_SETLEASE) and dnotify (F_NOTIFY): builds share the files of a root, and opening one waits for
  the holder of a lease, and is visible to a watcher -> EPERM;
* the supplementary groups and the I/O priority of the caller of chx: the answer is that there are none;
* the kernel's log, BPF, performance counters, userfaultfd, file handles: they reveal the host -> EPERM;
* calls by the numbering of another architecture (also x32), to which none of the rules above would
  apply -> the process is killed with SIGSYS; x32 returns ENOSYS, like a kernel without x32.

`seccomp_filter` is pure. Numbers: `asm/unistd.h` of Linux; encoding: `linux/filter.h`, `linux/seccomp.h`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final

_EPERM, _ENOSYS, _EPROTONOSUPPORT, _ENOTSUP, _EAFNOSUPPORT = 1, 38, 93, 95, 97
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16

_CREATING: Final = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE: only then the mode argument means something
_SET_ID_BITS: Final = 0o6000
_CLONE_NEW_ANY: Final = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_CLONE_NEWTIME: Final = 0x80  # in clone these bits are the exit signal


@dataclass(frozen=True, slots=True)
class Calls:
    """The numbers of one architecture; `audit` is its AUDIT_ARCH_ constant."""

    audit: int
    big_endian: bool
    numbers: dict[str, int]


# Since Linux 5.1 a new call has the same number on every architecture.
_COMMON: Final = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "pidfd_open": 434,
    "clone3": 435,
    "openat2": 437,
    "fchmodat2": 452,
    "setxattrat": 463,
}
_X86_64: Final = _COMMON | {
    "open": 2,
    "ioctl": 16,
    "socket": 41,
    "socketpair": 53,
    "clone": 56,
    "fcntl": 72,
    "creat": 85,
    "chmod": 90,
    "fchmod": 91,
    "ptrace": 101,
    "syslog": 103,
    "getgroups": 115,
    "mknod": 133,
    "setxattr": 188,
    "lsetxattr": 189,
    "fsetxattr": 190,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "ioprio_get": 252,
    "openat": 257,
    "mknodat": 259,
    "fchmodat": 268,
    "unshare": 272,
    "perf_event_open": 298,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "bpf": 321,
    "userfaultfd": 323,
}
_GENERIC: Final = _COMMON | {
    "setxattr": 5,
    "lsetxattr": 6,
    "fsetxattr": 7,
    "fcntl": 25,
    "ioctl": 29,
    "ioprio_get": 31,
    "mknodat": 33,
    "fchmod": 52,
    "fchmodat": 53,
    "openat": 56,
    "unshare": 97,
    "syslog": 116,
    "ptrace": 117,
    "getgroups": 158,
    "socket": 198,
    "socketpair": 199,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "clone": 220,
    "perf_event_open": 241,
    "open_by_handle_at": 265,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "bpf": 280,
    "userfaultfd": 282,
}
_POWERPC: Final = _COMMON | {
    "open": 5,
    "creat": 8,
    "mknod": 14,
    "chmod": 15,
    "ptrace": 26,
    "ioctl": 54,
    "fcntl": 55,
    "getgroups": 80,
    "fchmod": 94,
    "socketcall": 102,
    "syslog": 103,
    "clone": 120,
    "setxattr": 209,
    "lsetxattr": 210,
    "fsetxattr": 211,
    "add_key": 269,
    "request_key": 270,
    "keyctl": 271,
    "ioprio_get": 274,
    "unshare": 282,
    "openat": 286,
    "mknodat": 288,
    "fchmodat": 297,
    "perf_event_open": 319,
    "socket": 326,
    "socketpair": 333,
    "open_by_handle_at": 346,
    "setns": 350,
    "process_vm_readv": 351,
    "process_vm_writev": 352,
    "bpf": 361,
    "userfaultfd": 364,
}
# Keys are the names of uname(2).
ARCHITECTURES: Final = {
    "x86_64": Calls(0xC000003E, False, _X86_64),
    "aarch64": Calls(0xC00000B7, False, _GENERIC),
    "riscv64": Calls(0xC00000F3, False, _GENERIC),
    "ppc64le": Calls(0xC0000015, False, _POWERPC),
    "ppc64": Calls(0x80000015, True, _POWERPC),
}

_REFUSED: Final = {
    **dict.fromkeys(("setxattr", "lsetxattr", "fsetxattr", "setxattrat"), _ENOTSUP),
    **dict.fromkeys(("clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"), _ENOSYS),
    **dict.fromkeys(("add_key", "request_key", "keyctl"), _ENOSYS),
    # Its arguments are in memory; every libc that is not ancient uses the direct calls.
    "socketcall": _ENOSYS,
    # No error: the call returns 0.
    **dict.fromkeys(("getgroups", "ioprio_get"), 0),
    **dict.fromkeys(("setns", "syslog", "bpf", "perf_event_open", "userfaultfd", "open_by_handle_at"), _EPERM),
}
# The argument that holds the mode; for open and openat, and the one that holds the flags.
_MODE: Final = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "creat": 1, "mknod": 1, "mknodat": 2}
_OPEN: Final = {"open": (1, 2), "openat": (2, 3)}
_NAMESPACES: Final = {"clone": _CLONE_NEW_ANY, "unshare": _CLONE_NEW_ANY | _CLONE_NEWTIME}

_REACHING: Final = {"ptrace": 1, "process_vm_readv": 0, "process_vm_writev": 0, "pidfd_open": 0}
"""Index of the argument that names another process."""
_FIRST: Final = 1

_TYPING: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX; the kernel looks at the low 32 bits only

_LEASING: Final = (1024, 1026)  # F_SETLEASE, F_NOTIFY

_FAMILIES: Final = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
_NETLINK: Final = 16
_ROUTE: Final = 0  # NETLINK_ROUTE, by which libc finds addresses; the others are about the machine

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _returns(value: int) -> _Instruction:
    return (_RETURN, 0, 0, value)


def _loads_argument(index: int, big_endian: bool) -> _Instruction:
    """Load the low 32 bits of an argument, which contain all flags that are checked."""
    return (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * index + (4 if big_endian else 0))


def _refuses_bits(index: int, mask: int, error: int, big_endian: bool) -> list[_Instruction]:
    return [
        _loads_argument(index, big_endian),
        (_JUMP_ANY_BIT, 0, 1, mask),
        _returns(_ERRNO | error),
        _returns(_ALLOW),
    ]


def _refuses_values(index: int, values: tuple[int, ...], error: int, big_endian: bool) -> list[_Instruction]:
    program = [_loads_argument(index, big_endian)]
    for value in values:
        program += [(_JUMP_EQUAL, 0, 1, value), _returns(_ERRNO | error)]
    return [*program, _returns(_ALLOW)]


def _refuses_families(big_endian: bool) -> list[_Instruction]:
    """Arguments of socket and socketpair: family, type, protocol."""
    program = [_loads_argument(0, big_endian)]
    for family in _FAMILIES:
        program += [(_JUMP_EQUAL, 0, 1, family), _returns(_ALLOW)]
    return [
        *program,
        (_JUMP_EQUAL, 1, 0, _NETLINK),
        _returns(_ERRNO | _EAFNOSUPPORT),
        _loads_argument(2, big_endian),
        (_JUMP_EQUAL, 0, 1, _ROUTE),
        _returns(_ALLOW),
        _returns(_ERRNO | _EPROTONOSUPPORT),
    ]


def _refuses_creation_with_bits(flags: int, mode: int, big_endian: bool) -> list[_Instruction]:
    return [
        _loads_argument(flags, big_endian),
        (_JUMP_ANY_BIT, 1, 0, _CREATING),
        _returns(_ALLOW),
        *_refuses_bits(mode, _SET_ID_BITS, _EPERM, big_endian),
    ]


def _program(calls: Calls, x32: bool) -> list[_Instruction]:
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, calls.audit),
        _returns(_KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if x32:
        program += [(_JUMP_AT_LEAST, 0, 1, 0x40000000), _returns(_ERRNO | _ENOSYS)]
    blocks: list[tuple[str, list[_Instruction]]] = [
        (name, [_returns(_ERRNO | error)]) for name, error in _REFUSED.items()
    ]
    blocks += [(name, _refuses_bits(mode, _SET_ID_BITS, _EPERM, calls.big_endian)) for name, mode in _MODE.items()]
    blocks += [
        (name, _refuses_creation_with_bits(flags, mode, calls.big_endian)) for name, (flags, mode) in _OPEN.items()
    ]
    blocks += [
        (name, _refuses_values(process, (_FIRST,), _EPERM, calls.big_endian)) for name, process in _REACHING.items()
    ]
    blocks += [(name, _refuses_bits(0, flags, _EPERM, calls.big_endian)) for name, flags in _NAMESPACES.items()]
    blocks.append(("ioctl", _refuses_values(1, _TYPING, _EPERM, calls.big_endian)))
    blocks.append(("fcntl", _refuses_values(1, _LEASING, _EPERM, calls.big_endian)))
    blocks += [(name, _refuses_families(calls.big_endian)) for name in ("socket", "socketpair")]
    for name, block in blocks:
        number = calls.numbers.get(name)
        if number is not None:
            # Every block returns, so the accumulator still holds the number at the next comparison.
            program += [(_JUMP_EQUAL, 0, len(block), number), *block]
    return [*program, _returns(_ALLOW)]


@cache
def seccomp_filter(machine: str) -> bytes | None:
    """Return the program for `machine` (in terms of `uname -m`), or None for an unsupported one."""
    calls = ARCHITECTURES.get(machine)
    if calls is None:
        return None
    order = ">" if calls.big_endian else "<"
    return b"".join(struct.pack(order + "HBBI", *i) for i in _program(calls, machine == "x86_64"))
