"""Suggest names similar to a misspelt one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def distance(left: str, right: str, limit: int) -> int:
    """Return the Levenshtein distance with adjacent swaps, or `limit + 1` if it is larger than `limit`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and b == left[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]


def suggestions(name: str, candidates: Iterable[str]) -> list[str]:
    """Return at most three candidates similar to `name`, the most similar first."""
    limit = max(1, min(3, len(name) // 2))
    close = [(distance(name, c, limit), c) for c in candidates if c != name]
    return [c for d, c in sorted(close) if d <= limit][:3]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return a hint, or None without similar names."""
    found = suggestions(name, candidates)
    if not found:
        return None
    if len(found) == 1:
        return f"did you mean {found[0]}?"
    return f"did you mean one of {', '.join(found[:-1])} or {found[-1]}?"
