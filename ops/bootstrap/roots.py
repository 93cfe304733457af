"""GC roots of bootstraps: one directory of links per set, in the home of the store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...builder import Lane, lane_of
from .chain import witnesses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...store import Derivation, Store, StorePath
    from .chain import Chain


def _directory_of(home: str, name: str) -> str:
    """Return the directory of the roots of the set `name`."""
    from urllib.parse import quote

    return f"{home}/kept/bootstrap-{quote(name, safe='')}"


def add_roots(store: Store, name: str, paths: Collection[StorePath]) -> list[tuple[str, str]]:
    """Replace the roots of a set by links to `paths`; return the links and their targets. Raises `StoreError`."""
    directory = _directory_of(store.home, name)
    os.makedirs(directory, exist_ok=True)
    links = [(link := f"{directory}/{path.base}", store.link_text(link, path)) for path in sorted(paths)]
    for path, (link, target) in zip(sorted(paths), links):
        if not os.path.islink(link) or os.readlink(link) != target:
            store.add_root(link, path)
    current = {link for link, _ in links}
    for entry in os.listdir(directory):
        if f"{directory}/{entry}" not in current:
            os.unlink(f"{directory}/{entry}")
    return links


def judging_inputs(
    store: Store, chains: Sequence[Chain], derivations: Mapping[StorePath, Derivation]
) -> list[tuple[StorePath, tuple[str, ...]]]:
    """Return what the verdicts read besides packages: seeds, and the inputs of packages that are not fetched.

    These may have been collected, since known stages need none of them. `derivations` must include all that `chains`
    need.
    """
    selected: dict[StorePath, set[str]] = {}
    for path, output in witnesses(chains, derivations):
        selected.setdefault(path, set()).add(output)
    for chain in chains:
        packages = {package.derivation for stage in chain.stages for package in stage.values()}
        for path in packages:
            for inner, outputs in store.derivation(path).input_drvs.items():
                if inner not in packages and lane_of(store.derivation(inner)) is not Lane.FETCH:
                    selected.setdefault(inner, set()).update(outputs)
    return [(path, tuple(sorted(outputs))) for path, outputs in sorted(selected.items())]


def remove_roots(home: str, name: str) -> int:
    """Remove the roots of a set; return their number."""
    directory = _directory_of(home, name)
    try:
        entries = os.listdir(directory)
    except FileNotFoundError:
        return 0
    for entry in entries:
        os.unlink(f"{directory}/{entry}")
    os.rmdir(directory)
    return len(entries)
