"""The witness of a build beside its key: where it ran, and with what.

A home is identified by 16 random bytes, made once. A machine is identified by a digest of its machine id: machine-id(5)
demands that the id itself stay private, and that programs show a keyed hash of it. Neither identifies a person.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from typing import Self

_MACHINE_ID: Final = "/etc/machine-id"
_DOMAIN: Final = "chx witness machine 1"
ID_BYTES: Final = 16


class Witness(NamedTuple):
    """Where a build ran, and with what.

    `home` and `machine` are 32 hexadecimal digits; `machine` is empty where the system has no machine id. `kernel` is
    its release, `chx` the version of chx, `sandbox` the isolating program (`bubblewrap 0.11.0`), empty for builtin
    builders.
    """

    home: str
    machine: str
    kernel: str
    chx: str
    sandbox: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return JSON types."""
        return self._asdict()

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Inverse of `to_dict`; raises `ValueError` for anything else."""
        if not isinstance(data, dict) or data.keys() != set(cls._fields):
            raise ValueError("its witness is not of this format")
        if not all(isinstance(value, str) for value in data.values()):
            raise ValueError("its witness holds what is no text")
        return cls(**data)


def fresh_id() -> str:
    """Return the identity of a new home."""
    return os.urandom(ID_BYTES).hex()


def machine_id(file: str = _MACHINE_ID) -> str:
    """Return a private id of this machine, which does not reveal its machine id; empty if it has none."""
    from blake3 import blake3

    try:
        with open(file, "rb") as text:
            found = text.read(64).strip()
    except OSError:
        return ""
    # systemd writes "uninitialized" before the first boot of an image.
    if len(found) != 2 * ID_BYTES or not all(byte in b"0123456789abcdef" for byte in found):
        return ""
    return blake3(found, derive_key_context=_DOMAIN).hexdigest(ID_BYTES)


def witness_here(home: str, sandbox: str) -> Witness:
    """Return the witness of this process, for the home with that id."""
    from .. import __version__

    return Witness(home, machine_id(), os.uname().release, __version__, sandbox)
