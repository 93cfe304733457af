"""Real sandboxes: what a build sees, and what it does not."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chx.builder import Bind, Builder, BuildOptions, SandboxSpec, bwrap_arguments, open_log
from chx.builder.errors import (
    BuilderFailed,
    Cancelled,
    FixedOutputReferences,
    HashMismatch,
    LimitExceeded,
    MissingOutput,
    OutputTooLarge,
    ReferenceRefused,
    RootConflict,
    SandboxFailed,
    StoreRefused,
    UnknownBuiltin,
    WrongSystem,
)
from chx.builder.process_attributes import LIMITS
from chx.builder.procfs import Constants, covers
from chx.store import Derivation, FixedOutput, Store, output_placeholder, scratch_path, upstream_placeholder

sandbox = pytest.mark.sandbox
SYSTEM = f"{os.uname().machine}-linux"


def test_the_arguments_of_bwrap_are_a_value():
    spec = SandboxSpec(("/bin/sh", "-c", "true"), "/root", (Bind("/a", "/b"), Bind("/c", "/d", True)), {"A": "b c"})
    assert bwrap_arguments(spec, 7, 8) == [
        "--unshare-all",
        *("--uid", "1000", "--gid", "1000", "--hostname", "chx"),
        *("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "A", "b c"),
        *("--ro-bind", "/root", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--tmpfs", "/proc/1", "--remount-ro", "/proc/1"),
        *("--ro-bind", "/a", "/b", "--bind", "/c", "/d", "--chdir", "/build"),
        *("--seccomp", "7", "--json-status-fd", "8", "--", "/bin/sh", "-c", "true"),
    ]
    assert "--share-net" in bwrap_arguments(SandboxSpec(("x",), network=True))
    assert "--remount-ro" in bwrap_arguments(SandboxSpec(("x",)))


@pytest.fixture
def build(store, recorder):
    """Build a derivation; the physical path of its output `out`."""

    def run(derivation, output="out", **options):
        drv = store.add_derivation(derivation)
        outputs = derivation.outputs
        result = Builder(store, BuildOptions(**options), recorder).realise([(drv, outputs)])
        return store.physical(result[drv, output])

    return run


@pytest.fixture
def said(build, recorder, script):
    """What a script prints in a sandbox."""

    def run(text, **more):
        build(script(text + "\n: > $out", **more))
        return recorder.text

    return run


@sandbox
def test_what_a_build_sees_is_constant(said):
    assert said("id -u; id -g; uname -n; pwd; echo $HOME $TMPDIR $NIX_STORE; ls /; ls -A /build; ls -A /tmp").split(
        "\n"
    ) == [
        "1000",
        "1000",
        "chx",
        "/build",
        "/homeless-shelter /build /chx/store",
        *sorted(["bin", "build", "chx", "dev", "etc", *HOST_LIBRARIES, "proc", "tmp", "usr"]),
    ]


HOST_LIBRARIES = [name for name in ("lib", "lib32", "lib64") if os.path.exists("/" + name)]


@sandbox
def test_the_environment_is_cleared(said, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    text = said("env; umask; cat /proc/self/limits")
    assert "s3cret" not in text and "LANG=" not in text
    assert "0022" in text
    assert [line.split()[4] for line in text.split("\n") if line.startswith("Max core")] == ["0"]


@sandbox
def test_nothing_is_inherited_from_who_started_chx(build, recorder, script):
    """Limits, the mask of modes, and signals that are ignored, as by `nohup`."""
    before = [resource.getrlimit(which) for which in LIMITS]
    mask, hup = os.umask(0o077), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1][1]))
        resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, before[2][1]))
        resource.setrlimit(resource.RLIMIT_CORE, before[0][1:] * 2)
        build(script("umask; ulimit -n; ulimit -s; ulimit -c; cat /proc/self/status; : > $out"))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 512
    finally:
        for which, limits in zip(LIMITS, before):
            resource.setrlimit(which, limits)
        signal.signal(signal.SIGHUP, hup)
        assert os.umask(mask) == 0o077
    lines = recorder.text.split("\n")
    assert lines[:4] == ["0022", "1024", "8192", "0"]
    found = [int(line.split()[1], 16) for line in lines if line.startswith(("SigIgn", "SigBlk"))]
    of_the_c_library = 3 << 31  # its own two, which posix_spawn sets to be ignored
    assert [signals & ~of_the_c_library for signals in found] == [0, 0]


@sandbox
def test_no_supplementary_groups(said):
    before = os.getgroups()
    if os.geteuid() == 0:
        os.setgroups([4, 24, 29])
    try:
        lines = said("id -G; cat /proc/self/status").split("\n")
        assert os.geteuid() or os.getgroups() == [4, 24, 29]
    finally:
        if os.geteuid() == 0:
            os.setgroups(before)
    assert lines[0] == "1000"
    if os.geteuid() == 0:
        assert [line.split() for line in lines if line.startswith("Groups:")] == [["Groups:"]]


@sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may raise a priority")
def test_the_niceness_of_the_caller_is_not_seen(said):
    niceness, policy = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    os.setpriority(os.PRIO_PROCESS, 0, 7)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        fields = said("cat /proc/self/stat").rpartition(")")[2].split()
        # What chx itself does goes on as it was.
        assert (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)) == (7, os.SCHED_BATCH)
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    nice, scheduling = fields[16], fields[38]  # of proc_pid_stat(5), less the first two
    assert (nice, scheduling) == ("0", "0")


@sandbox
def test_the_niceness_of_the_caller_may_be_all_that_can_be_asked_for(said, monkeypatch):
    """musl asks the kernel for no policy: the calls fail."""

    def fail(*words):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    for name in ("sched_getscheduler", "sched_setscheduler", "sched_getparam"):
        monkeypatch.setattr(os, name, fail)
    assert said("echo there").strip() == "there"
    if os.geteuid() == 0:
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, 7)
        try:
            assert said("cat /proc/self/stat").rpartition(")")[2].split()[16] == "0"
            assert os.getpriority(os.PRIO_PROCESS, 0) == 7
        finally:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)


@sandbox
def test_the_first_process_tells_nothing_of_the_host(said, store):
    text = said("for f in cmdline exe maps environ mountinfo; do cat /proc/1/$f 2> /dev/null || :; done; ls /proc/1")
    assert text == ""


@sandbox
def test_no_other_process_and_no_network_device_is_there(said):
    text = said("for p in /proc/[0-9]*; do echo $p; done; cat /proc/net/dev; echo $$")
    processes = [line for line in text.split("\n") if line.startswith("/proc/")]
    assert processes == ["/proc/1", "/proc/2"]
    assert [line.split(":")[0].strip() for line in text.split("\n") if ":" in line] == ["lo"]


@sandbox
def test_nothing_of_the_machine_can_be_written_to(said):
    """Permissions in /proc go by the user outside, who may be root; each file gets what it holds already."""
    text = said(
        "for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/fs/pipe-max-size"
        " /proc/sys/vm/swappiness /proc/sys/kernel/random/write_wakeup_threshold /proc/irq/default_smp_affinity; do\n"
        "  value=$(cat $f 2> /dev/null) || continue\n"
        '  if (echo "$value" > $f) 2> /dev/null; then echo wrote to $f; fi\n'
        "done\n"
        "for d in /proc/*; do case $d in */[0-9]*|*/self|*/thread-self|*/net|*/mounts) ;; *)\n"
        "  if [ -w $d ] && [ -f $d ]; then echo $d is writable; fi\n"
        "esac; done\n"
        "[ ! -e /proc/sysrq-trigger ] || ! (: > /proc/sysrq-trigger) 2> /dev/null || echo opened sysrq-trigger\n"
    )
    assert text == ""


@sandbox
def test_what_only_root_may_read_of_the_machine_is_closed_for_everybody(said):
    text = said(
        "for f in kcore keys kmsg kpagecount kpageflags pagetypeinfo sched_debug slabinfo timer_list vmallocinfo; do\n"
        "  if (: < /proc/$f) 2> /dev/null; then echo $f; fi; done"
    )
    assert text == ""


@sandbox
def test_what_a_process_may_write_about_itself_stays_writable(said):
    assert said(
        "cd /build; (echo 500 > /proc/self/oom_score_adj)\n"
        "printf name > /proc/self/comm; cat /proc/$$/comm\n"
        "exec 5> file; echo through > /proc/self/fd/5; cat file; echo std > /dev/stdout"
    ).split("\n") == ["name", "through", "std"]


def test_covers_of_a_procfs():
    directory, link, file = 0o040555, 0o120777, 0o100000
    entries = [
        *(("1", directory), ("self", link), ("sys", directory), ("sysvipc", directory), ("cpuinfo", file | 0o444)),
        *(("mtrr", file | 0o644), ("sysrq-trigger", file | 0o200), ("keys", file | 0o444), ("new", file | 0o400)),
    ]
    assert covers(entries, is_root=False) == (Bind("/dev/null", "/proc/keys"),)
    assert covers(entries, is_root=True) == (
        Bind("/dev/null", "/proc/keys"),
        Bind("/proc/mtrr", "/proc/mtrr"),
        Bind("/dev/null", "/proc/new"),
        Bind("/proc/sys", "/proc/sys"),
        Bind("/dev/null", "/proc/sysrq-trigger"),
    )


def test_covers_of_the_procfs_of_a_build():
    directory, link, file = 0o040555, 0o120777, 0o100000
    entries = [
        *(("1", directory), ("self", link), ("sys", directory), ("sysvipc", directory), ("cpuinfo", file | 0o444)),
        *(("bus", directory), ("mtrr", file | 0o644), ("keys", file | 0o444), ("filesystems", file | 0o444)),
    ]
    constants = Constants("/c", frozenset({"cpuinfo", "sys", "uptime"}))
    common = (
        Bind("/c/empty", "/proc/bus"),
        Bind("/c/cpuinfo", "/proc/cpuinfo"),
        Bind("/dev/null", "/proc/keys"),
        Bind("/c/sys", "/proc/sys"),
        # The only setting that is another one each time, also for whom it is meant.
        Bind("/proc/sys/kernel/random/uuid", "/proc/sys/kernel/random/uuid"),
        Bind("/c/empty", "/proc/1"),
    )
    assert covers(entries, False, constants) == common
    assert covers(entries, True, constants) == (*common[:3], Bind("/proc/mtrr", "/proc/mtrr"), *common[3:])


def test_the_first_process_is_covered_once():
    arguments = bwrap_arguments(SandboxSpec(("x",), binds=(Bind("/c/empty", "/proc/1"),)))
    assert arguments.count("/proc/1") == 1 and arguments.count("--tmpfs") == 0


@sandbox
def test_the_root_and_inputs_cannot_be_written_to(build, script, store, shell):
    other = store.add_bytes(b"input", "input")
    build(
        script(
            "for f in /x /usr/x /usr/bin/sh /etc/passwd $input; do\n"
            "  if (echo > $f) 2> /dev/null; then echo wrote to $f >&2; exit 1; fi; done\n"
            "chmod u+w $input 2> /dev/null && exit 1\n"
            "cat $input > $out",
            input_srcs=(other,),
            env={"input": str(other)},
        )
    )
    assert store.manifest(shell).tree_digest == store.info(shell).tree_digest


@sandbox
def test_only_declared_inputs_are_in_the_store(said, store, shell):
    seen, hidden = store.add_bytes(b"1", "seen"), store.add_bytes(b"2", "hidden")
    above = store.add_bytes(str(seen).encode(), "above", [seen])
    text = said("ls /chx/store", input_srcs=(above,), env={"above": str(above)})
    assert text.split("\n") == sorted([above.base, seen.base])
    assert hidden.base not in text and shell.base not in text


@sandbox
def test_a_rootfs_input_that_is_mentioned_is_visible(said, shell):
    assert said("ls /chx/store", env={"shell": str(shell)}) == shell.base


@sandbox
def test_objects_that_a_rootfs_tree_refers_to_are_visible(said, store, tmp_path):
    library = store.add_bytes(b"library", "library")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "uses").write_text(str(library))
    tree = store.add_tree(str(tmp_path / "t"), "tree", references=[library])
    assert said("cat $(cat /uses)", input_srcs=(tree,), rootfs=(str(tree),)) == "library"


@sandbox
def test_without_a_rootfs_there_is_nothing_but_inputs(build, store, shell, recorder):
    """The programs of the tree need their loader at an absolute place, so this one is told to use another."""
    loader = next(
        (
            entry.path
            for entry in store.manifest(shell)
            if entry.is_file and os.path.basename(entry.path).startswith(("ld-linux", "ld64", "ld-musl"))
        ),
        None,
    )
    if loader is None:
        pytest.skip("the shell of this machine has no loader")
    folders = {os.path.dirname(e.path) for e in store.manifest(shell) if e.is_file and ".so" in e.path}
    path = ":".join(f"{shell}/{folder}" for folder in folders)
    build(
        Derivation(
            "bare",
            SYSTEM,
            f"{shell}/{loader}",
            ("--library-path", path, f"{shell}/usr/bin/sh", "-c", "echo /*; echo /etc/*; echo $PATH; : > $out"),
            input_srcs=(shell,),
        )
    )
    assert recorder.text.split("\n") == [
        "/build /chx /dev /etc /proc /tmp",
        "/etc/group /etc/hosts /etc/nsswitch.conf /etc/passwd /etc/resolv.conf",
        "/path-not-set",
    ]


@sandbox
def test_outputs_may_refer_to_themselves_and_each_other(build, script, store):
    drv = script(
        "mkdir -p $out $dev; echo $out > $out/self; echo $out > $dev/other; echo $lib > $out/lib; echo 1 > $lib",
        outputs=("out", "dev", "lib"),
        env={"made": output_placeholder("dev")},
    )
    out = build(drv)
    with open(out + "/self") as file:
        assert file.read().strip().endswith(os.path.basename(out))
    with open(out + "/lib") as file:
        lib = file.read().strip()
    assert os.path.exists(store.directory + "/" + lib.rpartition("/")[2]) and lib.endswith("-test-lib")


@sandbox
def test_references_are_found_even_to_rootfs_inputs(build, script, store, shell):
    drv = store.add_derivation(script("echo $shell > $out", env={"shell": str(shell)}))
    path = Builder(store).realise([(drv, ("out",))])[drv, "out"]
    info = store.info(path)
    assert info.references == (shell,) and info.deriver == drv


@sandbox
def test_the_same_build_gives_the_same_path_and_other_names_are_ignored(build, script, store):
    one = build(script("echo x > $out; echo junk > /chx/store/junk; echo junk > ${out}x", env={"a": "1"}))
    assert build(script("echo x > $out", env={"a": "2"})) == one
    assert not any("junk" in name for name in os.listdir(store.directory))
    assert os.listdir(store.home + "/tmp") == [] or all(
        not os.listdir(os.path.join(store.home, "tmp", name)) for name in os.listdir(store.home + "/tmp")
    )


@sandbox
def test_a_failure_tells_status_log_and_where_to_look(build, script, store):
    with pytest.raises(BuilderFailed) as caught:
        build(script("echo one; echo two >&2; touch /build/here; exit 7"), keep_failed=True)
    error = caught.value
    assert error.status == 7 and error.tail == ("one", "two")
    assert "'test' failed with exit status 7" in error.message
    assert os.path.exists(error.kept + "/build/here") and error.hint is None
    entered = subprocess.run(
        [error.kept + "/enter", "/bin/sh", "-c", "ls; pwd; echo $out"], text=True, capture_output=True
    )
    assert entered.stdout.split("\n")[:2] == ["here", "/build"] and "-test" in entered.stdout
    moved = store.home + "-moved"
    os.rename(store.home, moved)
    try:
        again = subprocess.run(
            [moved + error.kept[len(store.home) :] + "/enter", "/bin/sh", "-c", "ls; pwd; echo $out"],
            text=True,
            capture_output=True,
        )
    finally:
        os.rename(moved, store.home)
    assert again.stdout == entered.stdout, again.stderr
    assert b"".join(open_log(store, error.derivation)) == b"one\ntwo\n"


@sandbox
def test_what_cannot_be_kept_is_named_as_the_build_knows_it(build, script, store, tmp_path):
    (tmp_path / "fifo.c").write_text("#include <sys/stat.h>\nint main(int c, char **v) { return mkfifo(v[1], 0600); }")
    if subprocess.run(["cc", "-static", "-o", tmp_path / "fifo", tmp_path / "fifo.c"]).returncode:
        pytest.skip("no C compiler")
    fifo = store.add_tree(str(tmp_path / "fifo"), "fifo")
    text = "echo said; mkdir $out; $fifo $out/f; touch /chx/store/stray"
    with pytest.raises(StoreRefused, match=r"'\$out/f' is a fifo") as caught:
        build(script(text, input_srcs=(fifo,), env={"fifo": str(fifo)}), keep_failed=True)
    error = caught.value
    assert error.tail == ("said", "chx: /chx/store/stray is dropped: it is none of the outputs")
    assert error.log and os.path.isdir(error.kept + "/build")


@sandbox
def test_a_missing_output_is_named(build, script):
    with pytest.raises(MissingOutput, match="'dev'"):
        build(script(": > $out", outputs=("out", "dev")))


@sandbox
def test_a_builder_that_is_not_there(build, script, shell):
    with pytest.raises(SandboxFailed, match="/bin/nothing") as caught:
        build(Derivation("x", SYSTEM, "/bin/nothing", rootfs=(str(shell),), input_srcs=(shell,)))
    assert "rootfs" in caught.value.hint


@sandbox
def test_a_build_that_only_looks_like_a_failed_sandbox(build, script):
    with pytest.raises(BuilderFailed):
        build(script("echo bwrap: setting up uid map: Permission denied >&2; exit 1"))


@sandbox
def test_limits(build, script):
    with pytest.raises(LimitExceeded, match="1 seconds"):
        build(script("sleep 100 & sleep 100"), timeout_seconds=1)
    with pytest.raises(LimitExceeded, match="without output"):
        build(script("sleep 100"), silence_seconds=0.3)
    with pytest.raises(LimitExceeded, match="log"):
        build(script("while :; do echo 0123456789; done"), max_log_bytes=100000)


@sandbox
def test_what_a_build_leaves_running_ends_with_it(build, script, store):
    out = build(
        script(
            "mkdir $out\n"
            "(trap '' HUP; while :; do echo x >> $out/log; echo x >> /build/log; done) > /dev/null 2>&1 &\n"
            "while ! [ -s $out/log ]; do :; done"
        )
    )
    size = os.path.getsize(out + "/log")
    time.sleep(0.05)
    assert os.path.getsize(out + "/log") == size


@sandbox
def test_cancelling_ends_the_sandbox(store, script, recorder):
    builder = Builder(store, BuildOptions(), recorder)
    drv = store.add_derivation(script("echo started; sleep 100; echo awake"))
    threading.Timer(0.5, builder.cancel).start()
    with pytest.raises(Cancelled):
        builder.realise([(drv, ("out",))])
    assert "awake" not in recorder.text


@sandbox
def test_an_interrupt_leaves_no_process_behind(tmp_path, shell_tree):
    """A program that builds, in its own process group, is interrupted as by Ctrl-C."""
    program = f"""
import sys; sys.path.insert(0, {ROOT!r}); import conftest
from chx.store import Store, Derivation
from chx.builder import Builder
store = Store.open({str(tmp_path / "home")!r})
shell = store.add_tree({shell_tree!r}, "shell")
def make(text):
    drv = Derivation("x", {SYSTEM!r}, "/bin/sh", ("-euc", text), input_srcs=(shell,), rootfs=(str(shell),))
    return store.add_derivation(drv)
done, slow = make("echo 1 > $out"), make("echo started >> /build/marker-{os.getpid()}; sleep 100 & sleep {SECONDS}")
Builder(store).realise([(done, ("out",))])
print("ready", flush=True)
try:
    Builder(store).realise([(slow, ("out",))])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert running.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 60
    while not sleepers() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sleepers()
    os.killpg(running.pid, signal.SIGINT)
    assert running.stdout.readline() == "interrupted\n"
    assert running.wait(60) == 0
    assert not sleepers()


SECONDS = 1000000 + os.getpid()
"""So long nobody else on this machine sleeps."""


def sleepers():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if file.read() == f"sleep\0{SECONDS}\0".encode():
                        found.append(name)
            except OSError:
                pass
    return found


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@sandbox
def test_set_id_bits_cannot_be_set(build, script):
    build(
        script(
            ": > $out; chmod 755 $out; if chmod u+s $out 2> /dev/null; then exit 1; fi; if chmod g+s $out; then exit 1; fi"
        )
    )


@sandbox
def test_the_filter_holds_in_the_kernel(build, script, store, tmp_path):
    """A program asks the kernel for everything that is refused."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "probe.c").write_text(PROBE)
    subprocess.run([compiler, "-static", "-o", tmp_path / "probe", tmp_path / "probe.c"], check=True)
    probe = store.add_tree(str(tmp_path / "probe"), "probe")
    build(Derivation("probe", SYSTEM, str(probe), input_srcs=(probe,), env={"probe": str(probe)}))


PROBE = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>
static int bad;
static void expect(const char *what, long result, int error) {
  if (result != -1 || errno != error) { printf("%s: %ld, errno %d\n", what, result, errno); bad = 1; }
}
int main(void) {
  const char *out = getenv("out");
  expect("creat", open("/build/s", O_CREAT | O_WRONLY, 04755), EPERM);
  int fd = open(out, O_CREAT | O_RDWR, 0644);
  expect("fchmod", fchmod(fd, 02755), EPERM);
  expect("chmod", chmod(out, 04755), EPERM);
  expect("mknod", mknod("/build/n", S_IFREG | 04755, 0), EPERM);
  expect("device", mknod("/build/d", S_IFCHR | 0644, 0x103), EPERM);
  expect("setxattr", syscall(SYS_setxattr, out, "user.x", "1", 1, 0), ENOTSUP);
  expect("fsetxattr", syscall(SYS_fsetxattr, fd, "user.x", "1", 1, 0), ENOTSUP);
  expect("unshare", unshare(CLONE_NEWUSER), EPERM);
  expect("clone3", syscall(SYS_clone3, 0, 0), ENOSYS);
  expect("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
  expect("keyctl", syscall(SYS_keyctl, 0, -3, 0), ENOSYS);
  expect("io_uring", syscall(425, 8, 0), ENOSYS);
  expect("mount", syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, 0), EPERM);
  expect("chroot", chroot("/tmp"), EPERM);
  expect("sethostname", sethostname("x", 1), EPERM);
  expect("setuid", setuid(0), EINVAL);
  int child = fork();
  if (child == 0) _exit(0);
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) != child || status) bad = 1;
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0xc0000201)}};
  expect("network", connect(s, (struct sockaddr *)&there, sizeof there), ENETUNREACH);
  return bad;
}
"""


@sandbox
def test_a_fixed_output_build_is_checked(build, script, promise):
    assert build(script("echo -n hello > $out", fixed=promise(b"hello")))
    with pytest.raises(HashMismatch):
        build(script("echo -n other > $out", fixed=promise(b"hello2")))


@sandbox
def test_a_fixed_output_names_no_store_object(build, script):
    import hashlib

    content = (scratch_path("out", "test") + "\n").encode()
    fixed = FixedOutput("sha256", hashlib.sha256(content).digest(), "flat")
    with pytest.raises(FixedOutputReferences):
        build(script("echo $out > $out", fixed=fixed))


@sandbox
def test_rules_about_references(build, script, store, shell):
    other = store.add_bytes(b"1", "other")
    more = {"input_srcs": (other,)}
    env = {"other": str(other)}
    with pytest.raises(ReferenceRefused, match="other"):
        build(script("echo $other > $out", env={**env, "allowedReferences": ""}, **more))
    with pytest.raises(ReferenceRefused, match="other"):
        build(script("echo $other > $out", env={**env, "disallowedRequisites": str(other)}, **more))
    build(script("echo $other $out > $out", env={**env, "allowedReferences": f"{other} out"}, **more))
    build(script("echo $out > $out", env={**env, "disallowedReferences": str(other)}, **more))


@sandbox
def test_rules_for_each_output_of_structured_attributes(build, script, store):
    """They are in `outputChecks`; those at the top mean nothing then."""
    other = store.add_bytes(b"1", "other")
    more = {"input_srcs": (other,), "outputs": ("out", "dev")}
    out, dev = scratch_path("out", "test"), scratch_path("dev", "test-dev")

    def attempt(text: str, checks: dict[str, object], **top: object) -> None:
        attributes = json.dumps({"outputChecks": checks, "other": str(other), **top})
        build(script(text.replace("$out", out).replace("$dev", dev), env={"__json": attributes}, **more))

    both = f"echo {other} > $out; echo > $dev"
    attempt(both, {"dev": {"allowedReferences": [], "maxSize": 200}}, allowedReferences=[])
    with pytest.raises(ReferenceRefused, match=r"'out'.*allowedReferences"):
        attempt(both, {"out": {"allowedReferences": []}})
    with pytest.raises(ReferenceRefused, match=r"'dev'.*disallowedRequisites"):
        attempt("echo > $out; echo $out > $dev", {"dev": {"disallowedRequisites": ["out"]}})
    with pytest.raises(ReferenceRefused, match=r"'dev'.*allowedRequisites"):
        attempt(both, {"dev": {"allowedRequisites": []}})
    attempt(both, {"dev": {"allowedRequisites": [], "ignoreSelfRefs": True}})
    with pytest.raises(OutputTooLarge, match=r"'out' .* has 120 bytes; its rule maxSize allows 100"):
        attempt("echo > $out; echo > $dev", {"out": {"maxSize": 100}})
    with pytest.raises(OutputTooLarge, match=r"the closure of output 'out' .* maxClosureSize allows 250"):
        attempt(both, {"out": {"maxClosureSize": 250, "maxSize": 250}})


@sandbox
def test_other_systems_and_builders_are_refused(build, script, shell):
    with pytest.raises(WrongSystem, match="vax-vms"):
        build(Derivation("x", "vax-vms", "/bin/sh", ("-c", ": > $out"), rootfs=(str(shell),), input_srcs=(shell,)))
    build(
        Derivation("x", "vax-vms", "/bin/sh", ("-c", ": > $out"), rootfs=(str(shell),), input_srcs=(shell,)),
        extra_systems=("vax-vms",),
    )
    with pytest.raises(UnknownBuiltin, match="builtin:frobnicate"):
        build(Derivation("x", "builtin", "builtin:frobnicate"))


@sandbox
def test_trees_that_do_not_fit_are_named(build, script, store, tmp_path):
    (tmp_path / "t" / "usr" / "bin").mkdir(parents=True)
    (tmp_path / "t" / "usr" / "bin" / "sh").write_text("other")
    tree = store.add_tree(str(tmp_path / "t"), "tree")
    with pytest.raises(RootConflict, match="usr/bin/sh"):
        build(script("true", input_srcs=(tree,), rootfs=(str(tree),)))


@sandbox
def test_many_inputs(build, script, store):
    with store.transaction():
        inputs = [store.add_bytes(str(number).encode(), f"i{number}") for number in range(150)]
    drv = script("cat $inputs > $out; ls /chx/store", input_srcs=inputs, env={"inputs": " ".join(map(str, inputs))})
    with open(build(drv), "rb") as file:
        assert file.read() == b"".join(str(number).encode() for number in range(150))


@sandbox
def test_many_inputs_are_not_mounted_one_by_one(build, script, store, shell_tree):
    with store.transaction():
        inputs = [store.add_bytes(str(number).encode(), f"i{number}") for number in range(1000)]
    tree = store.add_tree(shell_tree, "tree")
    text = (
        "set -- /chx/store/*; echo $# > $out; n=0; while read line; do n=$((n+1)); done < /proc/self/mountinfo\n"
        "echo $((n < 100)) >> $out; (echo x >> $one) 2> /dev/null || echo refused >> $out; cat $tree/usr/bin/sh > /build/sh\n"
        "chmod u+w $one $tree/usr/bin/sh $tree/usr/bin; echo more >> $one; echo > $tree/usr/bin/sh; rm $tree/usr/bin/cat || :"
    )
    env = {"inputs": " ".join(map(str, inputs)), "one": str(inputs[0]), "tree": str(tree)}
    with open(build(script(text, input_srcs=[*inputs, tree], env=env))) as file:
        # All that are named, and the place for the output is not there yet.
        assert file.read().split() == ["1001", "1", "refused"]
    # What a build does to its copies nobody else sees.
    assert store.verify_object(inputs[0]) == store.verify_object(tree) == []
    with open(build(script("cat $one > $out", input_srcs=[*inputs, tree], env=env))) as file:
        assert file.read() == "0"


@sandbox
def test_pipelines_of_builtins_and_sandboxes(store, script, uses, recorder):
    first = store.add_derivation(
        Derivation("t", "builtin", "builtin:tree", env={"entries": '[{"path":"x","kind":"file","content":"hi"}]'})
    )
    drv = store.add_derivation(script("cat $input0/x > $out", **uses(first)))
    path = Builder(store).realise([(drv, ("out",))])[drv, "out"]
    with open(store.physical(path)) as file:
        assert file.read() == "hi"


@sandbox
def test_a_tree_in_the_rootfs_may_come_from_a_derivation(store, script):
    entries = '[{"path":"etc/issue","kind":"file","content":"hi"}]'
    tree = store.add_derivation(Derivation("t", "builtin", "builtin:tree", env={"entries": entries}))
    drv = script("cat /etc/issue > $out", input_drvs={tree: ("out",)}, rootfs=(upstream_placeholder(tree, "out"),))
    drv = store.add_derivation(drv)
    with open(store.physical(Builder(store).realise([(drv, ("out",))])[drv, "out"])) as file:
        assert file.read() == "hi"


@sandbox
def test_an_irreproducible_build_is_noticed(store, script, recorder):
    drv = store.add_derivation(script("cat /proc/sys/kernel/random/uuid > $out"))
    first = Builder(store).realise([(drv, ("out",))])
    second = Builder(store, BuildOptions(rebuild=True), recorder).realise([(drv, ("out",))])
    assert first != second
    assert recorder.of("differs") == [(drv, "out", first[drv, "out"], second[drv, "out"])]


@sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_root_and_an_ordinary_user_get_the_same_paths(shell_tree, tmp_path):
    """The other user is a fork of this process, because it may be unable to read the interpreter's files."""
    text = "mkdir $out; id > $out/id; env > $out/env; ls -ln /usr/bin /etc > $out/ls; umask > $out/umask"

    def build(place):
        with Store.open(place) as own:
            tree = own.add_tree(shell_tree, "shell")
            drv = own.add_derivation(
                Derivation("test", SYSTEM, "/bin/sh", ("-euc", text), input_srcs=(tree,), rootfs=(str(tree),))
            )
            return str(Builder(own, BuildOptions(cores=1)).realise([(drv, ("out",))])[drv, "out"])

    expected = build(str(tmp_path / "root"))
    home = f"/tmp/chx-test-{os.getpid()}"
    os.mkdir(home)
    os.chown(home, 65534, 65534)
    subprocess.run(["chmod", "-R", "a+rX", shell_tree], check=True)
    opened = [parent for parent in Path(shell_tree).parents if parent.stat().st_mode & 0o005 != 0o005]
    for parent in opened:
        parent.chmod(parent.stat().st_mode | 0o005)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.umask(0o077)
            os.environ["LANG"] = "de_DE.UTF-8"
            said = build(home + "/home")
        except BaseException as error:
            said = repr(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    try:
        with open(reader) as file:
            assert file.read() == expected
    finally:
        os.waitpid(child, 0)
        shutil.rmtree(home)
