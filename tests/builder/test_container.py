"""Sandboxes for people: the values, and real ones on streams and on a terminal."""

import ctypes  # noqa: F401  (another user may be unable to read the files of this Python)
import os
import pty
import select
import shutil
import signal
import sqlite3  # noqa: F401
import subprocess
import threading
import time

import pytest

from chx.builder import (
    Bind,
    ContainerOptions,
    SandboxSpec,
    build_environment,
    bwrap_arguments,
    enter,
    open_container,
    with_network,
)
from chx.builder.container import build_script, shell_of, with_binds
from chx.builder.disk import remove_tree
from chx.builder.errors import BuildError, CommandNotStarted, MountBehindLink, MountPointRefused
from chx.builder.etc import accounts
from chx.builder.layout import opened
from chx.builder.sandbox import Link, Scratch
from chx.store import Derivation, Store

sandbox = pytest.mark.sandbox
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
PATIENCE = 10


# Values


def test_the_arguments_for_a_person():
    spec = SandboxSpec(
        ("sh",), None, (Link("usr/bin", "/bin"), Scratch("/tmp", 0o1777)), new_session=False, dies_with_parent=False
    )
    arguments = bwrap_arguments(spec)
    assert not {"--new-session", "--die-with-parent"} & set(arguments)
    at = arguments.index("--symlink")
    assert arguments[at:] == [
        *("--symlink", "usr/bin", "/bin", "--perms", "1777", "--tmpfs", "/tmp"),
        *("--remount-ro", "/", "--chdir", "/build", "--", "sh"),
    ]


@pytest.fixture
def root(tmp_path):
    for folder in ("usr/bin", "usr/share/doc", "dev", "proc", "etc"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    (tmp_path / "root/bin").symlink_to("usr/bin")
    (tmp_path / "root/etc/passwd").write_text("")
    (tmp_path / "root/usr/bin/sh").write_text("")
    return str(tmp_path / "root")


def test_a_root_that_has_all_mount_points_is_seen_as_a_whole(root):
    assert opened(root, ["/usr/share", "/etc/passwd"]) == (root, ())


def test_a_root_is_opened_down_to_what_is_new(root):
    whole = [Bind(f"{root}/etc", "/etc"), Bind(f"{root}/usr", "/usr")]
    assert opened(root, ["/work"]) == (None, (Link("usr/bin", "/bin"), *whole))
    assert opened(root, ["/work", "/usr/share/new/place"]) == (
        None,
        (
            Link("usr/bin", "/bin"),
            Bind(f"{root}/etc", "/etc"),
            Bind(f"{root}/usr/bin", "/usr/bin"),
            Bind(f"{root}/usr/share/doc", "/usr/share/doc"),
        ),
    )


def test_mount_points_behind_links_and_files_are_refused(root):
    with pytest.raises(MountBehindLink, match="'/bin' is a link to 'usr/bin'"):
        opened(root, ["/bin/x"])
    with pytest.raises(MountPointRefused, match="'/etc/passwd' is a file"):
        opened(root, ["/etc/passwd/x"])


def test_a_build_as_a_script():
    assert build_script(("/bin/sh", "-eu", "-c", "a\nb")) == "#!/bin/sh\nset -eu\na\nb\n"
    assert build_script(("/bin/bash", "-euc", "a", "name", "x y")) == "#!/bin/bash\nset -eu\nset -- 'x y'\na\n"
    assert build_script(("/bin/sh", "-c", "a")) == "#!/bin/sh\na\n"
    assert build_script(("/bin/sh", "-e", "/builder.sh")) == "#!/bin/sh\nexec /bin/sh -e /builder.sh\n"
    assert build_script(("/usr/bin/python", "-c", "print(1)")) == "#!/bin/sh\nexec /usr/bin/python -c 'print(1)'\n"


def test_the_shell_of_a_sandbox(root):
    assert shell_of(SandboxSpec(("/x/y",), root)) == "/bin/sh"
    os.unlink(root + "/usr/bin/sh")
    assert shell_of(SandboxSpec(("/x/bash",), root)) == "/x/bash"
    assert shell_of(SandboxSpec(("/x/python",), root)) is None


def test_the_user_has_one_account():
    for uid, name, home in ((0, "root", "/root"), (1000, "builder", "/home/builder"), (7, "builder", "/home/builder")):
        lines = accounts(uid, uid, home)["etc/passwd"].decode().splitlines()
        assert [line.split(":")[5] for line in lines if line.split(":")[0] == name] == [home]
        groups = accounts(uid, uid, home)["etc/group"].decode().splitlines()
        assert [line.split(":")[0] for line in groups if line.split(":")[2] == str(uid)] == [name]


# Streams


class Ended:
    """What a sandbox that was entered said, and its exit status."""

    def __init__(self, status, out, error):
        self.status, self.out, self.error = status, out.decode(), error.decode()


@pytest.fixture(scope="module")
def open_tree(shell_tree):
    """The tree of the shell where every user can read it: pytest closes its own folder to others again and again."""
    place = f"/tmp/chx-container-shell-{os.getpid()}"
    shutil.copytree(shell_tree, place, symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    yield place
    remove_tree(place)


@pytest.fixture
def home():
    """A folder that any user can be given."""
    place = f"/tmp/chx-container-{os.getpid()}"
    os.mkdir(place)
    os.chmod(place, 0o755)
    yield place
    remove_tree(place)


def act(home, shell_tree, command, **choices):
    """In a child: enter a root that is the shell's tree. Never returns."""
    status = 99
    try:
        with Store.open(home + "/home") as own:
            tree = own.add_tree(shell_tree, "shell")
            with open_container(own, [tree], ContainerOptions(command, **choices)) as spec:
                status = enter(spec)
    except BuildError as error:
        os.write(2, f"{type(error).__name__}: {error.message}".encode())
    except BaseException as error:
        os.write(2, repr(error).encode())
    os._exit(status)


def become(uid, home):
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


@pytest.fixture(params=[None, pytest.param(65534, marks=needs_root)], ids=["self", "nobody"])
def user(request, home):
    if request.param is not None:
        os.chown(home, request.param, request.param)
    return request.param


@pytest.fixture
def run(home, open_tree, user):
    """Enter, as each user, with pipes; `meanwhile` gets the number of the process that stands for chx."""

    def run(*command, stdin=b"", meanwhile=None, **choices):
        pipes = [os.pipe() for _ in range(3)]
        child = os.fork()
        if child == 0:
            for number, (reader, writer) in enumerate(pipes):
                os.dup2(writer if number else reader, number)
            for reader, writer in pipes:
                os.close(reader)
                os.close(writer)
            become(user, home)
            act(home, open_tree, command, **choices)
        os.close(pipes[0][0])
        os.write(pipes[0][1], stdin)
        for _, writer in pipes:
            os.close(writer)
        if meanwhile is not None:
            threading.Thread(target=meanwhile, args=(child,)).start()
        said = []
        for reader, _ in pipes[1:]:
            with open(reader, "rb") as file:
                said.append(file.read())
        return Ended(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), *said)

    return run


@sandbox
def test_streams_and_the_status_are_those_of_the_command(run):
    ended = run("sh", "-c", "cat; echo error >&2; exit 3", stdin=b"in\n")
    assert (ended.status, ended.out, ended.error) == (3, "in\n", "error\n")
    assert run("sh", "-c", "kill -SEGV $$").status == 128 + signal.SIGSEGV


@sandbox
def test_what_a_command_sees(run):
    ended = run(
        "sh", "-c", "id -u; uname -n; pwd; env; touch /tmp/a a; cat /etc/passwd; echo x > /usr/x", env={"A": "b"}
    )
    lines = ended.out.split("\n")
    assert lines[:3] == ["1000", "chx", "/home/builder"]
    environment = {line for line in lines if "=" in line}
    assert environment - {"_=/usr/bin/env", "OLDPWD=/"} == {
        *("A=b", "HOME=/home/builder", "PATH=/usr/bin:/bin", "PWD=/home/builder")
    }
    assert "builder:x:1000:1000:builder:/home/builder:/bin/sh" in lines
    assert "/usr/x" in ended.error and "Read-only" in ended.error


@sandbox
def test_the_user_may_be_root_or_anybody(run):
    assert run("sh", "-c", "id -u; pwd", uid=0).out == "0\n/root\n"
    assert run("sh", "-c", "id -u; id -g", uid=33).out == "33\n33\n"


@sandbox
def test_binds_appear_anywhere(run, home):
    os.mkdir(home + "/shared")
    os.chmod(home + "/shared", 0o777)
    with open(home + "/shared/file", "w") as file:
        file.write("hello\n")
    binds = (Bind(home + "/shared", "/deep/in", writable=True), Bind(home + "/shared", "/usr/new/place"))
    ended = run(
        "sh", "-c", "cat file; echo 1 > made; cat /usr/new/place/made; ls /usr/bin/sh; echo 2 > /usr/new/place/x",
        binds=binds, directory="/deep/in",
    )  # fmt: skip
    assert ended.out == "hello\n1\n/usr/bin/sh\n"
    assert sorted(os.listdir(home + "/shared")) == ["file", "made"]


@sandbox
def test_a_command_that_is_not_there(run):
    ended = run("/nothing")
    assert "CommandNotStarted: '/nothing' cannot be started" in ended.error
    ended = run("sh", directory="/nowhere")
    assert "CommandNotStarted: the sandbox cannot be set up: Can't chdir to /nowhere" in ended.error


@sandbox
def test_a_signal_to_chx_is_passed_on(run, home):
    for number, name in ((signal.SIGTERM, "TERM"), (signal.SIGINT, "INT"), (signal.SIGHUP, "HUP")):
        marker = f"{home}/{name}"
        os.mkdir(marker)
        os.chmod(marker, 0o777)

        def send(child, number=number, marker=marker):
            wait_until(lambda: os.path.exists(marker + "/ready"))
            os.kill(child, number)

        ended = run(
            "sh", "-c", f"trap 'echo caught; exit 5' {name}; : > /m/ready; while :; do sleep 0.05; done",
            meanwhile=send, binds=(Bind(marker, "/m", writable=True),),
        )  # fmt: skip
        assert (ended.status, ended.out) == (5, "caught\n"), name


@sandbox
def test_what_the_command_leaves_running_ends_with_it(run, home):
    mark = f"/{home.rpartition('/')[2]}"
    assert run("sh", "-c", f"sh -c 'sleep 1000; : {mark}' > /dev/null 2>&1 & exit 0").status == 0
    assert not running(mark)


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holds()


def running(mark):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                text = file.read()
        except OSError:
            continue
        if mark.encode() in text:
            found.append(text)
    return found


@sandbox
def test_references_are_seen_and_nothing_else(store, shell_tree, tmp_path, capfd):
    seen, other = store.add_bytes(b"seen", "seen"), store.add_bytes(b"other", "other")
    (tmp_path / "t").mkdir()
    (tmp_path / "t/uses").write_text(str(seen))
    shell, tree = store.add_tree(shell_tree, "shell"), store.add_tree(str(tmp_path / "t"), "t", references=[seen])
    with open_container(
        store, [shell, tree], ContainerOptions(("sh", "-c", "ls /chx/store; cat $(cat /uses)"))
    ) as spec:
        assert enter(spec) == 0
    assert capfd.readouterr().out == f"{seen.base}\nseen"
    assert store.is_valid(other)


@sandbox
def test_the_network_is_shared_only_if_asked_for(store, shell, capfd):
    with open_container(store, [shell], ContainerOptions(("cat", "/proc/net/dev"))) as spec:
        assert enter(spec) == 0
        alone = capfd.readouterr().out
        assert enter(with_network(spec)) == 0
    with open("/proc/net/dev") as file:
        names = [line.split(":")[0].strip() for line in file if ":" in line]
    assert [line.split(":")[0].strip() for line in alone.split("\n") if ":" in line] == ["lo"]
    shared = capfd.readouterr().out
    assert [line.split(":")[0].strip() for line in shared.split("\n") if ":" in line] == names


# A terminal


@pytest.fixture
def terminal(home, open_tree, user):
    """Enter on a terminal of its own; `script` is what is typed, and what is waited for before."""

    def run(*command, script):
        child, master = pty.fork()
        if child == 0:
            become(user, home)
            act(home, open_tree, command)
        said, start = b"", 0
        try:
            for expected, typed in script:
                deadline = time.monotonic() + PATIENCE
                while expected not in said[start:]:
                    ready, _, _ = select.select([master], [], [], max(0.0, deadline - time.monotonic()))
                    assert ready, said
                    said += os.read(master, 4096)
                start = said.index(expected, start) + len(expected)
                if typed:
                    os.write(master, typed)
            while chunk := _read(master):
                said += chunk
        except BaseException:
            os.kill(child, signal.SIGTERM)
            raise
        finally:
            os.close(master)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Ended(status, said, b"")

    return run


def _read(master):
    assert select.select([master], [], [], PATIENCE)[0]
    try:
        return os.read(master, 4096)
    except OSError:
        return b""


UNTIL_CAUGHT = 'while [ -z "$caught" ]; do sleep 0.05; done'


@sandbox
def test_an_interrupt_reaches_the_command_and_not_what_is_around_it(terminal):
    ended = terminal(
        "sh", "-c", f"trap 'caught=1' INT; echo ready; {UNTIL_CAUGHT}; echo went on; exit 4",
        script=[(b"ready", b"\x03")],
    )  # fmt: skip
    assert ended.status == 4 and "went on" in ended.out


@sandbox
def test_an_interrupt_ends_a_command_that_does_not_handle_it(terminal):
    # A shell that is just starting a program would wait for its end; `cat` has nothing like that.
    ended = terminal("cat", script=[(b"", b"ready\n"), (b"ready\r\nready", b"\x03")])
    assert ended.status == 128 + signal.SIGINT


@sandbox
def test_what_an_interrupted_command_leaves_running_ends_with_it(terminal, home):
    mark = f"/{home.rpartition('/')[2]}"
    ended = terminal(
        "sh", "-c",
        f"trap 'caught=1' INT; sh -c 'trap \"\" INT HUP; echo ready; sleep 1000; : {mark}' & {UNTIL_CAUGHT}; exit 6",
        script=[(b"ready", b"\x03")],
    )  # fmt: skip
    assert ended.status == 6
    assert not running(mark)


@sandbox
def test_a_shell_on_a_terminal_is_interactive_and_survives_interrupts(terminal):
    ended = terminal(
        "sh", "+m", script=[
            (b"$ ", b"echo one$((1 + 1))\n"), (b"one2", None), (b"$ ", b"\x03"), (b"$ ", b"echo three$((2 + 2))\n"),
            (b"three4", b"exit 9\n"),
        ],
    )  # fmt: skip
    assert ended.status == 9, ended.out


# Rehearsals


@sandbox
def test_a_build_environment_is_the_sandbox_of_the_build(store, script, shell, capfd):
    source = store.add_bytes(b"source", "source")
    derivation = script("cat $src > $out", input_srcs=(source,), env={"src": str(source)})
    with build_environment(store, derivation, {}, 1) as build:
        look = "pwd; ls /chx/store; umask; /build/.builder.sh; cat $out; echo $out"
        spec = SandboxSpec(("/bin/sh", "-c", look), build.root, build.binds, build.env)
        assert enter(spec) == 0
        # As it is for a build: the whole root, with binds that are there.
        assert build.root is not None and build.command == ("/bin/sh", "-euc", "cat $src > $out")
    said = capfd.readouterr().out.split("\n")
    assert said[:4] == ["/build", source.base, "0022", f"source{said[3][6:]}"]
    assert not os.path.exists(store.directory + said[3][6:].removeprefix("/chx/store"))
    assert os.listdir(store.home + "/tmp") == [] or not any(
        os.scandir(f"{store.home}/tmp/{os.listdir(store.home + '/tmp')[0]}")
    )


@sandbox
def test_a_build_environment_can_be_given_more(store, script, tmp_path, capfd):
    (tmp_path / "file").write_text("hello\n")
    with build_environment(store, script(": > $out"), {}, 1) as build:
        spec = with_binds(build, [Bind(str(tmp_path / "file"), "/mnt/file")])
        spec = SandboxSpec(
            ("/bin/sh", "-c", "cat /mnt/file; : > /build/x; : > /tmp/y; : > $out; ls /"), None, spec.binds, spec.env
        )
        assert enter(spec) == 0
    assert capfd.readouterr().out.startswith("hello\n")


def test_a_sandbox_that_cannot_be_started_says_so(store, shell):
    with open_container(store, [shell], ContainerOptions(("/nothing",))) as spec, pytest.raises(CommandNotStarted):
        enter(spec)


def test_a_derivation_without_a_root_has_no_shell():
    assert shell_of(SandboxSpec(("/chx/store/x/bin/python",))) is None
    assert Derivation("x", "y", "z").rootfs is None
