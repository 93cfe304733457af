"""Evaluates expressions and tells all that can be seen of it, for `test_runtime.py`.

Run with the folder of a package `chx` as its argument. Expressions come as JSON on standard input, what is seen of each
goes as JSON to standard output.
"""

from __future__ import annotations

import gc
import itertools
import json
import pathlib
import sys


def label_of(label) -> object:
    return None if label is None else [label.source.name, *label.span, label.text]


def seen(bench, world, expression: str) -> dict[str, object]:
    """The value as printed, or everything about the error; and what was said on the way."""
    try:
        result: dict[str, object] = {"value": bench.show(expression)}
    except Exception as error:
        result = {
            "error": type(error).__name__,
            "message": str(error),
            "hint": getattr(error, "hint", None),
            "labels": [label_of(label) for label in getattr(error, "labels", ())],
            "frames": [[frame.text, label_of(frame.label)] for frame in getattr(error, "frames", ())],
        }
    result["traces"] = list(world.traces)
    result["warnings"] = list(world.warnings)
    result["derivations"] = sorted(world.derivations)
    return result


def growth(make_bench, expressions: list[str]) -> list[int]:
    """How many more blocks of memory Python holds after each of some rounds of evaluating everything."""
    counts = []
    for _ in range(6):
        for expression in expressions:
            world, bench = make_bench()
            seen(bench, world, expression)
        del world, bench
        gc.collect()
        counts.append(sys.getallocatedblocks())
    return [after - before for before, after in itertools.pairwise(counts)]


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    from chx import native
    from conftest import Bench, MemoryWorld

    def make_bench():
        world = MemoryWorld({"/base/x": "1", "/base/d/y": "text"})
        return world, Bench(world)

    request = json.load(sys.stdin)
    answer: dict[str, object] = {"compiled": native.is_compiled}
    if request["rounds"]:
        answer["growth"] = growth(make_bench, request["expressions"])
    else:
        answer["seen"] = []
        for expression in request["expressions"]:
            world, bench = make_bench()
            answer["seen"].append(seen(bench, world, expression))
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
