"""Find out why this machine refuses a sandbox, and what to do about it.

bubblewrap reports the step that failed, and the kernel says little more than "not permitted". So this module reads what
the machine tells about itself (`read_facts`), and compares both with the known causes (`diagnose`, a pure function).
It is loaded only after a refusal. docs/sandbox.md lists the causes for users.

What the kernel requires is documented in user_namespaces(7), unshare(2) and mount_namespaces(7). A new procfs in a user
namespace requires an old one that is not even partly covered (`mount_too_revealing` of the kernel).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCS: Final = 'docs/sandbox.md, "Where chx is refused"'
GVISOR: Final = "SMP Sun Jan 10 15:06:54 PST 2016"
"""The constant build date of gVisor in /proc/version."""
SETFCAP: Final = 31
"""Number of the capability CAP_SETFCAP, in linux/capability.h."""
SYS_ADMIN: Final = 21
ENOUGH: Final = 15000
"""A usual value of `user.max_user_namespaces`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine says of itself, as far as sandboxes depend on it; the defaults are those of one without restrictions.

    `limits`: the `user.max_*_namespaces` by their names. `unprivileged_clone`: Debian's `kernel.unprivileged_userns_clone`.
    `apparmor_restricts`: only programs with a profile may use user namespaces. `label`: this process's label, of
    AppArmor (`docker-default (enforce)`) or SELinux (`system_u:system_r:container_t:s0`). `filtered`: a system call
    filter is active; `refuses_unshare`: even `unshare` with no flags fails, which only a filter does. `effective`,
    `ambient`: bits of capabilities. `covered`: places in /proc that something is mounted over. `chrooted`: None if
    unknown. `container`: what made the container, or is empty. `is_initramfs`: the root is the kernel's first file system.
    `is_noexec`: no program of the store can be started from where its home is mounted.
    """

    uid: int = 1000
    version: str = "Linux version 6.1.0"
    has_proc: bool = True
    has_user_namespaces: bool = True
    limits: tuple[tuple[str, int], ...] = ()
    unprivileged_clone: bool = True
    apparmor_restricts: bool = False
    label: str = ""
    filtered: bool = False
    refuses_unshare: bool = False
    no_new_privileges: bool = False
    effective: int = 0
    ambient: int = 0
    covered: tuple[str, ...] = ()
    chrooted: bool | None = False
    container: str = ""
    is_initramfs: bool = False
    is_noexec: bool = False

    @property
    def wsl(self) -> int:
        """Version of the Windows Subsystem for Linux: 1 or 2, 0 elsewhere."""
        if "-Microsoft" in self.version:
            return 1
        return 2 if "microsoft-standard" in self.version else 0

    @property
    def is_gvisor(self) -> bool:
        return GVISOR in self.version or "-gvisor" in self.version

    @property
    def apparmor_profile(self) -> str:
        """The AppArmor profile that confines this process; empty if none does."""
        name, _, mode = self.label.partition(" (")
        return name if mode.startswith(("enforce", "kill", "mixed")) else ""

    @property
    def selinux_domain(self) -> str:
        """The SELinux domain of this process if it is one of containers, else empty."""
        parts = self.label.split(":")
        return parts[2] if len(parts) >= 4 and parts[2].startswith("container") else ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a sandbox is refused: a stable name of the cause, a sentence, and what to do, one way or step per line."""

    cause: str
    reason: str
    advice: tuple[str, ...]


def read_facts(root: str = "/", home: str | None = None) -> Facts:
    """Read the facts of the machine whose files are below `root`; what cannot be read counts as absent.

    `home` is that of the store; it need not exist.
    """
    root = root.rstrip("/")
    status = _status(_read(f"{root}/proc/self/status"))
    mounts = _mounts(_read(f"{root}/proc/self/mountinfo"))
    label = _read(f"{root}/proc/self/attr/current").strip("\0\n ")
    kernel = f"{root}/proc/sys/kernel"
    return Facts(
        uid=int(status.get("Uid", str(os.geteuid())).split()[1 if "Uid" in status else 0]),
        version=_read(f"{root}/proc/version").strip(),
        has_proc=bool(status),
        has_user_namespaces=not status or os.path.lexists(f"{root}/proc/self/ns/user"),
        limits=tuple(
            (name, int(value))
            for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
            if (value := _read(f"{root}/proc/sys/user/max_{name}_namespaces").strip()).isdigit()
        ),
        unprivileged_clone=_read(f"{kernel}/unprivileged_userns_clone").strip() != "0",
        apparmor_restricts=_read(f"{kernel}/apparmor_restrict_unprivileged_userns").strip() not in ("", "0"),
        label=label if label != "unconfined" else "",
        filtered=status.get("Seccomp") == "2",
        refuses_unshare=not root and status.get("Seccomp") == "2" and _refuses_unshare(),
        no_new_privileges=status.get("NoNewPrivs") == "1",
        effective=int(status.get("CapEff", "0"), 16),
        ambient=int(status.get("CapAmb", "0"), 16),
        covered=tuple(sorted({place for place in mounts if place.startswith("/proc/")} - _HARMLESS)),
        chrooted=_is_chrooted(root, mounts),
        container=_container(root),
        is_initramfs=mounts.get("/") == "rootfs",
        is_noexec=home is not None and _is_noexec(home),
    )


_HARMLESS: Final = frozenset({"/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd"})
"""File systems with a place of their own in every /proc: a mount there covers nothing."""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _status(text: str) -> Mapping[str, str]:
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in lines}


def _mounts(text: str) -> Mapping[str, str]:
    """Return types of file systems by mount point; of several at one point the last, which is seen."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        own, _, rest = line.partition(" - ")
        fields = own.split()
        if len(fields) > 4 and rest:
            found[fields[4]] = rest.split()[0]
    return found


def _is_noexec(place: str) -> bool:
    while True:
        try:
            return bool(os.statvfs(place).f_flag & os.ST_NOEXEC)
        except FileNotFoundError:
            if place == os.path.dirname(place):
                return False
            place = os.path.dirname(place)
        except OSError:
            return False


def _refuses_unshare() -> bool:
    """Whether `unshare(0)`, which changes nothing and always succeeds, fails."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).unshare(0))
    except (ImportError, OSError, AttributeError):
        return False


def _is_chrooted(root: str, mounts: Mapping[str, str]) -> bool | None:
    """Whether the root of this process is another than that of its mount namespace; only sometimes an ordinary user can know."""
    if mounts and "/" not in mounts:
        return True
    try:
        if os.readlink(f"{root}/proc/1/ns/mnt") != os.readlink(f"{root}/proc/self/ns/mnt"):
            return None
        return not os.path.samestat(os.stat(f"{root}/proc/1/root/"), os.stat(f"{root}/"))
    except OSError:
        return True if os.path.exists(f"{root}/etc/debian_chroot") else None


def _container(root: str) -> str:
    for path, name in (
        ("/.flatpak-info", "flatpak"),
        ("/var/run/secrets/kubernetes.io", "kubernetes"),
        ("/run/.containerenv", "podman"),
        ("/.dockerenv", "docker"),
    ):
        if os.path.lexists(root + path):
            return name
    # systemd and its like leave it for programs in a container.
    return _read(f"{root}/run/systemd/container").strip()


_NEW_NAMESPACE: Final = ("new namespace", "requires --unshare-user")
_MAP: Final = ("uid map", "gid map")
_MOUNT: Final = (
    "/ slave", "Failed to mount tmpfs", "pivot_root", "old root rprivate", "Can't set hostname", "mount_setattr() failed",
    "Can't mount proc", "Can't mount devpts",
)  # fmt: skip
"""Steps that need nothing of what is built. Others fail for reasons of a build, too, such as a file that is missing."""
_REFUSED: Final = (": Operation not permitted", ": Permission denied")


def diagnose(facts: Facts, said: str, bwrap: str = "bwrap") -> Diagnosis | None:
    """Return the cause of `said`, the message of the program `bwrap`; None if the machine is not to blame for it."""
    for rule in _RULES:
        found = rule(facts, said, bwrap)
        if found is not None:
            return found
    return None


_SHORTAGES: Final = ("Resource temporarily unavailable", "Cannot allocate memory", "Too many open files")


def _shortage(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not _says(said, *(f": {shortage}" for shortage in _SHORTAGES)) or "execvp" in said:
        return None
    return Diagnosis(
        "shortage",
        "this user, or a control group, has as many processes, open files or memory as it may",
        ("try fewer jobs at once (-j), or raise the limits: ulimit -u, ulimit -n; pids.max, memory.max of the group",),
    )


def _says(said: str, *phrases: str) -> bool:
    return any(phrase in said for phrase in phrases)


def _is_refusal(said: str) -> bool:
    """Whether bwrap failed at a step that depends on the machine alone."""
    refused = _says(said, *_REFUSED)
    return _says(said, *_NEW_NAMESPACE) or (refused and _says(said, *_MAP, *_MOUNT, "loopback:"))


NO_PROC: Final = Diagnosis(
    "no-proc",
    "/proc is not mounted",
    ("as root: mount -t proc proc /proc (in a chroot, before it is entered: mount -t proc proc DIRECTORY/proc)",),
)


NO_DEV: Final = Diagnosis(
    "no-dev",
    "/dev lacks /dev/null or another of its ordinary devices",
    ("as root: mount -t devtmpfs dev /dev (in a chroot, before it is entered: mount --rbind /dev DIRECTORY/dev)",),
)


def _missing_dev(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    places = [f"/dev/{name}{end}" for name in _DEVICES for end in (":", " on ")]
    return NO_DEV if _says(said, *places) and "No such file" in said else None


_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
"""Those of bubblewrap's option --dev."""


def _missing_proc(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    return None if facts.has_proc else NO_PROC


NOEXEC: Final = Diagnosis(
    "noexec",
    "the file system of CHX_HOME is mounted with noexec: no program of the store can be started from it",
    (
        "set CHX_HOME to a folder on another file system",
        "or, as root: mount -o remount,exec MOUNT-POINT (findmnt -T $CHX_HOME)",
    ),
)


def _noexec(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    return NOEXEC if facts.is_noexec and "execvp" in said and "Permission denied" in said else None


def _setuid(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not _says(said, "setuid use of bubblewrap", "in setuid mode", "Unexpected setuid"):
        return None
    return Diagnosis(
        "setuid",
        f"{bwrap} is set-user-id, which bubblewrap does not support with these options",
        (f"as root: chmod u-s {bwrap}", "or name another one in CHX_BWRAP"),
    )


def _capabilities(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if "Unexpected capabilities" not in said:
        return None
    if facts.ambient:
        return Diagnosis(
            "capabilities",
            "this user's programs are started with capabilities (ambient ones), which bubblewrap refuses",
            ("run chx without them: setpriv --ambient-caps=-all --inh-caps=-all chx ...",),
        )
    return Diagnosis(
        "capabilities",
        f"{bwrap} gets capabilities from its file, which bubblewrap refuses",
        (f"as root: setcap -r {bwrap}", "or name another one in CHX_BWRAP"),
    )


def _wsl(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if facts.wsl != 1 or not _is_refusal(said):
        return None
    return Diagnosis(
        "wsl1",
        "this is version 1 of the Windows Subsystem for Linux, which has no namespaces",
        ("in Windows: wsl --set-version DISTRIBUTION 2 (wsl --list --verbose shows the name and the version)",),
    )


def _gvisor(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not facts.is_gvisor or not (_is_refusal(said) or _says(said, "Function not implemented", "Invalid argument")):
        return None
    return Diagnosis(
        "gvisor",
        "this container runs on gVisor, which lacks what bubblewrap needs of a kernel",
        (
            "start the container with the ordinary runtime, such as docker run --runtime=runc (its other restrictions may follow)",
        ),
    )


def _flatpak(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if facts.container != "flatpak" or not _is_refusal(said):
        return None
    return Diagnosis(
        "flatpak",
        "this is the sandbox of a Flatpak application, which allows no further ones",
        (
            "run chx on the host: flatpak-spawn --host chx ... (the application needs --talk-name=org.freedesktop.Flatpak)",
        ),
    )


def _no_user_namespaces(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    is_unsupported = _says(said, "kernel does not support user namespaces")
    if not is_unsupported and (facts.has_user_namespaces or not _is_refusal(said)):
        return None
    if facts.has_user_namespaces and facts.uid == 0:
        return None
    return Diagnosis(
        "kernel",
        "the kernel has no user namespaces",
        ("they need a kernel with CONFIG_USER_NS=y; on RHEL 7, boot with user_namespace.enable=1",),
    )


def _limits(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not _is_refusal(said):
        return None
    names = [f"user.max_{name}_namespaces" for name, value in facts.limits if value == 0]
    if not names:
        return None
    settings = " ".join(f"{name}={ENOUGH}" for name in names)
    where = " on the host" if facts.container else ""
    return Diagnosis(
        "max-namespaces",
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} 0",
        (
            f"as root{where}: sysctl -w {settings}",
            "to keep it: write the same lines to a file in /etc/sysctl.d (one that sets 0 may be there)",
            *(
                ("in a container whose user namespace has this limit, only who made it can raise it",)
                if facts.container
                else ()
            ),
        ),
    )


def _nesting(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if "ENOSPC" not in said:
        return None
    shown = ", ".join(f"{name} {value}" for name, value in facts.limits)
    return Diagnosis(
        "too-many-namespaces",
        f"this user has as many namespaces as the limits allow ({shown}), or namespaces are nested 32 deep",
        (
            f"as root: sysctl -w user.max_user_namespaces={ENOUGH} (and the like in /proc/sys/user)",
            "or end what has them: lsns",
        ),
    )


def _debian_clone(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if facts.unprivileged_clone or not _is_refusal(said):
        return None
    where = " on the host" if facts.container else ""
    return Diagnosis(
        "userns-clone",
        "kernel.unprivileged_userns_clone is 0: only root may make user namespaces",
        (
            f"as root{where}: sysctl -w kernel.unprivileged_userns_clone=1",
            "to keep it: echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-chx.conf",
        ),
    )


def _chroot(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not facts.chrooted or not _says(said, *_NEW_NAMESPACE):
        return None
    return _chroot_diagnosis("this is a chroot, in which the kernel allows no user namespace")


def _chroot_diagnosis(reason: str) -> Diagnosis:
    return Diagnosis(
        "chroot",
        reason,
        (
            "enter the directory by bubblewrap in place of chroot:"
            " bwrap --bind DIRECTORY / --dev-bind /dev /dev --bind /proc /proc chx ...",
        ),
    )


def _setfcap(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not (facts.uid == 0 and _says(said, *_MAP) and not facts.effective >> SETFCAP & 1):
        return None
    if facts.apparmor_restricts and "Permission denied" in said:
        return None
    option = f": add to {_run(facts)}: --cap-add SETFCAP" if facts.container in _COMMANDS else ""
    return Diagnosis(
        "setfcap",
        "root lacks the capability CAP_SETFCAP, without which it cannot map itself in a user namespace",
        ("run chx as an ordinary user, who needs no capability", f"or give root the capability{option}"),
    )


_COMMANDS: Final = {"docker": "docker run", "podman": "podman run"}


def _run(facts: Facts) -> str:
    return _COMMANDS[facts.container]


def _options(facts: Facts) -> list[str]:
    """Return the options of docker or podman that lift the restrictions that the facts show, and no others."""
    options = []
    if facts.refuses_unshare:
        options.append("seccomp=unconfined")
    if facts.apparmor_profile:
        options.append("apparmor=unconfined")
    if facts.selinux_domain:
        options.append("label=disable")
    if facts.covered:
        options.append("systempaths=unconfined" if facts.container == "docker" else "unmask=ALL")
    return [f"--security-opt {option}" for option in options]


def _of_container(facts: Facts, otherwise: str) -> tuple[str, ...]:
    """Return how to start the container in place of what the facts show; `otherwise` for an unknown one."""
    if facts.container in _COMMANDS:
        options = " ".join(_options(facts))
        lines = [f"add to {_run(facts)}: {options}"]
        if facts.apparmor_restricts and not facts.effective >> SYS_ADMIN & 1:
            lines.append("and, on this host, as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
        return tuple(lines)
    if facts.container == "kubernetes":
        wanted = []
        if facts.refuses_unshare:
            wanted.append("seccompProfile: { type: Unconfined }")
        if facts.apparmor_profile:
            wanted.append("appArmorProfile: { type: Unconfined }")
        if facts.covered:
            wanted.append("procMount: Unmasked (which needs hostUsers: false in the pod)")
        return (f"in the container's securityContext: {', '.join(wanted)}",)
    if facts.container in ("lxc", "incus", "lxd"):
        return (
            "on the host: incus config set NAME security.nesting=true (lxc.include nesting.conf; Proxmox: nesting=1)",
        )
    if facts.container == "systemd-nspawn":
        return (
            "as root in the container: mount -t proc proc /mnt (any place: a /proc that nothing covers must exist)",
        )
    return (otherwise,)


_KINDS: Final = {
    "docker": "Docker", "podman": "Podman", "kubernetes": "Kubernetes", "lxc": "LXC", "systemd-nspawn": "systemd-nspawn",
}  # fmt: skip


def _named(facts: Facts) -> str:
    kind = _KINDS.get(facts.container, facts.container)
    return f"this {kind} container" if kind else "this process"


def _filter(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    refused = "Operation not permitted" in said or "No permissions" in said
    if not refused or not _is_refusal(said):
        return None
    if not facts.refuses_unshare and not (
        facts.filtered and _says(said, "/ slave", "mount tmpfs", "pivot_root", "hostname", "mount_setattr")
    ):
        return None
    return _filter_diagnosis(facts)


def _filter_diagnosis(facts: Facts) -> Diagnosis:
    return Diagnosis(
        "seccomp",
        f"a system call filter (seccomp) of {_named(facts)} refuses namespaces and mounts",
        _of_container(
            replace(facts, refuses_unshare=True),
            "whoever set the filter must allow unshare, clone, mount, mount_setattr, umount2, pivot_root and sethostname"
            " (a systemd service: RestrictNamespaces=, SystemCallFilter=)",
        ),
    )


def _apparmor_profile(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not facts.apparmor_profile or "Permission denied" not in said or not _is_refusal(said):
        return None
    if facts.apparmor_profile == "unprivileged_userns":
        return None
    return Diagnosis(
        "apparmor",
        f"AppArmor confines {_named(facts)} by the profile {facts.apparmor_profile}, which refuses mounts",
        _of_container(
            facts, "as root: aa-complain the profile, or let it allow userns, mount, umount, pivot_root, capability"
        ),
    )


def _apparmor_restriction(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not facts.apparmor_restricts or not _is_refusal(said) or "Can't mount proc" in said:
        return None
    if facts.effective >> SYS_ADMIN & 1:
        return None
    if facts.container in _COMMANDS:
        return Diagnosis(
            "apparmor-restriction",
            "AppArmor on the host lets only programs with a profile use user namespaces"
            " (kernel.apparmor_restrict_unprivileged_userns)",
            ("as root on the host: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",),
        )
    return Diagnosis(
        "apparmor-restriction",
        "AppArmor lets only programs with a profile use user namespaces (kernel.apparmor_restrict_unprivileged_userns)",
        (
            f"give {bwrap} a profile: chx sandbox apparmor | sudo tee /etc/apparmor.d/chx-bwrap"
            " && sudo apparmor_parser -r /etc/apparmor.d/chx-bwrap",
            "or, for all programs (a machine for CI): sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    )


def _selinux(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not facts.selinux_domain or "Permission denied" not in said or not _is_refusal(said):
        return None
    return Diagnosis(
        "selinux",
        f"SELinux confines {_named(facts)} to the domain {facts.selinux_domain}, which refuses mounts",
        _of_container(facts, "start the container without SELinux's label"),
    )


def _masked_proc(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if "Can't mount proc" not in said or not _says(said, *_REFUSED):
        return None
    shown = ", ".join(facts.covered[:3]) + (f" and {len(facts.covered) - 3} more" if len(facts.covered) > 3 else "")
    if not facts.covered:
        return Diagnosis(
            "masked-proc",
            "the kernel allows no new /proc, because none that is wholly visible is mounted",
            ("as root: mount -t proc proc /proc",),
        )
    return Diagnosis(
        "masked-proc",
        f"parts of /proc are covered in {_named(facts)} ({shown}), and then the kernel allows no new /proc in a sandbox",
        _of_container(
            facts, "whoever made this container must leave /proc uncovered, or mount a second one (anywhere)"
        ),
    )


def _initramfs(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if "pivot_root" not in said or not (facts.is_initramfs or "Invalid argument" in said):
        return None
    return Diagnosis(
        "initramfs",
        "the root is the kernel's first file system (an initramfs), which pivot_root cannot leave",
        (
            "move to another root first: switch_root, or mount --rbind / DIRECTORY && cd DIRECTORY && mount --move . / && chroot .",
        ),
    )


def _no_filter(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not _says(said, "PR_SET_SECCOMP", "system call filtering"):
        return None
    return Diagnosis(
        "no-seccomp",
        "the kernel has no system call filters, without which chx makes no sandbox",
        ("it needs CONFIG_SECCOMP=y and CONFIG_SECCOMP_FILTER=y",),
    )


def _by_elimination(facts: Facts, said: str, bwrap: str) -> Diagnosis | None:
    if not _is_refusal(said):
        return None
    if facts.filtered:
        return _filter_diagnosis(facts)
    if _says(said, *_NEW_NAMESPACE) and facts.chrooted is None:
        return _chroot_diagnosis("no user namespace is allowed, and no setting forbids it: this is probably a chroot")
    return Diagnosis(
        "unknown",
        "the kernel refuses what a sandbox needs, and no known cause is seen",
        ("the kernel's log may tell more, as root: dmesg | tail", "chx sandbox check prints what was looked at"),
    )


_RULES: Final[tuple[Callable[[Facts, str, str], Diagnosis | None], ...]] = (
    _missing_proc,
    _missing_dev,
    _noexec,
    _shortage,
    _setuid,
    _capabilities,
    _no_filter,
    _wsl,
    _gvisor,
    _flatpak,
    _limits,
    _nesting,
    _debian_clone,
    _no_user_namespaces,
    _chroot,
    _setfcap,
    _filter,
    _apparmor_profile,
    _apparmor_restriction,
    _selinux,
    _masked_proc,
    _initramfs,
    _by_elimination,
)
"""In the order in which they exclude each other: the certain ones first, what is left last."""
