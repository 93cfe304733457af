"""Write a service as a file that a shell reads: what service-manager starts it by (docs/services.md).

Another init has another module like this one, and other files; what packages say stays as it is.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

FOLDER: Final = "usr/lib/services"
"""Where the files are, below the root: one for each service, by its name."""
_TEXTS: Final = {"description": "description", "directory": "directory", "pidFile": "pid_file", "logFile": "log_file"}
_NAMES: Final = {"dependsOn": "depends_on", "waitsFor": "waits_for", "after": "after", "before": "before"}


def path_of(name: str) -> str:
    """Return the path of the file of a service, below the root."""
    return f"{FOLDER}/{name}"


def render(fields: Mapping[str, Any]) -> str:
    """Return the text of the file of a service with these fields (docs/packages.md, `services.NAME`)."""
    lines = [_assignment("type", fields["type"]), _assignment("user", fields["user"])]
    lines += [_assignment(name, fields[field] or "") for field, name in _TEXTS.items()]
    lines += [_assignment(name, " ".join(fields[field])) for field, name in _NAMES.items()]
    lines += [_assignment("restart", fields["restart"]), _assignment("enable", "yes" if fields["enable"] else "no")]
    lines += _function("environment", [f"export {_assignment(*one)}" for one in sorted(fields["environment"].items())])
    lines += _function("start", [_command(fields["command"])])
    lines += _function("stop", [_command(fields["stop"])])
    return "\n".join(lines) + "\n"


def _assignment(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def _command(words: Sequence[str] | None) -> str:
    """Return a command, whose first word is set apart so that a user can be put before it."""
    return "" if words is None else f'"$@" {shlex.join(words)}'


def _function(name: str, commands: Sequence[str]) -> list[str]:
    present = [command for command in commands if command]
    return [f"{name}() {{", *(f"  {command}" for command in present or [":"]), "}"]
