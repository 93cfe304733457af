"""Constant files in /proc that describe the machine to a build.

`proc_files` is pure: facts in, contents out. The formats are those of the kernel (proc(5), and the functions of Linux
that print each file), so that parsers keep working. The facts describe no particular machine: the oldest kernel that
supports everything in the sandbox, the features that every processor of an architecture has, 8 GiB of memory, an idle
machine.

The number of processors is the exception. A build may ask the scheduler for it and has to, for `make -j$(nproc)`; C
libraries that do not ask count lines of /proc/stat or /proc/cpuinfo. So these files contain the true number as well.

A build finds only listed entries of `sys`: those that programs and test-suites are known to read, with the kernel's
defaults.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from .sandbox import HOSTNAME

if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY: Final = "empty"
"""An empty directory among the files, to cover all other directories in /proc."""
RANDOM: Final = "sys/kernel/random/uuid"
"""This file differs each time it is read, so it cannot be constant: the kernel's own is mounted here."""
_WHEN: Final = (1_000_000_000, 1_000_000_000)


class Facts(NamedTuple):
    """Facts in the files.

    `machine` is that of uname(2); an unknown one has no `cpuinfo`. `load`: number of runnable processes. `has_more`:
    the processor has features beyond the baseline of its architecture.
    """

    machine: str
    processors: int
    hostname: str = HOSTNAME
    release: str = "5.10.0"
    build: str = "#1 SMP"
    command_line: str = ""
    boot: str = "00000000-0000-4000-8000-000000000000"
    memory_kib: int = 8 << 20
    model: str = "unknown"
    megahertz: int = 1000
    uptime_seconds: int = 1_000_000
    load: int = 0
    has_more: bool = False


def other(facts: Facts) -> Facts:
    """Return facts that differ in everything that a build must not depend on, except for the host name and the number of processors."""
    return facts._replace(
        release="2.6.32",
        build="#2 SMP PREEMPT",
        command_line="quiet",
        boot="11111111-1111-4111-9111-111111111111",
        memory_kib=3 << 20,
        model="another",
        megahertz=2500,
        uptime_seconds=54_321,
        load=7,
        has_more=True,
    )


def this_machine() -> Facts:
    """Return the facts for builds of this process."""
    return Facts(os.uname().machine, len(os.sched_getaffinity(0)))


def proc_files(facts: Facts) -> dict[str, bytes]:
    """Return the contents by path below /proc."""
    processor = _PROCESSORS.get(facts.machine)
    texts = {
        "cmdline": facts.command_line + "\n",
        "loadavg": f"{facts.load}.00 {facts.load}.00 {facts.load}.00 {facts.load + 1}/{facts.load + 1} 1\n",
        "meminfo": _memory(facts),
        "stat": _counters(facts),
        "uptime": f"{facts.uptime_seconds}.00 {facts.uptime_seconds * facts.processors}.00\n",
        "version": f"Linux version {facts.release} (builder@{HOSTNAME}) (cc) {facts.build}\n",
        RANDOM: "\n",
        **{f"sys/{path}": f"{value}\n" for path, value in {**_SETTINGS, **_sysctls(facts)}.items()},
    }
    if processor is not None:
        texts["cpuinfo"] = processor.describe(facts)
    return {path: text.encode() for path, text in texts.items()}


def write_proc_files(files: Mapping[str, bytes], place: str) -> None:
    """Make the new directory `place` with `files` and the empty directory. Raises OSError."""
    folders = [place, f"{place}/{EMPTY}"]
    for path in sorted(files):
        parts = path.split("/")[:-1]
        folders += ["/".join((place, *parts[: count + 1])) for count in range(len(parts))]
    folders = list(dict.fromkeys(folders))
    for folder in folders:
        os.mkdir(folder, 0o755)
    for path, content in files.items():
        with open(f"{place}/{path}", "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o444)
        os.utime(f"{place}/{path}", ns=_WHEN)
    for folder in reversed(folders):
        if folder != place:
            os.chmod(folder, 0o555)
        os.utime(folder, ns=_WHEN)


def _memory(facts: Facts) -> str:
    total = facts.memory_kib
    free = total - (facts.load + 1) * (total >> 5)
    amounts = {
        "MemTotal": total,
        "MemFree": free,
        "MemAvailable": free,
        **dict.fromkeys(("Buffers", "Cached", "SwapCached", "Active", "Inactive", "Active(anon)", "Inactive(anon)"), 0),
        **dict.fromkeys(("Active(file)", "Inactive(file)", "Unevictable", "Mlocked", "SwapTotal", "SwapFree"), 0),
        **dict.fromkeys(("Dirty", "Writeback", "AnonPages", "Mapped", "Shmem", "KReclaimable", "Slab"), 0),
        **dict.fromkeys(("SReclaimable", "SUnreclaim", "KernelStack", "PageTables", "NFS_Unstable", "Bounce"), 0),
        "WritebackTmp": 0,
        "CommitLimit": total // 2,
        "Committed_AS": total - free,
        "VmallocTotal": 34359738367,
        **dict.fromkeys(("VmallocUsed", "VmallocChunk", "Percpu", "HardwareCorrupted", "AnonHugePages"), 0),
    }
    lines = [f"{name + ':':<15} {amount:>8} kB\n" for name, amount in amounts.items()]
    lines += [f"{f'HugePages_{what}:':<15} {0:>8}\n" for what in ("Total", "Free", "Rsvd", "Surp")]
    return "".join((*lines, f"{'Hugepagesize:':<15} {2048:>8} kB\n", f"{'Hugetlb:':<15} {0:>8} kB\n"))


def _counters(facts: Facts) -> str:
    """Return ticks of user, nice, system, idle and so on: `load` of 10 parts busy."""
    ticks = facts.uptime_seconds * 100
    busy = ticks * min(facts.load, 10) // 10

    def line(name: str, times: int) -> str:
        return f"{name} {busy * times} 0 0 {(ticks - busy) * times} 0 0 0 0 0 0\n"

    return (
        line("cpu ", facts.processors)
        + "".join([line(f"cpu{number}", 1) for number in range(facts.processors)])
        + f"intr 0\nctxt 0\nbtime 315532800\nprocesses 1\nprocs_running {facts.load + 1}\nprocs_blocked 0\n"
        + "softirq 0 0 0 0 0 0 0 0 0 0 0\n"
    )


def _sysctls(facts: Facts) -> dict[str, object]:
    return {
        "kernel/arch": facts.machine,
        "kernel/hostname": facts.hostname,
        "kernel/osrelease": facts.release,
        "kernel/random/boot_id": facts.boot,
        "kernel/version": facts.build,
    }


_SETTINGS: Final[dict[str, object]] = {
    "fs/aio-max-nr": 65536,
    "fs/aio-nr": 0,
    "fs/epoll/max_user_watches": 1048576,
    "fs/file-max": 9223372036854775807,
    "fs/file-nr": "0\t0\t9223372036854775807",
    "fs/inode-nr": "0\t0",
    "fs/inotify/max_queued_events": 16384,
    "fs/inotify/max_user_instances": 128,
    "fs/inotify/max_user_watches": 65536,
    "fs/lease-break-time": 45,
    "fs/leases-enable": 1,
    "fs/mount-max": 100000,
    "fs/mqueue/msg_default": 10,
    "fs/mqueue/msg_max": 10,
    "fs/mqueue/msgsize_default": 8192,
    "fs/mqueue/msgsize_max": 8192,
    "fs/mqueue/queues_max": 256,
    "fs/nr_open": 1048576,
    "fs/overflowgid": 65534,
    "fs/overflowuid": 65534,
    "fs/pipe-max-size": 1048576,
    "fs/pipe-user-pages-hard": 0,
    "fs/pipe-user-pages-soft": 16384,
    "fs/protected_fifos": 0,
    "fs/protected_hardlinks": 1,
    "fs/protected_regular": 0,
    "fs/protected_symlinks": 1,
    "fs/suid_dumpable": 0,
    "kernel/cap_last_cap": 40,
    "kernel/core_pattern": "core",
    "kernel/core_uses_pid": 0,
    "kernel/dmesg_restrict": 1,
    "kernel/domainname": "(none)",
    "kernel/kptr_restrict": 1,
    "kernel/msgmax": 8192,
    "kernel/msgmnb": 16384,
    "kernel/msgmni": 32000,
    "kernel/ngroups_max": 65536,
    "kernel/ostype": "Linux",
    "kernel/overflowgid": 65534,
    "kernel/overflowuid": 65534,
    "kernel/panic": 0,
    "kernel/perf_event_paranoid": 2,
    "kernel/pid_max": 4194304,
    "kernel/pty/max": 4096,
    "kernel/pty/nr": 0,
    "kernel/random/entropy_avail": 256,
    "kernel/random/poolsize": 256,
    "kernel/randomize_va_space": 2,
    "kernel/sched_rr_timeslice_ms": 100,
    "kernel/sched_rt_period_us": 1000000,
    "kernel/sched_rt_runtime_us": 950000,
    "kernel/seccomp/actions_avail": "kill_process kill_thread trap errno user_notif trace log allow",
    "kernel/sem": "32000\t1024000000\t500\t32000",
    "kernel/shmall": 18446744073692774399,
    "kernel/shmmax": 18446744073692774399,
    "kernel/shmmni": 4096,
    "kernel/tainted": 0,
    "kernel/threads-max": 65536,
    "kernel/unprivileged_bpf_disabled": 2,
    "net/core/optmem_max": 20480,
    "net/core/rmem_default": 212992,
    "net/core/rmem_max": 212992,
    "net/core/somaxconn": 4096,
    "net/core/wmem_default": 212992,
    "net/core/wmem_max": 212992,
    "net/ipv4/ip_forward": 0,
    "net/ipv4/ip_local_port_range": "32768\t60999",
    "net/ipv4/ip_unprivileged_port_start": 1024,
    "net/ipv4/ping_group_range": "1\t0",
    "net/ipv4/tcp_fastopen": 1,
    "net/ipv4/tcp_rmem": "4096\t131072\t6291456",
    "net/ipv4/tcp_syncookies": 1,
    "net/ipv4/tcp_wmem": "4096\t16384\t4194304",
    "net/unix/max_dgram_qlen": 512,
    # The filter of system calls allows none.
    "user/max_user_namespaces": 0,
    "vm/legacy_va_layout": 0,
    "vm/max_map_count": 65530,
    "vm/mmap_min_addr": 65536,
    "vm/nr_hugepages": 0,
    "vm/nr_overcommit_hugepages": 0,
    "vm/overcommit_kbytes": 0,
    "vm/overcommit_memory": 0,
    "vm/overcommit_ratio": 50,
    "vm/page-cluster": 3,
    "vm/panic_on_oom": 0,
    "vm/swappiness": 60,
    "vm/vfs_cache_pressure": 100,
}
"""Entries in /proc/sys that do not depend on the facts."""


class _Processor(NamedTuple):
    """How an architecture describes a processor, with the features that not all have, and the text after the last."""

    fields: str
    more: str
    end: str = ""

    def describe(self, facts: Facts) -> str:
        """Return the text of all processors."""
        return (
            "".join(
                [
                    self.fields.format(
                        number=number,
                        count=facts.processors,
                        model=facts.model,
                        mhz=facts.megahertz,
                        more=self.more if facts.has_more else "",
                    )
                    for number in range(facts.processors)
                ]
            )
            + self.end
        )


_X86_64: Final = """\
processor	: {number}
vendor_id	: {model}
cpu family	: 6
model		: 0
model name	: {model}
stepping	: 0
cpu MHz		: {mhz}.000
cache size	: 1024 KB
physical id	: 0
siblings	: {count}
core id		: {number}
cpu cores	: {count}
apicid		: {number}
initial apicid	: {number}
fpu		: yes
fpu_exception	: yes
cpuid level	: 1
wp		: yes
flags		: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx lm{more}
bugs		:
bogomips	: 2000.00
clflush size	: 64
cache_alignment	: 64
address sizes	: 40 bits physical, 48 bits virtual
power management:

"""
_AARCH64: Final = """\
processor	: {number}
BogoMIPS	: {mhz}.00
Features	: fp asimd{more}
CPU implementer	: 0x00
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0x000
CPU revision	: 0

"""
_RISCV64: Final = """\
processor	: {number}
hart		: {number}
isa		: rv64imafdc{more}
mmu		: sv39
uarch		: {model}

"""
_POWERPC: Final = """\
processor	: {number}
cpu		: {model}
clock		: {mhz}.000000MHz
revision	: 0.0 (pvr 0000 0000)

"""
_POWERPC_END: Final = "timebase\t: 512000000\nplatform\t: unknown\n"
_PROCESSORS: Final = {
    "x86_64": _Processor(_X86_64, " pni ssse3 sse4_1 sse4_2 popcnt"),
    "aarch64": _Processor(_AARCH64, " aes pmull sha1 sha2 crc32 atomics"),
    "riscv64": _Processor(_RISCV64, "_zba_zbb"),
    "ppc64": _Processor(_POWERPC, "", _POWERPC_END),
    "ppc64le": _Processor(_POWERPC, "", _POWERPC_END),
}
