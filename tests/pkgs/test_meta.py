"""What packages say of themselves, and what is refused."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError

GOOD = {"description": '"a thing"', "homepage": '"https://example.org/thing"', "license": '"MIT"'}


def meta(**changed: str | None) -> str:
    said = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    text = " ".join(f"{name} = {value};" for name, value in said.items())
    return f'(set.mkDerivation {{ pname = "x"; version = "1"; meta = {{ {text} }}; }})'


WRONG = [
    ({"license": None}, "`license` is missing"),
    ({"homepage": None}, "`homepage` is missing"),
    ({"description": None}, "`description` is missing"),
    (
        {"licence": '"MIT"'},
        "there is no `licence` in it; there are description, homepage, license, maintainers, origin",
    ),
    ({"description": '""'}, "`description` is empty"),
    ({"description": '"A sentence."'}, "ends in a full stop"),
    ({"description": '"two\\nlines"'}, "is not one line"),
    ({"description": '"' + "x" * 81 + '"'}, "has 81 characters"),
    ({"description": "3"}, "`description` is a int and not a string"),
    ({"homepage": '"example.org"'}, "`homepage` is 'example.org' and not an address"),
    ({"maintainers": '"me"'}, "`maintainers` is a string and not a list"),
    ({"maintainers": '[ "me" ]'}, "are written NAME <ADDRESS>"),
    ({"origin": '"Gnu"'}, "`origin` is 'Gnu'; there are Bell Labs, FreeBSD, GNU, LLVM"),
    ({"license": "[ ]"}, "`license` is a list and not a string"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_what_is_wrong_is_said_with_the_package(evaluate, changed: dict[str, str | None], message: str) -> None:
    with pytest.raises(EvalError) as error:
        evaluate(meta(**changed) + ".meta")
    assert error.value.message.startswith("the `meta` of the package 'x-1' is wrong: ")
    assert message in error.value.message


def test_what_is_right_is_given_back(evaluate) -> None:
    said = evaluate(meta(maintainers='[ "Some One <one@example.org>" ]') + ".meta")
    assert said == {
        "description": "a thing",
        "homepage": "https://example.org/thing",
        "license": "MIT",
        "maintainers": ["Some One <one@example.org>"],
    }


def test_nothing_is_checked_unless_meta_is_asked_for(evaluate) -> None:
    assert evaluate(f"{meta(license=None)}.drvPath == {meta()}.drvPath") is True
    assert evaluate('(set.mkDerivation { pname = "x"; version = "1"; }).meta') == {}


RIGHT_LICENCES = [
    "MIT",
    "GPL-2.0-or-later WITH GCC-exception-2.0",
    "(MIT OR ISC) AND Zlib",
    "((0BSD))",
    "Apache-2.0 WITH LLVM-exception AND (BSD-2-Clause OR CC0-1.0)",
    "LicenseRef-public-domain",
    "MPL-1.1+",
]
WRONG_LICENCES = {
    "": "it is empty",
    "GPL": "'GPL' is not among the identifiers",
    "mit": "'mit' is not among the identifiers",
    "MIT AND": "it ends too early",
    "AND MIT": "there is no licence before 'AND'",
    "MIT and ISC": "'and' stands where AND, OR or the end is due",
    "MIT ISC": "'ISC' stands where AND, OR or the end is due",
    "(MIT": "a parenthesis is not closed",
    "MIT)": "')' stands where",
    "()": "there is no licence before ')'",
    "MIT WITH ISC": "'ISC' is not among the exceptions",
    "(MIT) WITH LLVM-exception": "'WITH' stands where",
    "LicenseRef-": "'LicenseRef-' is not among the identifiers",
}


def problem(evaluate, expression: str) -> str | None:
    return evaluate(f'import <chx/lib/licence.nix> "{expression}"')


@pytest.mark.parametrize("expression", RIGHT_LICENCES)
def test_a_licence_expression_is_understood(evaluate, expression: str) -> None:
    assert problem(evaluate, expression) is None


@pytest.mark.parametrize("expression", WRONG_LICENCES)
def test_what_is_wrong_with_a_licence_is_said(evaluate, expression: str) -> None:
    assert WRONG_LICENCES[expression] in (problem(evaluate, expression) or "")


def test_others_understand_the_licences_of_the_bundled_packages(evaluate) -> None:
    """All of them have one, and the identifiers are those of SPDX."""
    licences = pytest.importorskip("packaging.licenses")
    packages = evaluate(
        "map (one: { inherit (one) name; license = one.package.meta.license; }) (import <chx/lib/catalogue.nix> set)"
    )
    assert len(packages) >= 17
    for package in packages:
        assert licences.canonicalize_license_expression(package["license"]) == package["license"], package
    for known in RIGHT_LICENCES:
        licences.canonicalize_license_expression(known)


def test_the_known_identifiers_are_those_of_spdx() -> None:
    import re
    from pathlib import Path

    licences = pytest.importorskip("packaging.licenses")
    text = (Path(__file__).resolve().parents[2] / "pkgs/lib/licence.nix").read_text()
    known = re.search(r"licences = \[(.*?)\]", text, re.DOTALL)[1].split()
    exceptions = re.search(r"exceptions = \[(.*?)\]", text, re.DOTALL)[1].split()
    assert len(known) > 50 and known == sorted(known) and exceptions == sorted(exceptions)
    for identifier in known:
        assert licences.canonicalize_license_expression(identifier.strip('"')) == identifier.strip('"')
    for exception in exceptions:
        licences.canonicalize_license_expression(f"GPL-2.0-only WITH {exception.strip(chr(34))}")


@pytest.mark.parametrize(
    ("lints", "message"),
    [
        ('{ waive.fhs = ""; }', "`waive.fhs` is no text that says why"),
        ("{ waive.fhs = true; }", "`waive.fhs` is no text that says why"),
        ('{ ignore.fhs = "why"; }', "there is no `ignore` in them; there is waive"),
        ("[ ]", "`lints` and `lints.waive` are sets"),
    ],
)
def test_a_waiver_needs_a_reason(evaluate, lints: str, message: str) -> None:
    with pytest.raises(EvalError) as error:
        evaluate(f'(set.mkDerivation {{ pname = "x"; version = "1"; lints = {lints}; }}).lints')
    assert message in error.value.message and "'x-1'" in error.value.message
