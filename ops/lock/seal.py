"""Seals of pins: detect edits, and tie a pin to the recorded files.

A seal is a digest of everything in the lock about a pin, made when it was pinned. An edit breaks it, and so does a
merge of two valid locks. chx compares a pin with a broken seal with builds, as any pin, but never substitutes by it.
A seal is no signature: whoever writes the lock decides what is pinned.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from .document import WHOLE, input_data, pin_data, source_data
from .fingerprint import SELF

if TYPE_CHECKING:
    from .document import Lock, Pin

State = Literal["valid_with_inputs", "valid_with_chx", "valid", "tampered"]
"""`valid_with_inputs`: the recorded files evaluate to this derivation. `valid_with_chx`: earlier files of the project did,
with the recorded chx and inputs. `valid`: only the pin itself is unedited."""


def state_of(lock: Lock, attribute: str, system: str, pin: Pin) -> State:
    """Check the seal of a pin."""
    if pin.seal is None:
        return "tampered"
    states: tuple[State, ...] = ("valid_with_inputs", "valid_with_chx", "valid") if lock.files else ("valid",)
    return next((state for state in states if pin.seal == seal_of(lock, attribute, system, pin, state)), "tampered")


def seal_of(lock: Lock, attribute: str, system: str, pin: Pin, state: State) -> str:
    """Compute the seal of a pin, with the recorded files and inputs, or with chx in place of the files, or without."""
    from blake3 import blake3

    data: dict[str, object] = {
        "attribute": attribute or WHOLE,
        "system": system,
        "pin": pin_data(pin),
        "sources": {name: source_data(lock.sources[name]) for name in pin.sources if name in lock.sources},
        "seeds": {name: dict(lock.seeds[name]) for name in pin.seeds if name in lock.seeds},
    }
    if state in ("valid_with_inputs", "valid_with_chx"):
        data["expression"] = lock.expression
        if state == "valid_with_inputs":
            data["files"] = {name: list(aspects) for name, aspects in lock.files.items()}
        else:
            data["chx"] = list(lock.files.get(SELF, ()))
        data["inputs"] = {name: input_data(item) for name, item in lock.inputs.items()}
    text = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    return f"blake3:{blake3(text).hexdigest()}"


def sealed(lock: Lock, states: Callable[[str, str, Pin], State]) -> Lock:
    """Return the lock with a new seal on each pin; pins with a broken seal keep it."""

    def one(attribute: str, system: str, pin: Pin) -> Pin:
        state = states(attribute, system, pin)
        if state == "tampered":
            return pin
        return replace(pin, seal=seal_of(lock, attribute, system, pin, state))

    pins = {
        attribute: {system: one(attribute, system, pin) for system, pin in systems.items()}
        for attribute, systems in lock.pins.items()
    }
    return replace(lock, pins=pins)
