"""Compare what a build sees here with what it sees at an endpoint."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from .paths import PKGS

if TYPE_CHECKING:
    from ..builder import BuildOptions
    from .session import Session

EXPECTED: Final = frozenset({"processes", "processors", "times-of-links"})
"""Topics that differ between machines, or between kinds of servers, and that no program is known to build differently by."""
_SIDES: Final = ("here", "there")


class Difference(NamedTuple):
    """A topic in which the sides differ: lines that are seen only here, and only there."""

    topic: str
    here: tuple[str, ...]
    there: tuple[str, ...]

    @property
    def is_expected(self) -> bool:
        """Whether it says nothing against the endpoint."""
        return self.topic in EXPECTED


class Compared(NamedTuple):
    """The result of a check: the endpoint, the topics that were compared, and those that differ.

    `variation` is what the ledger says of the build there.
    """

    endpoint: str
    topics: tuple[str, ...]
    differences: tuple[Difference, ...]
    variation: str

    @property
    def is_alike(self) -> bool:
        """Whether a build there sees what it sees here."""
        return all(difference.is_expected for difference in self.differences)


def check_remote(session: Session, options: BuildOptions) -> Compared:
    """Build one derivation here and at the first endpoint of `options.remote`, and compare what each saw.

    Raises `BuildError`.
    """
    assert options.remote is not None
    own = session.apart()
    # Told as if it took no time, so that it goes there, and built anew, so that it is today's answer.
    alone = replace(
        options, remote=replace(options.remote, endpoints=options.remote.endpoints[:1], agree=1, sample=0.0)
    )
    seen: list[dict[str, str]] = []
    variation = ""
    for side, chosen in zip(_SIDES, (replace(options, remote=None), alone)):
        source = own.evaluator.auto_call(own.evaluator.eval_file(f"{PKGS}/lib/remote-check-{side}.nix"), {})
        found = own.evaluator.derivation_of(source)
        assert found is not None
        own.world.commit()
        # Another number of cores would be another environment.
        cores = replace(chosen, rebuild=True, cores=options.remote.cores)
        built = own.realise([(found[0], ("out",))], cores)
        path = built[found[0], "out"]
        seen.append(_topics(own.store.physical(path)))
        rows = [row for row in own.store.ledger() if row.path == path]
        variation = rows[-1].variation if rows else ""
    here, there = seen
    differences = [
        Difference(topic, *_only(here.get(topic, ""), there.get(topic, "")))
        for topic in sorted(here.keys() | there.keys())
        if here.get(topic) != there.get(topic)
    ]
    return Compared(options.remote.endpoints[0].url, tuple(sorted(here)), tuple(differences), variation)


def _topics(folder: str) -> dict[str, str]:
    found = {}
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
            found[name] = file.read(1 << 20)
    return found


def _only(here: str, there: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines that one text has and the other has not, in order."""
    ours, theirs = here.splitlines(), there.splitlines()
    return (
        tuple(line for line in ours if line not in set(theirs)),
        tuple(line for line in theirs if line not in set(ours)),
    )
