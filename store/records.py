"""Values that the store keeps about objects and builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .digest import Digest
    from .path import StorePath
    from .witness import Witness


class ObjectInfo(NamedTuple):
    """A registered object.

    `tree_digest` is that of the tree with `SELF` in place of the object's own hash. `references` are sorted and contain
    the object itself if it contains its own path. `deriver` is a derivation that produced it. `registered` is in
    seconds since the epoch, and so is `used`, the time of its last use, to the day.
    """

    path: StorePath
    tree_digest: Digest
    references: tuple[StorePath, ...]
    size: int
    deriver: StorePath | None
    registered: int
    used: int


class OutputDraft(NamedTuple):
    """A freshly built tree that is to become an object.

    `output` is the name of the output, `name` that of the object (without hash), `source` the path of the tree, on the
    file system of the store, and `scratch` the hash part that the build saw: `scratch_hash(output)`.
    """

    output: str
    name: str
    source: str
    scratch: str


class Realisation(NamedTuple):
    """A row of the build trace: realising `resolved` produced `path` as `output`.

    `derivation` is the derivation built, if it is kept as an object. `started` is in seconds since the epoch, `seconds`
    is the duration of the build, `variation` describes what else may differ between builds. `builder` is the builder's
    public key, `origin` the source of the row, and `witness` where and with what the build ran; the store fills in what
    is omitted. Rows of format 1 have no witness.
    """

    resolved: Digest
    output: str
    path: StorePath
    derivation: StorePath | None
    started: float
    seconds: float
    variation: str = ""
    builder: str = ""
    origin: str = ""
    witness: Witness | None = None
