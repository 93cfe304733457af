"""Write a signed proof, and its bundle."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from ...store.keys import Signer
from ..errors import RequestError
from ..paths import write_whole
from .bundle import write_bundle
from .document import sign
from .evidence import check_evidence
from .fields import is_name
from .verdict import everything_below
from .writing import compose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...store import Store, StorePath
    from .chain import Chain, Outcome
    from .verdict import Verdicts


def check_provable(name: str, chains: Sequence[Chain]) -> None:
    """Raise `RequestError` if a proof cannot hold these chains of the set `name`."""
    impure = [chain.seed for chain in chains if chain.impure]
    if impure:
        raise RequestError(
            f"a proof cannot hold the seed '{impure[0]}': it is of this machine alone, nobody else could replay it",
            hint="leave it out of --seeds",
        )
    names = [
        name,
        *(chain.seed for chain in chains),
        *(name for chain in chains for stage in chain.stages for name in stage),
    ]
    for odd in (name for name in names if not is_name(name)):
        raise RequestError(
            f"a proof cannot hold the name {odd!r}",
            hint="names of sets, seeds and packages have 1 to 100 visible ASCII characters there",
        )


class Signed(NamedTuple):
    """A written proof: the key, the signature, and the sentence on what it shows."""

    key: str
    signature: str
    shows: str


def prove(
    store: Store,
    name: str,
    chains: Sequence[Chain],
    outcomes: Sequence[Outcome],
    realised: Mapping[tuple[StorePath, str], StorePath],
    verdicts: Verdicts,
    file: str,
    bundle: str | None,
) -> Signed:
    """Write the signed document, and the bundle if one is named; `realised` must include all `witnesses`.

    Raises `ProofRefused` if built or fetched objects have changed in the store or are missing.
    """
    check_evidence(store, chains, outcomes)
    document = compose(store, name, chains, realised, verdicts)
    if bundle is not None:
        temporary = f"{bundle}.{os.getpid()}.new"
        try:
            with open(temporary, "wb") as out:
                write_bundle(store, everything_below(store, chains), out)
            os.replace(temporary, bundle)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    signer = Signer(store.home)
    text = sign(document, signer)
    write_whole(file, text)
    return Signed(signer.public, json.loads(text)["signature"]["value"], document["shows"])
