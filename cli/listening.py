"""Listener of `chx serve`: a limited number of clients at once, each with a time-out.

A connection is a thread. It is *idle* until it has received a whole request. If all threads are in use, a new
connection replaces the one that has been idle longest; if none is idle, it waits. The listener ignores clients that
disconnect, and reports any other failure in one line.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from ..ops.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CONNECTIONS: Final = 128
PATIENCE: Final = 60.0
"""Seconds that a client may take to send something, or to take what was sent (256 KiB at a time)."""


class Listener(ThreadingHTTPServer):
    """Starts a `Talk` for each connection; `say` receives a line for each failure."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], talk: type[Talk], say: Callable[[str], None]) -> None:
        self._say = say
        self._room = Condition()
        self._taken: dict[Any, bool] = {}
        """The connections, those that became idle last at the end; whether each is idle."""
        super().__init__(address, talk)

    def idle(self, connection: Any, is_idle: bool) -> None:
        """Note that a connection waits for a request, or that a request has come."""
        with self._room:
            if self._taken.pop(connection, None) is not None:
                self._taken[connection] = is_idle
            self._room.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._room:
            while len(self._taken) >= MOST_CONNECTIONS:
                oldest = next((one for one, is_idle in self._taken.items() if is_idle), None)
                if oldest is None:
                    self._room.wait()
                    continue
                del self._taken[oldest]
                # The thread notices that the connection has ended.
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._taken[request] = True
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._room:
            self._taken.pop(request, None)
            self._room.notify_all()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            self._say(f"a request of {client_address[0]} failed: {_cause(error)}")


class Talk(BaseHTTPRequestHandler):
    """One connection; the handlers of HTTP methods answer through `guarded`."""

    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "chx"
    sys_version = ""
    timeout = PATIENCE
    has_begun = False
    """Whether the answer to the present request has begun."""

    def handle_one_request(self) -> None:
        self.server.idle(self.connection, True)
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def parse_request(self) -> bool:
        is_whole = super().parse_request()
        self.server.idle(self.connection, False)
        return is_whole

    def guarded(self, answer: Callable[[], None]) -> None:
        """Answer a request. The client learns only that an internal error happened; the server prints which."""
        self.has_begun = False
        try:
            answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:
            self.close_connection = True
            self.server._say(f"a request of {self.client_address[0]} failed: {_cause(error)}")
            if not self.has_begun:
                with suppress(OSError):
                    self.say(500)

    def send_response(self, code: int, message: str | None = None) -> None:
        self.has_begun = True
        super().send_response(code, message)

    def say(self, status: int, text: str = "") -> None:
        """Send a whole response."""
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log no requests."""


def _cause(error: BaseException | None) -> str:
    return error.message if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
