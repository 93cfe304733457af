"""Comparisons of packages of apk as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..progress.format import size
from .files import draw_content
from .page import Page, count, differ, sizes

if TYPE_CHECKING:
    from ...ops.apk.comparing import ApkComparison, FieldChange, Found, PackageDifference, PathChange

PACKAGES_SHOWN: Final = 30
PATHS_SHOWN: Final = 20
_PLAIN: Final = {(), ("text",), ("bytes",)}
"""Classes of differences that are seen anyway."""


def draw_apk(page: Page, found: ApkComparison) -> None:
    """Draw a comparison of two packages or repositories."""
    if found.is_equal:
        page.title(f"{found.before} and {found.after}: {count(found.equal, 'package')}, equal")
        return
    number = len(found.changed) + len(found.removed) + len(found.added)
    page.title(f"{found.before} -> {found.after}: {differ(number, 'package')}, {found.equal} equal")
    for names, show in ((found.removed, page.removed), (found.added, page.added)):
        shown = page.limit(len(names), PACKAGES_SHOWN)
        for name in names[:shown]:
            show(name)
        if shown < len(names):
            page.more(len(names) - shown, 1, "packages")
    shown = page.limit(len(found.changed), PACKAGES_SHOWN)
    for difference in found.changed[:shown]:
        _draw_package(page, difference)
    if shown < len(found.changed):
        page.more(len(found.changed) - shown, 1, "packages")


def _draw_package(page: Page, found: PackageDifference) -> None:
    versions = found.version_after
    if found.version_before != found.version_after:
        versions = f"{found.version_before} -> {found.version_after}"
    page.changed(f"{found.label} {versions}")
    if not found.fields and not found.paths:
        page.line("only the encoding of the metadata differs, and with it the identity", 2)
    for field in found.fields:
        if field.name != "version":
            _draw_field(page, field)
    shown = page.limit(len(found.paths), PATHS_SHOWN)
    for change in found.paths[:shown]:
        _draw_path(page, change)
    if shown < len(found.paths):
        page.more(len(found.paths) - shown, 2, "paths")
    for content in found.contents:
        more = "" if content.classes in _PLAIN else f" ({', '.join(content.classes)})"
        draw_content(page, content.path + more, content.content, 2)
    if found.skipped:
        page.more(found.skipped, 2, "files whose content differs")


def _draw_field(page: Page, field: FieldChange) -> None:
    before, after = field.before, field.after
    if field.name.startswith("script "):
        page.changed(f"{field.name}:" if before and after else f"{field.name}: {'added' if after else 'removed'}", 2)
        page.diff(field.lines or (), 3)
        return
    if len(before) > 1 or len(after) > 1:
        changes = [
            *(f"-{one}" for one in before if one not in after),
            *(f"+{one}" for one in after if one not in before),
        ]
        page.changed(f"{field.name}: {' '.join(changes)}", 2)
        return
    page.changed(f"{field.name}: {''.join(before) or '(none)'} -> {''.join(after) or '(none)'}", 2)


def _draw_path(page: Page, change: PathChange) -> None:
    path, before, after = change.path or "(the root)", change.before, change.after
    if before is None and after is not None:
        page.added(f"{path} ({_found(after)})", 2)
    elif after is None and before is not None:
        page.removed(f"{path} ({_found(before)})", 2)
    elif before is not None and after is not None:
        page.changed(f"{path}: {', '.join(_alteration(aspect, before, after) for aspect in change.aspects)}", 2)


def _found(found: Found) -> str:
    more = (
        f" to {found.target}" if found.target is not None else f", {size(found.size)}" if found.type == "file" else ""
    )
    return f"{found.type}{more}, {found.mode:04o} {found.owner}"


def _alteration(aspect: str, before: Found, after: Found) -> str:
    match aspect:
        case "kind":
            return f"{before.type} -> {after.type}"
        case "content":
            digests = f"sha256 {(before.sha256 or '')[:12]}... -> {(after.sha256 or '')[:12]}..."
            return f"{sizes(before.size, after.size)}, {digests}"
        case "mode":
            return f"mode {before.mode:04o} -> {after.mode:04o}"
        case "owner":
            return f"owner {before.owner} -> {after.owner}"
        case "target":
            return f"target {before.target} -> {after.target}"
        case "device":
            return f"device {before.device:#x} -> {after.device:#x}"
        case "time":
            return f"time {before.time} -> {after.time}"
        case _:
            return "other extended attributes"
