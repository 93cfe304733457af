"""A network for a sandbox with access to the outside.

The network namespace of the machine is also one of abstract sockets, through which a builder can send open descriptors
of its output to any process. So a build with network access gets a namespace of its own, and `pasta` (package `passt`),
an unprivileged program, forwards its packets. There every machine looks the same: one device, constant addresses, a
name server at the gateway. Services on the machine's loopback device cannot be reached, except a proxy of the build.

pasta starts when bwrap has made the namespace and waits; it inherits descriptors of it. Its output comes through a
pipe, its process id as soon as everything is ready. A shell runs between chx and pasta: whenever chx ends, the shell's
input ends, and the shell ends pasta.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .process import executable
from .sandbox import Bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .cancellation import Cancellation
    from .sandbox import SandboxSpec

RESOLVER: Final = "/etc/resolv.conf"
_GATEWAYS: Final = ("192.0.0.1", "fd63:6878::1")
_OPTIONS: Final = (
    "--foreground", "--quiet", "--config-net", "--no-map-gw",
    "--ns-ifname", "net0", "--ns-mac-addr", "02:00:00:00:00:02", "--mac-addr", "02:00:00:00:00:01",
    # The prefix for translation inside one host (RFC 7335), and a local one (RFC 4193).
    "--address", "192.0.0.2", "--netmask", "29", "--gateway", "192.0.0.1", "--dns-forward", "192.0.0.1",
    "--address", "fd63:6878::2", "--gateway", "fd63:6878::1", "--dns-forward", "fd63:6878::1",
    "--tcp-ports", "none", "--udp-ports", "none", "--udp-ns", "none",
    # pasta can open the namespaces only by its own descriptors, and closes those above 2.
    "--netns", "/proc/self/fd/0", "--userns", "/proc/self/fd/1", "--pid", "/proc/self/fd/2",
)  # fmt: skip
_KEEPER: Final = '"$@" 0<&4 1>&5 3<&- 4<&- 5<&- & exec 2> /dev/null; read _ <&3; kill -9 $!; wait'
_GIVEN: Final = 3
"""First of the keeper's descriptors: its input, the network, the users."""
_PATIENCE: Final = 20.0  # seconds until pasta must be ready
_NS_GET_USERNS: Final = 0xB701
"""From linux/nsfs.h."""


class NoUplink(Exception):
    """No network of its own with outside access is possible."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Uplink:
    """`program` is pasta; `ports` of the sandbox's loopback device are forwarded to the machine's."""

    program: str
    ports: tuple[int, ...] = ()

    def command(self, uid: int) -> tuple[str, ...]:
        """Return the command to start pasta as user `uid`; its first descriptors must be the namespaces."""
        ports = ",".join(map(str, self.ports)) or "none"
        # Root's would become "nobody", who may not enter namespaces of root.
        user = ("--runas", "0:0") if uid == 0 else ()
        return (self.program, *user, "--tcp-ns", ports, *_OPTIONS)


def own_network(spec: SandboxSpec, folder: str) -> SandboxSpec:
    """Return `spec` with a network of its own in place of the machine's; writes a file to `folder`. Raises `NoUplink`."""
    uplink = Uplink(_find(os.environ.get("CHX_PASTA"), os.environ.get("PATH", os.defpath)), proxy_ports(spec.env))
    place = f"{folder}/resolv.conf"
    with open(place, "w") as file:
        file.writelines(f"nameserver {gateway}\n" for gateway in _GATEWAYS)
    os.chmod(place, 0o444)
    others = [bind for bind in spec.binds if not isinstance(bind, Bind) or bind.target != RESOLVER]
    return replace(spec, network=False, uplink=uplink, binds=(*others, Bind(place, RESOLVER)))


def _find(named: str | None, path: str) -> str:
    if named:
        if not os.access(named, os.X_OK):
            raise NoUplink(f"CHX_PASTA names {named}, which cannot be executed")
        return named
    found = executable("pasta", path)
    if found is None:
        raise NoUplink("there is no pasta (package passt)")
    return found


def proxy_ports(env: Mapping[str, str]) -> tuple[int, ...]:
    """Return the ports of proxies on this machine's loopback device, from variables such as `https_proxy`."""
    found = set()
    for name, value in env.items():
        if name.lower().endswith("_proxy") and value:
            from urllib.parse import urlsplit

            try:
                parts = urlsplit(value if "://" in value else f"//{value}")
                host, port = parts.hostname or "", parts.port
            except ValueError:
                continue
            if port and (host == "localhost" or host.startswith("127.") or host == "::1"):
                found.add(port)
    return tuple(sorted(found))


@contextmanager
def connecting(uplink: Uplink, cancellation: Cancellation | None) -> Iterator[list[Callable[[int], None]]]:
    """Context that yields the step which connects the network of a sandbox's first process.

    The step raises `NoUplink`.
    """
    pasta = _Pasta(uplink, cancellation)
    try:
        yield [pasta.connect]
    finally:
        pasta.end()


class _Pasta:
    """At most one running pasta."""

    def __init__(self, uplink: Uplink, cancellation: Cancellation | None) -> None:
        self._uplink, self._cancellation = uplink, cancellation
        self._keeper = -1
        self._open: list[int] = []

    def connect(self, process: int) -> None:
        if self._uplink in _hopeless:
            raise NoUplink(_hopeless[self._uplink])
        try:
            self._start(process)
            self._await_ready()
        except OSError as error:
            raise NoUplink(f"{self._uplink.program}: {error.strerror or error}") from error

    def _start(self, process: int) -> None:
        own: list[int] = []
        try:
            network = _aside(os.open(f"/proc/{process}/ns/net", os.O_RDONLY | os.O_CLOEXEC), own)
            users = _aside(fcntl.ioctl(network, _NS_GET_USERNS), own)
            line, lifeline = os.pipe2(os.O_CLOEXEC)
            self._open.append(lifeline)
            messages, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            self._open.append(messages)
            line, writer = _aside(line, own), _aside(writer, own)
            given = [(os.POSIX_SPAWN_DUP2, which, _GIVEN + n) for n, which in enumerate((line, network, users))]
            self._keeper = os.posix_spawn(
                "/bin/sh",
                ["/bin/sh", "-c", _KEEPER, "sh", *self._uplink.command(os.geteuid())],
                {"PATH": os.defpath},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
                    (os.POSIX_SPAWN_DUP2, 0, 1),
                    (os.POSIX_SPAWN_DUP2, writer, 2),
                    *given,
                ],
                setpgroup=0,
                setsigmask=(),
                setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
            )
        finally:
            for descriptor in own:
                os.close(descriptor)

    def _await_ready(self) -> None:
        """Wait until pasta has printed its process id. Raises `NoUplink` with its message otherwise."""
        messages = self._open[-1]
        poll = select.poll()
        poll.register(messages, select.POLLIN)
        if self._cancellation is not None:
            poll.register(self._cancellation.descriptor, select.POLLIN)
        until = time.monotonic() + _PATIENCE
        said = b""
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
            if messages not in ready:
                if not ready:
                    self._fail("it was not ready in time")
                return  # cancelled: the thread that runs the sandbox ends it
            chunk = os.read(messages, 4096)
            said += chunk
            *lines, _ = said.split(b"\n")
            if any(line.isdigit() for line in lines):
                return
            if not chunk:
                self._fail(_reason(said))

    def _fail(self, reason: str) -> None:
        _hopeless[self._uplink] = f"{self._uplink.program} cannot make one: {reason}"
        raise NoUplink(_hopeless[self._uplink])

    def end(self) -> None:
        """Stop pasta, and wait for it."""
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()
        if self._keeper > 0:
            os.waitpid(self._keeper, 0)
            self._keeper = -1


_hopeless: dict[Uplink, str] = {}
"""Failures in this process: they would recur, and may take long."""


def _aside(descriptor: int, own: list[int]) -> int:
    """Duplicate a descriptor to a number that does not collide."""
    moved: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 16)
    os.close(descriptor)
    own.append(moved)
    return moved


def _reason(said: bytes) -> str:
    """Return the last message of pasta, without those about its own log."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").split("\n")]
    wanted = [line for line in lines if line and "syslog" not in line]
    return wanted[-1] if wanted else "it ended at once"
