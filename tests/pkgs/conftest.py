"""Values of the bundled set, and builds with packages of a test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..builder.conftest import SYSTEM, programs_root
from ..cli.conftest import chx, work  # noqa: F401  # fixtures

PROGRAMS = ["cat", "chmod", "cp", "find", "head", "ln", "ls", "mkdir", "mv", "rm", "rmdir", "sh", "tr", "true"]

Evaluate = Callable[[str], Any]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """`evaluate(TEXT)`: the value of an expression in which `set` is the bundled set, as plain data."""
    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    from chx.evaluator import to_python
    from chx.lang import Source
    from chx.ops.session import Session

    def value_of(text: str) -> Any:
        with Session() as session:
            source = Source("«test»", f"let set = import <chx> {{ }}; in {text}", "/")
            return to_python(session.evaluator, session.evaluator.eval_source(source))

    return value_of


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a shell and what phases call, of this machine."""
    tree = tmp_path_factory.mktemp("programs") / "root"
    programs_root(str(tree), PROGRAMS)
    return tree


@pytest.fixture
def build(chx, tmp_path: Path, programs: Path):  # noqa: F811
    """`build(TEXT)`: the outputs of `mkDerivation TEXT`, built in a root with a shell.

    In TEXT, `programs` is that root, and `written { PATH = TEXT; }` a tree of scripts.
    """

    def built(text: str, root: Path = programs) -> dict[str, Path]:
        added = chx("store", "add", root, "--name", "programs")
        assert added.returncode == 0, added.stderr
        expression = f"""
          let
            lib = import <chx/lib> {{ profile.system = {json.dumps(SYSTEM)}; }};
            programs = builtins.storePath {added.stdout.strip()};
            written = scripts: lib.writeTree {{
              name = "scripts";
              entries = map (path: {{
                inherit path;
                kind = "executable";
                content = "#!/bin/sh\n" + scripts.${{path}};
              }}) (builtins.attrNames scripts);
            }};
            package = lib.mkDerivation ({{ pname = "x"; version = "1"; rootfs = [ programs ]; }} // ({text}));
          in map (output: package.${{output}}) (package.outputs or [ "out" ])
        """
        run = chx("build", "-E", expression, "--cores", "1", "-v")
        assert run.returncode == 0, run.stderr
        store = tmp_path / "home" / "store"
        names = [line.rpartition("/")[2] for line in run.stdout.splitlines()]
        found = {name[33:].removeprefix("x-1").lstrip("-") or "out": store / name for name in names}
        found["log"] = tmp_path / "log"
        found["log"].write_text(run.stderr)
        return found

    return built
