"""Apply all lints to one package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .finding import Finding
from .registry import IDLE_WAIVER, LINTS, UNKNOWN_WAIVER, lint_called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import Subject


def inspect(subject: Subject) -> list[Finding]:
    """Return the findings of a package: by lint in the order of their table, then by output and path.

    Each file is read once. Raises OSError if an output cannot be read.
    """
    found = [*_of_trees(subject), *_of_files(subject)]
    found += _of_waivers(subject, {finding.lint for finding in found})
    order = {lint.name: number for number, lint in enumerate(LINTS)}
    return sorted(found, key=lambda finding: (order[finding.lint], finding.output, finding.path))


def _of_trees(subject: Subject) -> Iterator[Finding]:
    for lint in LINTS:
        if lint.tree is not None:
            for remark in lint.tree(subject):
                yield _finding(subject, lint.name, *remark)


def _of_files(subject: Subject) -> Iterator[Finding]:
    checks = [(lint.name, lint.file) for lint in LINTS if lint.file is not None]
    for file in subject.files():
        for name, check in checks:
            for message in check(subject, file):
                yield _finding(subject, name, file.output.name, file.entry.path, message)


def _of_waivers(subject: Subject, tripped: set[str]) -> Iterator[Finding]:
    for name in subject.waived:
        if lint_called(name) is None:
            yield _finding(subject, UNKNOWN_WAIVER, "", "", f"there is no lint '{name}' to waive")
        elif name not in tripped:
            yield _finding(subject, IDLE_WAIVER, "", "", f"'{name}' finds nothing that could be waived")


def _finding(subject: Subject, name: str, output: str, path: str, message: str) -> Finding:
    lint = lint_called(name)
    assert lint is not None
    return Finding(name, lint.severity, output, path, message, subject.waived.get(name))
