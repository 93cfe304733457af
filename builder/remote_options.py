"""Settings of builds on other machines. The builder hands them to the engine that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Cache = Literal["never", "own", "trusted"]
Fallback = Literal["error", "local"]


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Settings of one endpoint.

    `url` is `grpcs://host[:port][/instance]` or `grpc://...`. `ca`, `cert` and `key` are files in PEM form, `token_file`
    and `credential_helper` say where a token comes from. `insecure` allows plaintext to other machines. `pool` names
    workers that are independent of those of other endpoints. `properties` are platform properties of every action, and
    `systems` those of actions for each system. `node_properties`: send the modes and times of inputs.
    """

    url: str
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    token_file: str | None = None
    credential_helper: str | None = None
    insecure: bool = False
    pool: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    node_properties: bool = True

    @property
    def pool_name(self) -> str:
        """The pool, by default the endpoint itself."""
        return self.pool or self.url


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Settings of builds on other machines.

    `endpoints` are tried in order. `jobs`: actions at once. `cores`: the value of NIX_BUILD_CORES there, a constant, because
    it is part of an action. `cache`: whether the server's action cache is asked. `agree`: how many pools must give the same
    outputs. `sample`: the share of actions, 0 to 1, that are built here as well. `queue_timeout`: seconds to wait for a
    worker. `systems` are platform properties by system.
    """

    endpoints: tuple[EndpointOptions, ...]
    jobs: int = 64
    cores: int = 4
    cache: Cache = "never"
    agree: int = 1
    sample: float = 0.0
    fallback: Fallback = "error"
    queue_timeout: float = 600
    systems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
