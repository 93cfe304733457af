"""`builtin:apk`: packages of apk, neither signed nor packed, from trees and metadata.

Attribute `package`: a JSON object that describes the package, with its trees in `outputs` (`pkgs/lib/apk.nix` writes
it, docs/apk.md has its form). The output is a tree with `ARCHITECTURE/NAME-VERSION.apk` for the package and for each of
its subpackages.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from ...apk.errors import ApkError
from ...apk.package import write_package
from ...store.checkpoint import checkpoint
from ...store.tree import scan_tree
from ..errors import OutputLimitExceeded
from ..packaging.description import BadDescription, parse
from ..packaging.making import make
from ..packaging.splitting import Collision, Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from ..packaging.description import Description
    from ..packaging.making import Made
    from .task import Task


def make_packages(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `OutputLimitExceeded`."""
    from ...store.foreign import parse_json

    try:
        described = parse(parse_json(task.attribute("package")))
    except ValueError as error:
        raise task.refuse("package", str(error)) from error
    folder = f"{task.output}/{described.architecture}"
    try:
        made = make(described, _items(task, described), task.say)
        os.makedirs(folder, 0o755)
        written = 0
        for one in made:
            checkpoint()
            with open(f"{folder}/{one.file_name}", "xb") as out:
                write_package(out, one.package, lambda path, one=one: _opened(one, path))  # type: ignore[misc]
                written += out.tell()
            if task.max_output and written > task.max_output:
                raise OutputLimitExceeded(task.max_output)
    except (BadDescription, Collision, ApkError) as error:
        raise task.refuse("package", str(error)) from error


def _items(task: Task, described: Description) -> Iterator[Item]:
    for output, path in sorted(described.outputs.items()):
        place = task.input(path)
        for entry in scan_tree(os.fsencode(place))[0]:
            yield Item(output, place, entry)


def _opened(made: Made, path: str) -> BinaryIO:
    content = made.content[path]
    return io.BytesIO(content) if isinstance(content, bytes) else open(os.fsencode(content), "rb")
