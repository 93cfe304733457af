"""A lock with anything wrong in any place is told, or has no effect; it is never a bug of chx."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .conftest import Run, Write

STRANGE = (None, 1, "x", [], {}, ["x"], {"x": "x"})


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from places(inner, (*path, name))


def test_anything_in_any_place(chx: Run, write: Write, work: Path) -> None:
    (work / "data").write_text("hello\n")
    write(
        {"words/x": "x", "chx.toml": '[inputs]\nwords = "./words"\nsame = { follows = "words" }'},
        """
        { inputs, ... }: {
          p = tree "p" "${inputs.same}/x ${derivation {
            name = "data"; system = "builtin"; builder = "builtin:fetch"; url = "file://FOLDER/data";
            outputHash = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
            outputHashMode = "flat";
          }}";
        }
        """.replace("FOLDER", str(work)),
    )
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    good = json.loads((work / "chx.lock").read_text())
    told = 0
    for place in places(good):
        for strange in STRANGE:
            data = copy.deepcopy(good)
            inner = data
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = strange
            (work / "chx.lock").write_text(json.dumps(data))
            run = chx("build", "p", "--no-out-link", "--offline")
            assert run.returncode in (0, 1), (place, strange, run.stderr)
            assert "internal error" not in run.stderr, (place, strange, run.stderr)
            assert (run.returncode == 0) == ("error" not in run.stderr), (place, strange, run.stderr)
            told += run.returncode
    assert told > 100
