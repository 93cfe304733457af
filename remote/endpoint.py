"""Endpoints: addresses, TLS, credentials, channels.

A secret travels over TLS, or over the loopback device: anything else is refused before a connection is made.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from contextlib import suppress
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from ..store.checkpoint import checkpoint
from .errors import EndpointRefused, EndpointUnreachable, NotAuthenticated, RemoteMissing
from .wire import MESSAGES, METHODS, encode, new

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..builder.remote_options import EndpointOptions

_PORTS: Final = {"grpc": 80, "grpcs": 443}
_KEEPALIVE: Final = 30_000
_MOST_BYTES: Final = 64 << 20
_HELPER_SECONDS: Final = 30
_HELPER_BYTES: Final = 1 << 20
_HELPER_KEEPS: Final = 300.0
"""Seconds for which the headers of a credential helper are used if it does not say how long."""
_HEADER: Final = re.compile(r"(?!grpc-)[a-z0-9_.-]+(?<!-bin)", re.IGNORECASE)
"""Names of headers that a call may have, with texts as values."""
_LOOK: Final = 0.1
"""Seconds between looks whether to go on."""
_METADATA: Final = "build.bazel.remote.execution.v2.requestmetadata-bin"


class Address(NamedTuple):
    """Where an endpoint is. `is_secure`: by TLS."""

    host: str
    port: int
    instance: str
    is_secure: bool

    @property
    def target(self) -> str:
        """As gRPC wants it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nothing that is sent there leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        instance = f"/{self.instance}" if self.instance else ""
        return f"{'grpcs' if self.is_secure else 'grpc'}://{self.target}{instance}"


def check_url(url: str) -> Address:
    """Read the URL of an endpoint. Raises `EndpointRefused`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused(url, f"it is no URL: {error}") from error
    if parts.scheme not in _PORTS:
        raise EndpointRefused(url, "its scheme is neither grpcs nor grpc", "as in grpcs://build.example.org/instance")
    if not parts.hostname:
        raise EndpointRefused(url, "it names no host")
    if port == 0:
        raise EndpointRefused(url, "it names no port that there is")
    if parts.username is not None or parts.query or parts.fragment:
        raise EndpointRefused(url, "it holds more than a host, a port and an instance")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise EndpointRefused(url, "it holds a character that no URL has")
    return Address(parts.hostname, port or _PORTS[parts.scheme], parts.path.strip("/"), parts.scheme == "grpcs")


def check_safety(address: Address, options: EndpointOptions) -> None:
    """Refuse settings that would send a secret in the clear. Raises `EndpointRefused`."""
    if address.is_secure:
        if (options.cert is None) != (options.key is None):
            raise EndpointRefused(str(address), "of `cert` and `key` it has one only")
        return
    if options.cert or options.key or options.ca:
        raise EndpointRefused(str(address), "certificates are for TLS", f"grpcs://{address.target}")
    if address.is_loopback:
        return
    if options.token_file or options.credential_helper:
        raise EndpointRefused(
            str(address), "a token would travel unencrypted to another machine", f"grpcs://{address.target}"
        )
    if not options.insecure:
        raise EndpointRefused(
            str(address),
            "all inputs and results would travel unencrypted",
            "grpcs://, or `insecure = true` in [remote] of chx.toml for a network that you trust",
        )


def grpc_module() -> Any:
    """Import gRPC. Raises `RemoteMissing`."""
    # Its own messages would go to standard error, in its own form.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import grpc
    except ImportError as error:
        raise RemoteMissing(str(error)) from error
    return grpc


class Credentials:
    """The headers of calls, from a token file (read again when it changes) or a credential helper."""

    def __init__(self, address: Address, options: EndpointOptions) -> None:
        self._address, self._options = address, options
        self._lock = Lock()
        self._headers: tuple[tuple[str, str], ...] = ()
        self._stamp: tuple[int, int, int] | None = None
        self._until = 0.0

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers for the next call. Raises `NotAuthenticated`."""
        with self._lock:
            if self._options.token_file is not None:
                self._read_token(os.path.expanduser(self._options.token_file))
            elif self._options.credential_helper is not None and monotonic() >= self._until:
                self._ask_helper(os.path.expanduser(self._options.credential_helper))
            return self._headers

    def _read_token(self, path: str) -> None:
        try:
            about = os.stat(path)
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            if stamp == self._stamp:
                return
            with open(path, encoding="ascii") as file:
                token = file.read(1 << 16).strip()
        except OSError as error:
            raise NotAuthenticated(str(self._address), f"the token file cannot be read: {error}") from error
        except UnicodeDecodeError:
            token = ""
        if not token or not token.isprintable():
            raise NotAuthenticated(str(self._address), f"there is no token in '{path}'")
        self._headers, self._stamp = (("authorization", f"Bearer {token}"),), stamp

    def _ask_helper(self, program: str) -> None:
        """Run a credential helper: `get`, a URI as JSON in, headers as JSON out."""
        asked = json.dumps({"uri": f"https://{self._address.target}"}).encode()
        try:
            said = _json(_output([program, "get"], asked))
            headers = _headers(said)
            self._until = monotonic() + _lifetime(said.get("expires"))
        except _NoHeaders as error:
            reason = f"the credential helper '{program}' gives no headers: {error}"
            raise NotAuthenticated(str(self._address), reason) from None
        self._headers = headers


class _NoHeaders(Exception):
    """Why a credential helper gives no headers. What it printed may be a secret, and is never part of that."""


def _output(command: list[str], asked: bytes) -> bytes:
    """Return what a program prints. Raises `_NoHeaders` if it fails, hangs, or prints without end."""
    import subprocess

    try:
        process = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        raise _NoHeaders("it cannot be started") from None
    with process:
        try:
            assert process.stdin is not None and process.stdout is not None
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(asked)
            until = monotonic() + _HELPER_SECONDS
            said = _read(process.stdout.fileno(), until)
            status = process.wait(max(0.0, until - monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise _NoHeaders(f"it took more than {_HELPER_SECONDS:g} seconds") from None
        finally:
            process.kill()
    if status:
        raise _NoHeaders(f"it ended with status {status}")
    return said


def _read(descriptor: int, until: float) -> bytes:
    """Read a pipe to its end. Raises TimeoutError, `_NoHeaders`."""
    from selectors import EVENT_READ, DefaultSelector

    said = b""
    with DefaultSelector() as selector:
        selector.register(descriptor, EVENT_READ)
        while True:
            checkpoint()
            if monotonic() >= until:
                raise TimeoutError
            if not selector.select(min(_LOOK, max(0.0, until - monotonic()))):
                continue
            piece = os.read(descriptor, 65536)
            if not piece:
                return said
            said += piece
            if len(said) > _HELPER_BYTES:
                raise _NoHeaders(f"it printed more than {_HELPER_BYTES} bytes")


def _json(data: bytes) -> dict[str, object]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise _NoHeaders("it printed no JSON") from None
    if not isinstance(said, dict):
        raise _NoHeaders("it printed no headers")
    return said


def _headers(said: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return the headers that a helper printed. Raises `_NoHeaders` unless gRPC can send them."""
    found = said.get("headers") or {}
    headers = []
    for name, values in found.items() if isinstance(found, dict) else [("", None)]:
        for value in values if isinstance(values, list) else [None]:
            if (
                not _HEADER.fullmatch(name)
                or not isinstance(value, str)
                or not (value.isascii() and value.isprintable())
            ):
                raise _NoHeaders("it printed no headers")
            headers.append((name.lower(), value))
    return tuple(headers)


def _lifetime(expires: object) -> float:
    """Return the seconds until a time of RFC 3339. Raises `_NoHeaders`."""
    from datetime import datetime

    if expires is None:
        return _HELPER_KEEPS
    try:
        moment = datetime.fromisoformat(str(expires).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        raise _NoHeaders("it printed no time of expiry") from None
    return max(0.0, moment - time() - 10)


def _digest_of(key: Any) -> str:
    """Return the SHA-256 of a public key."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


class Channel:
    """An open connection to an endpoint; calls of the API by name. Raises `EndpointRefused` for unsafe settings."""

    def __init__(self, options: EndpointOptions) -> None:
        self.address = check_url(options.url)
        check_safety(self.address, options)
        self.options = options
        self.name = str(self.address)
        self._grpc = grpc_module()
        self._credentials = Credentials(self.address, options)
        self._invocation = os.urandom(16).hex()
        settings = [
            ("grpc.keepalive_time_ms", _KEEPALIVE),
            ("grpc.max_receive_message_length", _MOST_BYTES),
            ("grpc.max_send_message_length", _MOST_BYTES),
            ("grpc.enable_retries", 0),
            ("grpc.max_reconnect_backoff_ms", 5000),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.primary_user_agent", "chx"),
        ]
        if self.address.is_loopback:
            # What may travel unencrypted here must not travel to a proxy.
            settings.append(("grpc.enable_http_proxy", 0))
        if self.address.is_secure:
            self._channel = self._grpc.secure_channel(self.address.target, self._tls(), settings)
        else:
            self._channel = self._grpc.insecure_channel(self.address.target, settings)

    def _tls(self) -> Any:
        ca, key, cert = (self._file(name) for name in ("ca", "key", "cert"))
        self._check_files(ca, key, cert)
        return self._grpc.ssl_channel_credentials(ca, key, cert)

    def _check_files(self, ca: bytes | None, key: bytes | None, cert: bytes | None) -> None:
        """Raise `EndpointRefused` for what gRPC cannot use: that ends the process."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificates

        name, what = "ca", "certificate in PEM form"
        try:
            if ca is not None:
                load_pem_x509_certificates(ca)
            name = "cert"
            shown = load_pem_x509_certificates(cert)[0].public_key() if cert is not None else None
            name, what = "key", "private key in PEM form without a password"
            own = load_pem_private_key(key, None).public_key() if key is not None else None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            place = getattr(self.options, name)
            raise EndpointRefused(self.name, f"`{name}` is no {what}: '{place}'") from None
        if shown is not None and own is not None and _digest_of(shown) != _digest_of(own):
            raise EndpointRefused(self.name, "`key` is not the key of `cert`")

    def _file(self, name: str) -> bytes | None:
        path = getattr(self.options, name)
        if path is None:
            return None
        try:
            with open(os.path.expanduser(path), "rb") as file:
                return file.read(1 << 20)
        except OSError as error:
            raise EndpointRefused(self.name, f"`{name}` cannot be read: {error}") from error

    def key_digest(self) -> str:
        """Return the SHA-256 of the public key that the server shows, empty without TLS or behind a proxy."""
        if not self.address.is_secure:
            return ""
        import socket
        import ssl

        from cryptography import x509

        try:
            context = ssl.create_default_context(cafile=self.options.ca and os.path.expanduser(self.options.ca))
            context.set_alpn_protocols(["h2"])
            if self.options.cert and self.options.key:
                context.load_cert_chain(os.path.expanduser(self.options.cert), os.path.expanduser(self.options.key))
            place = (self.address.host, self.address.port)
            with (
                socket.create_connection(place, timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=self.address.host) as secured,
            ):
                shown = secured.getpeercert(binary_form=True) or b""
            return _digest_of(x509.load_der_x509_certificate(shown).public_key())
        except (OSError, ValueError):
            return ""

    def _headers(self, action: str) -> tuple[tuple[str, str | bytes], ...]:
        from .. import __version__

        tool = new("ToolDetails", tool_name="chx", tool_version=__version__)
        about = new("RequestMetadata", tool_details=tool, action_id=action, tool_invocation_id=self._invocation)
        return (*self._credentials.headers(), (_METADATA, encode(about)))

    def call(self, method: str, request: Any, seconds: float = 120, action: str = "") -> Any:
        """Make a call with one response. Raises grpc.RpcError."""
        path, _, response = METHODS[method]
        stub = self._channel.unary_unary(
            path, request_serializer=encode, response_deserializer=MESSAGES[response].FromString
        )
        return stub(request, timeout=seconds, metadata=self._headers(action))

    def stream(self, method: str, request: Any, seconds: float | None = None, action: str = "") -> Any:
        """Make a call with many responses; return the call, which yields them. Raises grpc.RpcError."""
        path, _, response = METHODS[method]
        stub = self._channel.unary_stream(
            path, request_serializer=encode, response_deserializer=MESSAGES[response].FromString
        )
        return stub(request, timeout=seconds, metadata=self._headers(action))

    def send(self, method: str, requests: Iterator[Any], seconds: float = 600) -> Any:
        """Make a call with many requests. Raises grpc.RpcError."""
        path, _, response = METHODS[method]
        stub = self._channel.stream_unary(
            path, request_serializer=encode, response_deserializer=MESSAGES[response].FromString
        )
        return stub(requests, timeout=seconds, metadata=self._headers(""))

    def close(self) -> None:
        self._channel.close()

    def failure(self, error: Any) -> Exception:
        """Return the error of this room for a failed call that is not tried again."""
        from .errors import EndpointUnsuitable, RemoteFailure

        code, text = error.code().name, error.details() or ""
        if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
            return NotAuthenticated(self.name, text or code)
        if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            return EndpointUnreachable(self.name, text or code, self.address.is_secure)
        if code == "UNIMPLEMENTED":
            return EndpointUnsuitable(self.name, f"it lacks a part of the API: {text}")
        return RemoteFailure(self.name, code, text)
