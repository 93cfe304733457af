"""Lints: faults in the outputs of a package that built successfully.

`inspect` reads the outputs of one package and returns findings; nothing is built or printed. Terms: a *subject* is a
package with its outputs and its metadata; a *finding* is one fault at one path; a package *waives* a lint by giving a
reason.
"""

from .finding import Finding, Lint, Severity
from .inspection import inspect
from .registry import LINTS, lint_called
from .subject import Declared, Output, Subject, Target

__all__ = [
    "LINTS",
    "Declared",
    "Finding",
    "Lint",
    "Output",
    "Severity",
    "Subject",
    "Target",
    "inspect",
    "lint_called",
]
