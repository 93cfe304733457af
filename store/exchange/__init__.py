"""Exchange of objects and rows of the build trace between stores.

A *cache* is a directory, an HTTP server or an S3 bucket with one static layout (`layout`). `sending` fills a cache,
`receiving` fetches from one, `archive` does both with a single file, and `trust` decides which rows count.
"""

from .archive import ArchiveReader, export
from .backends import Cache, open_cache
from .errors import BrokenArchive, CacheIntegrityError, TransferFailed
from .receiving import Receiver
from .sending import send
from .trust import Trust

__all__ = [
    "ArchiveReader",
    "BrokenArchive",
    "Cache",
    "CacheIntegrityError",
    "Receiver",
    "TransferFailed",
    "Trust",
    "export",
    "open_cache",
    "send",
]
