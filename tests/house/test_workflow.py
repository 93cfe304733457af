"""The public check covers what pyproject.toml promises, and runs the README's two commands as they are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github" / "workflows" / "check.yml"
JOBS: dict[str, Any] = yaml.safe_load(FILE.read_text())["jobs"]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
_VALUE = re.compile(r"\$\{\{ matrix\.(\w+) \}\}")


def commands_of_the_readme() -> tuple[str, str]:
    section = (ROOT / "README.md").read_text().split("\n## ")[1]
    first, second = re.findall(r"^    (.+)$", section, re.MULTILINE)
    return first, second


def runs(job: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Each combination of a job's matrix, and what it runs."""
    matrix = JOBS[job]["strategy"]["matrix"]
    for row in matrix.get("include") or [{"python": version} for version in matrix["python"]]:
        commands = [step["run"] for step in JOBS[job]["steps"] if "run" in step]
        yield row, [_VALUE.sub(lambda match, row=row: row.get(match[1], ""), command) for command in commands]


def test_classifiers_wheels_and_the_check_name_the_same_pythons() -> None:
    project = CONFIGURATION["project"]
    known = re.findall(r":: Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert project["requires-python"] == f">={known[0]}"
    assert JOBS["pythons"]["strategy"]["matrix"]["python"] == known
    wheels = CONFIGURATION["tool"]["cibuildwheel"]
    assert wheels["build"] == [f"cp{version.replace('.', '')}-*" for version in known]
    assert [row["machine"] for row, _ in runs("wheels")] == wheels["linux"]["archs"]


@pytest.mark.parametrize("job", ["distributions", "pythons"])
def test_every_row_runs_the_two_commands_of_the_readme(job: str) -> None:
    main, tests = commands_of_the_readme()
    for row, commands in runs(job):
        own = main.replace("[bwrap]", row.get("extra", "")) if job == "distributions" else main
        assert own in commands, row
        assert commands[-1].startswith(tests), row
        assert commands[-1].removeprefix(tests).strip() in ("", '-m "not network"'), row


def test_the_images_are_of_four_distributions_and_both_libcs() -> None:
    rows = {row["image"].partition(":")[0]: row for row, _ in runs("distributions")}
    assert set(rows) == {"debian", "ubuntu", "fedora", "alpine"}
    # Where the extra cannot be installed, the distribution's own program is.
    for row in rows.values():
        assert (row.get("extra") == "[bwrap]") != (" bubblewrap " in row["needs"])
    assert not re.search("bubblewrap", " ".join(CONFIGURATION["project"]["optional-dependencies"]["test"]))


def test_user_namespaces_are_allowed_before_a_sandbox_is_made() -> None:
    _, commands = next(runs("pythons"))
    assert commands[0] == "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    assert "--privileged" in JOBS["distributions"]["container"]["options"]


def test_actions_have_versions_and_no_host_is_named() -> None:
    text = FILE.read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert used and all(re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", name) for name in used)
    assert "://" not in text
    assert set(re.findall(r"(\w+): write", text)) == set()
