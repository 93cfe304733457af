"""Errors are drawn as those of every room, and the manual lists their codes."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from chx.apk import ApkError, Dependency, read_package
from chx.apk import errors as room
from chx.cli.render.errors import describe
from chx.cli.render.style import Style
from chx.ops.failure import Failure

ROOT = Path(__file__).resolve().parents[2]


def drawn(error: Exception) -> list[str]:
    lines, status = describe(error, Style(io.StringIO()))
    assert status == 1
    return lines


def test_an_error_is_a_failure_and_no_defect() -> None:
    with pytest.raises(ApkError) as caught:
        Dependency.parse("a=x")
    assert isinstance(caught.value, Failure)
    assert drawn(caught.value)[0] == "error[P003]: 'a=x' is no dependency: 'x' is no version of apk"


def test_an_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.apk").write_bytes(b"no package")
    with open(tmp_path / "x.apk", "rb") as file, pytest.raises(ApkError) as caught:
        read_package(file)
    assert drawn(caught.value) == [f"error[P011]: '{tmp_path}/x.apk': it is not a file of apk"]


def test_the_manual_lists_every_code() -> None:
    codes = set(re.findall(r'"(P[0-9]{3})"', Path(room.__file__).read_text()))
    # Those of the bases.
    codes -= {"P000", "P010"}
    listed = (ROOT / "docs/apk-format.md").read_text().rpartition("| code |")[2]
    assert codes == set(re.findall("P[0-9]{3}", listed))
