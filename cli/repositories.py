"""`chx serve --apk`: the files of a repository of apk over HTTP."""

from __future__ import annotations

import time
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from ..ops.apk.serving import open_file
from .listening import Talk

if TYPE_CHECKING:
    from ..ops.apk.serving import Opened

_TIMELESS: Final = 1
"""The time of all files of the store, which says nothing of when they were written."""
_SETTLED: Final = 2
"""Seconds after which a file that is written again has another time, which HTTP counts in seconds."""


class RepositoryTalk(Talk):
    """Answers GET and HEAD, with 304 for what the client has."""

    directory: str

    def do_HEAD(self) -> None:
        self.guarded(self._answer)

    def do_GET(self) -> None:
        self.guarded(self._answer)

    def _answer(self) -> None:
        from urllib.parse import unquote

        path = self.path.partition("?")[0]
        found = open_file(self.directory, unquote(path[1:])) if path.startswith("/") else None
        if found is None:
            self.say(404)
            return
        with found.file as file:
            has_time = found.time > _TIMELESS and found.time + _SETTLED <= time.time()
            is_known = self._has(found, has_time)
            self.send_response(304 if is_known else 200)
            self.send_header("ETag", found.tag)
            if has_time:
                self.send_header("Last-Modified", formatdate(found.time, usegmt=True))
            if is_known:
                self.end_headers()
                return
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(found.size))
            self.end_headers()
            if self.command == "HEAD":
                return
            left = found.size
            while left and (chunk := file.read(min(left, 1 << 18))):
                self.wfile.write(chunk)
                left -= len(chunk)
            if left:
                # It became shorter. The client learns it from the end of the connection.
                self.close_connection = True

    def _has(self, found: Opened, has_time: bool) -> bool:
        """Whether the client has the file as it is. A tag, if there is one, decides alone (RFC 9110, 13.1.3)."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
            return found.tag in known or known == ["*"]
        since = self.headers.get("If-Modified-Since")
        if since is None or not has_time:
            return False
        try:
            return found.time <= parsedate_to_datetime(since).timestamp()
        except (ValueError, OverflowError):
            return False
