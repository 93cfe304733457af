"""`file:` URLs: files of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from ..disk import copy_file, is_full
from ..errors import FetchFailed, UnsupportedUrl

if TYPE_CHECKING:
    from .task import Task


def as_url(place: str) -> str:
    """Return a setting, an absolute path or a URL, as a URL without a slash at the end."""
    return ("file:" + quote(place) if place.startswith("/") else place).rstrip("/")


def retrieve_file(task: Task, url: str, work: str) -> str:
    """Copy a local file; `file:/path` and `file:///path`, with %-escapes."""
    allowance = task.allowance
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UnsupportedUrl(url, "a file: URL names an absolute path on this machine")
    source, target = unquote(parts.path), os.path.join(work, "file")
    try:
        allowance.check(url, os.stat(source).st_size)
        copy_file(source, target, 0o644)
    except OSError as error:
        if is_full(error):
            raise
        raise FetchFailed(((url, error.strerror or str(error)),)) from error
    return target
