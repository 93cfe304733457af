"""Caches as places: a directory, or an HTTP server; S3 has a module of its own."""

from __future__ import annotations

import _thread
import fcntl
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from .errors import TransferFailed
from .layout import MARK, MARK_TEXT

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from http.client import HTTPResponse
    from typing import IO
    from urllib.error import HTTPError

TOKEN: Final = "CHX_CACHE_TOKEN"
"""The variable with what a server wants to hear from whoever writes to it."""
_CHUNK: Final = 1 << 18
_TRIES: Final = 4
_SILENCE: Final = 60
_PAUSE: Final = 0.3


class Place(Protocol):
    """A cache. Names are those of `layout`."""

    url: str

    def file(self, name: str, work: str) -> str | None:
        """A local file with the content of `name`, below the folder `work` if it has to be made; None if there is none."""

    def done(self, file: str) -> None:
        """The file that `file` gave is not needed any more."""

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Make a file: either whole or not at all."""


def open_place(url: str, *, create: bool = False) -> Place:
    """The cache at a directory, `file:`, `http(s):` or `s3:` URL. Raises `TransferFailed`."""
    from urllib.parse import unquote, urlsplit

    scheme, colon, _ = url.partition("://")
    if colon and scheme in ("http", "https"):
        place = HttpPlace(url)
        if create:
            # Whoever may not write hears it at once, and not after having sent half of a large file.
            place.write(MARK, [MARK_TEXT])
        return place
    if scheme == "s3" and colon:
        from .s3 import S3Place

        return S3Place(url, create=create)
    if url.startswith("file:"):
        url = unquote(urlsplit(url).path)
    elif colon:
        raise TransferFailed(url, "", "a cache is a directory, or a file:, http:, https: or s3: URL")
    return DirectoryPlace(url, create=create)


class DirectoryPlace:
    """A directory."""

    def __init__(self, path: str, *, create: bool = False) -> None:
        self.url = path
        self._path = os.path.abspath(path)
        if create and (not os.path.isdir(self._path) or not os.listdir(self._path)):
            self.write(MARK, [MARK_TEXT])
        mark = self.file(MARK, "")
        if mark is None:
            raise TransferFailed(path, "", f"it is no cache: there is no file '{MARK}' in it")

    def file(self, name: str, work: str) -> str | None:
        path = f"{self._path}/{name}"
        return path if os.path.isfile(path) else None

    def done(self, file: str) -> None: ...

    def has(self, name: str) -> bool:
        return os.path.isfile(f"{self._path}/{name}")

    def remove(self, name: str) -> None:
        """Take a file away; no error if it is not there."""
        with suppress(FileNotFoundError):
            os.unlink(f"{self._path}/{name}")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        path = f"{self._path}/{name}"
        # Not the name with something more: the longest names of objects leave no room for that.
        draft = f"{os.path.dirname(path)}/{os.getpid()}.{_thread.get_ident()}.tmp"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                with open(draft, "wb") as file:
                    for chunk in chunks:
                        file.write(chunk)
                os.rename(draft, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft)
                raise
        except OSError as error:
            raise TransferFailed(self.url, name, error.strerror or str(error)) from error


class BrokenOff(Exception):
    """A failure that may pass."""


class Downloading:
    """What places that are elsewhere have in common: what is asked for is downloaded, in several tries if need be."""

    url: str

    def transfer(self, name: str, descriptor: int, offset: int) -> bool:
        """Append what a file has from `offset` on; false if there is none. Raises `BrokenOff`, `TransferFailed`.

        Where that much is not there, what was brought before is thrown away.
        """
        raise NotImplementedError

    def file(self, name: str, work: str) -> str | None:
        """Downloads; what a transfer that broke off has brought is kept in `work` and gone on from."""
        os.makedirs(work, exist_ok=True)
        target = f"{work}/{name.replace('/', '-')}.part"
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(descriptor).st_nlink:
                raise BlockingIOError
        except BlockingIOError:
            # Another process is at it; this one goes its own way.
            os.close(descriptor)
            target += f".{os.getpid()}"
            descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if self._download(name, descriptor):
                return target
            os.unlink(target)
            return None
        finally:
            os.close(descriptor)

    def _download(self, name: str, descriptor: int) -> bool:
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
            try:
                return self.transfer(name, descriptor, os.lseek(descriptor, 0, os.SEEK_END))
            except BrokenOff as error:
                reason = str(error)
        raise TransferFailed(self.url, name, reason, "is the server there? A proxy is named in https_proxy")

    def done(self, file: str) -> None:
        """The file that `file` gave is not needed any more."""
        with suppress(OSError):
            os.unlink(file)


class HttpPlace(Downloading):
    """A server, asked with the standard library's client: proxies and certificates come from the environment."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def transfer(self, name: str, descriptor: int, offset: int) -> bool:
        response = self._ask(name, {"Range": f"bytes={offset}-"} if offset else {})
        if response is None:
            return False
        with response:
            if response.status == 416:
                # Complete already, or another file by now: what it is will be seen from its digest.
                os.ftruncate(descriptor, 0)
                raise BrokenOff("the server has less than before")
            if offset and response.status != 206:
                os.ftruncate(descriptor, 0)
                offset = os.lseek(descriptor, 0, os.SEEK_SET)
            length = response.headers.get("Content-Length")
            expected = int(length) if length is not None and length.isdecimal() else None
            got = 0
            try:
                while chunk := response.read(_CHUNK):
                    got += len(chunk)
                    view = memoryview(chunk)
                    while view:
                        view = view[os.write(descriptor, view) :]
            except (TimeoutError, ConnectionError, ValueError) as error:
                raise BrokenOff(str(error) or "the connection ended") from error
            if expected is not None and got < expected:
                raise BrokenOff(f"the connection ended after {got} of {expected} bytes")
        return True

    def _ask(
        self, name: str, headers: dict[str, str], method: str = "GET", body: IO[bytes] | None = None
    ) -> HTTPResponse | None:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.parse import quote
        from urllib.request import Request, urlopen

        url = f"{self.url}/{quote(name)}"
        headers = {"User-Agent": "chx", "Accept-Encoding": "identity", **headers}
        request = Request(url, body, headers, method=method)
        try:
            response: HTTPResponse = urlopen(request, timeout=_SILENCE, context=certificates())
            return response
        except HTTPError as error:
            if error.code in (404, 410):
                return None
            if error.code == 416 or error.code >= 500 or error.code in (408, 425, 429):
                raise BrokenOff(f"the server answered {error.code} {error.reason}") from error
            raise self._refusal(name, error) from error
        except URLError as error:
            said = error.reason.strerror if isinstance(error.reason, OSError) else None
            raise BrokenOff(said or str(error.reason)) from error
        except (HTTPException, TimeoutError, ConnectionError) as error:
            raise BrokenOff(str(error) or type(error).__name__) from error

    def _refusal(self, name: str, error: HTTPError) -> TransferFailed:
        if error.code in (401, 403):
            return TransferFailed(
                self.url, name, f"the server wants another token ({error.code})", f"set {TOKEN} to that of the server"
            )
        if error.code in (405, 501):
            return TransferFailed(
                self.url, name, "the server only gives", "`chx serve --writable` takes; so does a directory or a bucket"
            )
        said = ""
        if error.code == 422:
            with suppress(OSError):
                said = error.read(_CHUNK).decode("utf-8", "replace").strip()
        return TransferFailed(self.url, name, said or f"the server answered {error.code} {error.reason}")

    def has(self, name: str) -> bool:
        try:
            response = self._ask(name, {}, "HEAD")
        except BrokenOff as error:
            raise TransferFailed(self.url, name, str(error)) from error
        if response is None:
            return False
        response.close()
        return True

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        from tempfile import TemporaryFile

        # What fails while it is read must not be half sent, and a length is asked for.
        with TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            headers = {"Content-Length": str(file.tell())}
            if token := os.environ.get(TOKEN):
                headers["Authorization"] = f"Bearer {token}"
            reason = ""
            for attempt in range(_TRIES):
                if attempt:
                    time.sleep(_PAUSE * 2 ** (attempt - 1))
                file.seek(0)
                try:
                    response = self._ask(name, headers, "PUT", file)
                except BrokenOff as error:
                    reason = str(error)
                    continue
                if response is None:
                    raise TransferFailed(self.url, name, "the server has no place for it")
                response.close()
                return
        raise TransferFailed(self.url, name, reason)


def certificates() -> ssl.SSLContext | None:
    """What Nix's variable names, if the usual one is not set."""
    named = os.environ.get("NIX_SSL_CERT_FILE")
    if not named or "SSL_CERT_FILE" in os.environ or not os.path.exists(named):
        return None
    import ssl

    return ssl.create_default_context(cafile=named)
