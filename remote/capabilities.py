"""What an endpoint can do, from its answer to `GetCapabilities`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .digests import Function
from .errors import EndpointUnsuitable
from .wire import BLAKE3, DISALLOWED, SHA256, new

if TYPE_CHECKING:
    from .endpoint import Channel

_DEFAULT_BATCH: Final = (4 << 20) - (64 << 10)
"""Bytes in one batch where the server names no limit: what gRPC takes by default, less room for the rest of the message."""


class Capabilities(NamedTuple):
    """The digest function that is used, and the most bytes in one batch."""

    function: Function
    batch_bytes: int


def read_capabilities(endpoint: str, answer: Any) -> Capabilities:
    """Judge the answer of a server. Raises `EndpointUnsuitable`."""
    low, high = answer.low_api_version, answer.high_api_version
    for version, is_other in ((low, low.major > 2), (high, 0 < high.major < 2)):
        if is_other:
            told = f"{version.major}.{version.minor}"
            raise EndpointUnsuitable(endpoint, f"it has version {told} of the API, and chx version 2")
    execution, cache = answer.execution_capabilities, answer.cache_capabilities
    if not execution.exec_enabled:
        raise EndpointUnsuitable(endpoint, "it executes nothing for this user (perhaps in another instance)")
    if cache.symlink_absolute_path_strategy == DISALLOWED:
        raise EndpointUnsuitable(endpoint, "it forbids links with absolute targets, which most packages have")
    executes = set(execution.digest_functions) or {execution.digest_function}
    functions = executes & (set(cache.digest_functions) or executes)
    for number in (BLAKE3, SHA256):
        if number in functions:
            limit = cache.max_batch_total_size_bytes
            return Capabilities(Function(number), min(limit, _DEFAULT_BATCH) if limit > 0 else _DEFAULT_BATCH)
    raise EndpointUnsuitable(endpoint, "it has neither SHA-256 nor BLAKE3 as digest function")


def ask(channel: Channel) -> Capabilities:
    """Ask a server. Raises `EndpointUnsuitable`, `EndpointUnreachable`, `NotAuthenticated`."""
    from .endpoint import grpc_module

    try:
        answer = channel.call("GetCapabilities", new("GetCapabilitiesRequest", instance_name=channel.address.instance))
    except grpc_module().RpcError as error:
        raise channel.failure(error) from None
    return read_capabilities(channel.name, answer)
