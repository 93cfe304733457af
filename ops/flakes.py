"""Outputs of flakes as words: `.#hello`, `path/to#lib.version`, `git+https://HOST/REPOSITORY#hello`, `.#`.

Of a path without a scheme the flake is in the nearest directory upwards that has a `flake.nix`. If that is in the working tree
of a Git repository, the flake is the repository: what Git tracks, as it is now. Otherwise it is the directory.
"""

from __future__ import annotations

from .errors import RequestError
from .paths import absolute, is_there
from .sources import byte_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from ..evaluator import Value
    from .session import Session

FEATURE: Final = "flakes"
_PREFIXES: Final = ("packages", "legacyPackages")
_DEFAULTS: Final = ("packages.{system}.default", "defaultPackage.{system}")


def flake_named(session: Session, word: str) -> Value:
    """Return the value of the flake that a word names. Raises `RequestError` if flakes are not enabled or there is none, and `EvalError`."""
    folder, _, path = word.partition("#")
    if FEATURE not in session.features and not _is_enabled(session):
        raise RequestError(
            f"'{word}' names an output of a flake, and flakes are not enabled",
            hint=f"--extra-experimental-features flakes enables them, and `flakes = true` below [evaluation] in chx.toml; "
            f"an expression is built with -f {folder or '.'}{' -A ' + path if path else ''}",
        )
    session.enable(FEATURE)
    return session.evaluator.eval_flake(_reference(session, folder or "."))


def _is_enabled(session: Session) -> bool:
    from ..builder import setting

    place = absolute(".")
    while place:
        session.world.see(f"{place}/chx.toml")
        place = place.rpartition("/")[0]
    return setting("evaluation", FEATURE, bool) is True


def _reference(session: Session, word: str) -> Mapping[str, str | int | bool]:
    """Return the attributes of the reference of a flake, as byte strings."""
    if not word.startswith((".", "/")) and not is_there(word):
        return session.evaluator.parse_reference(byte_string(word))
    start = place = absolute(word)
    while not is_there(f"{place}/flake.nix"):
        session.world.see(f"{place}/flake.nix")
        if is_there(f"{place}/.git") or not place:
            raise RequestError(f"there is no flake.nix in '{start}', nor in a directory above it")
        place = place.rpartition("/")[0]
    root = place
    while root and not is_there(f"{root}/.git"):
        session.world.see(f"{root}/.git")
        root = root.rpartition("/")[0]
    if not root:
        return {"type": "path", "path": byte_string(place)}
    found = {"type": "git", "url": byte_string(root)}
    if root != place:
        found["dir"] = byte_string(place[len(root) + 1 :])
    return found


def select_output(session: Session, root: Value, word: str) -> Value:
    """Return the output that a word names: of this system's packages, or of all outputs. Raises `EvalError`."""
    from ..evaluator.errors import MissingAttributePath

    evaluator = session.evaluator
    system = evaluator.current_system
    path = word.partition("#")[2]
    paths = [f"{prefix}.{system}.{path}" for prefix in _PREFIXES] + [path]
    if not path:
        paths = [default.format(system=system) for default in _DEFAULTS]
    for one in paths:
        try:
            return evaluator.select_attr_path(root, byte_string(one), {})
        except MissingAttributePath:
            continue
    shown = [f"'{one}'" for one in paths]
    raise RequestError(
        f"flake '{word.partition('#')[0] or '.'}' does not provide attribute {', '.join(shown[:-1])} or {shown[-1]}"
    )
