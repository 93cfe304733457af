"""`chx apk check`: look over a repository."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ...ops.apk.checking import check as look_over
from ..render.data import put_json
from ..render.page import Page, count
from ..render.style import Style

if TYPE_CHECKING:
    import argparse


def check(arguments: argparse.Namespace) -> int:
    found = look_over(arguments.directory)
    if arguments.json:
        put_json({"packages": found.packages, "faults": [one._asdict() for one in found.faults]})
        return int(bool(found.faults))
    page = Page(Style(sys.stdout), is_full=True)
    last = None
    for fault in found.faults:
        if fault.package != last:
            page.strong(fault.package, 0)
            last = fault.package
        page.line(f"[{fault.rule}] {fault.message}")
    page.line(f"{count(found.packages, 'package')}, {count(len(found.faults), 'fault')}", 0)
    page.write()
    return int(bool(found.faults))
