"""The file `chx.lock` as values, and its text: sorted JSON, one item per line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ...store.errors import StoreError
from ...store.foreign import Unreadable, parse_json
from ...store.path import StorePath
from .errors import UNREADABLE, LockError
from .manifest import Declared

NAME: Final = "chx.lock"
FORMAT: Final = "chx lock 1"
WHOLE: Final = "."
"""The name under which an expression that is one package is pinned."""


@dataclass(frozen=True, slots=True)
class LockedInput:
    """A locked tree with its declaration; or only a declaration that `follows` another input."""

    declared: Declared
    url: str | None = None
    revision: str | None = None
    hash: str = ""
    object: StorePath | None = None

    @property
    def title(self) -> str:
        """The resolved tree, for people."""
        if self.declared.follows is not None:
            return str(self.declared)
        return f"{self.revision[:12]} {self.hash}" if self.revision else self.hash


@dataclass(frozen=True, slots=True)
class PinnedOutput:
    """The content of an output. `digest` is `blake3:` and the tree digest, `size` the sum of its files in bytes."""

    path: StorePath
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Pin:
    """The outputs of an attribute on one system, and the names of the sources and seeds behind them.

    `named`: the outputs that the attribute itself stands for. `seal`: see `seal.py`.
    """

    derivation: StorePath
    resolved: str | None
    outputs: Mapping[str, PinnedOutput]
    sources: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    named: tuple[str, ...] = ("out",)
    seal: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A fixed-output source: its hash and its mirror URLs."""

    hash: str
    mirrors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a lock file. `inputs` are by path (`tool/zoo`), `pins` by attribute and system.

    `files`: the fingerprint of the evaluation, see `fingerprint.py`.
    """

    expression: str = "default.nix"
    inputs: Mapping[str, LockedInput] = field(default_factory=dict)
    pins: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    seeds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def pin(self, attribute: str, system: str) -> Pin | None:
        return self.pins.get(attribute or WHOLE, {}).get(system)

    def with_pin(self, attribute: str, system: str, pin: Pin) -> Lock:
        name = attribute or WHOLE
        return replace(self, pins={**self.pins, name: {**self.pins.get(name, {}), system: pin}})

    def to_text(self) -> str:
        """Return the text of the file, without sources and seeds that no pin names."""
        pins = [pin for systems in self.pins.values() for pin in systems.values()]
        sources = {name for pin in pins for name in pin.sources}
        seeds = {name for pin in pins for name in pin.seeds}
        data: dict[str, Any] = {
            "expression": self.expression,
            "format": FORMAT,
            "inputs": {name: input_data(item) for name, item in self.inputs.items()},
            "pins": {
                name: {system: _sealed_data(pin) for system, pin in systems.items()}
                for name, systems in self.pins.items()
                if systems
            },
            "seeds": {name: dict(files) for name, files in self.seeds.items() if name in seeds},
            "sources": {name: source_data(item) for name, item in self.sources.items() if name in sources},
        }
        if self.files and pins:
            data["files"] = {
                name: aspects[0] if len(aspects) == 1 else list(aspects) for name, aspects in self.files.items()
            }
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def input_data(item: LockedInput) -> dict[str, Any]:
    """Return an input as JSON types."""
    if item.declared.follows is not None:
        return {"follows": item.declared.follows}
    data = {"from": item.declared.as_data(), "hash": item.hash, "object": str(item.object)}
    extra = {"url": item.url, "revision": item.revision}
    return {**data, **{name: value for name, value in extra.items() if value is not None}}


def pin_data(pin: Pin) -> dict[str, Any]:
    """Return a pin as JSON types, without its seal."""
    data: dict[str, Any] = {
        "derivation": str(pin.derivation),
        "outputs": {
            name: {"digest": output.digest, "path": str(output.path), "size": output.size}
            for name, output in pin.outputs.items()
        },
    }
    if pin.resolved is not None:
        data["resolved"] = pin.resolved
    if pin.sources:
        data["sources"] = sorted(pin.sources)
    if pin.seeds:
        data["seeds"] = sorted(pin.seeds)
    if pin.named != ("out",):
        data["named"] = list(pin.named)
    return data


def _sealed_data(pin: Pin) -> dict[str, Any]:
    return {**pin_data(pin), **({} if pin.seal is None else {"seal": pin.seal})}


def source_data(item: Source) -> dict[str, Any]:
    """Return a source as JSON types."""
    return {"hash": item.hash, **({"mirrors": list(item.mirrors)} if item.mirrors else {})}


def read_lock(place: str) -> Lock | None:
    """Read the lock at a path; return None if the file does not exist. Raises `LockError`."""
    try:
        with open(place, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockError(UNREADABLE, f"cannot read '{place}': {error.strerror}") from error
    again = "it is written by chx lock; get the last good one from version control"
    try:
        data = parse_json(text)
    except Unreadable as error:
        where = f":{error.line}:{error.column}" if error.line else ""
        raise LockError(UNREADABLE, f"'{place}{where}' is no lock: {error.reason}", hint=again) from error
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise LockError(
            UNREADABLE,
            f"'{place}' is no lock that this chx can read: its format is {found!r}, not {FORMAT!r}",
            hint=again,
        )
    try:
        return Lock(
            _text(data["expression"]),
            {name: _input_of(item) for name, item in data["inputs"].items()},
            {name: {system: _pin_of(pin) for system, pin in systems.items()} for name, systems in data["pins"].items()},
            {
                name: Source(_text(item["hash"]), tuple(map(_text, item.get("mirrors", ()))))
                for name, item in data["sources"].items()
            },
            {name: {file: _text(value) for file, value in files.items()} for name, files in data["seeds"].items()},
            {name: _texts(aspects) for name, aspects in data.get("files", {}).items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError, StoreError) as error:
        reason = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise LockError(UNREADABLE, f"the lock '{place}' is damaged: {reason}", hint=again) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where a text should")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    """Parse a string or a list of strings."""
    return tuple(map(_text, value if isinstance(value, list) else [value]))


def _input_of(data: Mapping[str, Any]) -> LockedInput:
    if "follows" in data:
        return LockedInput(Declared(follows=_text(data["follows"])))
    parts: dict[str, Any] = {name: _text(value) for name, value in data["from"].items() if name != "submodules"}
    if data["from"].get("submodules", True) is not True:
        raise TypeError(f"{data['from']['submodules']!r} stands where true should")
    parts["submodules"] = "submodules" in data["from"]
    declared = Declared(**parts)
    if (declared.path is None) + (declared.url is None) + (declared.git is None) != 2:
        raise TypeError(f"{data['from']!r} names no place")
    url, revision = data.get("url"), data.get("revision")
    return LockedInput(
        declared,
        None if url is None else _text(url),
        None if revision is None else _text(revision),
        _text(data["hash"]),
        StorePath.parse(_text(data["object"])),
    )


def _pin_of(data: Mapping[str, Any]) -> Pin:
    outputs = {}
    for name, item in data["outputs"].items():
        if type(item["size"]) is not int:
            raise TypeError(f"{item['size']!r} stands where a size should")
        outputs[name] = PinnedOutput(StorePath.parse(_text(item["path"])), _text(item["digest"]), item["size"])
    resolved, seal = data.get("resolved"), data.get("seal")
    return Pin(
        StorePath.parse(_text(data["derivation"])),
        None if resolved is None else _text(resolved),
        outputs,
        tuple(map(_text, data.get("sources", ()))),
        tuple(map(_text, data.get("seeds", ()))),
        _texts(data.get("named", "out")),
        None if seal is None else _text(seal),
    )


def write_lock(place: str, lock: Lock) -> bool:
    """Write a lock atomically; return False if the file has this text already. Raises `LockError`."""
    text = lock.to_text().encode("utf-8", "surrogateescape")
    try:
        with open(place, "rb") as file:
            if file.read() == text:
                return False
    except OSError:
        pass
    temporary = f"{place}.{os.getpid()}"
    try:
        with open(temporary, "xb") as file:
            file.write(text)
        os.replace(temporary, place)
    except OSError as error:
        raise LockError(UNREADABLE, f"cannot write '{place}': {error.strerror}") from error
    return True
