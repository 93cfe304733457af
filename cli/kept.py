"""What `chx bootstrap` keeps: for each set a folder of links in the home, each a root of one object."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..builder.proof import Chain
    from ..store import Derivation, Store, StorePath


def folder_of(home: str, name: str) -> str:
    """Where the links of the set `name` lie."""
    from urllib.parse import quote

    return f"{home}/kept/bootstrap-{quote(name, safe='')}"


def keep(store: Store, name: str, paths: Collection[StorePath]) -> list[tuple[str, str]]:
    """Keep these objects, and not any more what was kept for that set before; gives links and their targets.

    Raises `StoreError`.
    """
    folder = folder_of(store.home, name)
    os.makedirs(folder, exist_ok=True)
    links = [(link := f"{folder}/{path.base}", store.link_text(link, path)) for path in sorted(paths)]
    for path, (link, target) in zip(sorted(paths), links):
        if not os.path.islink(link) or os.readlink(link) != target:
            store.add_root(link, path)
    wanted = {link for link, _ in links}
    for entry in os.listdir(folder):
        if f"{folder}/{entry}" not in wanted:
            os.unlink(f"{folder}/{entry}")
    return links


def witnesses(
    store: Store, chains: Sequence[Chain], derivations: Mapping[StorePath, Derivation]
) -> list[tuple[StorePath, tuple[str, ...]]]:
    """What else has to be there to judge chains: their seeds, and what packages are made of but for what is fetched.

    Stages that are known need none of it any more to be built, so that it may have been collected. `derivations` are
    all that `chains` need.
    """
    from ..builder import Lane, lane_of
    from ..builder.proof import witnesses

    wanted: dict[StorePath, set[str]] = {}
    for path, output in witnesses(chains, derivations):
        wanted.setdefault(path, set()).add(output)
    for chain in chains:
        packages = {package.derivation for stage in chain.stages for package in stage.values()}
        for path in packages:
            for inner, outputs in store.derivation(path).input_drvs.items():
                if inner not in packages and lane_of(store.derivation(inner)) is not Lane.FETCH:
                    wanted.setdefault(inner, set()).update(outputs)
    return [(path, tuple(sorted(outputs))) for path, outputs in sorted(wanted.items())]


def drop(home: str, name: str) -> int:
    """Keep nothing for a set any more; how many objects were kept."""
    folder = folder_of(home, name)
    try:
        entries = os.listdir(folder)
    except FileNotFoundError:
        return 0
    for entry in entries:
        os.unlink(f"{folder}/{entry}")
    os.rmdir(folder)
    return len(entries)
