"""Servers on this machine that do not behave. They end with the test, whatever the other side does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Self

LONGEST = 20.0
"""Seconds after which a server gives up by itself."""
MOST = 64 << 20
"""Bytes after which a server without an end ends."""


class Connection:
    """One connection to a server, after its request was read."""

    def __init__(self, ended: threading.Event, socket: socket.socket, request: bytes) -> None:
        self._ended, self._socket = ended, socket
        self.request = request
        self.path = request.split(b" ")[1].decode() if request.count(b" ") > 1 else ""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def wait(self, seconds: float = LONGEST) -> bool:
        """Say nothing for so long; false when there is nobody left to say anything to."""
        return not self._ended.wait(seconds)

    def trickle(self, data: bytes, pause: float = 0.05) -> None:
        """Send something byte by byte, again and again."""
        for _ in range(int(LONGEST / pause / len(data)) + 1):
            for byte in data:
                self.send(bytes([byte]))
                if not self.wait(pause):
                    return

    def pour(self, data: bytes) -> None:
        """Send something again and again."""
        for _ in range(MOST // len(data)):
            self.send(data)


class Misbehaving:
    """A server that answers each connection with `answer`. A context."""

    def __init__(self, answer: Callable[[Connection], None], *, reads_first: bool = True) -> None:
        self._answer, self._reads_first = answer, reads_first
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.sent_all = False
        """Whether an answer came to its end."""
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(accepted,), daemon=True))
            self._threads[-1].start()

    def _serve(self, accepted: socket.socket) -> None:
        with accepted:
            accepted.settimeout(LONGEST)
            try:
                request = b""
                while self._reads_first and b"\r\n\r\n" not in request and (data := accepted.recv(65536)):
                    request += data
                self.requests.append(request)
                self._answer(Connection(self._ended, accepted, request))
                self.sent_all = True
            except OSError:
                pass  # the other side is gone, as it should be


def head(status: str = "200 OK", **fields: object) -> bytes:
    """The head of an answer; `Content_Length=5` is a field."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
