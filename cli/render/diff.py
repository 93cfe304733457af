"""Comparisons as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...ops.diff.comparison import LEVELS
from ...ops.diff.subject import Collection, PackageSubject
from ...store.difference import without_parents
from ..progress.format import size
from .attributes import draw_own, summary
from .files import draw_contents, draw_files
from .page import Page, count, differ, growth, sizes

if TYPE_CHECKING:
    from ...ops.diff.comparison import Comparison, LockChange, MemberChange, ObjectReport
    from ...store.difference import Cause, ClosureDifference, PackageChange

CAUSES_SHOWN: Final = 12
PACKAGES_SHOWN: Final = 30


def draw(page: Page, comparison: Comparison) -> None:
    """Draw a comparison."""
    _draw_head(page, comparison)
    if comparison.inputs is not None:
        _draw_inputs(page, comparison)
    if comparison.closure is not None:
        draw_closure(page, comparison.closure)
    if comparison.members is not None:
        _draw_members(page, comparison)
    if comparison.lock is not None:
        _draw_lock(page, comparison)
    _draw_objects(page, comparison)
    _draw_not_built(page, comparison)


def _draw_head(page: Page, comparison: Comparison) -> None:
    before, after = comparison.before, comparison.after
    if comparison.is_equal:
        page.title(f"{before.text} and {after.text}: {_equality(comparison)}")
    else:
        page.title(f"{before.text} -> {after.text}")
    if isinstance(before, PackageSubject) and isinstance(after, PackageSubject):
        common = set(before.outputs.values()) & set(after.outputs.values())
        for thing, show in ((before, page.removed), (after, page.added)):
            for path in thing.outputs.values():
                if path not in common:
                    show(str(path))
        for path in sorted(common):
            page.line(str(path))
    for note in comparison.notes:
        page.dim(note)


def _equality(comparison: Comparison) -> str:
    before, after = comparison.before, comparison.after
    if isinstance(before, PackageSubject) and isinstance(after, PackageSubject):
        if before.outputs == after.outputs and before.derivation == after.derivation:
            return "they are the same"
        if len(comparison.levels) == len(LEVELS):
            return "the outputs are equal"
        return f"no difference in {', '.join(comparison.levels)}"
    return "the sets are equal" if isinstance(before, Collection) else "the lock files are equal"


def _draw_inputs(page: Page, comparison: Comparison) -> None:
    assert comparison.inputs is not None
    found = comparison.inputs
    effective = found.effective
    idle = [cause for cause in found.causes if not cause.has_effect]
    if not found.causes:
        page.title("inputs: no difference" if not found.compared else "inputs: nothing differs but their hashes")
        return
    page.title(f"inputs: {count(len(effective), 'root cause')}")
    sources = {source.change: source.report for source in comparison.sources}
    shown = page.limit(len(effective), CAUSES_SHOWN)
    for cause in effective[:shown]:
        page.strong(chain(cause))
        draw_own(page, cause.own, 2, sources)
    if shown < len(effective):
        page.more(len(effective) - shown, 1, "causes")
    if idle:
        page.dim("without effect, because an output on the way is the same on both sides:")
        shown = page.limit(len(idle), CAUSES_SHOWN // 2)
        for cause in idle[:shown]:
            page.dim(f"{chain(cause)}: {_brief(cause)}", 2)
        if shown < len(idle):
            page.more(len(idle) - shown, 2)


def chain(cause: Cause) -> str:
    """Return the chain of names from the top to the cause."""
    return " > ".join(cause.chain)


def _brief(cause: Cause) -> str:
    return summary(cause.own)


def draw_closure(page: Page, found: ClosureDifference) -> None:
    """Draw the packages that differ."""
    total = sizes(found.size_before, found.size_after)
    if not found.changes:
        page.title(f"closure: no difference ({count(found.equal, 'object')}, {size(found.size_after)})")
        return
    page.title(f"closure: {differ(len(found.changes), 'package')}, {found.equal} equal; {total}")
    shown = page.limit(len(found.changes), PACKAGES_SHOWN)
    for change in found.changes[:shown]:
        _draw_package(page, change)
    if shown < len(found.changes):
        page.more(len(found.changes) - shown, 1, "packages")


def _draw_package(page: Page, change: PackageChange) -> None:
    before, after = change.before, change.after
    if before is None and after is not None:
        page.added(f"{_versioned(change.label, after.version)} ({size(after.size)})")
    elif after is None and before is not None:
        page.removed(f"{_versioned(change.label, before.version)} ({size(before.size)})")
    elif before is not None and after is not None:
        version = _versions(before.version, after.version)
        page.changed(f"{change.label}{version}: {sizes(before.size, after.size)}")


def _versioned(name: str, version: str | None) -> str:
    return f"{name} {version}" if version else name


def _versions(before: str | None, after: str | None) -> str:
    if before == after:
        return f" {before}" if before else ""
    return f" {before or '(none)'} -> {after or '(none)'}"


def _draw_members(page: Page, comparison: Comparison) -> None:
    found = comparison.members
    assert found is not None
    page.title(f"members: {len(found.equal)} =, {len(found.changes)} not")
    if found.equal:
        names = " ".join(found.equal)
        page.dim(f"= {names if page.is_full or len(names) < 300 else names[:296] + ' ...'}")
    shown = page.limit(len(found.changes), PACKAGES_SHOWN)
    for change in found.changes[:shown]:
        _draw_member(page, change)
    if shown < len(found.changes):
        page.more(len(found.changes) - shown, 1, "members")


def _draw_member(page: Page, change: MemberChange) -> None:
    before, after = change.size_before, change.size_after
    match change.verdict:
        case "added":
            page.added(f"{_versioned(change.name, change.version_after)}{_parenthesised(after)}")
        case "removed":
            page.removed(f"{_versioned(change.name, change.version_before)}{_parenthesised(before)}")
        case "not built":
            page.line(f"? {change.name}{_versions(change.version_before, change.version_after)}: not built yet")
        case "differs":
            change_of_size = f": {sizes(before, after)}" if before is not None and after is not None else ""
            page.changed(f"{change.name}{_versions(change.version_before, change.version_after)}{change_of_size}")


def _parenthesised(count: int | None) -> str:
    return "" if count is None else f" ({size(count)})"


def _draw_lock(page: Page, comparison: Comparison) -> None:
    found = comparison.lock
    assert found is not None
    page.title(f"packages: {found.equal} =, {len(found.changes)} not")
    shown = page.limit(len(found.changes), PACKAGES_SHOWN)
    for change in found.changes[:shown]:
        _draw_locked(page, change)
    if shown < len(found.changes):
        page.more(len(found.changes) - shown, 1, "packages")


def _draw_locked(page: Page, change: LockChange) -> None:
    before, after = change.before, change.after
    if before is None and after is not None:
        page.added(f"{after.package} {after.version}")
    elif after is None and before is not None:
        page.removed(f"{before.package} {before.version}")
    elif before is not None and after is not None:
        sources = []
        if before.version == after.version:
            if before.sha256 != after.sha256:
                sources.append(
                    f"another file under the same version: sha256 {before.sha256[:12]}... -> {after.sha256[:12]}..."
                )
            if before.url != after.url:
                sources.append(f"{before.url} -> {after.url}")
        page.changed(
            f"{before.package}{_versions(before.version, after.version)}{': ' if sources else ''}{'; '.join(sources)}"
        )


def _draw_objects(page: Page, comparison: Comparison) -> None:
    if "files" in comparison.levels and comparison.objects:
        total = sum(len(without_parents(report.difference.files)) for report in comparison.objects)
        page.title(f"files: {differ(total, 'path')}")
        for report in comparison.objects:
            depth = _draw_label(page, report, comparison)
            draw_files(page, report.difference.files, depth)
    if "bytes" in comparison.levels and any(report.contents or report.skipped for report in comparison.objects):
        total = sum(len(report.difference.contents) for report in comparison.objects)
        page.title(f"bytes: the content of {count(total, 'file')} differs")
        for report in comparison.objects:
            if report.contents or report.skipped:
                depth = _draw_label(page, report, comparison)
                draw_contents(page, report, depth)


def _draw_label(page: Page, report: ObjectReport, comparison: Comparison) -> int:
    """Draw the name of the object if there are several; return the depth of what follows."""
    if len(comparison.objects) == 1 and isinstance(comparison.before, PackageSubject):
        return 1
    difference = report.difference
    change = difference.size_after - difference.size_before
    change_of_size = f", {growth(change)}" if change else ""
    page.strong(f"{report.label} ({count(len(without_parents(difference.files)), 'path')}{change_of_size})")
    return 2


def _draw_not_built(page: Page, comparison: Comparison) -> None:
    if not comparison.not_built:
        return
    page.title("not built yet, so not compared further:")
    shown = page.limit(len(comparison.not_built), 6)
    for item in comparison.not_built[:shown]:
        page.line(f"{item.side} ({', '.join(item.outputs)}): {item.derivation}")
    if shown < len(comparison.not_built):
        page.more(len(comparison.not_built) - shown, 1)
    page.dim("chx build makes what is missing")
