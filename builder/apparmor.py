"""An AppArmor profile that lets bubblewrap use user namespaces.

Where `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu since 23.10), only a program with a profile that has
the rule `userns` may. AppArmor attaches a profile by the path of the program's file, behind all links.
"""

from __future__ import annotations

import os
from typing import Final

NAME: Final = "chx-bwrap"

_TEXT: Final = """\
# Lets bubblewrap, as chx calls it, use user namespaces. Install it as root:
#   /etc/apparmor.d/{name}, then: apparmor_parser -r /etc/apparmor.d/{name}
# The profile confines nothing, and whoever may write or start the program below may use user namespaces with it.
abi <abi/4.0>,

include <tunables/global>

profile {name} {program} flags=(unconfined) {{
  userns,

  include if exists <local/{name}>
}}
"""


def apparmor_profile(program: str) -> str:
    """Return the text of a profile for the file of `program`. Raises ValueError if no profile can name it."""
    path = os.path.realpath(program)
    if not path.isprintable():
        raise ValueError("its path has characters that a profile cannot name")
    # Characters of patterns, see apparmor.d(5).
    escaped = "".join(f"\\{letter}" if letter in '\\"*?[]{}^@' else letter for letter in path)
    return _TEXT.format(name=NAME, program=f'"{escaped}"')
