"""`chx serve`: serve the store over HTTP, in the layout of a cache."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..builder.builtin.hashed import ALGORITHMS
from ..ops.errors import RequestError
from ..store import Digest, NotValid, StoreError, StorePath
from ..store.exchange.backends import TOKEN
from ..store.exchange.compression import compressed
from ..store.exchange.layout import MARK_TEXT, Description, blob_name, object_name
from ..store.exchange.sending import checked, distinct
from ..store.ledger import signed_rows
from .listening import Listener, Talk
from .options.numbers import port
from .options.session import plain_session
from .output import finish, put
from .progress.format import say
from .uploads import Refused, Uploads, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..store import Entry, Store, StorePath
    from .uploads import Uploads

LEAST_TOKEN = 16
DESCRIPTION = """\
Serve the whole store to every client, as a cache for `chx copy --from` and for
`[caches]` in chx.toml, and fetched files as a mirror for `hashed-mirrors`. With
--writable, clients that know the token in CHX_CACHE_TOKEN can also write, with
`chx copy --to` and the same variable. Each object is compared with its name, and kept
while the server runs; afterwards `chx gc` may remove it. Ctrl-C ends the server.

With --apk, serve the repository of apk DIR and nothing of the store: its packages, indexes
and public keys, for a line of etc/apk/repositories. No link in DIR is followed.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--apk", metavar="DIR", help="serve this repository of apk instead of the store")
    what.add_argument(
        "--writable", action="store_true", help="accept uploads from clients that know the token in CHX_CACHE_TOKEN"
    )
    parser.add_argument("--port", type=port, default=8080, help="port; 0 for any that is free (default: 8080)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.apk is not None:
        return _serve_repository(arguments)
    token = _token() if arguments.writable else None
    with plain_session() as session:
        shelf = Shelf(session.store)
        uploads_or_none = None
        if token is not None:
            sweep(session.store.home)
            uploads_or_none = Uploads(session.store)

        class Bound(Handler):
            shelf_of_server = shelf
            uploads = uploads_or_none
            token_of_server = token

        _listen(arguments, Bound)
    return 0


def _serve_repository(arguments: argparse.Namespace) -> int:
    from ..ops.apk.serving import check_repository
    from .repositories import RepositoryTalk

    check_repository(arguments.apk)

    class Bound(RepositoryTalk):
        directory = arguments.apk

    _listen(arguments, Bound)
    return 0


def _listen(arguments: argparse.Namespace, talk: type[Talk]) -> None:
    """Print the address, and answer until the process ends. Raises `RequestError`."""
    try:
        server = Listener((arguments.host, arguments.port), talk, say)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"cannot listen at {arguments.host}:{arguments.port}: {reason}") from error
    put(f"http://{arguments.host}:{server.server_address[1]}\n")
    finish()
    try:
        server.serve_forever()
    finally:
        server.server_close()


def _token() -> str:
    token = os.environ.get(TOKEN, "")
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise RequestError(
            f"--writable needs a token of {LEAST_TOKEN} characters or more in {TOKEN}",
            hint=f"export {TOKEN}=$(head -c 24 /dev/urandom | base64)",
        )
    return token


class Shelf:
    """Files of the layout, made from the store on request and kept in `cache/served`."""

    def __init__(self, store: Store) -> None:
        from _thread import allocate_lock

        self._store = store
        self._folder = store.home + "/cache/served"
        self._lock = allocate_lock()
        self._files: dict[str, tuple[StorePath, Entry]] = {}
        self._seen: set[StorePath] = set()

    def file(self, name: str) -> str | None:
        """Return a local file with the content of `name`; None if there is none."""
        kind, _, rest = name.partition("/")
        try:
            if name == "chx-cache":
                return self._kept(name, lambda: [MARK_TEXT])
            if kind == "objects" and rest.endswith(".zst"):
                return self._object(rest.removesuffix(".zst"), name)
            if kind == "blobs" and rest.endswith(".zst"):
                return self._blob(rest.removesuffix(".zst").rpartition("/")[2], name)
            if kind == "trace" and rest.endswith(".json"):
                return self._trace(rest.removesuffix(".json"))
            if kind in ALGORITHMS:
                return self._source(kind, rest)
        except (StoreError, ValueError):
            return None
        return None

    def _object(self, base: str, name: str) -> str | None:
        path = StorePath.parse(base)
        if name != object_name(path) or not self._store.claim(path):
            return None
        return self._kept(name, lambda: compressed([Description.of(self._store, path).encode()]))

    def _blob(self, digest: str, name: str) -> str | None:
        # The name becomes a path: no other form may escape the directory.
        if name != blob_name(bytes.fromhex(digest)):
            return None

        with self._lock:
            if digest not in self._files:
                self._look()
            found = self._files.get(digest)
        if found is None:
            return None
        path, entry = found
        if not self._store.claim(path):
            with self._lock:
                # Another object may have the file.
                self._files.clear()
                self._seen.clear()
            return None
        return self._kept(name, lambda: compressed(checked(self._store, path, entry)))

    def has(self, name: str) -> bool:
        """Whether there is a file of that name, without making it."""
        kind, _, rest = name.partition("/")
        try:
            if kind == "objects" and rest.endswith(".zst"):
                return self._store.claim(StorePath.parse(rest.removesuffix(".zst")))
            if kind == "blobs":
                digest = rest.removesuffix(".zst").rpartition("/")[2]
                with self._lock:
                    if digest not in self._files:
                        self._look()
                    found = self._files.get(digest)
                return found is not None and name == blob_name(bytes.fromhex(digest)) and self._store.claim(found[0])
        except (StoreError, ValueError):
            return False
        return self.file(name) is not None

    def _source(self, algorithm: str, digest: str) -> str | None:
        """A fetched file, by its hash: this store is a mirror of `hashed-mirrors`, too."""
        raw = bytes.fromhex(digest)
        path = self._store.file_with(algorithm, raw) if raw.hex() == digest else None
        return self._store.physical(path) if path is not None and self._store.claim(path) else None

    def _look(self) -> None:
        """Record the files of new objects."""
        for path in self._store.objects():
            if path not in self._seen:
                self._seen.add(path)
                with suppress(NotValid):
                    for entry in self._store.manifest(path):
                        if entry.digest is not None:
                            self._files.setdefault(entry.digest.hex(), (path, entry))

    def _trace(self, resolved: str) -> str | None:
        import json

        digest = Digest.parse(resolved)
        if str(digest) != resolved:
            return None
        rows = distinct(row for _, row in signed_rows(self._store._database, "resolved = ?", (digest.raw,)))
        if not rows:
            return None
        text = json.dumps([row.to_dict() for row in rows]).encode()
        # Rows are added later, so the name identifies the rows.
        return self._kept(f"trace/{resolved}-{len(rows)}.json", lambda: [text])

    def _kept(self, name: str, content: Callable[[], Iterable[bytes]]) -> str:
        path = f"{self._folder}/{name}"
        if not os.path.exists(path):
            import threading

            os.makedirs(os.path.dirname(path), exist_ok=True)
            # Not the name with a suffix: the longest object names leave no room for one.
            draft = f"{self._folder}/{os.getpid()}.{threading.get_ident()}.tmp"
            try:
                with open(draft, "wb") as file:
                    for chunk in content():
                        file.write(chunk)
                os.rename(draft, path)
            except BaseException:
                if os.path.exists(draft):
                    os.unlink(draft)
                raise
        return path


class Handler(Talk):
    """Answers GET, with ranges, and HEAD; and PUT if there are `uploads`."""

    shelf_of_server: Shelf
    uploads: Uploads | None = None
    token_of_server: str | None = None

    def do_HEAD(self) -> None:
        self.guarded(self._head)

    def do_GET(self) -> None:
        self.guarded(self._give)

    def do_PUT(self) -> None:
        # The client's unread body would be parsed as the next request.
        self.close_connection = True
        self.guarded(self._take)

    def _head(self) -> None:
        name = self._name()
        found = self.shelf_of_server.has(name) or (self.uploads is not None and self.uploads.has(name))
        self.say(200 if found else 404)

    def _take(self) -> None:
        from hmac import compare_digest

        given = self.headers.get("Authorization", "").encode("latin-1", "replace")
        length = _number(self.headers.get("Content-Length", ""))
        if self.uploads is None or self.token_of_server is None:
            self.say(405)
        elif not compare_digest(given, f"Bearer {self.token_of_server}".encode()):
            self.say(401)
        elif length is None:
            self.say(411)
        else:
            try:
                self.uploads.take(self._name(), self._body(length))
            except Refused as error:
                self.say(422, str(error))
            except StoreError as error:
                self.say(507 if error.is_full else 500, error.message)
            else:
                self.say(201)

    def _body(self, length: int) -> Iterator[bytes]:
        while length:
            chunk = self.rfile.read(min(length, 1 << 18))
            if not chunk:
                raise ConnectionResetError("the sender ended in between")
            length -= len(chunk)
            yield chunk

    def _name(self) -> str:
        from urllib.parse import unquote

        return unquote(self.path.partition("?")[0]).lstrip("/")

    def _give(self) -> None:
        path = self.shelf_of_server.file(self._name())
        if path is None:
            self.say(404)
            return
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = self._start()
            if start is not None and start >= size > 0:
                self.say(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - (start or 0)))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            file.seek(start or 0)
            self.wfile.flush()
            while chunk := file.read(1 << 18):
                self.wfile.write(chunk)

    def _start(self) -> int | None:
        text = self.headers.get("Range", "")
        if not text.startswith("bytes=") or not text.endswith("-"):
            return None
        return _number(text[len("bytes=") : -1])


def _number(text: str) -> int | None:
    """Parse a number of bytes; return None if it is not one, or larger than any file."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
