"""Reasons for rebuilds, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...ops.text import title
from .attributes import draw_own, summary
from .page import Page, count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...ops.diff.rebuild import Reason, Rebuild, Verdict
    from ...store import StorePath

SHOWN: Final = 15


def draw_rebuild(page: Page, found: Rebuild) -> None:
    """Draw root causes first, then their consequences."""
    if not found.reasons:
        _draw_no_rebuild(page, found)
        return
    by_path = {reason.derivation: reason for reason in found.reasons}
    for target in found.targets:
        reason = by_path.get(target)
        if reason is None:
            page.title(f"{title(target)} would not be rebuilt")
        elif reason.verdict == "waits":
            page.title(f"{title(target)} would be rebuilt if an input comes out otherwise than before")
        else:
            page.title(f"{title(target)} would be {'fetched' if reason.is_fetch else 'built'}")
    _draw_changed(page, [reason for reason in found.reasons if reason.verdict in ("changed", "input changed")])
    _draw_names(
        page, found, "removed", "their outputs were removed and are needed", "its output was removed and is needed"
    )
    _draw_names(page, found, "never built", "never built before", "never built before")
    _draw_waiting(page, [reason for reason in found.reasons if reason.verdict == "waits"])
    if any(reason.waits_for and reason.verdict != "never built" for reason in found.reasons):
        page.dim("An input that comes out equal to before stops the rebuild there (early cutoff).", 0)


def _draw_no_rebuild(page: Page, found: Rebuild) -> None:
    names = ", ".join(map(title, found.targets[:SHOWN]))
    more = f" and {len(found.targets) - SHOWN} more" if len(found.targets) > SHOWN else ""
    page.title(f"{names}{more} would not be rebuilt")


def _draw_changed(page: Page, reasons: list[Reason]) -> None:
    shown = page.limit(len(reasons), SHOWN)
    for reason in reasons[:shown]:
        if reason.verdict == "changed" and reason.own is not None:
            page.strong(f"{title(reason.derivation)}: {summary(reason.own)} changed{_waits(reason)}")
            draw_own(page, reason.own, 2, {})
        else:
            _draw_input_changed(page, reason)
    if shown < len(reasons):
        page.more(len(reasons) - shown, 1)


def _draw_input_changed(page: Page, reason: Reason) -> None:
    if not reason.causes:
        page.strong(f"{title(reason.derivation)}: an input came out otherwise than at the last build{_waits(reason)}")
        return
    page.strong(
        f"{title(reason.derivation)}: inputs are built that differ from those of the last build{_waits(reason)}"
    )
    for cause in reason.causes[: page.limit(len(reason.causes), 5)]:
        page.line(" > ".join((title(reason.derivation), *cause.chain)), 2)
        draw_own(page, cause.own, 3, {})


def _waits(reason: Reason) -> str:
    return f"; also waits for {_list(map(title, reason.waits_for), 4)}" if reason.waits_for else ""


def _draw_names(page: Page, found: Rebuild, verdict: Verdict, many: str, one: str) -> None:
    reasons = [reason for reason in found.reasons if reason.verdict == verdict]
    for is_fetch in (False, True):
        names = [title(reason.derivation) for reason in reasons if reason.is_fetch == is_fetch]
        reason_text = (one if len(names) == 1 else many).replace("built", "fetched" if is_fetch else "built")
        if names:
            shown = names if page.is_full else names[: page.limit(len(names), SHOWN)]
            page.line(f"{', '.join(shown)}{'' if len(names) == len(shown) else ', ...'}: {reason_text}")
            if len(shown) < len(names):
                page.more(len(names) - len(shown), 2)


def _draw_waiting(page: Page, reasons: list[Reason]) -> None:
    shown = page.limit(len(reasons), SHOWN)
    for reason in reasons[:shown]:
        page.line(f"{title(reason.derivation)}: only waits for {_inputs(reason.waits_for)}")
    if shown < len(reasons):
        page.more(len(reasons) - shown, 1, "that only wait for inputs")


def _inputs(paths: tuple[StorePath, ...]) -> str:
    return f"{'input' if len(paths) == 1 else 'inputs'}: {_list(map(title, paths), 6)}"


def _list(names: Iterable[str], most: int) -> str:
    found = sorted(names)
    if len(found) <= most + 1:
        return ", ".join(found)
    return f"{', '.join(found[:most])} and {count(len(found) - most, 'other')}"
