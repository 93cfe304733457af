"""`chx eval --profile`: where the processor time of an evaluation went."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chx.cli.render.profile import collapsed, speedscope, summary
from chx.evaluator.sampling import Place

from .conftest import Run

TOP = Place("file", "", "/w/top.nix", 1)
FIB = Place("function", "fib", "/w/a;b.nix", 3)
BODY = Place("thunk", "", "/w/top.nix", 4)
MAP = Place("builtin", "map", "", 0)
COMPILE = Place("compile", "", "/w/other.nix", 0)
STACKS = {
    (TOP,): 1_000_000,
    (TOP, FIB, MAP, BODY): 3_000_000,
    (TOP, FIB, MAP): 2_000_000,
    (TOP, COMPILE): 4_000_000,
    (TOP, FIB, FIB): 900,
    (): 5_000,
}
PROGRAM = """\
let
  fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2);
  numbers = builtins.genList (n: 17 + n - n / 3 * 3) 90;
  joined = builtins.replaceStrings [ "1" "2" "3" ] [ "one" "two" "three" ];
in
builtins.foldl' (sum: n: sum + fib n + builtins.stringLength (joined "${toString n}")) 0 numbers
"""


def test_stacks_are_collapsed_in_microseconds() -> None:
    assert collapsed(STACKS) == (
        "/w/top.nix 1000\n"
        "/w/top.nix;[compile] /w/other.nix 4000\n"
        "/w/top.nix;fib (/w/a_b.nix:3);builtins.map 2000\n"
        "/w/top.nix;fib (/w/a_b.nix:3);builtins.map;expression (/w/top.nix:4) 3000\n"
        "[start] 5\n"
    )


def test_speedscope_gets_every_sample_with_its_frames() -> None:
    document = json.loads(speedscope(STACKS))
    (profile,) = document["profiles"]
    frames = document["shared"]["frames"]
    assert profile["unit"] == "microseconds" and profile["type"] == "sampled"
    assert profile["endValue"] == sum(profile["weights"]) == 10_005
    assert [[frames[number]["name"] for number in sample] for sample in profile["samples"]][1] == [
        "/w/top.nix",
        "fib (/w/a_b.nix:3)",
        "builtins.map",
        "expression (/w/top.nix:4)",
    ]
    assert {"name": "fib (/w/a_b.nix:3)", "file": "/w/a;b.nix", "line": 3} in frames


def test_the_summary_counts_a_function_once_in_each_stack() -> None:
    assert summary({(TOP, FIB, FIB): 3_000_000_000, (TOP, FIB, MAP): 1_000_000_000}) == (
        "chx: 4.00 s of processor time, in percent: with what is inside, and by itself\n"
        "  functions\n"
        "    100.0  75.0  fib (/w/a_b.nix:3)\n"
        "    100.0   0.0  /w/top.nix\n"
        "  files\n"
        "    100.0 100.0  /w/a;b.nix\n"
        "    100.0   0.0  /w/top.nix\n"
        "  builtins\n"
        "     25.0  25.0  builtins.map\n"
    )


def test_nothing_sampled_is_said() -> None:
    assert (collapsed({}), summary({})) == ("", "chx: the evaluation was too short for a profile\n")
    assert json.loads(speedscope({}))["profiles"][0]["samples"] == []


def test_a_profile_tells_functions_files_and_builtins(chx: Run, work: Path) -> None:
    (work / "program.nix").write_text(PROGRAM)
    plain = chx("eval", "program.nix")
    run = chx("eval", "--profile", "out.txt", "program.nix")
    assert (run.returncode, run.stdout) == (0, plain.stdout), run.stderr
    lines = (work / "out.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[^;]+(;[^;]+)* \d+", line) for line in lines)
    times = {stack: int(time) for stack, _, time in (line.rpartition(" ") for line in lines)}
    fib = f"fib ({work}/program.nix:2)"
    spent = sum(time for stack, time in times.items() if fib in stack)
    assert spent > sum(times.values()) / 2
    assert any("builtins.foldl'" in stack.split(";") for stack in times)
    assert f"  {fib}" in run.stderr and f"  {work}/program.nix\n" in run.stderr and "  builtins.foldl'\n" in run.stderr


def test_a_name_that_ends_in_json_asks_for_speedscope(chx: Run, work: Path) -> None:
    (work / "program.nix").write_text(PROGRAM)
    assert chx("eval", "--profile", "out.json", "program.nix").returncode == 0
    document = json.loads((work / "out.json").read_text())
    (profile,) = document["profiles"]
    frames = document["shared"]["frames"]
    assert len(profile["samples"]) == len(profile["weights"]) > 0
    assert all(0 <= number < len(frames) for sample in profile["samples"] for number in sample)
    assert any(frame["name"].startswith("fib (") and frame["line"] == 2 for frame in frames)


def test_an_evaluation_that_fails_has_a_profile_too(chx: Run, work: Path) -> None:
    (work / "program.nix").write_text(
        PROGRAM.replace("in\n", "in builtins.seq (fib 19) (throw (toString (fib 19)))\n#")
    )
    run = chx("eval", "--profile", "out.txt", "program.nix")
    assert run.returncode == 1
    assert "4181" in run.stderr
    assert "fib (" in (work / "out.txt").read_text()


@pytest.mark.parametrize("file", ["missing/out.txt", "."])
def test_a_file_that_cannot_be_written_is_refused_before_the_evaluation(chx: Run, file: str) -> None:
    run = chx("eval", "--profile", file, "-E", 'builtins.trace "evaluated" 1')
    assert (run.returncode, run.stdout) == (1, "")
    assert f"error[C001]: cannot write the profile to {file}" in run.stderr
    assert "evaluated" not in run.stderr


def test_deep_recursion_is_sampled(chx: Run, work: Path) -> None:
    text = "let down = n: if n == 0 then 0 else 1 + down (n - 1); in builtins.foldl' (a: n: a + down 9000) 0 (builtins.genList (n: n) 20)"
    run = chx("eval", "--profile", "out.txt", "-E", text)
    assert (run.returncode, run.stdout) == (0, "180000\n"), run.stderr
    assert max(line.count("down (") for line in (work / "out.txt").read_text().splitlines()) > 100
