"""`https:` and `http:` URLs.

The standard library's client, which takes proxies from the environment and certificates from
SSL_CERT_FILE (or NIX_SSL_CERT_FILE). A transfer that breaks off is taken up where it stopped.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ...store.exchange.places import certificates
from ..disk import size_of
from ..errors import FetchFailed

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from .task import Task

_CHUNK = 1 << 18
_TRIES = 4
_SILENCE = 60  # seconds without a byte
_PAUSE = 0.5  # seconds before the second try; doubles


_NO_NETWORK = "is the network there? A proxy is named in https_proxy"


class _BrokenOff(Exception):
    """A failure that may pass, and what to try if it does not."""

    def __init__(self, reason: str, advice: str | None = None) -> None:
        super().__init__(reason)
        self.advice = advice


def retrieve_web(task: Task, url: str, work: str) -> str:
    """The path of the file at `url`; raises `FetchFailed`."""
    target = os.path.join(work, "file")
    reason, advice = "", None
    for attempt in range(_TRIES):
        if attempt:
            task.say(f"{reason}; trying again")
            _sleep(task, _PAUSE * 2 ** (attempt - 1))
        try:
            _transfer(task, url, target)
            return target
        except _BrokenOff as error:
            reason, advice = str(error), error.advice
    raise FetchFailed(((url, reason),), advice)


def _sleep(task: Task, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        task.cancellation.check()
        time.sleep(min(left, 0.1))


def _transfer(task: Task, url: str, target: str) -> None:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from ... import __version__

    offset = size_of(target)
    headers = {"User-Agent": f"chx/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        with urlopen(Request(url, headers=headers), timeout=_SILENCE, context=certificates()) as response:
            _receive(task, url, target, response, offset)
    except HTTPError as error:
        if error.code == 416 and offset:
            os.unlink(target)
            raise _BrokenOff("the server does not resume") from error
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _BrokenOff(f"the server answered {error.code} {error.reason}") from error
        raise FetchFailed(((url, f"the server answered {error.code} {error.reason}"),)) from error
    except URLError as error:
        if type(error.reason).__name__ == "SSLCertVerificationError":
            raise FetchFailed(
                ((url, str(error.reason)),), "name your certificates in SSL_CERT_FILE if the network uses its own"
            ) from error
        reason = error.reason
        said = reason.strerror if isinstance(reason, OSError) else None
        raise _BrokenOff(said or str(reason), _NO_NETWORK) from error
    except (HTTPException, TimeoutError, ConnectionError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        raise _BrokenOff(said or str(error) or type(error).__name__, _NO_NETWORK) from error
    except ValueError as error:
        raise FetchFailed(((url, str(error)),)) from error


def _receive(task: Task, url: str, target: str, response: HTTPResponse, offset: int) -> None:
    if offset and response.status != 206:
        offset = 0  # the server sends everything again
    length = response.headers.get("Content-Length")
    total = offset + int(length) if length is not None and length.isdecimal() else None
    done = offset
    with open(target, "ab" if offset else "wb", buffering=0) as file:
        while chunk := response.read(_CHUNK):
            task.cancellation.check()
            file.write(chunk)
            done += len(chunk)
            task.progress(url, done, total)
    if total is not None and done < total:
        raise _BrokenOff(f"the connection ended after {done} of {total} bytes")
