"""Text of profiles: stacks for flame graphs, speedscope's JSON, and a summary.

Collapsed stacks have a line for each stack: its entries, outermost first, between semicolons, a space, and microseconds.
speedscope's format is described by https://www.speedscope.app/file-format-schema.json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...evaluator.sampling import Place

    Stacks = Mapping[tuple[Place, ...], int]

_MOST_LINES: Final = 8
_PHASES: Final = ("compile", "load")


def label(place: Place) -> str:
    """Return the text of one entry of a stack, without semicolons and line breaks, which part entries and stacks."""
    if place.kind == "builtin":
        text = f"builtins.{place.name}"
    elif place.kind in _PHASES:
        text = f"[{place.kind}] {place.file}"
    elif place.kind == "file":
        text = place.file
    else:
        name = place.name or ("function" if place.kind == "function" else "expression")
        text = f"{name} ({place.file}:{place.line})"
    # Names and paths are bytes, one for each character.
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return "".join("_" if character == ";" or not character.isprintable() else character for character in text)


def collapsed(stacks: Stacks) -> str:
    """Return the stacks for flame graphs, sorted."""
    times: dict[str, int] = {}
    for stack, nanoseconds in stacks.items():
        line = ";".join(map(label, stack)) or "[start]"
        times[line] = times.get(line, 0) + nanoseconds
    return "".join(f"{line} {time // 1000}\n" for line, time in sorted(times.items()) if time >= 1000)


def speedscope(stacks: Stacks) -> str:
    """Return the stacks in speedscope's format, in the order in which they were first seen."""
    numbers: dict[Place, int] = {}
    samples = [[numbers.setdefault(place, len(numbers)) for place in stack] for stack in stacks]
    weights = [time // 1000 for time in stacks.values()]
    frames = [
        {"name": label(place), **({"file": _readable(place.file), "line": place.line} if place.line else {})}
        for place in numbers
    ]
    profile = {
        "type": "sampled",
        "name": "evaluation",
        "unit": "microseconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "chx",
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": [profile],
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def _readable(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def summary(stacks: Stacks) -> str:
    """Return the functions, files and builtins that took most: each with what is inside it, and by itself."""
    whole = sum(stacks.values())
    if not whole:
        return "chx: the evaluation was too short for a profile\n"
    functions = _times(stacks, lambda place: _phase(place) if place.kind in _PHASES else label(place))
    files = _times(stacks, lambda place: _readable(place.file) if place.file else "")
    builtins = {name: took for name, took in functions.items() if name.startswith("builtins.")}
    for name in builtins:
        del functions[name]
    lines = [f"chx: {whole / 1e9:.2f} s of processor time, in percent: with what is inside, and by itself"]
    for title, times in (("functions", functions), ("files", files), ("builtins", builtins)):
        lines.append(f"  {title}")
        most = sorted(times.items(), key=lambda entry: (-entry[1][1], -entry[1][0], entry[0]))[:_MOST_LINES]
        lines += [f"    {100 * total / whole:5.1f} {100 * own / whole:5.1f}  {name}" for name, (total, own) in most]
    return "\n".join(lines) + "\n"


def _phase(place: Place) -> str:
    return f"[{place.kind}]"


def _times(stacks: Stacks, key: Callable[[Place], str]) -> dict[str, tuple[int, int]]:
    """Return for each name that `key` has for places the time of the stacks with it, and of those where it is innermost.

    Places for which `key` has an empty name count for what is around them.
    """
    names: dict[Place, str] = {}
    result: dict[str, tuple[int, int]] = {}
    for stack, time in stacks.items():
        for place in stack:
            if place not in names:
                names[place] = key(place)
        found = [name for place in stack if (name := names[place])]
        for name in set(found):
            total, own = result.get(name, (0, 0))
            result[name] = (total + time, own + (time if name == found[-1] else 0))
    return result
