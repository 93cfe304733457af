"""Run a bootstrap: evaluate, build, add roots, judge, and optionally write a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..reporter import Forwarding
from ..settings import configured
from .chain import outcome_of, targets_of
from .crossing import Crossed, Crossing, compare_crossing, crossing_of
from .plan import chains_of
from .products import published
from .report import origin_of, report_of
from .roots import add_roots, judging_inputs
from .shape import check_shape
from .sign import check_provable, prove
from .verdict import everything_below, judge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...builder import BuildOptions, Plan
    from ...store import StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .chain import Chain
    from .report import BootstrapReport

    Realised = Mapping[tuple[StorePath, str], StorePath]
    Targets = Sequence[tuple[StorePath, tuple[str, ...]]]


class Work(NamedTuple):
    """The work of a bootstrap: sandboxed builds, builds saved by early cutoff, and seconds."""

    built: int
    spared: int
    seconds: float


class Finished(NamedTuple):
    """The result of a bootstrap, and the GC roots of its objects, as pairs of link and target."""

    report: BootstrapReport
    links: list[tuple[str, str]]


DEFAULT_SET = "tiny"
DEFAULT_STAGES = 3


def run(
    session: Session,
    request: Request,
    set: str = DEFAULT_SET,
    *,
    seeds: list[str] | None = None,
    stages: int = DEFAULT_STAGES,
    products: Collection[str] = (),
    proof: str | None = None,
    bundle: str | None = None,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> Finished:
    """Bootstrap the package set `set` from `seeds`, or from all that prove something.

    `request` names the expression with the attribute `bootstrap`; the default is the bundled set. `products` are
    kinds of what is made of each seed's last stage for others (`products.PRODUCTS`), and compared. Writes the signed
    file `proof` and the file `bundle` if they are named. `options` defaults to those of chx.toml, `reporter` to that
    of the session. Raises `ShapeRefused` before building if the stages are no bootstrap, `RequestError`, `EvalError`,
    `BuildError`, and `ProofRefused`.
    """
    options, reporter, name = options or configured(), reporter or session.reporter, set
    described = chains_of(session, request, name, seeds, stages, products=products)
    chains = [item.chain for item in described]
    if proof is not None:
        check_provable(name, chains)
    crossing = crossing_of(session, request, name, chains)
    session.world.commit()
    derivations = everything_below(session.store, chains)
    check_shape(f"the set '{name}'", chains, derivations)
    targets = [*targets_of(chains), *judging_inputs(session.store, chains, derivations)]
    if proof is not None:
        # Signing requires that fetched files are hashed again.
        targets += [(path, ("out",)) for path, derivation in derivations.items() if derivation.fixed is not None]
    if isinstance(crossing, Crossing):
        targets += [(package.derivation, package.outputs) for package in crossing.packages.values()]
    realised, work = build(session, chains, targets, options, reporter, crossing)
    objects = {realised[path, output] for path, outputs in targets for output in outputs}
    links = add_roots(session.store, name, objects.union(*(chain.trees for chain in chains)))
    outcomes = [outcome_of(chain, realised) for chain in chains]
    verdicts = judge(session.store, chains, outcomes, trusts_cache=proof is None)
    signed = None
    if proof is not None:
        signed = prove(session.store, name, chains, outcomes, realised, verdicts, proof, bundle)
        reporter.notice(f"the proof '{proof}' shows {signed.shows}")
    origin = origin_of(derivations, proof, signed)
    crossed = compare_crossing(crossing, outcomes, realised) if isinstance(crossing, Crossing) else crossing
    report = report_of(
        session.store, name, described, outcomes, verdicts, work, origin, crossed, published(chains, realised)
    )
    return Finished(report, links)


def build(
    session: Session,
    chains: Sequence[Chain],
    targets: Targets,
    options: BuildOptions,
    reporter: Reporter,
    crossing: Crossing | Crossed | None = None,
) -> tuple[Realised, Work]:
    """Realise `targets`; report builds under the names of seeds and stages. Raises `BuildError`."""
    from time import monotonic

    titles: dict[StorePath, str] = {}
    if isinstance(crossing, Crossing):
        where = f"{crossing.system} for {crossing.architecture}"
        titles = {package.derivation: f"{where}: {name}" for name, package in crossing.packages.items()}
    reporter.entitle(
        titles
        | {
            package.derivation: f"{chain.seed}, stage {number}: {name}"
            for chain in reversed(chains)
            for number, stage in reversed(list(enumerate(chain.stages)))
            for name, package in stage.items()
        }
    )
    started = monotonic()
    counted = _Counting(reporter)
    realised = session.realise(targets, options, counted)
    return realised, Work(counted.built, counted.spared, monotonic() - started)


class _Counting(Forwarding):
    """Counts sandboxed builds: those that ran, and those that early cutoff saved."""

    def __init__(self, to: Reporter) -> None:
        super().__init__(to)
        self.built = 0
        self.spared = 0
        self._sandboxed: set[StorePath] = set()

    def planned(self, plan: Plan) -> None:
        self._sandboxed = {step.path for step in plan.steps if not step.derivation.builder.startswith("builtin:")}
        self._to.planned(plan)

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        self.built += derivation in self._sandboxed
        self._to.finished(derivation, outputs, seconds)

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self.spared += derivation in self._sandboxed
        self._to.reused(derivation, outputs)

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self.spared += derivation in self._sandboxed
        self._to.joined(derivation, outputs)
