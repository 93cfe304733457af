"""`builtin:image`: an image that a machine starts from, of trees and metadata.

Attribute `image`: a JSON object with `kind` ("disk" or "initramfs") and `packages`, each with `title`, `outputs` (store
paths of trees), `installation` (docs/packages.md), `needs` (paths) and `machine` (`pkgs/lib/image.nix` writes it). The
output is one file. The trees refer to nothing in the store: what they would refer to is no input.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ...disk.errors import DiskError
from ...store import StorePath
from ...store.checkpoint import checkpoint
from ...store.errors import StoreError
from ...store.manifest import Manifest
from ...store.tree import scan_tree
from ..errors import OutputLimitExceeded
from ..imaging.errors import MachineImageError
from ..installing.assembling import assemble
from ..installing.errors import InstallationError
from ..installing.values import Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..installing.values import InstalledRoot
    from .task import Task

_KINDS: Final = ("disk", "initramfs")


def make_image(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `OutputLimitExceeded`."""
    from ...store.foreign import parse_json

    try:
        described = parse_json(task.attribute("image"))
        kind, packages = _parsed(described)
    except (ValueError, KeyError, TypeError, StoreError) as error:
        raise task.refuse("image", f"it is no description of an image: {error}") from error
    try:
        root = assemble(_Inputs(task), packages)
        for package, path in root.unmet:
            task.say(f"{package} needs /{path} where it runs, and no package of the image has it")
        _write(task, kind, root)
    except (InstallationError, MachineImageError, DiskError) as error:
        raise task.refuse("image", str(error)) from error


def _parsed(described: Any) -> tuple[str, list[Package]]:
    """Return the kind and the packages. Raises ValueError, KeyError or TypeError for another form."""
    kind = described["kind"]
    if kind not in _KINDS:
        raise ValueError(f"the kind is '{kind}'; there are {', '.join(_KINDS)}")
    packages = [
        Package(
            title=str(one["title"]),
            attribute="",
            objects=tuple(dict.fromkeys(StorePath.parse(path) for path in one["outputs"])),
            installation=dict(one["installation"]),
            needs=tuple(str(path).strip("/") for path in one["needs"]),
            machine=str(one["machine"]),
        )
        for one in described["packages"]
    ]
    return kind, packages


def _write(task: Task, kind: str, root: InstalledRoot) -> None:
    with open(task.output, "xb") as file:
        if kind == "disk":
            from ..imaging.disk import DiskOptions, write_disk

            write_disk(root, file, DiskOptions())
        else:
            from ..imaging.initramfs import root_initramfs

            for chunk in _counted(task, root_initramfs(root)):
                file.write(chunk)
    os.chmod(task.output, 0o444)
    task.check_output(task.output)


def _counted(task: Task, chunks: Iterable[bytes]) -> Iterator[bytes]:
    written = 0
    for chunk in chunks:
        checkpoint()
        written += len(chunk)
        if task.max_output and written > task.max_output:
            raise OutputLimitExceeded(task.max_output)
        yield chunk


class _Inputs:
    """The inputs of a build, as `assemble` looks at objects."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def manifest(self, path: StorePath) -> Manifest:
        return Manifest(tuple(scan_tree(os.fsencode(self.physical(path)))[0]))

    def physical(self, path: StorePath) -> str:
        return self._task.input(str(path))

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        return list(paths)

    def info(self, path: StorePath) -> _Unrelated:
        return _Unrelated()


class _Unrelated:
    references: tuple[StorePath, ...] = ()
