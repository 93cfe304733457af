"""The storage of an endpoint: what it lacks, sending, reading.

Every byte that is read is verified against the digest that it was asked by; an endpoint that sends others is refused
from then on, and never repaired by sending. What a server has is believed for a while, and forgotten when an action
says that something is missing.
"""

from __future__ import annotations

import os
import uuid
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..store.checkpoint import checkpoint, in_threads, pause
from .digests import Digest, digest_of
from .endpoint import grpc_module
from .errors import FalseBlob, RemoteFailure
from .operation import TRIES
from .wire import SHA256, new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .capabilities import Capabilities
    from .endpoint import Channel

_BELIEVED: Final = 600.0
"""Seconds for which a server is believed to have a blob."""
_IN_A_BATCH: Final = 1 << 20
"""Blobs from this size on are sent alone."""
_CHUNK: Final = 1 << 20
_QUESTIONS: Final = 8000
_LARGE_PART: Final = 100
"""Blobs of a part from which on it is known as a whole."""
_STREAMS: Final = 4
_PER_BLOB: Final = 200
"""Bytes of a batch beside the content of a blob."""
_PAUSE: Final = 0.1
"""Seconds before the second try; the pause doubles from try to try."""
_TRANSIENT: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED"})

Source = bytes | str
"""The content of a blob, or the file that has it."""


class Cas:
    """The storage behind a channel. May be used from any thread."""

    def __init__(self, channel: Channel, capabilities: Capabilities) -> None:
        self._channel = channel
        self._function = capabilities.function
        self._limit = capabilities.batch_bytes
        self._instance = channel.address.instance
        self._present: dict[Digest, float] = {}
        self._whole: dict[int, tuple[Mapping[Digest, Source], float]] = {}
        self._lock = Lock()
        self._counting = Lock()
        self.sent_bytes = 0
        self.sent_blobs = 0
        self.questions = 0

    def ensure(self, *parts: Mapping[Digest, Source]) -> int:
        """Send what the server lacks of all parts; return the number of blobs sent. One thread at a time sends.

        A part must not change: a large one that is there is known by its identity. Raises `EndpointUnreachable`,
        `NotAuthenticated`, `RemoteFailure`.
        """
        now = monotonic()
        asked = [part for part in parts if self._whole.get(id(part), (part, 0.0))[1] <= now]
        if all(self._present.get(digest, 0.0) > now for part in asked for digest in part):
            return 0
        with self._lock:
            sources = {
                digest: source
                for part in asked
                for digest, source in part.items()
                if self._present.get(digest, 0.0) <= now
            }
            missing = self._find_missing(list(sources))
            self._send({digest: source for digest, source in sources.items() if digest in missing})
            until = monotonic() + _BELIEVED
            self._present.update(dict.fromkeys(sources, until))
            # With the part itself, so that no other one gets its identity.
            self._whole.update((id(part), (part, until)) for part in asked if len(part) >= _LARGE_PART)
            return len(missing)

    def forget(self, digests: Iterable[Digest]) -> None:
        """Believe no longer that the server has these."""
        with self._lock:
            self._whole.clear()
            for digest in digests:
                self._present.pop(digest, None)

    def _retried(self, call: Callable[[], Any]) -> Any:
        error_of = grpc_module().RpcError
        for number in range(TRIES + 1):
            try:
                return call()
            except error_of as error:
                if error.code().name not in _TRANSIENT or number == TRIES:
                    raise self._channel.failure(error) from None
            pause(_PAUSE * 2**number)
        raise AssertionError("the last try returns or raises")

    def _find_missing(self, digests: list[Digest]) -> set[Digest]:
        missing: set[Digest] = set()
        for start in range(0, len(digests), _QUESTIONS):
            request = new("FindMissingBlobsRequest", instance_name=self._instance, digest_function=self._number)
            for digest in digests[start : start + _QUESTIONS]:
                request.blob_digests.add(hash=digest.hash, size_bytes=digest.size)
            answer = self._retried(lambda request=request: self._channel.call("FindMissingBlobs", request))  # type: ignore[misc]
            self.questions += 1
            missing.update(map(digest_of, answer.missing_blob_digests))
        return missing & set(digests)

    @property
    def _number(self) -> int:
        """The digest function in requests; servers of old versions know only the default."""
        return 0 if self._function.number == SHA256 else self._function.number

    def _send(self, sources: Mapping[Digest, Source]) -> None:
        batch: list[tuple[Digest, bytes]] = []
        size = 0
        large: list[tuple[Digest, Source]] = []
        for digest, source in sources.items():
            checkpoint()
            cost = digest.size + _PER_BLOB
            if digest.size >= _IN_A_BATCH or cost > self._limit:
                large.append((digest, source))
                continue
            if size + cost > self._limit:
                self._send_batch(batch)
                batch, size = [], 0
            batch.append((digest, _content(source)))
            size += cost
        if batch:
            self._send_batch(batch)
        if large:
            in_threads(_STREAMS, lambda one: self._send_stream(*one), large)

    def _send_batch(self, batch: list[tuple[Digest, bytes]]) -> None:
        request = new("BatchUpdateBlobsRequest", instance_name=self._instance, digest_function=self._number)
        for digest, data in batch:
            request.requests.add(digest=digest.message, data=data)
        answer = self._retried(lambda: self._channel.call("BatchUpdateBlobs", request))
        taken = set()
        for response in answer.responses:
            if response.status.code:
                raise self._not_taken(digest_of(response.digest), response.status.message)
            taken.add(digest_of(response.digest))
        for digest, _ in batch:
            if digest not in taken:
                raise self._not_taken(digest, "it is missing in the answer")
        self._count(len(batch), sum(len(data) for _, data in batch))

    def _not_taken(self, digest: Digest, reason: str) -> RemoteFailure:
        return RemoteFailure(self._channel.name, "sending inputs", f"it does not take {digest}: {reason}")

    def _count(self, blobs: int, size: int) -> None:
        with self._counting:
            self.sent_blobs += blobs
            self.sent_bytes += size

    def _resource(self, digest: Digest) -> str:
        function = "" if self._function.number == SHA256 else f"{self._function.name}/"
        return f"blobs/{function}{digest.hash}/{digest.size}"

    def _send_stream(self, digest: Digest, source: Source) -> None:
        prefix = f"{self._instance}/" if self._instance else ""

        def requests() -> Iterator[Any]:
            # Of an upload that broke a server may have a part: each try is another upload, from the beginning.
            name = f"{prefix}uploads/{uuid.uuid4()}/{self._resource(digest)}"
            offset = 0
            for piece in _pieces(source):
                offset += len(piece)
                yield new(
                    "WriteRequest",
                    resource_name=name if offset == len(piece) else "",
                    write_offset=offset - len(piece),
                    finish_write=offset == digest.size,
                    data=piece,
                )

        answer = self._retried(lambda: self._channel.send("Write", requests()))
        if answer.committed_size != digest.size:
            raise self._not_taken(digest, f"of its bytes it has {answer.committed_size}")
        self._count(1, digest.size)

    def read(self, digest: Digest, most: int) -> bytes:
        """Return a blob of at most `most` bytes. Raises `FalseBlob`, and as `ensure` does."""
        if digest.size > most:
            raise FalseBlob(self._channel.name, f"the digest {digest}", f"no such message has more than {most} bytes")
        if not digest.size:
            return self._verified(digest, b"")
        pieces: list[bytes] = []
        self._retried(lambda: self._receive(digest, pieces.clear, pieces.append))
        return self._verified(digest, b"".join(pieces))

    def read_all(self, digests: Iterable[Digest], most: int) -> dict[Digest, bytes]:
        """Return several blobs of at most `most` bytes each; small ones travel together. Raises as `read` does."""
        found: dict[Digest, bytes] = {}
        small: list[Digest] = []
        size = 0
        for digest in dict.fromkeys(digests):
            cost = digest.size + _PER_BLOB
            if not digest.size or digest.size >= _IN_A_BATCH or size + cost > self._limit:
                found[digest] = self.read(digest, most)
            else:
                small.append(digest)
                size += cost
        if small:
            found.update(self._read_batch(small))
        return found

    def _receive(self, digest: Digest, restart: Callable[[], object], take: Callable[[bytes], object]) -> None:
        restart()
        prefix = f"{self._instance}/" if self._instance else ""
        request = new("ReadRequest", resource_name=prefix + self._resource(digest))
        got = 0
        call = self._channel.stream("Read", request, 600)
        for answer in call:
            checkpoint()
            got += len(answer.data)
            if got > digest.size:
                call.cancel()
                raise self._false(digest, "they are more")
            take(answer.data)

    def _verified(self, digest: Digest, data: bytes) -> bytes:
        if self._function.of(data) != digest:
            raise self._false(digest, "they are others")
        return data

    def _false(self, digest: Digest, how: str) -> FalseBlob:
        return FalseBlob(self._channel.name, f"bytes under the digest {digest}", how)

    def fetch(self, places: Mapping[Digest, str]) -> None:
        """Write each blob to a new file, and verify it. Raises `FalseBlob`, and as `ensure` does."""
        small: list[Digest] = []
        size = 0
        large: list[Digest] = []
        for digest in places:
            cost = digest.size + _PER_BLOB
            if not digest.size:
                self._verified(digest, b"")
                _create(places[digest], b"")
            elif digest.size >= _IN_A_BATCH or cost > self._limit:
                large.append(digest)
            else:
                if size + cost > self._limit:
                    self._fetch_batch(small, places)
                    small, size = [], 0
                small.append(digest)
                size += cost
        if small:
            self._fetch_batch(small, places)
        if large:
            in_threads(_STREAMS, lambda digest: self._fetch_file(digest, places[digest]), large)

    def _fetch_batch(self, digests: list[Digest], places: Mapping[Digest, str]) -> None:
        for digest, data in self._read_batch(digests).items():
            _create(places[digest], data)

    def _read_batch(self, digests: list[Digest]) -> dict[Digest, bytes]:
        checkpoint()
        request = new("BatchReadBlobsRequest", instance_name=self._instance, digest_function=self._number)
        for digest in digests:
            request.digests.add(hash=digest.hash, size_bytes=digest.size)
        answer = self._retried(lambda: self._channel.call("BatchReadBlobs", request))
        open_digests = set(digests)
        found: dict[Digest, bytes] = {}
        for response in answer.responses:
            digest = digest_of(response.digest)
            if digest not in open_digests:
                raise self._false(digest, "nobody asked for it")
            if response.status.code:
                reason = f"{digest} is not there: {response.status.message}"
                raise RemoteFailure(self._channel.name, "reading outputs", reason)
            if response.compressor:
                raise self._false(digest, "they are compressed, which nobody asked for")
            open_digests.remove(digest)
            found[digest] = self._verified(digest, response.data)
        if open_digests:
            raise RemoteFailure(self._channel.name, "reading outputs", f"{min(open_digests)} is missing in the answer")
        return found

    def _fetch_file(self, digest: Digest, place: str) -> None:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        state = [self._function.new()]
        with open(descriptor, "wb") as file:

            def restart() -> None:
                file.seek(0)
                file.truncate()
                state[0] = self._function.new()

            def take(data: bytes) -> None:
                state[0].update(data)
                file.write(data)

            self._retried(lambda: self._receive(digest, restart, take))
            got = Digest(state[0].hexdigest(), file.tell())
        if got != digest:
            raise self._false(digest, "they are others")


def _content(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as file:
        return file.read()


def _pieces(source: Source) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), _CHUNK):
            yield source[start : start + _CHUNK]
        return
    with open(source, "rb", buffering=0) as file:
        while piece := file.read(_CHUNK):
            yield piece


def _create(place: str, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        file.write(data)
