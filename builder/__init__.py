"""The builder: from derivations to outputs.

`plan` decides, `Builder` carries out, a `Reporter` is told. Words: to *resolve* is to replace inputs that
are derivations by the store paths they turned out to be; a *step* is a derivation that has to be
realised, a *lane* is what it waits for; a *composed root* is what `rootfs` merges to; *early cutoff* is a
step that proves needless while others are carried out.

Everything is imported when it is used first: most commands build nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .builder import Builder
    from .builtin.pypi import parse_wheel, pip_command
    from .compose import compose_root, prune_roots
    from .configuration import setting
    from .errors import BuildError, Cancelled, SeveralFailures
    from .fixed import hash_content, sri
    from .leftovers import prune_locks, prune_logs
    from .log import find_log, open_log
    from .options import BuildOptions
    from .plan import Lane, Plan, Recollection, Step, plan, recall
    from .reporter import Reporter, Silence
    from .resolve import resolve
    from .sandbox import Bind, Limits, SandboxSpec, bwrap_arguments
    from .substitution import Substituter

__all__ = [
    "Bind",
    "BuildError",
    "BuildOptions",
    "Builder",
    "Cancelled",
    "Lane",
    "Limits",
    "Plan",
    "Recollection",
    "Reporter",
    "SandboxSpec",
    "SeveralFailures",
    "Silence",
    "Step",
    "Substituter",
    "bwrap_arguments",
    "compose_root",
    "find_log",
    "hash_content",
    "open_log",
    "parse_wheel",
    "pip_command",
    "plan",
    "prune_locks",
    "prune_logs",
    "prune_roots",
    "recall",
    "resolve",
    "setting",
    "sri",
]

_HOMES = {
    "Bind": "sandbox",
    "BuildError": "errors",
    "BuildOptions": "options",
    "Builder": "builder",
    "Cancelled": "errors",
    "Lane": "plan",
    "Limits": "sandbox",
    "Plan": "plan",
    "Recollection": "plan",
    "Reporter": "reporter",
    "SandboxSpec": "sandbox",
    "SeveralFailures": "errors",
    "Silence": "reporter",
    "Step": "plan",
    "Substituter": "substitution",
    "bwrap_arguments": "sandbox",
    "compose_root": "compose",
    "find_log": "log",
    "hash_content": "fixed",
    "open_log": "log",
    "parse_wheel": "builtin.pypi",
    "pip_command": "builtin.pypi",
    "plan": "plan",
    "prune_locks": "leftovers",
    "prune_logs": "leftovers",
    "prune_roots": "compose",
    "recall": "plan",
    "resolve": "resolve",
    "setting": "configuration",
    "sri": "fixed",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    # Kept, because importing the module `plan` has just put the module in the place of the function.
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
