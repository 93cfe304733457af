"""Lints: what is wrong with the outputs of a package although its build went well.

`inspect` reads the outputs of one package and gives findings; nothing is built or printed. Words: a *subject* is
a package with its outputs and what it says of itself; a *finding* is one thing wrong in one place; a lint is
*waived* by a package that says why.
"""

from .finding import Finding, Lint, Severity
from .inspection import inspect
from .registry import LINTS, lint_called
from .subject import Output, Subject, Target

__all__ = ["LINTS", "Finding", "Lint", "Output", "Severity", "Subject", "Target", "inspect", "lint_called"]
