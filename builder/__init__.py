"""The builder: from derivations to outputs.

`plan` decides, `Builder` executes, a `Reporter` is notified. Terms: to *resolve* is to replace inputs that are
derivations by the store paths of their outputs; a *step* is a derivation to realise, its *lane* the resource that it
waits for; a *composed root* is the merged `rootfs`; *early cutoff* skips a step that turns out to be unnecessary; a
*forecast* estimates durations.

Names are imported on first use: most commands build nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apparmor import apparmor_profile
    from .bubblewrap import OWN, Bubblewrap, adoptable, claim_age_warning, find_bubblewrap
    from .builder import Builder
    from .builtin.git import beside
    from .builtin.pypi import parse_wheel, pip_command
    from .bwrap import enter, explain_refusal, try_sandbox
    from .compose import compose_root, prune_roots
    from .configuration import setting, tables
    from .container import (
        SCRIPT,
        ContainerOptions,
        build_environment,
        open_container,
        shell_of,
        with_binds,
        with_network,
    )
    from .diagnosis import NOEXEC, Facts, read_facts
    from .errors import BadConfiguration, BuilderFailed, BuildError, Cancelled, SandboxRefused, SeveralFailures
    from .fixed import hash_content, sri
    from .forecast import expected, remaining
    from .log import find_log, follow_log, open_log
    from .options import BuildOptions
    from .planning import Lane, Plan, Recollection, Step, lane_of, plan, recall
    from .prefetch import SOURCE, Fetched, FetchedFile, prefetch_file, prefetch_tree, prefetched_history, tree_source
    from .prune import prune_locks, prune_logs
    from .reporter import Reporter, Silence
    from .reproducibility import ReproducibilityCheck, Verdict
    from .resolution import resolve
    from .sandbox import Bind, Limits, SandboxSpec, bwrap_arguments
    from .substitution import Substituter
    from .variation import USUAL, VARIATIONS

__all__ = [
    "NOEXEC",
    "OWN",
    "SCRIPT",
    "SOURCE",
    "USUAL",
    "VARIATIONS",
    "BadConfiguration",
    "Bind",
    "Bubblewrap",
    "BuildError",
    "BuildOptions",
    "Builder",
    "BuilderFailed",
    "Cancelled",
    "ContainerOptions",
    "Facts",
    "Fetched",
    "FetchedFile",
    "Lane",
    "Limits",
    "Plan",
    "Recollection",
    "Reporter",
    "ReproducibilityCheck",
    "SandboxRefused",
    "SandboxSpec",
    "SeveralFailures",
    "Silence",
    "Step",
    "Substituter",
    "Verdict",
    "adoptable",
    "apparmor_profile",
    "beside",
    "build_environment",
    "bwrap_arguments",
    "claim_age_warning",
    "compose_root",
    "enter",
    "expected",
    "explain_refusal",
    "find_bubblewrap",
    "find_log",
    "follow_log",
    "hash_content",
    "lane_of",
    "open_container",
    "open_log",
    "parse_wheel",
    "pip_command",
    "plan",
    "prefetch_file",
    "prefetch_tree",
    "prefetched_history",
    "prune_locks",
    "prune_logs",
    "prune_roots",
    "read_facts",
    "recall",
    "remaining",
    "resolve",
    "setting",
    "shell_of",
    "sri",
    "tables",
    "tree_source",
    "try_sandbox",
    "with_binds",
    "with_network",
]

_HOMES = {
    "beside": "builtin.git",
    "BadConfiguration": "errors",
    "Bind": "sandbox",
    "Bubblewrap": "bubblewrap",
    "OWN": "bubblewrap",
    "adoptable": "bubblewrap",
    "find_bubblewrap": "bubblewrap",
    "claim_age_warning": "bubblewrap",
    "BuildError": "errors",
    "BuilderFailed": "errors",
    "BuildOptions": "options",
    "Builder": "builder",
    "Cancelled": "errors",
    "Fetched": "prefetch",
    "FetchedFile": "prefetch",
    "Lane": "planning",
    "lane_of": "planning",
    "Limits": "sandbox",
    "Plan": "planning",
    "Recollection": "planning",
    "Reporter": "reporter",
    "SCRIPT": "container",
    "SOURCE": "prefetch",
    "SandboxSpec": "sandbox",
    "SeveralFailures": "errors",
    "Silence": "reporter",
    "Step": "planning",
    "Substituter": "substitution",
    "ReproducibilityCheck": "reproducibility",
    "USUAL": "variation",
    "VARIATIONS": "variation",
    "Verdict": "reproducibility",
    "ContainerOptions": "container",
    "bwrap_arguments": "sandbox",
    "compose_root": "compose",
    "enter": "bwrap",
    "explain_refusal": "bwrap",
    "try_sandbox": "bwrap",
    "apparmor_profile": "apparmor",
    "read_facts": "diagnosis",
    "Facts": "diagnosis",
    "NOEXEC": "diagnosis",
    "SandboxRefused": "errors",
    "expected": "forecast",
    "find_log": "log",
    "follow_log": "log",
    "hash_content": "fixed",
    "open_log": "log",
    "parse_wheel": "builtin.pypi",
    "pip_command": "builtin.pypi",
    "plan": "planning",
    "prefetch_file": "prefetch",
    "prefetch_tree": "prefetch",
    "prefetched_history": "prefetch",
    "prune_locks": "prune",
    "prune_logs": "prune",
    "prune_roots": "compose",
    "recall": "planning",
    "build_environment": "container",
    "remaining": "forecast",
    "resolve": "resolution",
    "setting": "configuration",
    "shell_of": "container",
    "sri": "fixed",
    "tables": "configuration",
    "tree_source": "prefetch",
    "open_container": "container",
    "with_binds": "container",
    "with_network": "container",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
