"""Caches as places: a directory, or an HTTP server; S3 has a module of its own."""

from __future__ import annotations

import _thread
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from ..checkpoint import checkpoint, pause
from .conversation import PATIENCE, Clock, Silent
from .errors import LyingCache, TransferFailed
from .layout import MARK, MARK_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from .http import Answer, Head

TOKEN: Final = "CHX_CACHE_TOKEN"
"""The variable with what a server wants to hear from whoever writes to it."""
_TRIES: Final = 4
_PAUSE: Final = 0.3
_PATIENCE = PATIENCE
_LONGEST_REASON: Final = 1 << 12
_NOT_THERE: Final = "is the server there? A proxy is named in https_proxy"


class Place(Protocol):
    """A cache. Names are those of `layout`."""

    url: str

    def file(self, name: str, work: str, limit: int) -> str | None:
        """A local file with the content of `name`, below the folder `work` if it has to be made; None if there is none.

        No more than `limit` bytes are brought. Raises `TransferFailed`, `LyingCache`.
        """

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
        if not self.has(MARK):
            raise TransferFailed(path, "", f"it is no cache: there is no file '{MARK}' in it")

    def file(self, name: str, work: str, limit: int) -> str | None:
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
                        checkpoint()
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

    def transfer(self, name: str, part: Part, clock: Clock) -> bool:
        """Go on with `part` of a file; false if there is none of that name. Raises `BrokenOff`, `Silent`, `TransferFailed`.

        Where that much is not there, what was brought before is thrown away.
        """
        raise NotImplementedError

    def file(self, name: str, work: str, limit: int) -> str | None:
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
            if self._download(name, Part(descriptor, limit)):
                return target
            os.unlink(target)
            return None
        except TooLong:
            os.unlink(target)
            raise LyingCache(self.url, name, f"it is longer than {limit} bytes") from None
        finally:
            os.close(descriptor)

    def _download(self, name: str, part: Part) -> bool:
        reason = ""
        clock = Clock(_PATIENCE)
        for attempt in range(_TRIES):
            if attempt:
                pause(_PAUSE * 2 ** (attempt - 1))
            before = part.size
            try:
                return self.transfer(name, part, clock)
            except BrokenOff as error:
                reason = str(error)
            except Silent:
                reason = given_up()
                if part.size - before < _PATIENCE.least:
                    break
                # It may be the connection that does not work any more, and not the server.
                clock = Clock(_PATIENCE)
        raise TransferFailed(self.url, name, reason, _NOT_THERE)

    def done(self, file: str) -> None:
        """The file that `file` gave is not needed any more."""
        with suppress(OSError):
            os.unlink(file)


def given_up() -> str:
    """What is said of a server that is silent."""
    return f"the server gave nothing more for {_PATIENCE.seconds:g} seconds"


class TooLong(Exception):
    """More came than may."""


class Part:
    """A file as far as it has come; it may get `limit` bytes."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor, self._limit = descriptor, limit
        self.size = os.lseek(descriptor, 0, os.SEEK_END)

    def throw_away(self) -> None:
        """Start from nothing."""
        os.ftruncate(self._descriptor, 0)
        self.size = os.lseek(self._descriptor, 0, os.SEEK_SET)

    def expect(self, count: int) -> None:
        """Raise `TooLong` if so many bytes more were too many."""
        if self.size + count > self._limit:
            raise TooLong

    def append(self, chunk: bytes | memoryview) -> None:
        """Raises `TooLong`."""
        view = memoryview(chunk).cast("B")
        self.expect(len(view))
        self.size += len(view)
        while view:
            view = view[os.write(self._descriptor, view) :]


class HttpPlace(Downloading):
    """A server."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def transfer(self, name: str, part: Part, clock: Clock) -> bool:
        with self._ask(name, {"Range": f"bytes={part.size}-"} if part.size else {}, clock) as answer:
            head = answer.head
            if head.status == 416:
                # Complete already, or another file by now: what it is will be seen from its digest.
                part.throw_away()
                raise BrokenOff("the server has less than before")
            if not self._is_there(name, answer):
                return False
            if part.size and head.status != 206:
                part.throw_away()
            if head.length is not None:
                part.expect(head.length)
            got = 0
            for chunk in _arriving(answer):
                part.append(chunk)
                got += len(chunk)
            if head.length is not None and got < head.length:
                raise BrokenOff(f"the connection ended after {got} of {head.length} bytes")
        return True

    def _ask(
        self, name: str, headers: dict[str, str], clock: Clock, method: str = "GET", body: IO[bytes] | None = None
    ) -> Answer:
        """Raises `BrokenOff`, `Silent`, `TransferFailed`."""
        from http.client import HTTPException
        from urllib.error import URLError
        from urllib.parse import quote
        from urllib.request import Request

        from .http import Astray, ask

        url = f"{self.url}/{quote(name)}"
        headers = {"User-Agent": "chx", "Accept-Encoding": "identity", **headers}
        try:
            return ask(Request(url, body, headers, method=method), clock)
        except Astray as error:
            raise TransferFailed(self.url, name, str(error)) from error
        except URLError as error:
            said = error.reason.strerror if isinstance(error.reason, OSError) else None
            raise BrokenOff(said or str(error.reason)) from error
        except (HTTPException, OSError) as error:
            raise BrokenOff(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise TransferFailed(self.url, name, str(error)) from error

    def _is_there(self, name: str, answer: Answer) -> bool:
        """Whether there is something of that name. Raises `BrokenOff`, `TransferFailed` for all other answers."""
        head = answer.head
        if 200 <= head.status < 300:
            return True
        if head.status in (404, 410):
            return False
        if head.status >= 500 or head.status in (408, 425, 429):
            raise BrokenOff(f"the server answered {head.status} {head.reason}")
        said = b""
        if head.status == 422:
            for chunk in _arriving(answer):
                said += chunk
                if len(said) >= _LONGEST_REASON:
                    break
        raise self._refusal(name, head, said[:_LONGEST_REASON].decode("utf-8", "replace").strip())

    def _refusal(self, name: str, head: Head, said: str) -> TransferFailed:
        if head.status in (401, 403):
            return TransferFailed(
                self.url, name, f"the server wants another token ({head.status})", f"set {TOKEN} to that of the server"
            )
        if head.status in (405, 501):
            return TransferFailed(
                self.url, name, "the server only gives", "`chx serve --writable` takes; so does a directory or a bucket"
            )
        return TransferFailed(self.url, name, said or f"the server answered {head.status} {head.reason}")

    def has(self, name: str) -> bool:
        try:
            with self._ask(name, {}, Clock(_PATIENCE), "HEAD") as answer:
                return self._is_there(name, answer)
        except BrokenOff as error:
            raise TransferFailed(self.url, name, str(error)) from error
        except Silent:
            raise TransferFailed(self.url, name, given_up(), _NOT_THERE) from None

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
            clock = Clock(_PATIENCE)
            for attempt in range(_TRIES):
                if attempt:
                    pause(_PAUSE * 2 ** (attempt - 1))
                file.seek(0)
                try:
                    with self._ask(name, headers, clock, "PUT", file) as answer:
                        if not self._is_there(name, answer):
                            raise TransferFailed(self.url, name, "the server has no place for it")
                        return
                except BrokenOff as error:
                    reason = str(error)
                except Silent:
                    reason = given_up()
                    break
        raise TransferFailed(self.url, name, reason)


def _arriving(answer: Answer) -> Iterator[bytes]:
    """The chunks of an answer; what fails here is the network, and what fails outside is not."""
    from http.client import HTTPException

    try:
        yield from answer.chunks()
    except (HTTPException, OSError, ValueError) as error:
        raise BrokenOff(str(error) or "the connection ended") from error
