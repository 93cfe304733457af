"""The window for engines: what describes a build, so that it can be carried out elsewhere."""

from __future__ import annotations

from .compose import additions
from .engine import Engine, EngineUnavailable, Job, Ran
from .environment import build_environment
from .errors import BuildError, OutputLimitExceeded, StoreRefused, shown
from .inputs import preferred_inputs, rootfs_inputs
from .merge import Merged, Source, merge
from .process import Outcome
from .procfiles import Facts, proc_files
from .remote_options import EndpointOptions, RemoteOptions
from .sandbox import BUILD_DIRECTORY, FIRST_PROCESS, Bind, Limits, Link, SandboxSpec, bwrap_arguments
from .seccomp import seccomp_filter

__all__ = [
    "BUILD_DIRECTORY",
    "FIRST_PROCESS",
    "Bind",
    "BuildError",
    "EndpointOptions",
    "Engine",
    "EngineUnavailable",
    "Facts",
    "Job",
    "Limits",
    "Link",
    "Merged",
    "Outcome",
    "OutputLimitExceeded",
    "Ran",
    "RemoteOptions",
    "SandboxSpec",
    "Source",
    "StoreRefused",
    "additions",
    "build_environment",
    "bwrap_arguments",
    "merge",
    "preferred_inputs",
    "proc_files",
    "rootfs_inputs",
    "seccomp_filter",
    "shown",
]
