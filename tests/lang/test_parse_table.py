"""The fast parser and Lark's own agree, and a process that parses needs no Lark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chx.lang import ParseError, Source, parse
from chx.lang.generator import lark_parser

from .cases import read_cases

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lark():  # type: ignore[no-untyped-def]
    return lark_parser()


def test_a_second_process_parses_without_lark_and_re(tmp_path: Path) -> None:
    program = (
        "import importlib.util, sys; root = sys.argv[1];"
        "spec = importlib.util.spec_from_file_location('chx', root + '/__init__.py', submodule_search_locations=[root]);"
        "module = importlib.util.module_from_spec(spec); sys.modules['chx'] = module; spec.loader.exec_module(module);"
        "from chx.lang import parse, Source; parse(Source('FILE', '{ a = 1; }', '/'));"
        "print(sorted({'lark', 're', 'typing', 'dataclasses'} & set(sys.modules)))"
    )
    environment = {"CHX_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT)]
    site = [sys.executable, "-c", program, str(ROOT)]
    subprocess.run(site, env=environment, check=True, capture_output=True)
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


def test_a_damaged_table_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chx.lang import parse_table

    monkeypatch.setenv("CHX_HOME", str(tmp_path))
    monkeypatch.setattr(parse_table, "SHIPPED", str(tmp_path / "absent"))
    monkeypatch.setattr(parse_table, "_tables", None)
    made = parse_table.load_table()
    (file,) = (tmp_path / "cache/lang").iterdir()
    for damage in (b"", b"x" * 100, file.read_bytes()[:-1], file.read_bytes()[:50] + b"\xff" + file.read_bytes()[51:]):
        file.write_bytes(damage)
        monkeypatch.setattr(parse_table, "_tables", None)
        assert parse_table.load_table()["fast"] == made["fast"]
        assert len(file.read_bytes()) > 1000


def test_what_the_grammar_refuses_is_what_the_parser_refuses(lark) -> None:  # type: ignore[no-untyped-def]
    """Lark's parser is driven with the tokens of ours: both accept, or both refuse."""
    from lark import Token, UnexpectedInput

    from chx.lang.parser import _load
    from chx.lang.scanner import scan
    from chx.lang.unlocated_error import UnlocatedParseError

    kinds = _load().kinds
    names = {t.pattern.value if t.pattern.type == "str" else t.name: t.name for t in lark.terminals}
    names["$END"] = "$END"
    seen = {True: 0, False: 0}
    for case in [*read_cases("printed.txt"), *read_cases("refused.txt")]:
        text = case.text.encode().decode("latin-1")
        try:
            parse(Source("FILE", text, "/"))
            accepted = True
        except ParseError as error:
            if not error.message.startswith("syntax error"):
                continue
            accepted = False
        interactive = lark.parse_interactive("")
        try:
            for terminal, word, _, _ in scan(text, kinds):
                interactive.feed_token(Token(names.get(terminal, "no such token"), word))
            lark_accepts = True
        except (UnexpectedInput, UnlocatedParseError):
            lark_accepts = False
        # That `==` and `<` do not associate is found after the grammar, among its flat operators.
        chained = (
            not accepted and lark_accepts and any(operator in case.text for operator in ("==", "<", "?", "!", "-"))
        )
        assert lark_accepts == accepted or chained, case.text
        seen[accepted] += 1
    assert min(seen.values()) > 40
