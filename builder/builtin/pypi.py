"""`pypi:` URLs: wheels of the user's own package index.

    pypi:PROJECT==VERSION/FILE.whl

pip fetches the file, with the user's configuration, proxies and passwords; no index is named here. pip's choice
for this machine does not matter: it is called with the tags in the file's name. A source distribution is
refused, because pip runs its build code to learn its name.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..errors import FetchFailed, UnsupportedUrl
from ..process import executable
from .client import ClientSilent, ask_client
from .hosts import HOSTS, NO_NETWORK, is_without_answer

if TYPE_CHECKING:
    from .client import Answer
    from .task import Task

_NEWER_THAN_ALL = "399"
_FORM = "it must look like pypi:PROJECT==VERSION/FILE.whl"


_QUIET = ("--disable-pip-version-check", "--no-input", "--only-binary=:all:")


class Wheel(NamedTuple):
    """The requirement for pip, and the expected file."""

    requirement: str
    file: str
    options: tuple[str, ...]


def retrieve_pypi(task: Task, url: str, work: str) -> str:
    """Return the path of the wheel that `url` names. Raises `FetchFailed`, `UnsupportedUrl`."""
    wheel = parse_wheel(url)
    folder = os.path.join(work, "wheels")
    command = ["download", "--no-deps", "--progress-bar", "off", *_QUIET, *wheel.options, "-d", folder]
    allowance = task.allowance
    answer = _ask_pip(task, url, [*command, wheel.requirement], work)
    if answer.status != 0:
        raise FetchFailed(((url, _told(answer)),))
    came = os.listdir(folder)
    target = os.path.join(folder, wheel.file)
    if wheel.file not in came:
        raise FetchFailed(((url, f"pip chose another file: {', '.join(came)}"),))
    size = os.path.getsize(target)
    allowance.check(url, size)
    task.progress(url, size, size)
    return target


def _ask_pip(task: Task, url: str, words: list[str], work: str) -> Answer:
    """Run pip, and return its answer. Raises `FetchFailed` if it is not here, or if the index does not answer."""
    pip = pip_command()
    if pip is None:
        raise FetchFailed(((url, "there is no pip"),), "install pip for this Python, or put pip on the PATH")
    host = HOSTS.find("pip", "")
    host.check(url, task.haste)
    try:
        # pip holds a file twice while it moves it to its directory.
        answer = ask_client(task, url, [*pip, *words], work, task.allowance, copies=2)
    except ClientSilent as error:
        host.did_not_answer(error.attempts[0][1], False)
        raise
    if answer.status == 0:
        host.answered()
    elif is_without_answer("\n".join(answer.lines)):
        host.did_not_answer("the package index does not answer", False)
        raise FetchFailed(((url, f"the package index does not answer: {_told(answer)}"),), NO_NETWORK)
    return answer


def _told(answer: Answer) -> str:
    """Return what pip says of its failure."""
    lines = [line for line in answer.lines if line.startswith("ERROR:")] or list(filter(None, answer.lines))[-1:]
    return "; ".join(line.removeprefix("ERROR: ") for line in lines)


def is_in_index(task: Task, url: str, work: str) -> bool:
    """Whether the index lists the version of the wheel that `url` names, for its tags. Raises `FetchFailed`, `UnsupportedUrl`."""
    wheel = parse_wheel(url)
    project, _, version = wheel.requirement.partition("==")
    answer = _ask_pip(task, url, ["index", "versions", "--pre", *_QUIET, *wheel.options, "--", project], work)
    if answer.status == 0:
        listed = [line.partition(":")[2] for line in answer.lines if line.startswith("Available versions:")]
        return version in {name.strip() for line in listed for name in line.split(",")}
    if any("No matching distribution" in line for line in answer.lines):
        return False
    raise FetchFailed(((url, _told(answer)),))


def parse_wheel(url: str) -> Wheel:
    """Parse `url`; names of wheels: "Binary distribution format" of the Python packaging guide."""
    requirement, slash, file = url.partition(":")[2].lstrip("/").partition("/")
    if not slash or "==" not in requirement or "/" in file or requirement.startswith("-"):
        raise UnsupportedUrl(url, _FORM)
    if not file.endswith(".whl"):
        raise UnsupportedUrl(url, "only wheels are fetched: to get a source distribution, pip would run its build code")
    parts = file.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        raise UnsupportedUrl(url, _FORM)
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    python = pythons[-1]
    implementation, version = python[:2], python[2:]
    options = ["--implementation", implementation]
    if version == "3" or "abi3" in abis:
        # Good for every version from some minimum on, which only the wheel itself states.
        # pip compares it with the requested one, so a version newer than all is requested.
        version = _NEWER_THAN_ALL
    options += ["--python-version", version if len(version) < 2 else f"{version[0]}.{version[1:]}"]
    for abi in abis:
        options += ["--abi", abi]
    for platform in platforms:
        options += ["--platform", platform]
    return Wheel(requirement, file, tuple(options))


@cache
def pip_command() -> tuple[str, ...] | None:
    """Return the command for pip: a module of this Python if installed, else the program."""
    from importlib.util import find_spec

    if sys.executable and find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    for name in ("pip", "pip3"):
        found = executable(name)
        if found is not None:
            return (found,)
    return None
