"""Errors are drawn as those of every room, and the manual lists their codes."""

from __future__ import annotations

import inspect
import io
from pathlib import Path

import pytest

from chx.cli.render.errors import describe
from chx.cli.render.style import Style
from chx.disk import DiskError, InvalidNode, Kind, Node, errors
from chx.ops.failure import Failure

ROOT = Path(__file__).resolve().parents[2]


def test_an_error_is_a_failure_and_no_defect() -> None:
    with pytest.raises(InvalidNode) as caught:
        Node(b"..", Kind.DIRECTORY, 0o755).check()
    assert isinstance(caught.value, Failure)
    lines, status = describe(caught.value, Style(io.StringIO()))
    assert status == 1
    assert lines == [
        "error[D001]: b'..' cannot be in the file system: its path is not a plain one below the root",
    ]


def test_the_manual_lists_every_code_once() -> None:
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, DiskError)]
    codes = sorted(one.code for one in classes if one is not DiskError)
    text = (ROOT / "docs/disk-format.md").read_text().rpartition("| code |")[2]
    assert codes == [line.split()[1] for line in text.splitlines() if line.startswith("| D")]
