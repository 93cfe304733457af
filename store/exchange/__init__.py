"""Objects and rows of the build trace on their way between stores.

A *place* is a cache: a directory or an HTTP server in one static layout (`layout`). `sending` fills one,
`receiving` takes from one, `archive` is the same in a single file, `trust` says which rows count.
"""

from .archive import ArchiveReader, export
from .errors import BrokenArchive, LyingCache, TransferFailed
from .places import Place, open_place
from .receiving import Receiver
from .sending import send
from .trust import Trust

__all__ = [
    "ArchiveReader",
    "BrokenArchive",
    "LyingCache",
    "Place",
    "Receiver",
    "TransferFailed",
    "Trust",
    "export",
    "open_place",
    "send",
]
