"""Hosts that do not answer, so that a command waits for each of them once and not once for every file.

A file usually has other ways. So the first attempt is *hurried*: the host has to answer within `HURRY` seconds, without
another try. If the network as a whole seems to be closed, hosts that were never reached are not even asked. When all other
ways have failed, first those that were left out are asked in a hurry, then the others again with patience, and then no
more for `_FORGET` seconds.
"""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ...store.checkpoint import checkpoint
from ..errors import FetchFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..errors import Haste

HURRY: Final = 10.0
"""Seconds that a hurried attempt waits for a host to answer."""
NO_NETWORK: Final = "is the network there? A proxy is named in https_proxy"
_FORGET: Final = 600.0
"""Seconds after which a host may be asked again: a command is over then, but a Python program may still run."""
_LOOK: Final = 0.1
_CLOSED: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


class Host:
    """What is known of one host, as one client reaches it. Safe for threads."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._lock = Lock()
        self._since = monotonic()
        self.has_answered = False
        """Whether it ever sent an answer, whatever that said. Then it is asked whenever it may have a file."""
        self._hurried: str | None = None
        self._silent: str | None = None

    @property
    def is_forgotten(self) -> bool:
        """Whether what is known is too old."""
        return monotonic() - self._since > _FORGET

    @contextmanager
    def first_contact(self) -> Iterator[None]:
        """Context of a request: nobody else asks the host until it is known whether it answers."""
        if self.has_answered:
            yield
            return
        while not self._lock.acquire(timeout=_LOOK):
            checkpoint()
        try:
            yield
        finally:
            self._lock.release()

    def check(self, place: str, haste: Haste) -> None:
        """Raise `FetchFailed` if the host is not to be asked for `place` now."""
        if self.has_answered:
            return
        if self._silent is not None:
            raise FetchFailed(((place, f"{self._silent} (not asked again)"),), NO_NETWORK)
        if haste and self._hurried is not None:
            raise FetchFailed(((place, self._hurried),), NO_NETWORK, next_haste=0)
        if haste == 2 and self._hosts.closed is not None:
            raise FetchFailed(((place, self._hosts.closed),), NO_NETWORK, next_haste=1)

    def answered(self) -> None:
        """Record that the host has sent an answer."""
        self.has_answered = self._hosts.has_answer = True
        self._hurried = self._silent = None

    def did_not_answer(self, reason: str, is_hurried: bool, is_closed: bool = False) -> None:
        """Record an attempt without an answer; `is_closed` if other hosts cannot be expected to answer, either."""
        if self.has_answered:
            return
        self._since = monotonic()
        if is_hurried:
            self._hurried = reason
        else:
            self._silent = reason
        if is_closed and not self._hosts.has_answer:
            self._hosts.closed = reason


class Hosts:
    """All hosts that were asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, str], Host] = {}
        self.has_answer = False
        """Whether any host has answered."""
        self.closed: str | None = None
        """Why the network seems to be closed."""

    def find(self, client: str, place: str) -> Host:
        """Return the host of the URL `place`, as `client` reaches it."""
        key = client, urlsplit(place).netloc.rpartition("@")[2]
        with self._lock:
            host = self._known.get(key)
            if host is None or host.is_forgotten:
                if host is not None:
                    self.closed = None
                host = self._known[key] = Host(self)
            return host

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
            self.has_answer, self.closed = False, None


HOSTS: Final = Hosts()


def is_closed(error: BaseException | None) -> bool:
    """Whether an error of a connection says that no host can be reached, rather than that this one cannot."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in _CLOSED)


_SILENT: Final = (
    "could not resolve",
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not connect",
    "unable to connect",
    "failed to connect",
    "couldn't connect",
    "cannot initiate the connection",
    "connection refused",
    "connection timed out",
    "connection failed",
    "network is unreachable",
    "no route to host",
    "connection broken by",
)


def is_without_answer(said: str) -> bool:
    """Whether messages of a client (apt, pip, git) say that its host does not answer."""
    said = said.lower()
    return any(words in said for words in _SILENT)
