"""What a package says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import Subject


def licence(subject: Subject) -> Iterator[Remark]:
    """Packages that do not say under which licence they are."""
    if subject.problem is None and not subject.meta.get("license"):
        yield Remark("", "", "it has no `meta.license`")


def meta(subject: Subject) -> Iterator[Remark]:
    """Packages whose account of themselves is wrong."""
    if subject.problem is not None:
        yield Remark("", "", subject.problem)
