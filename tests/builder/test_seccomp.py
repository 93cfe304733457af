"""The filter, run by a small interpreter of classic BPF, for every architecture."""

import struct

import pytest

from chx.builder.seccomp import ARCHITECTURES, seccomp_filter

ALLOW, KILL = 0x7FFF0000, 0x80000000


def errno(number):
    return 0x00050000 | number


EPERM, ENOSYS, ENOTSUP = errno(1), errno(38), errno(95)
EPROTONOSUPPORT, EAFNOSUPPORT = errno(93), errno(97)


def verdict(machine: str, call: str | int, *arguments: int, audit: int | None = None) -> int:
    """What the program for `machine` says about a call."""
    calls = ARCHITECTURES[machine]
    order = ">" if calls.big_endian else "<"
    number = calls.numbers[call] if isinstance(call, str) else call
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack(order + "IIQ6Q", number, audit or calls.audit, 0, *padded)
    program = seccomp_filter(machine)
    instructions = [struct.unpack_from(order + "HBBI", program, at) for at in range(0, len(program), 8)]
    at, accumulator = 0, 0
    while True:
        code, when_true, when_false, operand = instructions[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from(order + "I", data, operand)
        elif code == 0x06:
            return operand
        else:
            holds = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }[code]
            at += when_true if holds else when_false


MACHINES = sorted(ARCHITECTURES)


@pytest.mark.parametrize("machine", MACHINES)
def test_set_id_bits_cannot_be_made(machine):
    numbers = ARCHITECTURES[machine].numbers
    for call, index in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("creat", 1), ("mknodat", 2)):
        if call in numbers:
            before = (0,) * index
            assert verdict(machine, call, *before, 0o4755) == EPERM
            assert verdict(machine, call, *before, 0o2755) == EPERM
            assert verdict(machine, call, *before, 0o1777) == ALLOW
    create, existing = 0o101, 0o1
    assert verdict(machine, "openat", 0, 0, create, 0o4755) == EPERM
    assert verdict(machine, "openat", 0, 0, create, 0o644) == ALLOW
    # Without O_CREAT the mode argument is whatever the register holds.
    assert verdict(machine, "openat", 0, 0, existing, 0o7777) == ALLOW
    assert verdict(machine, "openat", 0, 0, 0o20200001, 0o4755) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_are_refused_whatever_their_arguments(machine):
    for call in ("setxattr", "lsetxattr", "fsetxattr", "setxattrat"):
        assert verdict(machine, call) == ENOTSUP
    for call in ("clone3", "openat2", "io_uring_setup", "keyctl", "add_key", "request_key"):
        assert verdict(machine, call) == ENOSYS
    for call in ("setns", "bpf", "perf_event_open"):
        assert verdict(machine, call) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_namespaces_are_refused_and_processes_are_not(machine):
    assert verdict(machine, "clone", 0x10000000 | 17) == EPERM
    assert verdict(machine, "clone", 0x003D0F00) == ALLOW  # a thread
    assert verdict(machine, "clone", 17) == ALLOW  # a child
    assert verdict(machine, "unshare", 0x10000000) == EPERM
    assert verdict(machine, "unshare", 0x80) == EPERM
    assert verdict(machine, "unshare", 0x200) == ALLOW  # CLONE_FS


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_are_of_the_families_that_builds_need(machine):
    unix, inet, inet6, netlink = 1, 2, 10, 16
    for call in ("socket", "socketpair"):
        for family in (unix, inet, inet6):
            # Neither the type nor the protocol matters, nor the upper half of a register.
            assert verdict(machine, call, family, 3, 12) == ALLOW
            assert verdict(machine, call, 1 << 32 | family, 1, 0) == ALLOW
        for family in range(64):
            if family not in (unix, inet, inet6, netlink):
                assert verdict(machine, call, family, 1, 0) == EAFNOSUPPORT
        assert verdict(machine, call, netlink, 3, 0) == ALLOW
        for protocol in range(1, 32):
            assert verdict(machine, call, netlink, 3, protocol) == EPROTONOSUPPORT
    if "socketcall" in ARCHITECTURES[machine].numbers:
        assert verdict(machine, "socketcall", 1) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_files_that_builds_share_are_neither_leased_nor_watched_by_signals(machine):
    lease, read_lease, notify, lock, duplicate = 1024, 1025, 1026, 6, 1030
    for command in (lease, notify, 1 << 32 | lease):
        assert verdict(machine, "fcntl", 3, command, 1) == EPERM
    for command in (read_lease, lock, duplicate):
        assert verdict(machine, "fcntl", 3, command, 1) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_caller_has_is_answered_with_nothing(machine):
    """No error: the call returns 0, and nothing was written."""
    assert verdict(machine, "getgroups", 0, 0) == verdict(machine, "ioprio_get", 1, 0) == errno(0)


@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_can_be_typed_into_a_terminal(machine):
    typing, pasting, window_size = 0x5412, 0x541C, 0x5413
    assert verdict(machine, "ioctl", 0, typing) == EPERM
    assert verdict(machine, "ioctl", 0, pasting) == EPERM
    # The kernel does not look at the upper half, so neither may the filter.
    assert verdict(machine, "ioctl", 0, 1 << 32 | typing) == EPERM
    assert verdict(machine, "ioctl", 0, window_size) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_other_calls_are_allowed_and_other_architectures_killed(machine):
    assert verdict(machine, 60) == ALLOW
    assert verdict(machine, 60, audit=0x40000003) == KILL


def test_x32_does_not_exist():
    assert verdict("x86_64", 0x40000000 | 90, 0, 0o4755) == ENOSYS


def test_an_unknown_machine_has_no_filter():
    assert seccomp_filter("vax") is None
