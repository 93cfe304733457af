"""Causes for which a machine allows no sandbox, from facts and from what bubblewrap says.

What bubblewrap says was seen with versions 0.8 to 0.13, or stands in reports of users. `tests/cli/test_refusals.py`
makes those refusals that can be made.
"""

from __future__ import annotations

import os

import pytest

from chx.builder.diagnosis import GVISOR, SETFCAP, Facts, diagnose, read_facts
from chx.builder.errors import SandboxRefused

NAMESPACE = (
    "No permissions to create a new namespace, likely because the kernel does not allow non-privileged user namespaces."
    " On e.g. debian this can be enabled with 'sysctl kernel.unprivileged_userns_clone=1'."
)
OLD_NAMESPACE = NAMESPACE.replace("create a", "creating")
UNSUPPORTED = "Creating new namespace failed, likely because the kernel does not support user namespaces.  bwrap must be installed setuid on such systems."
FULL = "Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)"
NO_USER = "Specifying --uid requires --unshare-user or --userns"
PROC = "Can't mount proc on /newroot/proc: Operation not permitted"
PROC_NOW = "Can't mount proc on /proc: Operation not permitted"
SLAVE = "Failed to make / slave: Permission denied"
SLAVE_FILTER = "Failed to make / slave: Operation not permitted"
TMPFS = "Failed to mount tmpfs: Permission denied"
MAP = "setting up uid map: Permission denied"
MAP_ROOT = "setting up uid map: Operation not permitted"
LOOPBACK = "loopback: Failed RTM_NEWADDR: Operation not permitted"
HOSTNAME = "Can't set hostname to chx: Operation not permitted"
PIVOT = "pivot_root: Invalid argument"
MASKS = ("/proc/acpi", "/proc/kcore", "/proc/sys")
ROOT = (1 << 41) - 1
DOCKER = "add to docker run: --security-opt "
SYSCTL = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"

CASES: dict[str, tuple[Facts, str, str, tuple[str, ...]]] = {
    # name: facts, message, cause, what the advice has
    "limit of zero": (
        Facts(limits=(("user", 0), ("mnt", 9))), FULL, "max-namespaces", ("sysctl -w user.max_user_namespaces=15000",)
    ),
    "limit of zero as root": (
        Facts(uid=0, limits=(("user", 0),)), NO_USER, "max-namespaces", ("sysctl -w user.max_user_namespaces=15000",)
    ),
    "limit of zero of another kind": (
        Facts(limits=(("user", 9), ("net", 0))), FULL, "max-namespaces", ("user.max_net_namespaces=15000",)
    ),
    "all used": (Facts(limits=(("user", 3),)), FULL, "too-many-namespaces", ("lsns",)),
    "Debian 10": (
        Facts(unprivileged_clone=False), OLD_NAMESPACE, "userns-clone", ("kernel.unprivileged_userns_clone=1",)
    ),
    "no user namespaces in the kernel": (Facts(has_user_namespaces=False), UNSUPPORTED, "kernel", ("CONFIG_USER_NS",)),
    "RHEL 7": (Facts(), UNSUPPORTED, "kernel", ("user_namespace.enable=1",)),
    "WSL 1": (
        Facts(version="Linux version 4.4.0-22621-Microsoft (Microsoft@Microsoft.com)", has_user_namespaces=False),
        UNSUPPORTED, "wsl1", ("wsl --set-version",)
    ),
    "Debian 10 in WSL 2": (
        Facts(version="Linux version 5.15.90.1-microsoft-standard-WSL2", unprivileged_clone=False),
        NAMESPACE, "userns-clone", ()
    ),
    "chroot": (Facts(chrooted=True), NAMESPACE, "chroot", ("--bind /proc /proc",)),
    "chroot, seen by a user": (Facts(chrooted=None), NAMESPACE, "chroot", ("--bind /proc /proc",)),
    "no /proc": (
        Facts(has_proc=False), "Can't read /proc/sys/kernel/overflowuid: No such file or directory",
        "no-proc", ("mount -t proc proc /proc",)
    ),
    "Docker": (
        Facts(container="docker", filtered=True, refuses_unshare=True, covered=MASKS), NAMESPACE,
        "seccomp", (DOCKER + "seccomp=unconfined --security-opt systempaths=unconfined",)
    ),
    "Docker with AppArmor": (
        Facts(
            container="docker", filtered=True, refuses_unshare=True, covered=MASKS, label="docker-default (enforce)"
        ), NAMESPACE, "seccomp",
        (DOCKER + "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined",)
    ),
    "Docker on Ubuntu": (
        Facts(
            container="docker", filtered=True, refuses_unshare=True, covered=MASKS, label="docker-default (enforce)",
            apparmor_restricts=True
        ), NAMESPACE, "seccomp", ("apparmor=unconfined", SYSCTL)
    ),
    "Docker without its filter": (
        Facts(container="docker", covered=MASKS, label="docker-default (enforce)"), SLAVE, "apparmor",
        (DOCKER + "apparmor=unconfined --security-opt systempaths=unconfined",)
    ),
    "Docker on Ubuntu without its filter and profile": (
        Facts(container="docker", covered=MASKS, apparmor_restricts=True), MAP, "apparmor-restriction", (SYSCTL,)
    ),
    "Docker with masks alone": (
        Facts(container="docker", covered=MASKS), PROC, "masked-proc", (DOCKER + "systempaths=unconfined",)
    ),
    "Docker on Ubuntu as a container's administrator": (
        Facts(uid=0, container="docker", covered=MASKS, apparmor_restricts=True, effective=ROOT), PROC_NOW,
        "masked-proc", (DOCKER + "systempaths=unconfined",)
    ),
    "Docker without capabilities": (
        Facts(uid=0, container="docker"), MAP_ROOT, "setfcap", ("add to docker run: --cap-add SETFCAP", "ordinary user")
    ),
    "Podman": (
        Facts(container="podman", filtered=True, covered=MASKS), PROC, "masked-proc",
        ("add to podman run: --security-opt unmask=ALL",)
    ),
    # Its filter allows namespaces and mounts, but no sethostname.
    "Podman's filter": (
        Facts(uid=0, container="podman", filtered=True, covered=MASKS, effective=0xA80425FB), HOSTNAME, "seccomp",
        ("add to podman run: --security-opt seccomp=unconfined --security-opt unmask=ALL",)
    ),
    "Podman with SELinux": (
        Facts(container="podman", filtered=True, covered=MASKS, label="system_u:system_r:container_t:s0:c1,c2"), TMPFS,
        "selinux", ("add to podman run: --security-opt label=disable --security-opt unmask=ALL",)
    ),
    "Kubernetes": (
        Facts(container="kubernetes", filtered=True, refuses_unshare=True, covered=MASKS), NAMESPACE, "seccomp",
        ("seccompProfile: { type: Unconfined }, procMount: Unmasked",)
    ),
    "systemd-nspawn": (Facts(container="systemd-nspawn", covered=MASKS), PROC, "masked-proc", ("mount -t proc proc /mnt",)),
    "LXC": (Facts(container="lxc", label="lxc-container-default-cgns (enforce)"), SLAVE, "apparmor", ("nesting",)),
    "Flatpak": (Facts(container="flatpak", filtered=True), NAMESPACE, "flatpak", ("flatpak-spawn --host",)),
    "gVisor": (
        Facts(version=f"Linux version 4.4.0 #1 {GVISOR}"), "Can't open root: Function not implemented", "gvisor", ("runc",)
    ),
    "Ubuntu": (
        Facts(apparmor_restricts=True), MAP, "apparmor-restriction",
        ("chx sandbox apparmor | sudo tee /etc/apparmor.d/chx-bwrap && sudo apparmor_parser -r", SYSCTL)
    ),
    "Ubuntu, later step": (Facts(apparmor_restricts=True), LOOPBACK, "apparmor-restriction", ("give /x/bwrap a profile",)),
    "root without CAP_SETFCAP": (Facts(uid=0, effective=ROOT & ~(1 << SETFCAP)), MAP_ROOT, "setfcap", ()),
    "a service of systemd": (Facts(filtered=True), NAMESPACE, "seccomp", ("RestrictNamespaces",)),
    "a filter of mounts": (Facts(filtered=True), SLAVE_FILTER, "seccomp", ("SystemCallFilter",)),
    "inside another sandbox": (Facts(covered=("/proc/1", "/proc/sys")), PROC_NOW, "masked-proc", ("second one",)),
    "only covered proc": (Facts(), PROC_NOW, "masked-proc", ("mount -t proc proc /proc",)),
    "initramfs": (Facts(is_initramfs=True), PIVOT, "initramfs", ("switch_root",)),
    "no filters in the kernel": (
        Facts(), "Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL.",
        "no-seccomp", ("CONFIG_SECCOMP_FILTER",)
    ),
    "set-user-id": (Facts(), "setuid use of bubblewrap is not supported", "setuid", ("chmod u-s /x/bwrap",)),
    "set-user-id of old": (
        Facts(), "The --size option is not permitted in setuid mode", "setuid", ("chmod u-s /x/bwrap",)
    ),
    "capabilities of the caller": (
        Facts(ambient=1 << 13), "Unexpected capabilities but not setuid, old file caps config?", "capabilities",
        ("setpriv --ambient-caps=-all",)
    ),
    "capabilities of the file": (
        Facts(), "Unexpected capabilities but not setuid, old file caps config?", "capabilities", ("setcap -r /x/bwrap",)
    ),
    "no devices": (
        Facts(), "Can't bind mount /oldroot/dev/zero on /newroot/dev/zero: Unable to mount source on destination:"
        " No such file or directory", "no-dev", ("--rbind /dev",)
    ),
    "no device that is opened": (Facts(), "Can't open /dev/full: No such file or directory", "no-dev", ()),
    "too many processes": (
        Facts(chrooted=None), "Creating new namespace failed: Resource temporarily unavailable", "shortage", ("ulimit -u",)
    ),
    "noexec": (Facts(is_noexec=True), "execvp /bin/sh: Permission denied", "noexec", ("remount,exec",)),
    "nothing known": (Facts(), SLAVE_FILTER, "unknown", ("dmesg",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_one_cause_and_says_what_to_do(name: str) -> None:
    facts, said, cause, wanted = CASES[name]
    found = diagnose(facts, said, "/x/bwrap")
    assert found is not None and found.cause == cause
    assert found.advice and all(found.advice)
    advice = "\n".join(found.advice)
    for text in wanted:
        assert text in advice
    report = SandboxRefused(said, found)
    assert report.message == f"no sandbox can be made here: {found.reason}"
    assert report.hint is not None and advice in report.hint and said in report.hint


@pytest.mark.parametrize(
    "said",
    [
        "execvp /bin/nothing: No such file or directory",
        "execvp /bin/sh: Permission denied",
        "Can't find source path /home/u/chx/store/x: No such file or directory",
        "Can't mkdir /newroot/usr/x: Read-only file system",
        "Can't bind mount /oldroot/x on /newroot/x: Permission denied",
        "",
    ],
)
@pytest.mark.parametrize("name", ["Docker with masks alone", "Ubuntu", "chroot", "limit of zero", "nothing known"])
def test_what_a_build_is_to_blame_for_is_no_refusal_of_the_machine(name: str, said: str) -> None:
    assert diagnose(CASES[name][0], said) is None


def test_options_of_a_container_are_no_more_than_what_is_restricted() -> None:
    """Each restriction alone asks for its own option, whatever the refusal says first."""
    alone = {
        "seccomp=unconfined": {"filtered": True, "refuses_unshare": True},
        "apparmor=unconfined": {"label": "docker-default (enforce)"},
        "systempaths=unconfined": {"covered": MASKS},
    }
    messages = {"seccomp=unconfined": NAMESPACE, "apparmor=unconfined": SLAVE, "systempaths=unconfined": PROC}
    for option, facts in alone.items():
        found = diagnose(Facts(container="docker", **facts), messages[option])
        assert found is not None and found.advice == (f"{DOCKER}{option}",)


@pytest.fixture
def machine(tmp_path):
    """Writes files of a machine, by their paths, below a directory; returns it."""

    def write(files: dict[str, str]) -> str:
        for path, content in files.items():
            place = tmp_path / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        return str(tmp_path)

    return write


STATUS = (
    "Name:\tpython\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t00000000a80425fb\nCapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t0\nSeccomp:\t{seccomp}\n"
)
MOUNT = "36 35 98:0 / {place} rw,noatime - {kind} source rw\n"


def mounts(**kinds: str) -> str:
    return "".join(MOUNT.format(place="/" + place.replace("_", "/"), kind=kind) for place, kind in kinds.items())


def test_the_facts_of_a_docker_container(machine) -> None:
    root = machine(
        {
            "/.dockerenv": "",
            "/proc/version": "Linux version 6.8.0-45-generic (buildd@lcy02)\n",
            "/proc/self/status": STATUS.format(uid=0, seccomp=2),
            "/proc/self/ns/user": "",
            "/proc/self/attr/current": "docker-default (enforce)\n",
            "/proc/self/mountinfo": MOUNT.format(place="/", kind="overlay")
            + mounts(proc="proc", proc_kcore="tmpfs", proc_sys="proc", proc_sys_fs_x="autofs", dev="tmpfs"),
            "/proc/sys/user/max_user_namespaces": "127000\n",
            "/proc/sys/user/max_net_namespaces": "0\n",
            "/proc/sys/kernel/unprivileged_userns_clone": "1\n",
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
        }
    )
    facts = read_facts(root)
    assert facts == Facts(
        uid=0,
        version="Linux version 6.8.0-45-generic (buildd@lcy02)",
        limits=(("user", 127000), ("net", 0)),
        apparmor_restricts=True,
        label="docker-default (enforce)",
        filtered=True,
        effective=0xA80425FB,
        covered=("/proc/kcore", "/proc/sys", "/proc/sys/fs/x"),
        chrooted=None,
        container="docker",
    )
    assert facts.apparmor_profile == "docker-default" and not facts.selinux_domain and facts.wsl == 0


def test_the_facts_of_an_ordinary_machine(machine) -> None:
    root = machine(
        {
            "/proc/version": "Linux version 5.15.1-microsoft-standard-WSL2\n",
            "/proc/self/status": STATUS.format(uid=1000, seccomp=0),
            "/proc/self/ns/user": "",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/self/mountinfo": MOUNT.format(place="/", kind="ext4")
            + mounts(proc="proc", proc_sys_fs_binfmt="autofs").replace("binfmt", "binfmt_misc"),
        }
    )
    facts = read_facts(root)
    assert facts.covered == () and not facts.label and not facts.filtered and not facts.container and facts.wsl == 2
    assert facts.chrooted is None and facts.unprivileged_clone and not facts.apparmor_restricts


def test_the_facts_of_other_machines(machine) -> None:
    """What says little, or something else than expected, is no error."""
    bare = read_facts(machine({}))
    assert not bare.has_proc and bare.uid == os.geteuid() and not bare.is_initramfs
    root = machine(
        {
            "/run/.containerenv": 'engine="podman"\n',
            "/proc/self/status": STATUS.format(uid=7, seccomp=2),
            "/proc/self/attr/current": "system_u:system_r:container_t:s0:c5,c9\0",
            "/proc/self/mountinfo": "nonsense\n\n1 2 - \n" + mounts(proc="proc"),
            "/proc/sys/user/max_user_namespaces": "nonsense",
        }
    )
    facts = read_facts(root)
    assert facts.container == "podman" and facts.selinux_domain == "container_t" and not facts.apparmor_profile
    # Nothing is mounted at the root, so this is a part of a file system.
    assert facts.chrooted is True and facts.limits == () and not facts.has_user_namespaces
    (place,) = [machine({"/proc/self/mountinfo": MOUNT.format(place="/", kind="rootfs")})]
    assert read_facts(place).is_initramfs


def test_facts_of_this_machine_are_read() -> None:
    facts = read_facts()
    assert facts.has_proc and facts.version.startswith("Linux version ") and facts.uid == os.geteuid()
    assert dict(facts.limits).keys() >= {"user", "mnt", "pid", "net"}
