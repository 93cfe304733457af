"""`debian:` and `debian-source:` URLs: files of a Debian archive's pool.

    debian:SOURCE/FILE            debian:COMPONENT/SOURCE/FILE

SOURCE is the name of the source package (also for a binary package's file), COMPONENT one of main,
contrib, non-free, non-free-firmware. apt's own downloader fetches the file from the archives in the user's
apt configuration, so that its proxies, mirrors and passwords apply; no archive is
named here. A machine without apt names one in CHX_DEBIAN_MIRROR or in `chx.toml`:

    [fetch]
    debian-mirror = "URL of the directory that holds pool/"

An archive drops files when newer versions replace them. Debian's snapshot service keeps every file that its archives ever
had, by time, and is asked last, at the time that the lock of a seed or the bundled package set records. It needs plain
HTTPS, so that a machine without apt works, too. `debian-snapshots` in [fetch], or CHX_DEBIAN_SNAPSHOTS, names another
service of its layout (BASE/debian/TIME/pool/...); "" asks none.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import TYPE_CHECKING

from ...store.checkpoint import checkpoint
from ..configuration import tables
from ..errors import BadConfiguration, FetchFailed, UnsupportedUrl
from ..process import executable, run
from .client import ClientSilent, ask_client
from .hosts import HOSTS, is_without_answer
from .local import as_url, retrieve_file
from .way import Way
from .web import retrieve_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .task import Task

_COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
_HELPER = "/usr/lib/apt/apt-helper"
SNAPSHOTS = "https://snapshot.debian.org/archive"
"""Default of `debian-snapshots`."""
_DROPPED = "an archive drops files when newer versions replace them: the pin may need renewing"
_NO_APT = "is the network there, and does `apt-get update` work?"


def debian_ways(task: Task, url: str) -> Iterator[Way]:
    """Yield where the file that `url` names may be: archives of apt, the mirror, snapshots.

    Raises `UnsupportedUrl`, `BadConfiguration`, and `FetchFailed` if there is no such place.
    """
    from urllib.parse import quote

    paths = [quote(path, safe="/+~:@") for path in pool_paths(url)]
    is_known = False
    for base in apt_bases(task.notice):
        for path in paths if "security" in base else paths[:1]:
            is_known = True
            yield Way(f"{base.rstrip('/')}/{path}", _retrieve_with_apt, True, "archive")
    mirror = configured_mirror(os.getcwd())
    if mirror is not None:
        is_known = True
        yield Way(f"{as_url(mirror)}/{paths[0]}", _retrieve_from_archive, kind="archive")
    snapshots = configured_snapshots(os.getcwd())
    if snapshots and task.archive_time is not None:
        is_known = True
        for archive, path in (("debian", paths[0]), ("debian-security", paths[1])):
            place = f"{as_url(snapshots)}/{archive}/{task.archive_time}/{path}"
            yield Way(place, _retrieve_from_archive, kind="snapshot")
    if not is_known:
        raise FetchFailed(
            ((url, "no Debian archive is known: apt is not here or has none configured"),),
            "set CHX_DEBIAN_MIRROR, or debian-mirror in the [fetch] part of chx.toml, to an archive's URL",
        )


def pool_paths(url: str) -> tuple[str, str]:
    """Return the URLs of `url` in an archive and in a security archive. Raises `UnsupportedUrl`."""
    parts = url.partition(":")[2].lstrip("/").split("/")
    component = "main"
    if len(parts) == 3 and parts[0] in _COMPONENTS:
        component, *parts = parts
    if len(parts) != 2 or not all(parts) or ".." in parts:
        raise UnsupportedUrl(url, "it must look like debian:SOURCE/FILE or debian:COMPONENT/SOURCE/FILE")
    source, file = parts
    prefix = source[:4] if source.startswith("lib") and len(source) > 3 else source[:1]
    inner = f"{component}/{prefix}/{source}/{file}"
    return f"pool/{inner}", f"pool/updates/{inner}"


_asking = allocate_lock()


_answers: list[tuple[str, ...]] = []
"""What apt answered, once it was asked."""


def apt_bases(notice: Callable[[str], None] = lambda text: None) -> tuple[str, ...]:
    """Return the archives of the apt configuration, in its order; none without apt.

    apt is asked once in a process, since it may take a quarter of a minute; `notice` is told before.
    """
    with _asking:
        if not _answers:
            _answers.append(_ask_apt(notice))
        return _answers[0]


def _ask_apt(notice: Callable[[str], None]) -> tuple[str, ...]:
    apt = executable("apt-get")
    if apt is None:
        return ()
    notice("asking apt which archives it is configured for")
    said: list[bytes] = []
    outcome = run([apt, "indextargets", "--format", "$(REPO_URI)"], dict(os.environ), said.append)
    if outcome.status != 0:
        return ()
    lines = b"".join(said).decode("utf-8", "replace").split("\n")
    return tuple(dict.fromkeys(line.strip() for line in lines if "://" in line or line.startswith("file:/")))


def _retrieve_with_apt(task: Task, uri: str, work: str) -> str:
    """Fetch `uri` with apt's downloader. Raises `FetchFailed`."""
    checkpoint()
    if not os.access(_HELPER, os.X_OK):
        return _retrieve_from_archive(task, uri, work)
    host = HOSTS.find("apt", uri)
    host.check(uri, task.haste)
    target = os.path.join(work, "file")
    allowance = task.allowance
    try:
        answer = ask_client(task, uri, [_HELPER, "download-file", uri, target], work, allowance)
    except ClientSilent as error:
        host.did_not_answer(error.attempts[0][1], False)
        raise
    if answer.status == 0 and os.path.exists(target):
        host.answered()
        size = os.path.getsize(target)
        allowance.check(uri, size)
        task.progress(uri, size, size)
        return target
    told = [line.strip() for line in answer.lines if line.startswith("E:")]
    reason = told[0][2:].strip() if told else f"apt-helper gave exit status {answer.status}"
    if is_without_answer(reason):
        host.did_not_answer(reason, False)
    raise FetchFailed(((uri, reason),), _DROPPED if "404" in reason else _NO_APT)


def _retrieve_from_archive(task: Task, uri: str, work: str) -> str:
    """Fetch `uri` without apt. Raises `FetchFailed`."""
    if uri.startswith("file:"):
        return retrieve_file(task, uri, work)
    try:
        return retrieve_web(task, uri, work)
    except FetchFailed as error:
        if any("404" in reason for _, reason in error.attempts):
            raise FetchFailed(error.attempts, _DROPPED) from error
        raise


def configured_mirror(directory: str) -> str | None:
    """Return CHX_DEBIAN_MIRROR, else `debian-mirror` of the nearest chx.toml at or above `directory`, else the user's."""
    return os.environ.get("CHX_DEBIAN_MIRROR") or _setting("debian-mirror", directory) or None


def configured_snapshots(directory: str) -> str:
    """Return CHX_DEBIAN_SNAPSHOTS, else `debian-snapshots` of a chx.toml, else the default; "" if none is to be asked."""
    named = os.environ.get("CHX_DEBIAN_SNAPSHOTS")
    if named is None:
        named = _setting("debian-snapshots", directory)
    return SNAPSHOTS if named is None else named


def _setting(key: str, directory: str) -> str | None:
    """Return a text of [fetch] in the nearest chx.toml that has it. Raises `BadConfiguration`."""
    for place, table in tables("fetch", directory):
        found = table.get(key)
        if found is not None and not isinstance(found, str):
            raise BadConfiguration(place, f"`{key}` in [fetch] must be a string")
        if found is not None:
            return found
    return None
