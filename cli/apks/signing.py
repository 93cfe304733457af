"""`chx apk key`: make and list keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ops.apk.signing import keys_of, make_key
from ...signatures import home
from ..output import put
from ..progress.format import say

if TYPE_CHECKING:
    import argparse


def key(arguments: argparse.Namespace) -> int:
    if arguments.list:
        put("".join(f"{path}.pub\n" for path in keys_of(home())))
        return 0
    path = make_key(home(), arguments.name, "ec" if arguments.ec else "rsa")
    say(f"clients trust it once {path}.pub is in their /etc/apk/keys")
    others = len(keys_of(home()))
    if others > 1:
        say(f"there are {others} keys now: whoever signs has to choose one with --key")
    put(f"{path}.pub\n")
    return 0
