"""Options of a build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..store.derivation import FixedOutput
    from .engine import Engine
    from .remote_options import RemoteOptions

MAX_DOWNLOAD: Final = 16 << 30
"""More bytes than any source has: the limit for endless downloads."""


def _unknown(fixed: FixedOutput) -> None:
    return None


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Options of a build.

    `jobs`: sandboxes at once (0: one per processor). `cores`: the value of NIX_BUILD_CORES (0: processors divided among
    the running jobs). `fetches`: downloads at once, beside the jobs. `keep_going`: after a failure, go on with steps
    that do not depend on it. `keep_failed`: keep the build directory of a failed build. `timeout_seconds`,
    `silence_seconds`, `max_log_bytes`, `max_processes`, `max_memory_bytes` (of all processes of a build together),
    `max_output_bytes` (of all outputs of a build together), `max_download_bytes` (of a file whose derivation declares
    no size): 0 means no limit. `rebuild`: build the targets even if the trace knows them, and record the results.
    `extra_systems`: systems beside the machine's own. `offline`: fetch nothing. `caches`: directories and URLs to
    substitute outputs from, if at least `signatures` builders of `trusted_keys` have signed for them. `variations`:
    names of the variations of sandboxes of rebuilt targets. `known_size`: returns the size in bytes of a file whose
    derivation declares none, if known elsewhere; `archive_time`: a time at which Debian's archive had it, if it is a file of it.
    `remote`: where else to build; `engine` carries that out, once there is one.
    """

    jobs: int = 0
    cores: int = 0
    fetches: int = 8
    keep_going: bool = False
    keep_failed: bool = False
    timeout_seconds: float = 0
    silence_seconds: float = 0
    max_log_bytes: int = 0
    max_processes: int = 0
    max_memory_bytes: int = 0
    max_output_bytes: int = 0
    max_download_bytes: int = MAX_DOWNLOAD
    rebuild: bool = False
    extra_systems: tuple[str, ...] = ()
    offline: bool = False
    caches: tuple[str, ...] = ()
    trusted_keys: tuple[str, ...] = ()
    signatures: int = 1
    variations: tuple[str, ...] = ()
    known_size: Callable[[FixedOutput], int | None] = _unknown
    archive_time: Callable[[FixedOutput], str | None] = _unknown
    remote: RemoteOptions | None = None
    engine: Engine | None = None
