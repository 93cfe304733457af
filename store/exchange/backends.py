"""Cache backends: a directory, or an HTTP server; `s3` has the one for S3."""

from __future__ import annotations

import _thread
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from ..checkpoint import checkpoint, pause
from .conversation import PATIENCE, Clock, Stalled
from .errors import CacheIntegrityError, TransferFailed
from .layout import MARK, MARK_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from .http import Answer, Head

TOKEN: Final = "CHX_CACHE_TOKEN"
"""Environment variable with the token that a server demands for writing."""
_TRIES: Final = 4
_PAUSE: Final = 0.3
_PATIENCE = PATIENCE
_LONGEST_REASON: Final = 1 << 12
_NOT_THERE: Final = "is the server there? A proxy is named in https_proxy"


class Cache(Protocol):
    """A cache. File names are those of `layout`."""

    url: str

    def file(self, name: str, work: str, limit: int) -> str | None:
        """Return a local file with the content of `name`; None if the cache lacks it.

        A downloaded file is in the directory `work` and has at most `limit` bytes. Raises `TransferFailed`,
        `CacheIntegrityError`.
        """

    def release(self, file: str) -> None:
        """Release a file obtained from `file`."""

    def has(self, name: str) -> bool:
        """Return whether the cache has a file `name`."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file atomically."""


def open_cache(url: str, *, create: bool = False) -> Cache:
    """Open the cache in a directory or at a `file:`, `http(s):` or `s3:` URL. Raises `TransferFailed`."""
    from urllib.parse import unquote, urlsplit

    scheme, colon, _ = url.partition("://")
    if colon and scheme in ("http", "https"):
        cache = HttpCache(url)
        if create:
            # Report a missing permission now, not after half of a large file has been sent.
            cache.write(MARK, [MARK_TEXT])
        return cache
    if scheme == "s3" and colon:
        from .s3 import S3Cache

        return S3Cache(url, create=create)
    if url.startswith("file:"):
        url = unquote(urlsplit(url).path)
    elif colon:
        raise TransferFailed(url, "", "a cache is a directory, or a file:, http:, https: or s3: URL")
    return DirectoryCache(url, create=create)


class DirectoryCache:
    """A cache in a directory."""

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

    def release(self, file: str) -> None: ...

    def has(self, name: str) -> bool:
        return os.path.isfile(f"{self._path}/{name}")

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        with suppress(FileNotFoundError):
            os.unlink(f"{self._path}/{name}")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        path = f"{self._path}/{name}"
        # Not the name with a suffix: the longest object names leave no room for one.
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


class TransferInterrupted(Exception):
    """A transfer failed; another try may succeed."""


class DownloadingCache:
    """Base class of remote caches: downloads files, with retries."""

    url: str

    def transfer(self, name: str, part: PartialFile, clock: Clock) -> bool:
        """Continue the download of `name` in `part`; return False if the cache lacks it.

        Discards the earlier part if the server has less. Raises `TransferInterrupted`, `Stalled`, `TransferFailed`.
        """
        raise NotImplementedError

    def file(self, name: str, work: str, limit: int) -> str | None:
        """Download `name` to `work`, continuing after an earlier, interrupted transfer."""
        os.makedirs(work, exist_ok=True)
        target = f"{work}/{name.replace('/', '-')}.part"
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(descriptor).st_nlink:
                raise BlockingIOError
        except BlockingIOError:
            # Another process downloads the same file: use another name.
            os.close(descriptor)
            target += f".{os.getpid()}"
            descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if self._download(name, PartialFile(descriptor, limit)):
                return target
            os.unlink(target)
            return None
        except TooLarge:
            os.unlink(target)
            raise CacheIntegrityError(self.url, name, f"it is longer than {limit} bytes") from None
        finally:
            os.close(descriptor)

    def _download(self, name: str, part: PartialFile) -> bool:
        reason = ""
        clock = Clock(_PATIENCE)
        for attempt in range(_TRIES):
            if attempt:
                pause(_PAUSE * 2 ** (attempt - 1))
            before = part.size
            try:
                return self.transfer(name, part, clock)
            except TransferInterrupted as error:
                reason = str(error)
            except Stalled:
                reason = stalled_message()
                if part.size - before < _PATIENCE.least:
                    break
                # The connection may be broken rather than the server.
                clock = Clock(_PATIENCE)
        raise TransferFailed(self.url, name, reason, _NOT_THERE)

    def release(self, file: str) -> None:
        """Remove the downloaded file."""
        with suppress(OSError):
            os.unlink(file)


def stalled_message() -> str:
    """Return the message for a server that sends nothing more."""
    return f"the server gave nothing more for {_PATIENCE.seconds:g} seconds"


class TooLarge(Exception):
    """A file exceeds its limit."""


class PartialFile:
    """A partially downloaded file of at most `limit` bytes."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor, self._limit = descriptor, limit
        self.size = os.lseek(descriptor, 0, os.SEEK_END)

    def throw_away(self) -> None:
        """Discard the content."""
        os.ftruncate(self._descriptor, 0)
        self.size = os.lseek(self._descriptor, 0, os.SEEK_SET)

    def expect(self, count: int) -> None:
        """Raise `TooLarge` if `count` more bytes exceed the limit."""
        if self.size + count > self._limit:
            raise TooLarge

    def append(self, chunk: bytes | memoryview) -> None:
        """Append bytes. Raises `TooLarge`."""
        view = memoryview(chunk).cast("B")
        self.expect(len(view))
        self.size += len(view)
        while view:
            view = view[os.write(self._descriptor, view) :]


class HttpCache(DownloadingCache):
    """A cache on an HTTP server."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def transfer(self, name: str, part: PartialFile, clock: Clock) -> bool:
        with self._request(name, {"Range": f"bytes={part.size}-"} if part.size else {}, clock) as answer:
            head = answer.head
            if head.status == 416:
                # The part is complete, or the file was replaced: its digest will decide.
                part.throw_away()
                raise TransferInterrupted("the server has less than before")
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
                raise TransferInterrupted(f"the connection ended after {got} of {head.length} bytes")
        return True

    def _request(
        self, name: str, headers: dict[str, str], clock: Clock, method: str = "GET", body: IO[bytes] | None = None
    ) -> Answer:
        """Send a request. Raises `TransferInterrupted`, `Stalled`, `TransferFailed`."""
        from http.client import HTTPException
        from urllib.error import URLError
        from urllib.parse import quote
        from urllib.request import Request

        from .http import RedirectRefused, send_request

        url = f"{self.url}/{quote(name)}"
        headers = {"User-Agent": "chx", "Accept-Encoding": "identity", **headers}
        try:
            return send_request(Request(url, body, headers, method=method), clock)
        except RedirectRefused as error:
            raise TransferFailed(self.url, name, str(error)) from error
        except URLError as error:
            said = error.reason.strerror if isinstance(error.reason, OSError) else None
            raise TransferInterrupted(said or str(error.reason)) from error
        except (HTTPException, OSError) as error:
            raise TransferInterrupted(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise TransferFailed(self.url, name, str(error)) from error

    def _is_there(self, name: str, answer: Answer) -> bool:
        """Return whether the server has `name`. Raises `TransferInterrupted`, `TransferFailed` for other answers."""
        head = answer.head
        if 200 <= head.status < 300:
            return True
        if head.status in (404, 410):
            return False
        if head.status >= 500 or head.status in (408, 425, 429):
            raise TransferInterrupted(f"the server answered {head.status} {head.reason}")
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
            with self._request(name, {}, Clock(_PATIENCE), "HEAD") as answer:
                return self._is_there(name, answer)
        except TransferInterrupted as error:
            raise TransferFailed(self.url, name, str(error)) from error
        except Stalled:
            raise TransferFailed(self.url, name, stalled_message(), _NOT_THERE) from None

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        from tempfile import TemporaryFile

        # Read everything first: a failure must not leave half a file, and the request needs a length.
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
                    with self._request(name, headers, clock, "PUT", file) as answer:
                        if not self._is_there(name, answer):
                            raise TransferFailed(self.url, name, "the server has no place for it")
                        return
                except TransferInterrupted as error:
                    reason = str(error)
                except Stalled:
                    reason = stalled_message()
                    break
        raise TransferFailed(self.url, name, reason)


def _arriving(answer: Answer) -> Iterator[bytes]:
    """Yield the chunks of an answer; turn network errors into `TransferInterrupted`, but none of the consumer's."""
    from http.client import HTTPException

    try:
        yield from answer.chunks()
    except (HTTPException, OSError, ValueError) as error:
        raise TransferInterrupted(str(error) or "the connection ended") from error
