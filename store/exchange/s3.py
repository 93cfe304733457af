"""Caches in S3-compatible storage: `s3://BUCKET/PREFIX[?endpoint=URL&region=NAME]`.

Keys, region and endpoint come from the usual environment variables (`AWS_ACCESS_KEY_ID`, ...); the URL overrides
region and endpoint. The client is obstore, an optional dependency.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ..checkpoint import Stopped
from .backends import DownloadingCache, PartialFile, TransferInterrupted, stalled_message
from .conversation import PATIENCE, Clock, Conversation, Counted, Stalled, answer_of
from .errors import TransferFailed
from .layout import MARK, MARK_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK: Final = 1 << 20
_SECONDS: Final = 60


class S3Cache(DownloadingCache):
    """A cache in a bucket, or below a prefix in it."""

    def __init__(self, url: str, *, create: bool = False) -> None:
        self.url = url
        self._bucket = _connect(url)
        if self._exists(MARK):
            return
        if not create or self._holds_something():
            raise TransferFailed(url, "", f"it is no cache: there is no object '{MARK}' in it")
        self.write(MARK, [MARK_TEXT])

    def transfer(self, name: str, part: PartialFile, clock: Clock) -> bool:
        import obstore

        options: Any = {"range": {"offset": part.size}} if part.size else {}

        def speak(line: Conversation) -> None:
            for chunk in obstore.get(self._bucket, name, options=options).stream(min_chunk_size=_CHUNK):
                line.deliver(bytes(chunk))

        with Conversation(clock, speak) as line:
            started = False
            while True:
                try:
                    chunk = line.take()
                except (Stalled, Stopped):
                    raise
                except Exception as error:
                    if not started and is_missing(error):
                        return False
                    if not started and part.size and self._size(name) <= part.size:
                        # The part is complete, or the file was replaced: its digest will decide.
                        part.throw_away()
                    raise TransferInterrupted(_reason(error)) from error
                if chunk is None:
                    return True
                started = True
                part.append(chunk)

    def _size(self, name: str) -> int:
        import obstore

        try:
            size: int = answer_of(lambda: obstore.head(self._bucket, name)["size"])
            return size
        except (Stalled, Stopped):
            raise
        except Exception as error:
            raise TransferInterrupted(_reason(error)) from error

    def has(self, name: str) -> bool:
        return self._exists(name)

    def _exists(self, name: str) -> bool:
        import obstore

        try:
            answer_of(lambda: obstore.head(self._bucket, name))
        except Stopped:
            raise
        except Exception as error:
            if is_missing(error):
                return False
            raise self._failure(name, error) from error
        return True

    def _holds_something(self) -> bool:
        import obstore

        try:
            return bool(answer_of(lambda: any(obstore.list(self._bucket, chunk_size=1))))
        except Stopped:
            raise
        except Exception as error:
            raise self._failure("", error) from error

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        from tempfile import TemporaryFile

        import obstore

        # Read everything first: a failure must not leave half a file.
        with TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            file.seek(0)

            def speak(line: Conversation) -> None:
                obstore.put(self._bucket, name, Counted(file, line))  # type: ignore[arg-type]  # whatever can be read

            try:
                with Conversation(Clock(PATIENCE), speak) as line:
                    line.take()
            except Stopped:
                raise
            except Exception as error:
                raise self._failure(name, error) from error

    def _failure(self, name: str, error: Exception) -> TransferFailed:
        return TransferFailed(
            self.url, name, _reason(error), "keys, region and endpoint are read from AWS_ACCESS_KEY_ID and the like"
        )


def _connect(url: str) -> Any:
    from datetime import timedelta
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        from obstore.store import S3Store
    except ImportError:
        raise TransferFailed(
            url, "", "the package obstore, which speaks to S3, is not installed", "pip install 'chx[s3]'"
        ) from None
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - {"endpoint", "region"})
    if unknown or not parts.netloc or parts.fragment:
        what = f"it has no parameter '{unknown[0]}'" if unknown else "it names no bucket"
        raise TransferFailed(url, "", what, "write s3://BUCKET/PREFIX?endpoint=URL&region=NAME")
    given: dict[str, Any] = {name: value for name, value in options.items() if value}
    endpoint = given.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT") or ""
    try:
        return S3Store(
            unquote(parts.netloc),
            prefix=unquote(parts.path).strip("/") or None,
            client_options={"allow_http": endpoint.startswith("http:"), "timeout": timedelta(seconds=_SECONDS)},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=_SECONDS)},
            **given,
        )
    except Exception as error:
        raise TransferFailed(url, "", _reason(error)) from error


def is_missing(error: Exception) -> bool:
    """Return whether an error of obstore means that the object does not exist."""
    from obstore.exceptions import NotFoundError

    return isinstance(error, (FileNotFoundError, NotFoundError))


def _reason(error: Exception) -> str:
    """Return the first line of obstore's message; the other lines repeat it in detail."""
    if isinstance(error, Stalled):
        return stalled_message()
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
