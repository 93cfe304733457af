"""What qemu says of a machine, by the QEMU Machine Protocol (https://www.qemu.org/docs/master/interop/qmp-spec.html)."""

from __future__ import annotations

import json
from typing import Final

_LONGEST: Final = 1 << 20
NEGOTIATION: Final = b'{"execute": "qmp_capabilities"}\n'
"""What is sent first; until it is answered, qemu tells of no events."""


class Monitor:
    """Reads what a monitor says. `reason` is why the machine ended: one of qemu's `ShutdownCause`, None if unknown."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.has_answered = False
        self.reason: str | None = None

    def add(self, data: bytes) -> bytes:
        """Add what the monitor said; return nothing. What is no message is disregarded."""
        self._data += data
        *lines, rest = self._data.split(b"\n")
        self._data = rest[-_LONGEST:]
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                self._heed(message)
        return b""

    def _heed(self, message: dict[str, object]) -> None:
        if "return" in message:
            self.has_answered = True
        if message.get("event") == "SHUTDOWN":
            data = message.get("data")
            reason = data.get("reason") if isinstance(data, dict) else None
            self.reason = reason if isinstance(reason, str) else None
