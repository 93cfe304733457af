"""What chx does, for Python: values in, values out (docs/python.md).

Nothing in this room reads a command line, prints, or ends the process. Each name is imported on first use.
"""

from __future__ import annotations

from .. import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..builder import BuildError, BuildOptions
    from ..evaluator import EvalError
    from ..lang import LangError
    from ..store import StoreError, StorePath
    from .building import Built, build, link_results
    from .collection import collect, configured_policy
    from .containers import ContainerRoot, prepare_root
    from .errors import RequestError
    from .failure import Failure
    from .instantiation import Instantiated, instantiate
    from .lock import LockError
    from .mirroring import Mirrored, mirror
    from .outcomes import Outcome, differing, outcomes_of
    from .previewing import Preview, preview
    from .references import files_with_reference, reference_chains
    from .reporter import Forwarding, Reporter, Silence
    from .reproduction import Reproduced, reproduce
    from .request import Request
    from .session import Session
    from .targets import Target
    from .values import evaluate
    from .verification import Verified, verify

_ORIGINS = {
    "..builder": "BuildError BuildOptions",
    "..evaluator": "EvalError",
    "..lang": "LangError",
    "..store": "StoreError StorePath",
    ".request": "Request",
    ".session": "Session",
    ".targets": "Target",
    ".reporter": "Forwarding Reporter Silence",
    ".values": "evaluate",
    ".instantiation": "Instantiated instantiate",
    ".building": "Built build link_results",
    ".containers": "ContainerRoot prepare_root",
    ".outcomes": "Outcome differing outcomes_of",
    ".previewing": "Preview preview",
    ".references": "files_with_reference reference_chains",
    ".collection": "collect configured_policy",
    ".reproduction": "Reproduced reproduce",
    ".verification": "Verified verify",
    ".failure": "Failure",
    ".errors": "RequestError",
    ".lock": "LockError",
    ".mirroring": "Mirrored mirror",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "BuildError",
    "BuildOptions",
    "Built",
    "ContainerRoot",
    "EvalError",
    "Failure",
    "Forwarding",
    "Instantiated",
    "LangError",
    "LockError",
    "Mirrored",
    "Outcome",
    "Preview",
    "Reporter",
    "Reproduced",
    "Request",
    "RequestError",
    "Session",
    "Silence",
    "StoreError",
    "StorePath",
    "Target",
    "Verified",
    "build",
    "collect",
    "configured_policy",
    "differing",
    "evaluate",
    "files_with_reference",
    "instantiate",
    "link_results",
    "mirror",
    "outcomes_of",
    "prepare_root",
    "preview",
    "reference_chains",
    "reproduce",
    "verify",
]
