"""The metadata of a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import Subject


def licence(subject: Subject) -> Iterator[Remark]:
    """Find packages without a licence."""
    if subject.problem is None and not subject.meta.get("license"):
        yield Remark("", "", "it has no `meta.license`")


def meta(subject: Subject) -> Iterator[Remark]:
    """Find packages with wrong metadata."""
    if subject.problem is not None:
        yield Remark("", "", subject.problem)
