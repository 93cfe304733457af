"""`chx store export`, `import` and `key`: objects in a file, and the public key of signed rows."""

from __future__ import annotations

import argparse
import os
import sys

from ...ops.errors import RequestError
from ...ops.named_objects import objects_named
from ...ops.objects import accept_rows
from ...ops.text import count
from ...store.exchange import ArchiveReader
from ..options.session import plain_session
from ..output import finish, put, raw_output
from ..progress.format import say, size
from ..render.data import put_json


def export(arguments: argparse.Namespace) -> int:
    from ...store.exchange import export

    if arguments.json and arguments.output == "-":
        raise RequestError("--json needs a file with -o: the export itself goes to standard output")
    with plain_session() as session:
        paths = objects_named(session, arguments.paths)
        if arguments.output == "-":
            out_or_none = raw_output()
            if out_or_none is None:
                raise RequestError(
                    "chx does not write an export to a terminal", hint="name a file with -o, or redirect"
                )
            count = export(session.store, paths, out_or_none)
            finish()
        else:
            draft = f"{arguments.output}.{os.getpid()}.tmp"
            try:
                with open(draft, "wb") as out:
                    count = export(session.store, paths, out)
                os.rename(draft, arguments.output)
            except BaseException:
                if os.path.exists(draft):
                    os.unlink(draft)
                raise
    if arguments.json:
        put_json({"objects": count, "bytes": os.path.getsize(arguments.output), "file": arguments.output})
    else:
        say(f"exported {count} objects")
    return 0


def import_(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        try:
            source = sys.stdin.buffer if arguments.file == "-" else open(arguments.file, "rb")  # noqa: SIM115
        except OSError as error:
            raise RequestError(f"cannot read '{arguments.file}': {error.strerror}") from error
        with source:
            reader = ArchiveReader(store, source, f"'{arguments.file}'")
            reader.read()
        rows, refused = accept_rows(store, reader.rows, arguments.trust, arguments.file)
    if arguments.json:
        put_json({"objects": list(map(str, reader.received)), "rows": rows, "refused": refused})
        return 0
    put("".join(f"{path}\n" for path in reader.received))
    say(f"imported {len(reader.received)} objects and {rows} rows of the trace; {len(refused)} rows do not count")
    return 0


def key(arguments: argparse.Namespace) -> int:
    """Print the public key of this store's builder."""
    with plain_session() as session:
        put(session.store.signer.public + "\n")
    return 0


def mirror(arguments: argparse.Namespace) -> int:
    """Write all fetched files to a directory, by hash."""
    from ...ops.mirroring import mirror

    with plain_session() as session:
        found = mirror(session.store, arguments.directory)
    if arguments.json:
        put_json(found._asdict())
        return 0
    say(f"wrote {count(found.written, 'file')} ({size(found.size)}); {found.present} were there")
    return 0
