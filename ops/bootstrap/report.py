"""The report of a bootstrap: the data of the text, the page and the JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from time import gmtime, strftime
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...builder.planning import recall
from ...builder.resolution import resolve
from ...store import Digest
from ...store.difference import compare_all_contents, compare_objects
from ..diff.comparison import CONTENTS_SHOWN, ObjectReport
from .chain import items_of
from .convergence import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...builder.planning import Recollection
    from ...store import Derivation, Store, StorePath
    from ..diff.comparison import ObjectReport
    from .chain import Outcome
    from .convergence import Dissent
    from .crossing import Crossed
    from .plan import Described
    from .products import Published
    from .sign import Signed
    from .verdict import Verdicts

    Known = Mapping[tuple[StorePath, str], StorePath]


@dataclass(frozen=True, slots=True)
class SeedFacts:
    """A seed: the number of its objects, and their size in bytes."""

    name: str
    description: str
    impure: bool
    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class StageResult:
    """One item in one stage of one seed. `seconds`: the duration of its recorded build, maybe of an earlier run."""

    path: StorePath
    derivation: StorePath
    tree_digest: str
    size: int
    files: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """A row of the table: an item, with `cells` by seed and stage."""

    item: str
    agreed_from: int | None
    cells: dict[str, tuple[StageResult | None, ...]]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An item on which seeds differ. `differences` compare the largest camp's object with each other one."""

    item: str
    camps: tuple[tuple[StorePath | None, tuple[str, ...]], ...]
    differences: tuple[ObjectReport, ...]


@dataclass(frozen=True, slots=True)
class CrossFacts:
    """The comparison with what another system compiled, and its differences, the other system's object first."""

    crossed: Crossed
    differences: tuple[ObjectReport, ...]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """One kind of what the seeds end in for others: the BLAKE3 digest of each tree (as in `Published.camps`), the number
    of files in the first, and how the others differ from it."""

    published: Published
    digests: tuple[str, ...]
    files: int
    differences: tuple[ObjectReport, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a report.

    `date` is UTC (ISO 8601), `machine` the kernel and processor. `packages` is a digest of the names of all
    derivations, which determine everything that was built and fetched. `proof` is the file written with the report,
    `key` and `signature` are those of that proof.
    """

    date: str
    machine: str
    packages: str
    proof: str | None = None
    key: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class BootstrapReport:
    """The results of a bootstrap. `builds` counts executed steps, `reused` those that an earlier result replaced.

    `cross` is None where packages were built for this machine itself. `products` has the kinds that were asked for.
    """

    set: str
    stages: int
    seeds: tuple[SeedFacts, ...]
    items: tuple[ItemFacts, ...]
    verdicts: Verdicts
    dissents: tuple[Mismatch, ...]
    builds: int
    reused: int
    seconds: float
    origin: Origin
    cross: CrossFacts | None = None
    products: Mapping[str, ProductFacts] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        crossed = self.cross is None or self.cross.crossed.holds is not False
        return self.verdicts.holds and crossed and all(one.published.holds for one in self.products.values())


def report_of(
    store: Store,
    name: str,
    described: Sequence[Described],
    outcomes: Sequence[Outcome],
    verdicts: Verdicts,
    work: tuple[int, int, float],
    origin: Origin,
    crossed: Crossed | None = None,
    products: Mapping[str, Published] = MappingProxyType({}),
) -> BootstrapReport:
    """Make the report; `work` is builds, reused steps and seconds."""
    chains = [item.chain for item in described]
    packages = [package.derivation for chain in chains for stage in chain.stages for package in stage.values()]
    found = recall(store, dict.fromkeys([*packages, *(drv for chain in chains for drv in chain.seed_derivations)]))
    known = found.outputs
    seconds = {drv: _seconds(store, found.derivations[drv], known) for drv in dict.fromkeys(packages)}
    derivations = {
        chain.seed: [{item: derivation for item, derivation, _ in items_of(stage)} for stage in chain.stages]
        for chain in chains
    }
    return BootstrapReport(
        name,
        len(chains[0].stages),
        tuple(_seed(store, item, found) for item in described),
        tuple(
            ItemFacts(
                row.item,
                row.agreed_from,
                {
                    seed: tuple(
                        None if path is None else _cell(store, path, derivations[seed][number][row.item], seconds)
                        for number, path in enumerate(cells)
                    )
                    for seed, cells in row.cells.items()
                },
            )
            for row in rows(outcomes)
        ),
        verdicts,
        tuple(_dissent(store, dissent) for dissent in verdicts.agreement.dissents),
        *work,
        origin,
        None if crossed is None else CrossFacts(crossed, tuple(_divergences(store, crossed))),
        {kind: _product(store, kind, found) for kind, found in products.items()},
    )


def _product(store: Store, kind: str, found: Published) -> ProductFacts:
    first, *others = [path for path, _ in found.camps]
    return ProductFacts(
        found,
        tuple(str(store.info(path).tree_digest) for path, _ in found.camps),
        sum(entry.is_file for entry in store.manifest(first)),
        tuple(_report(store, first, other, kind) for other in others),
    )


def _divergences(store: Store, crossed: Crossed) -> Iterator[ObjectReport]:
    for divergence in crossed.divergences:
        for native, _ in divergence.natives:
            if native is not None:
                yield _report(store, divergence.crossed, native, divergence.item)


def origin_of(derivations: Iterable[StorePath], proof: str | None = None, signed: Signed | None = None) -> Origin:
    """Describe this run; `derivations` are all that it used."""
    system = os.uname()
    return Origin(
        strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        f"{system.sysname} {system.release} on {system.machine}",
        # The name of a derivation follows from its content.
        f"blake3:{Digest.of(chr(10).join(sorted(map(str, derivations))).encode())}",
        proof,
        None if signed is None else signed.key,
        None if signed is None else signed.signature,
    )


def _seconds(store: Store, derivation: Derivation, known: Known) -> float | None:
    key = resolve(derivation, known).resolved_digest()
    return next((row.seconds for row in store.realisations(key)), None)


def _seed(store: Store, described: Described, found: Recollection) -> SeedFacts:
    chain = described.chain
    objects = {
        path for half in (chain.toolchain, chain.userland) for path in half.objects(found.derivations, found.outputs)
    }
    size = sum(store.info(path).size for path in objects if store.is_valid(path))
    return SeedFacts(chain.seed, described.description, chain.impure, len(objects), size)


def _cell(
    store: Store, path: StorePath, derivation: StorePath, seconds: Mapping[StorePath, float | None]
) -> StageResult:
    info = store.info(path)
    files = sum(entry.is_file for entry in store.manifest(path))
    return StageResult(path, derivation, str(info.tree_digest), info.size, files, seconds[derivation])


def _dissent(store: Store, dissent: Dissent) -> Mismatch:
    first, *others = [path for path, _ in dissent.camps if path is not None]
    return Mismatch(dissent.item, dissent.camps, tuple(_report(store, first, other, dissent.item) for other in others))


def _report(store: Store, one: StorePath, other: StorePath, label: str) -> ObjectReport:
    difference = compare_objects(store, one, other)
    contents = compare_all_contents(store, difference, CONTENTS_SHOWN)
    return ObjectReport(label, difference, contents, max(0, len(difference.contents) - CONTENTS_SHOWN))
