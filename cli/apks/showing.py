"""`chx apk show` and `chx apk verify`: packages and indexes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ...apk.errors import ApkError
from ...ops.apk.inspecting import inspect_file, verify_file
from ...ops.apk.trust import trusted_keys
from ...ops.errors import RequestError
from ...signatures import home
from ..output import put
from ..render.data import put_json
from ..render.errors import report
from ..render.page import Page
from ..render.style import Style

if TYPE_CHECKING:
    import argparse

    from ...ops.apk.inspecting import Shown

_PLACED = ("file", "kind", "files", "scripts", "packages")


def show(arguments: argparse.Namespace) -> int:
    found = [inspect_file(file) for file in _checked(arguments.files)]
    if arguments.json:
        put_json([one.to_dict() for one in found])
        return 0
    page = Page(Style(sys.stdout), is_full=True)
    for one in found:
        _draw(page, one)
    page.write()
    return 0


def _draw(page: Page, shown: Shown) -> None:
    data = shown.to_dict()
    page.strong(shown.file, 0)
    for name, value in data.items():
        if name not in _PLACED and value != []:
            page.line(f"{name:<16} {' '.join(value) if isinstance(value, list) else value}")
    for package in data.get("packages", ()):
        page.line(f"{package['name']}-{package['version']}  {package.get('description', '')}")
    for file in data.get("files", ()):
        page.line(_file_line(file))
    for name, text in data.get("scripts", {}).items():
        page.line(f"script {name}:")
        for line in text.splitlines():
            page.line(line, 2)


def _file_line(file: dict[str, Any]) -> str:
    after = f" -> {file['target']}" if "target" in file else ""
    slash = "/" if file["kind"] == "directory" else ""
    return f"{file['mode']} {file['owner']:<12} {file.get('size', ''):>10} {file['path']}{slash}{after}"


def verify(arguments: argparse.Namespace) -> int:
    trusted = trusted_keys(home(), arguments.keys)
    status = 0
    for file in _checked(arguments.files):
        try:
            put(f"{file}: signed by {verify_file(file, trusted).name}\n")
        except (ApkError, OSError) as error:
            # The others are worth knowing, too.
            status = max(status, report(error, ("apk", "verify")))
    return status


def _checked(files: list[str]) -> list[str]:
    for file in files:
        if os.path.isdir(file):
            raise RequestError(
                f"'{file}' is a directory", hint="name packages and indexes; `chx apk check` takes a repository"
            )
    return files
