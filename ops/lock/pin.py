"""Make pins of packages: their outputs, and the sources and seeds behind them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...builder import recall, resolve, sri
from ...signatures import home
from ...store.foreign import parse_json
from ..paths import PKGS
from ..seed_parts import HALVES
from .document import Pin, PinnedOutput, Source

if TYPE_CHECKING:
    from ...store import Derivation, Store, StorePath
    from .document import Lock

Seeds = Mapping[str, Mapping[str, str]]


def derivations_behind(store: Store, path: StorePath) -> dict[StorePath, Derivation]:
    """Return a derivation and its transitive inputs, including those of valid fixed outputs. Raises `NotValid`."""
    found: dict[StorePath, Derivation] = {}
    todo = [path]
    while todo:
        inner = todo.pop()
        if inner not in found:
            found[inner] = store.derivation(inner)
            todo += found[inner].input_drvs
    return found


def sources_of(derivations: Iterable[Derivation]) -> dict[str, Source]:
    """Return the fixed outputs among derivations, by first URL, or by name if they have no URL."""
    found: dict[str, Source] = {}
    for derivation in sorted((item for item in derivations if item.fixed is not None), key=lambda item: item.name):
        assert derivation.fixed is not None
        urls = list(dict.fromkeys(f"{derivation.env.get('url', '')} {derivation.env.get('urls', '')}".split()))
        name, mirrors = (urls[0], tuple(urls[1:])) if urls else (derivation.name, ())
        source = Source(sri(derivation.fixed.algorithm, derivation.fixed.digest), mirrors)
        if found.get(name, source).hash != source.hash:
            name = f"{name} {source.hash}"  # one URL, two contents
        found[name] = source
    return found


def known_seeds() -> dict[str, dict[str, str]]:
    """Return the files of every pinned seed of the bundled set: hashes by URL, by seed name."""
    folder, found = os.path.join(PKGS, "seeds"), {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".lock.json"):
            with open(os.path.join(folder, name), "rb") as file:
                lock = json.load(file)
            needed = {package for half in HALVES for package in lock[half]}
            found[name.removesuffix(".lock.json")] = {
                item["url"]: sri("sha256", bytes.fromhex(item["sha256"]))
                for item in lock["files"]
                if item["package"] in needed
            }
    return found


def captured_seeds() -> dict[str, dict[str, str]]:
    """Return the local trees of every captured seed, by seed name."""
    folder, found = os.path.join(home(), "seeds"), {}
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".lock.json"))
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                lock = parse_json(file.read())
            if "files" in lock:
                continue  # a made seed: its archives are sources with hashes
            halves = {half: lock[half]["path"] for half in HALVES}
            found[name.removesuffix(".lock.json")] = halves
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found


def seeds_among(sources: Mapping[str, Source], trees: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the seeds of which `sources` has all files, or `trees` any captured tree."""
    hashes = {name: source.hash for name, source in sources.items()}
    found = {name: files for name, files in known_seeds().items() if files.items() <= hashes.items()}
    captured = set(trees)
    found.update({name: halves for name, halves in captured_seeds().items() if captured & set(halves.values())})
    return found


def pin_of(store: Store, path: StorePath, outputs: Mapping[str, StorePath]) -> tuple[Pin, dict[str, Source], Seeds]:
    """Make a pin of a derivation with its realised `outputs`; return it with the sources and seeds that it names."""
    derivations = derivations_behind(store, path)
    sources = sources_of(derivations.values())
    seeds = seeds_among(sources, (str(tree) for item in derivations.values() for tree in item.input_srcs))
    of_seeds = {name for files in seeds.values() for name in files}
    sources = {name: source for name, source in sources.items() if name not in of_seeds}
    pin = Pin(
        path,
        resolved_of(store, path),
        {name: output_of(store, found) for name, found in outputs.items()},
        tuple(sorted(sources)),
        tuple(sorted(seeds)),
    )
    return pin, sources, seeds


def resolved_of(store: Store, path: StorePath) -> str | None:
    """Return the build trace key of a built derivation; None for a valid fixed output."""
    try:
        return f"blake3:{resolve(store.derivation(path), recall(store, [path]).outputs).resolved_digest()}"
    except KeyError:
        return None  # the inputs of a valid fixed output are not recalled


def output_of(store: Store, path: StorePath) -> PinnedOutput:
    """Return the pinned description of an object."""
    info = store.info(path)
    return PinnedOutput(path, f"blake3:{info.tree_digest}", info.size)


def add_pin(lock: Lock, attribute: str, system: str, made: tuple[Pin, Mapping[str, Source], Seeds]) -> Lock:
    """Return the lock with one more pin, and the sources and seeds that the pin names."""
    pin, sources, seeds = made
    return replace(
        lock.with_pin(attribute, system, pin),
        sources={**lock.sources, **sources},
        seeds={**lock.seeds, **seeds},
    )
