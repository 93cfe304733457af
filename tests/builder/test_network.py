"""A network of a build's own that leads out, by pasta; and what is told where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.errors import BuilderFailed
from chx.builder.network import NoUplink, Uplink, own_network, proxy_ports
from chx.builder.sandbox import Bind, SandboxSpec, bwrap_arguments
from chx.store import FixedOutput

ROOT = Path(__file__).resolve().parents[2]


def way_out() -> str | None:
    """The address by which this machine leads out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


HAS_PASTA = shutil.which("pasta") is not None and os.access("/dev/net/tun", os.R_OK | os.W_OK)
needs_pasta = pytest.mark.skipif(
    not HAS_PASTA or way_out() is None, reason="no pasta, no right to use /dev/net/tun, or no network"
)


@pytest.fixture(scope="session")
def reach(tmp_path_factory):
    program = tmp_path_factory.mktemp("reach") / "reach"
    if subprocess.run(["cc", "-w", "-static", "-o", program, Path(__file__).parent / "reach.c"]).returncode:
        pytest.skip("no C compiler that links statically")
    return str(program)


@pytest.fixture
def said(store, script, reach, recorder, promise):
    """What a script prints in a build that may reach the network."""

    def run(text, env=None, **options):
        program = store.add_tree(reach, "reach")
        more = {"program": str(program), **(env or {})}
        derivation = script(text + "\n: > $out", input_srcs=(program,), fixed=promise(b""), env=more)
        drv = store.add_derivation(derivation)
        Builder(store, BuildOptions(rebuild=True, **options), recorder).realise([(drv, ("out",))])
        return recorder.text

    return run


@pytest.fixture
def server():
    """Listens on all addresses of the machine and greets; its port."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()

        def greet():
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"hello")

        threading.Thread(target=greet, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_the_network_is_a_value():
    shared = SandboxSpec(("/bin/sh",), binds=(Bind("/run/resolv.conf", "/etc/resolv.conf"),), network=True)
    assert "--share-net" in bwrap_arguments(shared)
    assert Uplink("/bin/pasta").command(1000)[:3] == ("/bin/pasta", "--tcp-ns", "none")
    assert "--no-map-gw" in Uplink("/bin/pasta").command(1000)
    assert Uplink("/bin/pasta", (80, 3128)).command(0)[:5] == ("/bin/pasta", "--runas", "0:0", "--tcp-ns", "80,3128")


def test_ports_of_proxies_on_this_machine():
    env = {
        "http_proxy": "http://127.0.0.1:3128",
        "HTTPS_PROXY": "localhost:8080",
        "all_proxy": "socks5://[::1]:1080",
        "ftp_proxy": "http://proxy.example:3129",
        "no_proxy": "localhost",
        "rsync_proxy": "http://127.0.0.1:none",
        "text": "http://127.0.0.1:1",
    }
    assert proxy_ports(env) == (1080, 3128, 8080)


def test_without_pasta_there_is_no_network_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHX_PASTA", raising=False)
    with pytest.raises(NoUplink, match="no pasta"):
        own_network(SandboxSpec(("x",), network=True), str(tmp_path))


@pytest.mark.sandbox
def test_a_network_that_is_shared_is_told_once_for_each_build(said, recorder, monkeypatch, tmp_path):
    with open("/proc/net/dev") as file:
        devices = sorted(line.split(":")[0].strip() for line in file if ":" in line)
    broken = tmp_path / "pasta"
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    broken.chmod(0o755)
    for program, reason in (("/nonexistent", "CHX_PASTA names /nonexistent"), (str(broken), "it is broken")):
        monkeypatch.setenv("CHX_PASTA", program)
        recorder.events.clear()
        lines = said("cat /proc/net/dev").split("\n")
        (told,) = [line for line in lines if line.startswith("chx: ")]
        assert "shares the network of the machine" in told and reason in told
        assert [told for _, told in recorder.of("connected")] == [told.partition("machine: ")[2]]
        assert sorted(line.split(":")[0].strip() for line in lines[1:] if ":" in line) == devices


@needs_pasta
@pytest.mark.sandbox
def test_a_build_has_a_network_of_its_own(said, recorder, server):
    """It has the same device everywhere, and leads neither to abstract sockets nor to the machine's loopback device."""
    text = said(f"cat /proc/net/dev /etc/resolv.conf; $program 127.0.0.1 {server}; $program 192.0.0.1 {server} 1")
    lines = text.split("\n")
    assert sorted(line.split(":")[0].strip() for line in lines if " 0 " in line and ":" in line)[:2] == ["lo", "net0"]
    assert "nameserver 192.0.0.1" in lines and "127.0.0.1: Connection refused" in lines
    assert "hello" not in text and not recorder.of("connected")


@needs_pasta
@pytest.mark.sandbox
def test_it_leads_out(said, server):
    """To another address of this machine, as to any machine."""
    address = way_out()
    assert f"{address}: hello" in said(f"$program {address} {server}")


@needs_pasta
@pytest.mark.sandbox
def test_a_proxy_on_the_loopback_device_is_reached(said, server, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server}")
    env = {"impureEnvVars": "https_proxy"}
    assert "127.0.0.1: hello" in said(f"$program 127.0.0.1 {server}", env)


@needs_pasta
@pytest.mark.sandbox
def test_nothing_is_left_of_it(said, script, store, promise):
    """However the build ends."""
    before = running()
    said("echo done")
    with pytest.raises(BuilderFailed):
        drv = store.add_derivation(script("exit 3", fixed=FixedOutput("sha256", bytes(32), "flat")))
        Builder(store).realise([(drv, ("out",))])
    assert running() == before


@needs_pasta
@pytest.mark.sandbox
def test_nothing_is_left_of_it_when_chx_is_killed(said, store, script, promise, tmp_path):
    before = running()
    drv = store.add_derivation(script("echo > /build/started; sleep 1000", fixed=promise(b"")))
    process = subprocess.Popen(
        [sys.executable, str(ROOT), "build", "--no-out-link", str(drv)],
        env={**os.environ, "CHX_HOME": store.home},
        start_new_session=True,
    )
    while not list(Path(store.home, "tmp").glob("*/*/build/started")):
        assert process.poll() is None
        time.sleep(0.05)
    assert running() - before
    process.kill()
    process.wait()
    until = time.monotonic() + 60
    while running() - before and time.monotonic() < until:
        time.sleep(0.05)
    assert not running() - before


def running() -> set[str]:
    """The processes called pasta."""
    found = set()
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if Path(f"/proc/{number}/comm").read_text().startswith(("pasta", "passt")):
                found.add(number)
    return found
