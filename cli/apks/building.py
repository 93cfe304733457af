"""`chx apk build` and `chx apk index`: write repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ops.apk.packaging import build_packages
from ...ops.apk.repository import write_indexes, write_repository
from ...ops.apk.signing import find_key
from ...ops.errors import RequestError
from ...signatures import home
from ..options.building import options_of
from ..options.evaluation import open_session, request_of
from ..options.reporting import reporter_of
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import count

if TYPE_CHECKING:
    import argparse

    from ...apk.keys import PrivateKey
    from ...ops.apk.repository import Repository


def build(arguments: argparse.Namespace) -> int:
    if not (arguments.attributes or arguments.attr or arguments.file or arguments.expr):
        raise RequestError("name packages, or a set of them", hint="for example: chx apk build tiny -o DIR")
    # Before anything is built, which may take long.
    key = _key(arguments)
    with open_session(arguments) as session:
        made = build_packages(session, request_of(arguments), options_of(arguments), reporter_of(arguments))
        repository = write_repository(
            arguments.output,
            made.files,
            key,
            packing=arguments.compression,
            description=arguments.description,
            prunes=arguments.prune,
            version=arguments.format,
        )
    for attribute, reason in made.broken.items():
        say(f"left out: {attribute}, {reason}")
    _tell(arguments, repository)
    return 0


def index(arguments: argparse.Namespace) -> int:
    repository = write_indexes(
        arguments.directory,
        _key(arguments),
        packing=arguments.compression,
        description=arguments.description,
        version=arguments.format,
    )
    _tell(arguments, repository)
    return 0


def _key(arguments: argparse.Namespace) -> PrivateKey | None:
    return None if arguments.unsigned else find_key(home(), arguments.key)


def _tell(arguments: argparse.Namespace, repository: Repository) -> None:
    if arguments.json:
        put_json(
            {
                "digest": f"sha256:{repository.digest}",
                "packages": [
                    {
                        "architecture": one.architecture,
                        "name": one.name,
                        "version": one.version,
                        "identity": one.identity.hex(),
                        "size": one.size,
                        "file": one.file,
                    }
                    for one in repository.packages
                ],
                "written": list(repository.written or ()),
                "removed": list(repository.removed),
            }
        )
        return
    for file in repository.removed:
        say(f"removed {file}")
    written = "" if repository.written is None else f", {len(repository.written)} written"
    say(f"{count(len(repository.packages), 'package')} in {repository.directory}{written}")
    put(f"sha256:{repository.digest}\n")
