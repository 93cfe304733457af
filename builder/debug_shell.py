"""A script that enters the sandbox of a failed build whose directories were kept."""

from __future__ import annotations

import os
from shlex import quote

from .bubblewrap import find_bwrap
from .sandbox import SandboxSpec, bwrap_arguments

_TEXT = """\
#!/bin/sh
# Enters the sandbox of {name}: without arguments a shell if its root has one, else the command that is given.
# Only the filter of system calls is missing. The builder was called as
#   {command}
[ $# -gt 0 ] || set -- /bin/sh
home=$(cd "$(dirname "$0")/../.." && pwd) || exit
exec {bwrap} \\
{options}  -- "$@"
"""


def write_debug_shell(home: str, name: str, spec: SandboxSpec, before: str, now: str) -> None:
    """Write the script `enter` to `now`, a directory in `home`/tmp that the build's directories were moved to from `before`.

    The script finds the home relative to itself, because a home may be moved.
    """
    arguments = bwrap_arguments(spec)
    options = arguments[: len(arguments) - len(spec.command) - 1]
    bwrap = find_bwrap(home)
    lines: list[str] = []
    for option in options:
        if option == before or option.startswith(before + "/"):
            option = now + option[len(before) :]
        if option.startswith("--"):
            lines.append(f"  {quote(option)}")
        elif option.startswith(home + "/"):
            lines[-1] += f' "$home"{quote(option[len(home) :])}'
        else:
            lines[-1] += f" {quote(option)}"
    text = _TEXT.format(
        name=name.removesuffix(".drv"),
        command="\n#   ".join(" ".join(map(quote, spec.command)).split("\n")),
        bwrap=f'"$home"{quote(bwrap[len(home) :])}' if bwrap.startswith(home + "/") else quote(bwrap),
        options="".join(f"{line} \\\n" for line in lines),
    )
    path = f"{now}/enter"
    with open(path, "wb") as file:
        file.write(os.fsencode(text))
    os.chmod(path, 0o755)
