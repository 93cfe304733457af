"""`chx serve`: give the store over HTTP, in the layout of a cache."""

from __future__ import annotations

import argparse
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..store import Entry, Store, StorePath

DESCRIPTION = """\
Give everything in the store to whoever asks, as a cache for `chx copy --from` and for
`[caches]` in chx.toml. Nothing can be written. Ends with Ctrl-C.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 for any that is free (default: 8080)")


def run(arguments: argparse.Namespace) -> int:
    from .output import finish
    from .session import Session

    with Session() as session:
        shelf = Shelf(session.store)

        class Bound(Handler):
            shelf_of_server = shelf

        try:
            server = ThreadingHTTPServer((arguments.host, arguments.port), Bound)
        except OSError as error:
            raise CommandError(f"cannot listen at {arguments.host}:{arguments.port}: {error.strerror}") from error
        server.daemon_threads = True
        put(f"http://{arguments.host}:{server.server_address[1]}\n")
        finish()
        try:
            server.serve_forever()
        finally:
            server.server_close()
    return 0


class Shelf:
    """The files of the layout, made of the store when they are asked for and kept in `cache/served`."""

    def __init__(self, store: Store) -> None:
        from _thread import allocate_lock

        self._store = store
        self._folder = store.home + "/cache/served"
        self._lock = allocate_lock()
        self._files: dict[str, tuple[StorePath, Entry]] = {}

    def file(self, name: str) -> str | None:
        """A local file with the content of `name`; None if there is none of that name."""
        from ..store import StoreError

        kind, _, rest = name.partition("/")
        try:
            if name == "chx-cache":
                from ..store.exchange.layout import MARK_TEXT

                return self._kept(name, lambda: [MARK_TEXT])
            if kind == "objects" and rest.endswith(".zst"):
                return self._object(rest.removesuffix(".zst"), name)
            if kind == "blobs" and rest.endswith(".zst"):
                return self._blob(rest.removesuffix(".zst").rpartition("/")[2], name)
            if kind == "trace" and rest.endswith(".json"):
                return self._trace(rest.removesuffix(".json"))
        except (StoreError, ValueError):
            return None
        return None

    def _object(self, base: str, name: str) -> str | None:
        from ..store import StorePath
        from ..store.exchange.compression import compressed
        from ..store.exchange.layout import Description

        path = StorePath.parse(base)
        if not self._store.claim(path):
            return None
        return self._kept(name, lambda: compressed([Description.of(self._store, path).encode()]))

    def _blob(self, digest: str, name: str) -> str | None:
        from ..store.exchange.compression import compressed
        from ..store.exchange.layout import blob_name
        from ..store.exchange.sending import checked

        # A file is made under that name: no other may lead elsewhere.
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
                self._files.pop(digest, None)
            return None
        return self._kept(name, lambda: compressed(checked(self._store, path, entry)))

    def _look(self) -> None:
        """Note the files of objects that are new."""
        for path, manifest in self._store.manifests():
            for entry in manifest:
                if entry.digest is not None:
                    self._files.setdefault(entry.digest.hex(), (path, entry))

    def _trace(self, resolved: str) -> str | None:
        import json

        from ..store import Digest
        from ..store.ledger import signed_rows

        rows = signed_rows(self._store._database, "resolved = ?", (Digest.parse(resolved).raw,))
        if not rows:
            return None
        text = json.dumps([row.to_dict() for _, row in rows]).encode()
        # Rows are added: the name says which they are.
        return self._kept(f"trace/{resolved}-{len(rows)}.json", lambda: [text])

    def _kept(self, name: str, content: Callable[[], Iterable[bytes]]) -> str:
        path = f"{self._folder}/{name}"
        if not os.path.exists(path):
            import threading

            os.makedirs(os.path.dirname(path), exist_ok=True)
            draft = f"{path}.{os.getpid()}.{threading.get_ident()}"
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


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, with ranges."""

    shelf_of_server: Shelf
    protocol_version = "HTTP/1.1"
    server_version = "chx"

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, with_body: bool) -> None:
        from urllib.parse import unquote

        path = self.shelf_of_server.file(unquote(self.path.partition("?")[0]).lstrip("/"))
        if path is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = self._start()
            if start is not None and start >= size > 0:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - (start or 0)))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            if with_body:
                file.seek(start or 0)
                self.wfile.flush()
                while chunk := file.read(1 << 18):
                    self.wfile.write(chunk)

    def _start(self) -> int | None:
        text = self.headers.get("Range", "")
        first = text.removeprefix("bytes=").partition("-")[0]
        return int(first) if text.startswith("bytes=") and text.endswith("-") and first.isdecimal() else None

    def log_message(self, format: str, *arguments: object) -> None:
        """Who asks for what is told to nobody."""
