"""Builds on other machines: a client of the Remote Execution API, version 2.

`open_engine` opens the endpoints of `RemoteOptions` as an engine of the builder; `check_url` reads an endpoint's URL.
Terms are those of the API: a *digest* names a blob by hash and size, a *Directory* is the message that lists one
directory, an *action* is a command with its input root, an *operation* one execution of an action, *CAS* the storage
of blobs. A *pool* is a set of workers that is independent of another.

gRPC and Protocol Buffers are imported on first use of an endpoint: they take longer to import than a small build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .endpoint import Address, check_url
    from .engine import RemoteEngine, open_engine
    from .errors import (
        EndpointRefused,
        EndpointUnreachable,
        EndpointUnsuitable,
        FalseBlob,
        NamespacesForbidden,
        NotAuthenticated,
        NothingExecutes,
        RemoteFailure,
        RemoteMissing,
    )

__all__ = [
    "Address",
    "EndpointRefused",
    "EndpointUnreachable",
    "EndpointUnsuitable",
    "FalseBlob",
    "NamespacesForbidden",
    "NotAuthenticated",
    "NothingExecutes",
    "RemoteEngine",
    "RemoteFailure",
    "RemoteMissing",
    "check_url",
    "open_engine",
]

_HOMES = {
    "Address": "endpoint",
    "EndpointRefused": "errors",
    "EndpointUnreachable": "errors",
    "EndpointUnsuitable": "errors",
    "FalseBlob": "errors",
    "NamespacesForbidden": "errors",
    "NotAuthenticated": "errors",
    "NothingExecutes": "errors",
    "RemoteEngine": "engine",
    "RemoteFailure": "errors",
    "RemoteMissing": "errors",
    "check_url": "endpoint",
    "open_engine": "engine",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
