"""What is pinned of a package: its outputs, and the sources and seeds behind it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...builder import recall, resolve, sri
from ...store.foreign import parse_json
from ..paths import PKGS
from ..seed_parts import HALVES
from ..signatures import home
from .document import Pin, PinnedOutput, Source

if TYPE_CHECKING:
    from ...store import Derivation, Store, StorePath
    from .document import Lock

Seeds = Mapping[str, Mapping[str, str]]


def derivations_behind(store: Store, path: StorePath) -> dict[StorePath, Derivation]:
    """A derivation and all that it needs, also behind fixed outputs that are there. Raises `NotValid`."""
    found: dict[StorePath, Derivation] = {}
    todo = [path]
    while todo:
        inner = todo.pop()
        if inner not in found:
            found[inner] = store.derivation(inner)
            todo += found[inner].input_drvs
    return found


def sources_of(derivations: Iterable[Derivation]) -> dict[str, Source]:
    """The fixed outputs among derivations, by their first URL, or by name if there is none."""
    found: dict[str, Source] = {}
    for derivation in sorted((item for item in derivations if item.fixed is not None), key=lambda item: item.name):
        assert derivation.fixed is not None
        urls = list(dict.fromkeys(f"{derivation.env.get('url', '')} {derivation.env.get('urls', '')}".split()))
        name, mirrors = (urls[0], tuple(urls[1:])) if urls else (derivation.name, ())
        source = Source(sri(derivation.fixed.algorithm, derivation.fixed.digest), mirrors)
        if found.get(name, source).hash != source.hash:
            name = f"{name} {source.hash}"  # one place, two contents
        found[name] = source
    return found


def known_seeds() -> dict[str, dict[str, str]]:
    """Of every pinned seed of the bundled set the URLs of the files of both halves, and their hashes."""
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
    """Of every seed that was captured from this machine its trees, which nobody else has."""
    folder, found = os.path.join(home(), "seeds"), {}
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".lock.json"))
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                lock = parse_json(file.read())
            if "files" in lock:
                continue  # made, not captured: it has archives, which are known by their hashes
            halves = {half: lock[half]["path"] for half in HALVES}
            found[name.removesuffix(".lock.json")] = halves
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found


def seeds_among(sources: Mapping[str, Source], trees: Iterable[str]) -> dict[str, dict[str, str]]:
    """The seeds of which all files, or any captured tree, are there."""
    hashes = {name: source.hash for name, source in sources.items()}
    found = {name: files for name, files in known_seeds().items() if files.items() <= hashes.items()}
    there = set(trees)
    found.update({name: halves for name, halves in captured_seeds().items() if there & set(halves.values())})
    return found


def pin_of(store: Store, path: StorePath, outputs: Mapping[str, StorePath]) -> tuple[Pin, dict[str, Source], Seeds]:
    """A pin of a derivation with its realised `outputs`, and the sources and seeds that it names."""
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
    """The key in the build trace of a derivation that was built; None for a fixed output that is there."""
    try:
        return f"blake3:{resolve(store.derivation(path), recall(store, [path]).outputs).resolved_digest()}"
    except KeyError:
        return None  # nobody asks what it was made of


def output_of(store: Store, path: StorePath) -> PinnedOutput:
    """What is pinned of an object."""
    info = store.info(path)
    return PinnedOutput(path, f"blake3:{info.tree_digest}", info.size)


def add_pin(lock: Lock, attribute: str, system: str, made: tuple[Pin, Mapping[str, Source], Seeds]) -> Lock:
    """The lock with one more pin, and what that names."""
    pin, sources, seeds = made
    return replace(
        lock.with_pin(attribute, system, pin),
        sources={**lock.sources, **sources},
        seeds={**lock.seeds, **seeds},
    )
