"""HTTP requests with the standard library's client, in bounded time.

Proxies come from the environment, certificates from SSL_CERT_FILE (or NIX_SSL_CERT_FILE). Every status is returned as
an answer, except redirects: those are followed, to other servers only.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import (
    AbstractHTTPHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    UnknownHandler,
)

from .conversation import Clock, Conversation, Counted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from email.message import Message
    from http.client import HTTPResponse
    from typing import Self
    from urllib.request import Request

_CHUNK: Final = 1 << 18
_REDIRECTS: Final = (301, 302, 303, 307, 308)


class RedirectRefused(Exception):
    """A redirect is refused."""


class Head(NamedTuple):
    """Head of an answer; `length` is the number of bytes that follow, None if unknown."""

    status: int
    reason: str
    headers: Message
    length: int | None


class Answer:
    """A server's answer while it arrives. A context, which closes the connection."""

    def __init__(self, line: Conversation) -> None:
        self._line = line
        self.head: Head = line.take()

    def chunks(self) -> Iterator[bytes]:
        """Yield the body, which may be shorter than announced. Raises the errors of `send_request`."""
        while (chunk := self._line.take()) is not None:
            yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._line.close()


def send_request(request: Request, clock: Clock) -> Answer:
    """Send `request`. `clock` counts all waiting, name lookup included.

    Raises `Stalled`, `Stopped`, `RedirectRefused`, OSError (`URLError` until there is an answer), `HTTPException`, ValueError.
    """
    line = Conversation(clock, lambda line: _speak(request, line))
    try:
        return Answer(line)
    except BaseException:
        line.close()
        raise


def _speak(request: Request, line: Conversation) -> None:
    if request.data is not None:
        length = request.get_header("Content-length")
        request.data = Counted(request.data, line)
        if length is not None:
            # Forgotten with the data of before.
            request.add_unredirected_header("Content-length", length)
    try:
        # The client's own time is over then as well, lest a thread that was left stay for ever.
        response = _opener(line).open(request, timeout=line.clock.patience.seconds)
    except HTTPError as error:
        endless = str(error.reason).startswith(HTTPRedirectHandler.inf_msg)
        reason = "it redirects without an end" if endless else f"the server answered {error.code} {error.reason}"
        raise RedirectRefused(reason) from error
    with response:
        line.deliver(Head(response.status, response.reason, response.headers, response.length))
        while chunk := response.read1(_CHUNK):
            line.deliver(chunk)


def _opener(line: Conversation) -> OpenerDirector:
    opener = OpenerDirector()
    opener.add_handler(ProxyHandler())
    opener.add_handler(UnknownHandler())
    opener.add_handler(_Connecting(line))
    opener.add_handler(HTTPDefaultErrorHandler())
    opener.add_handler(_Redirects())
    opener.add_handler(_AnyAnswer())
    return opener


class _Connecting(AbstractHTTPHandler):
    """Connects with sockets that `line` can shut down."""

    http_request = https_request = AbstractHTTPHandler.do_request_

    def __init__(self, line: Conversation) -> None:
        super().__init__()

        class Held(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line.hold(self.sock.fileno())

        self._plain = Held

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._plain, request)

    def https_open(self, request: Request) -> HTTPResponse:
        try:
            from http.client import HTTPSConnection
        except ImportError as error:
            # A Python that was compiled without OpenSSL.
            raise URLError("this Python has no TLS") from error

        class HeldSecure(HTTPSConnection, self._plain):  # type: ignore[name-defined,misc]
            """A TLS connection. The order of its bases lets it hold the socket before the handshake."""

        return self.do_open(HeldSecure, request, context=certificates())


class _Redirects(HTTPRedirectHandler):
    """Follows redirects without reading their body, which may be endless."""

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        fp.read = lambda *size: b""
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _AnyAnswer(HTTPErrorProcessor):
    """Passes all answers but redirects to the caller, which knows their meaning."""

    def http_response(self, request: Request, response: HTTPResponse) -> Any:
        return super().http_response(request, response) if response.status in _REDIRECTS else response

    https_response = http_response


def certificates() -> ssl.SSLContext | None:
    """Return the certificates of NIX_SSL_CERT_FILE, unless SSL_CERT_FILE is set."""
    named = os.environ.get("NIX_SSL_CERT_FILE")
    if not named or "SSL_CERT_FILE" in os.environ or not os.path.exists(named):
        return None
    import ssl

    return ssl.create_default_context(cafile=named)
