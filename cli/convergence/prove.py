"""Writing a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...builder.proof import Chain, Outcome, Verdicts
    from ...store import Store


def check_provable(chains: Sequence[Chain]) -> None:
    """Raise `CommandError` if somebody else could not replay these chains."""
    impure = [chain.seed for chain in chains if chain.impure]
    if impure:
        raise CommandError(
            f"a proof cannot hold the seed '{impure[0]}': it is of this machine alone, nobody else could replay it",
            hint="leave it out of --seeds",
        )


def proof_text(
    store: Store, name: str, chains: Sequence[Chain], outcomes: Sequence[Outcome], verdicts: Verdicts
) -> str:
    """The signed document."""
    from ... import __version__
    from ...builder.proof.document import compose, sign
    from ...store.keys import Signer

    return sign(compose(store, name, chains, outcomes, verdicts, __version__), Signer(store.home))
