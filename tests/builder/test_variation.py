"""Variations of sandboxes as values, and the search for those that matter."""

import os
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from chx.builder.sandbox import Bind, SandboxSpec
from chx.builder.trial import Trial
from chx.builder.variation import USUAL, VARIATIONS, Ground, culprit, vary
from chx.store import StorePath

NAMES = tuple("abcdefgh")


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_a_set_of_changes_that_matter_together_is_found_exactly(guilty):
    asked = []

    def differs(part):
        asked.append(part)
        return guilty <= set(part)

    assert set(culprit(NAMES, differs)) == guilty
    assert len(asked) <= 64


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_of_changes_that_matter_alone_one_is_found(guilty):
    found = culprit(NAMES, lambda part: bool(guilty & set(part)))
    assert len(found) == 1 and set(found) <= guilty


def test_variations_are_values(tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name in ("passwd", "group"):
        (root / "etc" / name).write_text("")
    (tmp_path / "build").mkdir()

    def ground():
        return Ground(tempfile.mkdtemp(dir=tmp_path), tempfile.mkdtemp(dir=tmp_path))

    spec = SandboxSpec(
        ("/bin/sh",),
        str(root),
        (Bind(str(tmp_path / "build"), "/build", True), Bind("/x", "/tmp", True)),
        {"TMPDIR": "/build"},
    )
    for name in USUAL:
        if name not in ("time", "processors"):
            varied = vary(spec, [name], ground())
            assert varied != spec, name
            assert varied.command == spec.command and varied.network == spec.network
    moved = vary(spec, ["directory"], ground())
    assert moved.cwd == moved.env["TMPDIR"] == "/tmp/varied/build" == moved.binds[-1].target
    assert vary(spec, (), ground()) is spec
    unmade = []
    fixed = SandboxSpec(("/bin/sh",), env={"TZ": "UTC", "LANG": "C"})
    vary(fixed, ["user", "timezone", "locale", "time"], ground(), unmade.append)
    assert unmade == ["timezone", "locale", "time"]
    assert vary(spec, reversed(USUAL), ground()) is not None
    assert os.listdir(root / "etc") and set(USUAL) < set(VARIATIONS)


def path(content: str) -> StorePath:
    return StorePath(content[0] * 32, "x")


def trial(depends, reference="a", rounds=1, names=NAMES, unmade=()):
    """`depends` gives the content made under a set of variations; the number of the build is the second argument."""
    count = iter(range(1000))
    unvaried = set()

    def attempt(part):
        unvaried.update(name for name in part if name in unmade)
        return {"out": path(depends(set(part), next(count)))}

    return Trial(attempt, {"out": path(reference)}, unvaried=unvaried).run(rounds, names)


def test_verdicts():
    assert trial(lambda part, number: "a").cause == "nothing"
    assert trial(lambda part, number: "a", rounds=3, names=()).builds == 3
    assert trial(lambda part, number: "b" if "c" in part else "a").variations == ("c",)
    assert trial(lambda part, number: "0123456789abcdfghijklmnpqrsvwxyz"[number + 10]).cause == "itself"
    assert trial(lambda part, number: "b").cause == "the first build"
    stopped = trial(lambda part, number: "b" if part else "cd"[number % 2] if number < 2 else "d")
    assert stopped.cause == "clock"
    # Chance that strikes while the search goes on.
    assert trial(lambda part, number: "b" if number else "a").cause == "itself"


def test_what_cannot_be_varied_is_told_and_not_searched():
    asked = []

    def depends(part, number):
        asked.append(part)
        return "b" if "c" in part else "a"

    assert trial(lambda part, number: "a", unmade=("d",)).unvaried == ("d",)
    verdict = trial(depends, unmade=("a", "b", "h"))
    assert (verdict.variations, verdict.unvaried) == (("c",), ("a", "b", "h"))
    assert not any(part & {"a", "b", "h"} for part in asked[2:])
    # A clock that cannot be stopped is tried once.
    assert trial(lambda part, number: "0123456789"[number], unmade=("stopped-clock",), names=()).builds == 3
