"""`chx apk root`: install packages into a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ops.apk.installing import install
from ...ops.apk.trust import trusted_keys
from ...signatures import home
from ..output import put
from ..progress.format import say
from ..render.page import count

if TYPE_CHECKING:
    import argparse


def root(arguments: argparse.Namespace) -> int:
    found = install(
        arguments.directory,
        arguments.names,
        arguments.repository,
        trusted_keys(home(), arguments.keys),
        architecture=arguments.arch,
        runs_scripts=not arguments.no_scripts,
        say=say,
    )
    put("".join(f"{info.full_name}\n" for info in found.packages))
    say(f"{count(len(found.packages), 'package')} in {found.directory}")
    return 0
