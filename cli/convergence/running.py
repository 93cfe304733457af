"""A bootstrap, carried out: evaluate, build, keep, judge, and prove if that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder import BuildOptions
    from ...builder.proof import Chain
    from ...ops import Request
    from ...store import StorePath
    from ..lines import Lines
    from ..session import Session
    from .account import Account

    Realised = Mapping[tuple[StorePath, str], StorePath]
    Targets = Sequence[tuple[StorePath, tuple[str, ...]]]


class Work(NamedTuple):
    """Sandboxed builds, builds that early cutoff made needless, and seconds."""

    built: int
    spared: int
    seconds: float


class Finished(NamedTuple):
    """What a bootstrap came to, and the links (with their targets) that keep its objects."""

    account: Account
    links: list[tuple[str, str]]


def bootstrap(
    session: Session,
    request: Request,
    name: str,
    options: BuildOptions,
    reporter: Lines,
    seeds: list[str] | None = None,
    stages: int = 3,
    proof: str | None = None,
    bundle: str | None = None,
) -> Finished:
    """Bootstrap the set `name` from `seeds`, or from all that prove something.

    Writes the signed file `proof` and the file `bundle` if they are named. Raises `ShapeRefused` before anything is
    built if the stages are none, `CommandError`, `EvalError`, `BuildError`, and `ProofRefused`.
    """
    from ...builder.proof import check_shape, everything_below, judge, outcome_of, targets_of
    from ..kept import keep, witnesses
    from .account import account_of, origin_of
    from .chains import chains_of
    from .prove import check_provable, prove

    described = chains_of(session, request, name, seeds, stages)
    chains = [item.chain for item in described]
    if proof is not None:
        check_provable(name, chains)
    session.world.commit()
    derivations = everything_below(session.store, chains)
    check_shape(f"the set '{name}'", chains, derivations)
    targets = [*targets_of(chains), *witnesses(session.store, chains, derivations)]
    if proof is not None:
        # Their hashes are checked again before anything is signed.
        targets += [(path, ("out",)) for path, derivation in derivations.items() if derivation.fixed is not None]
    realised, work = build(session, chains, targets, options, reporter)
    gave = {realised[path, output] for path, outputs in targets for output in outputs}
    links = keep(session.store, name, gave.union(*(chain.trees for chain in chains)))
    outcomes = [outcome_of(chain, realised) for chain in chains]
    verdicts = judge(session.store, chains, outcomes, trusts_cache=proof is None)
    signed = None
    if proof is not None:
        signed = prove(session.store, name, chains, outcomes, realised, verdicts, proof, bundle)
        reporter.notice(f"the proof '{proof}' shows {signed.shows}")
    origin = origin_of(derivations, proof, signed)
    return Finished(account_of(session.store, name, described, outcomes, verdicts, work, origin), links)


def build(
    session: Session, chains: Sequence[Chain], targets: Targets, options: BuildOptions, reporter: Lines
) -> tuple[Realised, Work]:
    """Realise `targets`; builds are reported with the names of seeds and stages. Raises `BuildError`."""
    from time import monotonic

    from ..realise import realise

    reporter.entitle(
        {
            package.derivation: f"{chain.seed}, stage {number}: {name}"
            for chain in reversed(chains)
            for number, stage in reversed(list(enumerate(chain.stages)))
            for name, package in stage.items()
        }
    )
    started = monotonic()
    realised = realise(session.store, targets, options, reporter)
    return realised, Work(reporter.built, reporter.spared, monotonic() - started)
