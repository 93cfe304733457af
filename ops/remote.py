"""Where else to build: `[remote]` of chx.toml.

A project may say where to build, since whoever builds it trusts it with a processor, too. Credentials are the user's
own: they are read from the user's own chx.toml only, and go to the endpoint that it names beside them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..builder.remote_options import EndpointOptions, RemoteOptions

_SECRETS: Final = ("ca", "cert", "credential-helper", "insecure", "key", "token-file")
_OF_ENDPOINT: Final = ("endpoint", "instance", "modes-and-times", "pool", "properties", *_SECRETS)
_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    "accept": (str, "a string"),
    "cache": (str, "a string"),
    "ca": (str, "a string"),
    "cert": (str, "a string"),
    "cores": (int, "a number"),
    "credential-helper": (str, "a string"),
    "endpoint": (str, "a string"),
    "fallback": (str, "a string"),
    "insecure": (bool, "true or false"),
    "instance": (str, "a string"),
    "jobs": (int, "a number"),
    "key": (str, "a string"),
    "modes-and-times": (bool, "true or false"),
    "pool": (str, "a string"),
    "properties": (dict, "a table"),
    "queue-timeout": (int, "a number"),
    "systems": (dict, "a table"),
    "token-file": (str, "a string"),
    "also": (list, "an array of tables"),
}
_MOST: Final = 10_000
_CACHES: Final = ("never", "own", "trusted")
_FALLBACKS: Final = ("error", "local")


def configured_remote(url: str | None = None, agree: int | None = None) -> RemoteOptions | None:
    """Return the settings of `[remote]`; None if nothing is to be built elsewhere.

    `url` takes the place of the first endpoint, and an empty one turns all off; `agree` is how many pools must give the
    same. Raises `BadConfiguration`, and `RequestError` for arguments that do not fit.
    """
    from ..builder import tables
    from ..builder.remote_options import RemoteOptions
    from .errors import RequestError

    if url == "":
        return None
    merged: dict[str, Any] = {}
    secrets: dict[str, dict[str, Any]] = {}
    for place, table in tables("remote", os.getcwd()):
        _check(place, table, "[remote]")
        is_own = place == _own_file()
        for entry in (table, *table.get("also", ())):
            if is_own and "endpoint" in entry:
                secrets[_address(entry)] = {name: entry[name] for name in _SECRETS if name in entry}
            elif not is_own:
                _refuse_secrets(place, entry)
        # The places of one file belong together: a nearer endpoint has not another file's pool.
        if "endpoint" in merged:
            table = {name: value for name, value in table.items() if name not in (*_OF_ENDPOINT, "also")}
        merged = {**table, **merged}
    if url is not None:
        first = {name: value for name, value in merged.items() if name in ("properties", "modes-and-times")}
        merged = {**{name: value for name, value in merged.items() if name != "instance"}, **first, "endpoint": url}
    if "endpoint" not in merged:
        if agree is not None:
            raise RequestError(
                "--agree compares builds elsewhere, and there is no --remote and no [remote] in chx.toml"
            )
        return None
    endpoints = tuple(_endpoint(entry, secrets) for entry in (merged, *merged.get("also", ())))
    accepted = _accepted(merged.get("accept", "any"))
    machine = f"{os.uname().machine}-linux"
    return RemoteOptions(
        endpoints=endpoints,
        jobs=merged.get("jobs", 64),
        cores=merged.get("cores", 4),
        cache=merged.get("cache", "never"),
        agree=accepted[0] if agree is None else agree,
        sample=accepted[1],
        fallback=merged.get("fallback", "error"),
        queue_timeout=merged.get("queue-timeout", 600),
        systems=merged.get("systems", {machine: {}}),
    )


def _own_file() -> str:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "chx", "chx.toml")


def _check(place: str, table: Mapping[str, Any], where: str) -> None:
    """Raise `BadConfiguration` for a key or a value that is none."""
    from ..builder import BadConfiguration

    def refuse(reason: str) -> BadConfiguration:
        return BadConfiguration(place, reason)

    for name, value in table.items():
        known = _OF_ENDPOINT if where != "[remote]" else tuple(_KINDS)
        if name not in known:
            raise refuse(f"`{name}` in {where} is no setting; there are {', '.join(sorted(known))}")
        kind, words = _KINDS[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise refuse(f"`{name}` in {where} must be {words}")
        if isinstance(value, int) and kind is int and not 1 <= value <= _MOST:
            raise refuse(f"`{name}` in {where} must be a number from 1 to {_MOST}")
    for name, allowed in (("cache", _CACHES), ("fallback", _FALLBACKS)):
        if name in table and table[name] not in allowed:
            raise refuse(f"`{name}` in {where} must be one of {', '.join(allowed)}")
    if "accept" in table:
        try:
            _accepted(table["accept"])
        except ValueError as error:
            raise refuse(str(error)) from None
    for name, value in table.get("systems", {}).items():
        _check_properties(place, f"[remote.systems] {name}", value)
    _check_properties(place, "`properties`", table.get("properties", {}))
    for entry in table.get("also", ()):
        if not isinstance(entry, dict) or "endpoint" not in entry:
            raise refuse("each [[remote.also]] names an `endpoint`")
        _check(place, entry, "[[remote.also]]")


def _check_properties(place: str, where: str, value: object) -> None:
    from ..builder import BadConfiguration

    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadConfiguration(place, f"{where} must be a table of strings")


def _refuse_secrets(place: str, entry: Mapping[str, Any]) -> None:
    from ..builder import BadConfiguration

    for name in _SECRETS:
        if name in entry:
            raise BadConfiguration(
                place, f"`{name}` belongs in your own chx.toml ({_own_file()}): a project is not to decide it"
            )


def _address(entry: Mapping[str, Any]) -> str:
    """Return what credentials are for: the server, whatever the instance."""
    from urllib.parse import urlsplit

    parts = urlsplit(entry["endpoint"])
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _endpoint(entry: Mapping[str, Any], secrets: Mapping[str, Mapping[str, Any]]) -> EndpointOptions:
    from ..builder.remote_options import EndpointOptions

    url = entry["endpoint"].rstrip("/")
    if entry.get("instance"):
        url = f"{url}/{entry['instance']}"
    own = secrets.get(_address(entry), {})
    return EndpointOptions(
        url,
        ca=own.get("ca"),
        cert=own.get("cert"),
        key=own.get("key"),
        token_file=own.get("token-file"),
        credential_helper=own.get("credential-helper"),
        insecure=own.get("insecure", False),
        pool=entry.get("pool"),
        properties=entry.get("properties", {}),
        node_properties=entry.get("modes-and-times", True),
    )


def _accepted(text: str) -> tuple[int, float]:
    """Parse `any`, `agree:N` or `sample:P%` to a number of pools and a share. Raises ValueError."""
    kind, _, value = text.partition(":")
    if text == "any":
        return 1, 0.0
    if kind == "agree" and value.isdigit() and len(value) < 3 and int(value) >= 1:
        return int(value), 0.0
    number = value.removesuffix("%")
    if kind == "sample" and value.endswith("%") and number.replace(".", "", 1).isdigit() and float(number) <= 100:
        return 1, float(number) / 100
    raise ValueError(f"`accept` in [remote] must be any, agree:2 or sample:5%, and not '{text}'")
