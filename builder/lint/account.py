"""The metadata of a package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import Subject


_GNU: Final = "GNU"
_OF_GNU: Final = (".gnu.org", "/gnu.org")


def licence(subject: Subject) -> Iterator[Remark]:
    """Find packages without a licence."""
    if subject.problem is None and not subject.meta.get("license"):
        yield Remark("", "", "it has no `meta.license`")


def meta(subject: Subject) -> Iterator[Remark]:
    """Find packages with wrong metadata."""
    if subject.problem is not None:
        yield Remark("", "", subject.problem)


def origin(subject: Subject) -> Iterator[Remark]:
    """Find packages of the base without an origin, and packages of GNU that say that they are none."""
    if subject.problem is not None:
        return
    said = subject.meta.get("origin")
    host = "/".join(str(subject.meta.get("homepage", "")).split("/")[:3])
    if host.endswith(_OF_GNU) and said != _GNU:
        yield Remark("", "", f"its home page is at gnu.org, and its `meta.origin` is {said or 'missing'}")
    elif subject.in_base and said is None:
        yield Remark("", "", "it is in the base, and has no `meta.origin`")


def gnu_in_base(subject: Subject) -> Iterator[Remark]:
    """Find packages of the base that break its rule."""
    for breach in subject.breaches:
        yield Remark("", "", breach)
