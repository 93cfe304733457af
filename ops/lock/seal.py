"""Seals: whether a pin is as it was written, and whether it is what the recorded files give.

A seal is a digest of all that the lock says of a pin, made when it was pinned. An edit, or a merge of two locks that
each were right, breaks it: such a pin is compared with what is built, as ever, but nothing is taken on its word. It
is no signature. Who writes the lock decides what is pinned.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from .document import WHOLE, input_data, pin_data, source_data

if TYPE_CHECKING:
    from .document import Lock, Pin

State = Literal["valid_with_inputs", "valid", "tampered"]
"""`valid_with_inputs`: the recorded files give this derivation. `valid`: that is not known, but the pin is as it was written."""


def state_of(lock: Lock, attribute: str, system: str, pin: Pin) -> State:
    """What the seal of a pin says."""
    if pin.seal is None:
        return "tampered"
    if lock.files and pin.seal == seal_of(lock, attribute, system, pin, True):
        return "valid_with_inputs"
    return "valid" if pin.seal == seal_of(lock, attribute, system, pin, False) else "tampered"


def seal_of(lock: Lock, attribute: str, system: str, pin: Pin, covered: bool) -> str:
    """The seal of a pin, with what the evaluation looked at if `covered`."""
    from blake3 import blake3

    data: dict[str, object] = {
        "attribute": attribute or WHOLE,
        "system": system,
        "pin": pin_data(pin),
        "sources": {name: source_data(lock.sources[name]) for name in pin.sources if name in lock.sources},
        "seeds": {name: dict(lock.seeds[name]) for name in pin.seeds if name in lock.seeds},
    }
    if covered:
        data["expression"] = lock.expression
        data["files"] = {name: list(aspects) for name, aspects in lock.files.items()}
        data["inputs"] = {name: input_data(item) for name, item in lock.inputs.items()}
    text = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    return f"blake3:{blake3(text).hexdigest()}"


def sealed(lock: Lock, states: Callable[[str, str, Pin], State]) -> Lock:
    """The lock with a seal on each pin but the broken ones, which keep theirs."""

    def one(attribute: str, system: str, pin: Pin) -> Pin:
        state = states(attribute, system, pin)
        if state == "tampered":
            return pin
        return replace(pin, seal=seal_of(lock, attribute, system, pin, state == "valid_with_inputs"))

    pins = {
        attribute: {system: one(attribute, system, pin) for system, pin in systems.items()}
        for attribute, systems in lock.pins.items()
    }
    return replace(lock, pins=pins)
