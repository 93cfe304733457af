"""A server of the Remote Execution API in the test process, honest unless it is told otherwise.

    with FakeServer() as server:
        digest = server.put(b"content")
        server.behave("Read", breaking(after=1))
        channel = server.channel()

A *behaviour* takes the place of a method: it gets the `Call`, and returns what the method returns. `call.proceed()` is
the honest answer, so that a lie is often one line:

    def lie(call: Call) -> Any:
        answer = call.proceed()
        answer.responses[0].data = b"something else"
        return answer

Execution has no honest answer but a *script*: a function that yields the operations of a stream, made with `running`,
`finished`, `refused` and `failed`. It may end the call with `call.abort`, and wait with `call.hang` for its end.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, NamedTuple, Self

import grpc

from chx.builder.remote_options import EndpointOptions
from chx.remote.digests import Digest, Function, digest_of
from chx.remote.endpoint import Channel
from chx.remote.wire import MESSAGES, METHODS, SHA256, encode, new

from .encoding import field

LONGEST = 20.0
"""Seconds after which a call that hangs ends by itself."""
QUEUED, EXECUTING, COMPLETED = 2, 3, 4
_STREAMED = ("Read", "Execute", "WaitExecution")
_PIECE = 64 << 10

Answer = Any
Behaviour = Callable[["Call"], Answer]
Script = Callable[["Call"], Iterable[Any]]
Content = bytes | str | None
"""What is at a path of a tree: a file, the target of a link, or a directory. A file whose path ends in `*` is executable."""


class Tls(NamedTuple):
    """The server's certificate and key, and the authority of clients' certificates if they need one; all in PEM form."""

    certificate: bytes
    key: bytes
    clients: bytes | None = None


@dataclass(eq=False)
class Call:
    """One call of a method. `number` counts those of its method, from 1; `request` is an iterator for `Write`."""

    server: FakeServer
    method: str
    number: int
    request: Any
    headers: Mapping[str, str | bytes]
    context: Any = attribute(repr=False)
    ended: threading.Event = attribute(default_factory=threading.Event, repr=False)

    def proceed(self, request: Any = None) -> Any:
        """Return the honest answer, an iterator for methods with many responses."""
        if request is not None:
            self.request = request
        return self.server.honest(self)

    def abort(self, code: str, text: str = "", retry: float | None = None, missing: Iterable[Digest] = ()) -> None:
        """End the call with a status, with RetryInfo or PreconditionFailure among its details. Raises."""
        details = list(_details(retry, missing))
        if details:
            status = new("Status", code=grpc.StatusCode[code].value[0], message=text, details=details)
            self.context.set_trailing_metadata((("grpc-status-details-bin", encode(status)),))
        self.context.abort(grpc.StatusCode[code], text)

    def hang(self) -> None:
        """Wait until the client has given the call up, or the server ends."""
        self.ended.wait(LONGEST)


def _details(retry: float | None, missing: Iterable[Digest]) -> Iterator[Any]:
    if retry is not None:
        delay = new("Duration", seconds=int(retry), nanos=int(retry % 1 * 1e9))
        yield packed(new("RetryInfo", retry_delay=delay))
    violations = [new("Violation", type="MISSING", subject=f"blobs/{digest}") for digest in missing]
    if violations:
        yield packed(new("PreconditionFailure", violations=violations))


def packed(message: Any) -> Any:
    """Return a message as `Any`."""
    name = message.DESCRIPTOR.full_name
    return new("Any", type_url=f"type.googleapis.com/{name}", value=encode(message))


def failing(times: int, code: str = "UNAVAILABLE", text: str = "not now", retry: float | None = None) -> Behaviour:
    """The first calls fail, and all others do what they should."""

    def behaviour(call: Call) -> Answer:
        if call.number <= times:
            call.abort(code, text, retry)
        return call.proceed()

    return behaviour


def breaking(after: int, code: str = "UNAVAILABLE", times: int = 1) -> Behaviour:
    """The first streams break after so many responses, and all others do what they should."""

    def behaviour(call: Call) -> Iterator[Any]:
        for count, response in enumerate(call.proceed()):
            if count == after and call.number <= times:
                call.abort(code, "the stream broke")
            yield response

    return behaviour


def running(name: str = "operations/1", stage: int | None = EXECUTING) -> Any:
    """An update of an operation; without a stage there is no metadata at all."""
    if stage is None:
        return new("Operation", name=name)
    return new("Operation", name=name, metadata=packed(new("ExecuteOperationMetadata", stage=stage)))


def finished(result: Any, name: str = "operations/1", *, cached: bool = False) -> Any:
    """The last update: this ActionResult."""
    response = new("ExecuteResponse", result=result, cached_result=cached, status=new("Status"))
    return new("Operation", name=name, done=True, response=packed(response))


def refused(code: str, text: str = "", name: str = "operations/1", missing: Iterable[Digest] = ()) -> Any:
    """The last update: a response with a status that is not OK."""
    number = grpc.StatusCode[code].value[0]
    status = new("Status", code=number, message=text, details=list(_details(None, missing)))
    return new("Operation", name=name, done=True, response=packed(new("ExecuteResponse", status=status)))


def failed(code: str, text: str = "", name: str = "operations/1") -> Any:
    """The last update: an error in place of a response."""
    error = new("Status", code=grpc.StatusCode[code].value[0], message=text)
    return new("Operation", name=name, done=True, error=error)


def report(**fields: str | Iterable[str]) -> bytes:
    """A report of the launcher; a field with several values is there several times."""
    words = ["chx report", "1"]
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            words += [name, value]
    return b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)


class FakeServer:
    """A context: it listens from its begin to its end.

    `calls` are the calls so far, `blobs` the storage, `sent` counts how often each blob was sent to it, `cancelled` has
    the names of operations that were to be cancelled. With `token`, calls without it are UNAUTHENTICATED.
    """

    def __init__(
        self,
        *,
        execute: Script | Iterable[Any] | None = None,
        wait: Script | Iterable[Any] | None = None,
        instance: str = "",
        function: int = SHA256,
        batch_bytes: int = 0,
        token: str | None = None,
        tls: Tls | None = None,
        capabilities: Any = None,
    ) -> None:
        self.instance, self.token, self._tls = instance, token, tls
        self.function = Function(function)
        self.batch_bytes = batch_bytes
        self.capabilities = capabilities or self.honest_capabilities()
        self.calls: list[Call] = []
        self.blobs: dict[Digest, bytes] = {self.function.of(b""): b""}
        self.sent: Counter[Digest] = Counter()
        self.cancelled: list[str] = []
        self.was_cancelled = threading.Event()
        self.port = 0
        self._behaviours: dict[str, Behaviour] = {}
        self._channels: list[Channel] = []
        self._server: Any = None
        self._lock = threading.Lock()
        for method, script in (("Execute", execute), ("WaitExecution", wait)):
            if script is not None:
                self.behave(method, script if callable(script) else _fixed(list(script)))

    # The life of the server.

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        for channel in self._channels:
            channel.close()
        self.stop()

    def start(self) -> None:
        """Listen: the first time on any free port, and then on the same one."""
        pool = ThreadPoolExecutor(32)
        self._server = grpc.server(pool, handlers=[_Handler(self)], options=[("grpc.so_reuseport", 0)])
        place = f"127.0.0.1:{self.port}"
        if self._tls is None:
            self.port = self._server.add_insecure_port(place)
        else:
            credentials = grpc.ssl_server_credentials(
                [(self._tls.key, self._tls.certificate)], self._tls.clients, self._tls.clients is not None
            )
            self.port = self._server.add_secure_port(place, credentials)
        self._server.start()

    def stop(self) -> None:
        """End, and break all calls."""
        stopped = self._server.stop(0)
        for call in self.calls:
            call.ended.set()
        stopped.wait()

    def restart(self) -> None:
        """End in the middle of what there is, and begin again with the same storage."""
        self.stop()
        self.start()

    # How to reach it.

    @property
    def url(self) -> str:
        scheme = "grpc" if self._tls is None else "grpcs"
        instance = f"/{self.instance}" if self.instance else ""
        return f"{scheme}://127.0.0.1:{self.port}{instance}"

    def options(self, **more: Any) -> EndpointOptions:
        """Settings for this endpoint."""
        return EndpointOptions(self.url, **more)

    def channel(self, **more: Any) -> Channel:
        """Return a channel to the server that ends with it; `more` are settings of the endpoint."""
        channel = Channel(self.options(**more))
        self._channels.append(channel)
        return channel

    # What it has, and does.

    def behave(self, method: str, behaviour: Behaviour) -> None:
        """Answer all calls of a method like this from now on."""
        assert method in METHODS
        self._behaviours[method] = behaviour

    def of(self, method: str) -> list[Call]:
        """Return the calls of a method so far."""
        return [call for call in self.calls if call.method == method]

    def put(self, data: bytes) -> Digest:
        """Store a blob."""
        digest = self.function.of(data)
        self.blobs[digest] = data
        return digest

    def put_tree(self, contents: Mapping[str, Content]) -> Digest:
        """Store files, and the Tree that they are in. Directories on the way to a path need no line of their own."""
        folders: dict[str, Any] = {"": MESSAGES["Directory"]()}
        places: list[tuple[str, Content]] = []
        for path, content in contents.items():
            parts = path.split("/")
            for count in range(1, len(parts) + (content is None)):
                folders.setdefault("/".join(parts[:count]), MESSAGES["Directory"]())
            if content is not None:
                places.append((path, content))
        for path, content in sorted(places, key=lambda place: os.fsencode(place[0].removesuffix("*"))):
            parent, _, name = path.rpartition("/")
            raw = os.fsencode(name.removesuffix("*"))
            if isinstance(content, str):
                folders[parent].symlinks.add(name=raw, target=os.fsencode(content))
            elif content is not None:
                executable = name.endswith("*")
                folders[parent].files.add(name=raw, digest=self.put(content).message, is_executable=executable)
        children = []
        for path in sorted(folders, key=lambda path: (-path.count("/"), os.fsencode(path))):
            if path:
                parent, _, name = path.rpartition("/")
                data = encode(folders[path])
                children.append(data)
                folders[parent].directories.add(name=os.fsencode(name), digest=self.put(data).message)
        # A Tree by hand, whatever the client's table says of it: field 1 is the root, field 2 each child.
        return self.put(field(1, encode(folders[""])) + b"".join(field(2, child) for child in dict.fromkeys(children)))

    def result(
        self,
        store: Mapping[str, Content] | None = None,
        about: bytes | None = b"",
        log: bytes = b"",
        exit_code: int = 0,
        worker: str = "",
    ) -> Any:
        """Return the ActionResult of the launcher: outputs, the report `about` (None for none), the log.

        By default the report is that of a build that succeeded.
        """
        if about == b"":
            about = report(proc="new", started="1", status="0", kernel="6.1.0")
        result = new("ActionResult", exit_code=exit_code, stdout_raw=log)
        for path, contents in (("report", {"report": about} if about is not None else None), ("store", store)):
            if contents is not None:
                digest = self.put_tree(contents)
                result.output_directories.add(path=path.encode(), tree_digest=digest.message)
        result.execution_metadata.worker = worker
        return result

    def honest_capabilities(self) -> Any:
        """Return what a server can that can all that is needed."""
        numbers = [self.function.number]
        cache = new(
            "CacheCapabilities",
            digest_functions=numbers,
            max_batch_total_size_bytes=self.batch_bytes,
            symlink_absolute_path_strategy=2,
        )
        execution = new(
            "ExecutionCapabilities", digest_function=numbers[0], digest_functions=numbers, exec_enabled=True
        )
        high = new("SemVer", major=2, minor=3)
        return new(
            "ServerCapabilities",
            cache_capabilities=cache,
            execution_capabilities=execution,
            low_api_version=new("SemVer", major=2),
            high_api_version=high,
        )

    # Methods.

    def answer(self, method: str, request: Any, context: Any) -> Any:
        """Answer a call, as told or honestly."""
        headers = {key: value for key, value in context.invocation_metadata()}
        with self._lock:
            call = Call(self, method, len(self.of(method)) + 1, request, headers, context)
            self.calls.append(call)
        context.add_callback(call.ended.set)
        if self.token is not None and headers.get("authorization") != f"Bearer {self.token}":
            call.abort("UNAUTHENTICATED", "the token has expired")
        return self._behaviours.get(method, self.honest)(call)

    def honest(self, call: Call) -> Any:
        """Answer a call honestly."""
        request = call.request
        match call.method:
            case "GetCapabilities":
                return self.capabilities
            case "FindMissingBlobs":
                lacked = [one for one in request.blob_digests if digest_of(one) not in self.blobs]
                return new("FindMissingBlobsResponse", missing_blob_digests=lacked)
            case "BatchUpdateBlobs":
                self._check_batch(call, request.ByteSize())
                return new("BatchUpdateBlobsResponse", responses=[self._update(one) for one in request.requests])
            case "BatchReadBlobs":
                self._check_batch(call, sum(one.size_bytes for one in request.digests))
                return new("BatchReadBlobsResponse", responses=[self._read(one) for one in request.digests])
            case "Read":
                return self._stream(call)
            case "Write":
                return self._take(call)
            case "CancelOperation":
                self.cancelled.append(request.name)
                self.was_cancelled.set()
                return new("Empty")
        call.abort("UNIMPLEMENTED", f"this server has no {call.method}")
        raise AssertionError("abort raises")

    def _check_batch(self, call: Call, size: int) -> None:
        if self.batch_bytes and size > self.batch_bytes:
            call.abort("INVALID_ARGUMENT", f"{size} bytes in a batch of at most {self.batch_bytes}")

    def _update(self, one: Any) -> Any:
        digest = digest_of(one.digest)
        if self.function.of(one.data) != digest:
            return new("UpdateResponse", digest=one.digest, status=new("Status", code=3, message="another digest"))
        with self._lock:
            self.blobs[digest] = one.data
            self.sent[digest] += 1
        return new("UpdateResponse", digest=one.digest, status=new("Status"))

    def _read(self, digest: Any) -> Any:
        data = self.blobs.get(digest_of(digest))
        if data is None:
            return new("ReadBlobResponse", digest=digest, status=new("Status", code=5, message="no such blob"))
        return new("ReadBlobResponse", digest=digest, data=data, status=new("Status"))

    def _digest_in(self, call: Call, name: str) -> Digest:
        """Return the digest in the name of a resource: INSTANCE/[uploads/UUID/]blobs/[FUNCTION/]HASH/SIZE."""
        prefix = f"{self.instance}/" if self.instance else ""
        function = f"{self.function.name}/" if self.function.number != SHA256 else ""
        start, found, rest = name.partition(f"blobs/{function}")
        parts = rest.split("/")
        if not name.startswith(prefix) or not found or len(parts) != 2:
            call.abort("INVALID_ARGUMENT", f"no resource: {name}")
        if start.removeprefix(prefix).count("/") != (2 if call.method == "Write" else 0):
            call.abort("INVALID_ARGUMENT", f"no resource to {call.method}: {name}")
        return Digest(parts[0], int(parts[1]))

    def _stream(self, call: Call) -> Iterator[Any]:
        data = self.blobs.get(self._digest_in(call, call.request.resource_name))
        if data is None:
            call.abort("NOT_FOUND", "no such blob")
        assert data is not None
        for start in range(call.request.read_offset, len(data), _PIECE):
            yield new("ReadResponse", data=data[start : start + _PIECE])

    def _take(self, call: Call) -> Any:
        name, data, is_whole = "", b"", False
        for request in call.request:
            name = name or request.resource_name
            if is_whole or request.write_offset != len(data) or request.resource_name not in ("", name):
                call.abort("INVALID_ARGUMENT", "the pieces do not follow one another")
            data += request.data
            is_whole = request.finish_write
        digest = self._digest_in(call, name)
        if not is_whole or self.function.of(data) != digest:
            call.abort("INVALID_ARGUMENT", "another digest")
        with self._lock:
            self.blobs[digest] = data
            self.sent[digest] += 1
        return new("WriteResponse", committed_size=len(data))


def _fixed(operations: list[Any]) -> Script:
    return lambda call: iter(operations)


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._methods = {path: (name, request) for name, (path, request, _) in METHODS.items()}

    def service(self, details: Any) -> Any:
        found = self._methods.get(details.method)
        if found is None:
            return None
        method, request = found

        def one(message: Any, context: Any) -> Any:
            return self._server.answer(method, message, context)

        def many(message: Any, context: Any) -> Iterator[Any]:
            yield from self._server.answer(method, message, context)

        make = grpc.unary_unary_rpc_method_handler
        if method in _STREAMED:
            make = grpc.unary_stream_rpc_method_handler
        elif method == "Write":
            make = grpc.stream_unary_rpc_method_handler
        return make(
            many if method in _STREAMED else one,
            request_deserializer=MESSAGES[request].FromString,
            response_serializer=_serialized,
        )


def _serialized(message: Any) -> bytes:
    """Behaviours may return bytes, which are sent as they are."""
    return message if isinstance(message, bytes) else encode(message)
