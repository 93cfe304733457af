"""Messages about bubblewrap, and the adoption of the bundled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import __file__ as here
from .. import __version__
from ..builder import OWN, BuildError, adoptable, claim_age_warning, find_bubblewrap
from ..native import is_compiled
from .progress.format import age, say

if TYPE_CHECKING:
    from ..ops.building import Built
    from ..store import Store, StorePath

_ATTRIBUTES = ("bubblewrap", "tiny.bubblewrap")


def tell_age(home: str) -> None:
    """Warn once for each home that an old bubblewrap is used."""
    old = claim_age_warning(home)
    if old is not None:
        say(age(old))


def adopt(store: Store, built: Built, quiet: bool = False) -> list[tuple[str, str]]:
    """Use the bundled bubblewrap from now on if it was built; return the link and its text.

    A package of another set is not used, whatever its name: sandboxes depend on it.
    """
    if not built.is_bundled:
        return []
    for target in built.targets:
        path = built.outputs.get((target.derivation, "out"))
        if target.attribute in _ATTRIBUTES and path is not None:
            return _adopted(store, path, quiet)
    return []


def _adopted(store: Store, path: StorePath, quiet: bool) -> list[tuple[str, str]]:
    import os

    link, tree = f"{store.home}/{OWN}", store.physical(path)
    bubblewrap = adoptable(tree)
    if bubblewrap is None:
        say(f"{path} is not used for sandboxes: it does not run here")
        return []
    if not os.path.islink(link) or os.path.realpath(link) != os.path.realpath(tree):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        store.add_root(link, path)
        if not quiet:
            say(f"sandboxes are made with {path} from now on; remove {link} to go back")
    return [(link, os.readlink(link))]


def version() -> str:
    """Return the lines of `chx --version`."""
    import os
    import sys

    from ..signatures import home

    place = os.path.dirname(os.path.realpath(here or ""))
    number = ".".join(map(str, sys.version_info[:3]))
    try:
        chosen = find_bubblewrap(home())
    except BuildError as error:
        bubblewrap = f"bubblewrap: none; {(error.hint or error.message).partition(chr(10))[0]}"
    except OSError as error:
        bubblewrap = f"bubblewrap: unknown, no program can be started: {error.strerror}"
    else:
        note = "\n  older than 0.12; `chx build bubblewrap` makes a newer one" if chosen.is_old else ""
        bubblewrap = f"{chosen.name} ({chosen.path}){note}"
    python = f"{sys.implementation.name if sys.implementation.name != 'cpython' else 'python'} {number}"
    runtime = "compiled" if is_compiled else "pure Python"
    return f"chx {__version__} ({place})\n{python} ({sys.executable or 'unknown'}), {runtime} runtime\n{bubblewrap}\n"
