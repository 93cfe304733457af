"""Descriptions of seeds, and their lock files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ...arch import PROFILES, UnknownProfile, profile_names
from ...evaluator import to_python
from ...lang import Source
from ...signatures import home
from ...store.foreign import parse_json
from ..errors import RequestError
from ..instantiation import evaluate_request
from ..paths import PKGS
from ..seed_parts import HALVES, PARTS
from ..sources import byte_string

if TYPE_CHECKING:
    from ..request import Request
    from ..session import Session

PINNED = ("packages", "wheels", "archives", "images")
"""The fields of a part that list fetched files."""


class Place(NamedTuple):
    """A seed by its name in the set, and the file that describes it."""

    name: str
    file: str

    @property
    def folder(self) -> str:
        """The directory of its lock, unless it was made or captured here."""
        return os.path.dirname(self.file)

    @property
    def stem(self) -> str:
        """The base name of its lock."""
        return os.path.basename(self.file).removesuffix(".nix")


# The fields for `update` and `list`, evaluated without reading a lock file.
_FACTS = """
path: machine: let
  told = import path;
  seed = if builtins.isFunction told then told machine else told;
  lists = part: name: part.${name} or [ ];
  described = part: {
    packages = lists part "packages";
    wheels = lists part "wheels";
    archives = builtins.filter builtins.isString (lists part "archives");
    images = builtins.filter builtins.isString (lists part "images");
    local = map toString (
      builtins.filter builtins.isPath (lists part "archives" ++ lists part "images" ++ lists part "trees")
    );
    without = lists part "without";
    only = lists part "only";
  };
in {
  inherit (seed) description;
  architecture = machine.debian;
  architectures = seed.architectures or (if seed ? architecture then [ seed.architecture ] else [ ]);
  shared = seed ? architectures;
  impure = seed.impure or false;
  made = seed.made or null;
  suite = seed.suite or null;
  pins = seed.pins or null;
} // (if seed.impure or false || !(builtins.elem machine.debian seed.architectures or [ machine.debian ]) then { } else {
  toolchain = described seed.toolchain;
  userland = described seed.userland;
  cxx = described (seed.cxx or { });
})
"""


def seed_names(directory: str) -> list[str]:
    """Return the names of the seeds in a directory."""
    try:
        files = os.listdir(directory)
    except OSError as error:
        raise RequestError(f"cannot read '{directory}': {error.strerror}") from error
    return sorted(file.removesuffix(".nix") for file in files if file.endswith(".nix") and file != "default.nix")


def places(session: Session, request: Request, directory: str | None = None) -> dict[str, Place]:
    """Return all seeds by name: of the expression that `request` names, of `directory`, or the bundled ones."""
    if not request.has_source:
        directory = os.path.abspath(directory or os.path.join(PKGS, "seeds"))
        return {name: Place(name, os.path.join(directory, f"{name}.nix")) for name in seed_names(directory)}
    if directory is not None:
        raise RequestError("--directory says where files of seeds lie; -f and -E give a set that knows that")
    return _of_expression(session, request)


def _of_expression(session: Session, request: Request) -> dict[str, Place]:
    (selected,) = evaluate_request(session, request.with_attributes("seeds")).selected
    evaluator = session.evaluator
    found: dict[str, Place] = {}
    for name in evaluator.attr_names(selected.value):
        seed = evaluator.select(selected.value, name)
        if "source" not in evaluator.attr_names(seed):
            raise RequestError(
                f"the seed '{name}' does not say where it is described",
                hint="seeds that are given to `import <chx> { seeds.NAME = FILE; }` do",
            )
        found[name] = Place(name, os.fsdecode(evaluator.to_raw(evaluator.select(seed, "source"))))
    return found


def place_of(found: dict[str, Place], name: str) -> Place:
    """Return a seed by name. Raises `RequestError` with a suggestion for an unknown name."""
    if name in found:
        return found[name]
    import difflib

    near = difflib.get_close_matches(name, found, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(found))}"
    raise RequestError(f"there is no seed '{name}'", hint=hint)


def facts(session: Session, place: Place, architecture: str | None = None) -> dict[str, Any]:
    """Evaluate the description of a seed for an architecture, by default this machine's.

    Without parts if it is a seed of other architectures. Raises `RequestError` if its file does not exist,
    `UnknownProfile`.
    """
    if not os.path.exists(place.file):
        raise RequestError(f"there is no file '{place.file}'")
    evaluator = session.evaluator
    name = architecture or session.world.current_system.removesuffix("-linux")
    names = profile_names(evaluator)
    if name not in names:
        raise UnknownProfile(name, names)
    profile = os.path.join(PROFILES, f"{name}.nix")
    paths = " ".join(json.dumps(byte_string(path)) for path in (place.file, profile))
    text = f"path: profile: ({_FACTS}) path (import profile)"
    found: dict[str, Any] = to_python(evaluator, evaluator.eval_source(Source("«seed»", f"({text}) {paths}", "/")))
    return found


def is_for_architecture(seed: dict[str, Any]) -> bool:
    """Return whether a described seed runs on the architecture that it was described for."""
    return not seed["architectures"] or seed["architecture"] in seed["architectures"]


def check_architecture(place: Place, seed: dict[str, Any]) -> None:
    """Raise `RequestError` if a described seed is none of the architecture that it was described for."""
    if not is_for_architecture(seed):
        raise RequestError(
            f"the seed '{place.name}' is not one of {seed['architecture']}",
            hint=f"it runs on {', '.join(seed['architectures'])}",
        )


def is_pinned(seed: dict[str, Any]) -> bool:
    """Return whether any file of a described seed is fetched."""
    return any(seed[part][kind] for part in PARTS if part in seed for kind in PINNED if kind in seed[part])


def lock_path(place: Place, seed: dict[str, Any]) -> str:
    """Return the path of a seed's lock; those of captured and made seeds are in the home of the store."""
    if seed["impure"] or seed["made"]:
        return os.path.join(home(), "seeds", f"{place.name}.lock.json")
    suffix = f".{seed['architecture']}" if seed["shared"] else ""
    return os.path.join(place.folder, f"{seed['pins'] or place.stem}{suffix}.lock.json")


def lock_of(place: Place, seed: dict[str, Any]) -> dict[str, Any] | None:
    """Read the lock of a seed; return None if the file does not exist. Raises `RequestError`."""
    path = lock_path(place, seed)
    try:
        with open(path, "rb") as file:
            lock = parse_json(file.read())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RequestError(f"'{path}' is no lock of a seed: {error}", hint=f"`chx seed update {place.name}`") from error
    wrong = _wrong_in(lock)
    if wrong is not None:
        raise RequestError(f"'{path}' is no lock of a seed: {wrong}", hint=f"`chx seed update {place.name}`")
    found: dict[str, Any] = lock
    return found


def _wrong_in(lock: Any) -> str | None:
    """Return the first error in the form of a lock; None if it is well-formed."""
    if not isinstance(lock, dict):
        return "it is no JSON object"
    for name, form in (("files", list), ("compiler", str), ("made", dict)):
        if not isinstance(lock.get(name, form()), form):
            return f"'{name}' is not what it should be"
    if not all(isinstance(lock.get("made", {}).get(name, ""), (str, int)) for name in ("stage", "set", "from")):
        return "'made' is not what it should be"
    for number, file in enumerate(lock.get("files", ())):
        if (
            not isinstance(file, dict)
            or not all(isinstance(file.get(name), str) for name in ("package", "version", "url", "sha256"))
            or type(file.get("size")) is not int
            or file["size"] < 0
        ):
            return f"'files' holds at {number} what is no file with package, version, url, sha256 and size"
    for part in PARTS:
        if part not in lock and part not in HALVES:
            continue
        half = lock.get(part)
        if "files" in lock:
            is_right = isinstance(half, list) and all(isinstance(package, str) for package in half)
        else:
            is_right = (
                isinstance(half, dict)
                and isinstance(half.get("path"), str)
                and all(type(half.get(name)) is int and half[name] >= 0 for name in ("files", "size"))
            )
        if not is_right:
            return f"'{part}' is not what it should be"
    return None


def write_lock(path: str, lock: dict[str, Any]) -> None:
    """Write a lock file atomically."""
    with open(path + ".new", "w") as file:
        json.dump(lock, file, indent=1, sort_keys=True)
        file.write("\n")
    os.replace(path + ".new", path)
