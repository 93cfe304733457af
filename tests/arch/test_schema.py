"""What the schema refuses, and how it says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chx.arch import load_profile, profile_names
from chx.evaluator import EvalError, Evaluator, to_python

WORD = "a word without spaces, slashes and what is special to a shell"
FLAG = "a flag of the compiler, which begins with '-' and has no space and nothing that is special to a shell"
BOOL = "true or false"

# Attribute, the line of x86_64.nix it stands in, what stands there instead, how that is shown, what is allowed.
WRONG = [
    ("description", 'description = ".*";', "description = 1;", "1", "a line of text"),
    ("description", 'description = ".*";', 'description = "a\\nb";', r'"a\nb"', "a line of text"),
    ("description", 'description = ".*";', 'description = "";', '""', "a line of text"),
    ("name", "name = .*;", "name = [ 1 { } ];", "[ 1 a set ]", WORD),
    ("system", "system = .*;", "system = x: x;", "a function", WORD),
    ("machine", "machine = .x.*;", "machine = null;", "null", WORD),
    ("triplet", "triplet = .*;", 'triplet = "a b";', '"a b"', WORD),
    ("endian", "endian = .*;", 'endian = "middle";', '"middle"', 'one of "big", "little"'),
    ("wordSize", "wordSize = .*;", "wordSize = 16;", "16", "one of 32, 64"),
    ("wordSize", "wordSize = .*;", 'wordSize = "64";', '"64"', "one of 32, 64"),
    ("pageSize", "  pageSize = .*;", "  pageSize = 5000;", "5000", "one of 4096, 8192, 16384, 32768, 65536"),
    ("usualPageSize", "usualPageSize = .*;", "usualPageSize = -1;", "-1", "one of 4096, 8192, 16384, 32768, 65536"),
    ("longDouble", "longDouble = .*;", 'longDouble = "long";', '"long"', 'one of "double", "quad", "x87"'),
    ("cpu", "cpu = .*;", "cpu = ./x86-64;", "a path", WORD),
    ("flags", "  flags = .*;", '  flags = "-march=x86-64";', '"-march=x86-64"', "a list of flags of the compiler"),
    (
        "flags.1",
        "  flags = .*;",
        '  flags = [ "-O2" "-march=x86-64 -g" ];',
        '"-march=x86-64 -g"',
        FLAG,
    ),
    ("llvm", "llvm = .*;", 'llvm = "";', '""', WORD),
    ("musl", "musl = .*;", "musl = true;", "true", WORD),
    ("loader", "loader = .*;", 'loader = "/lib/ld.so";', '"/lib/ld.so"', WORD),
    ("linux", "linux = .*;", "linux = [ ];", "[ ]", WORD),
    ("qemu", "qemu = .*;", "qemu = { };", "a set", WORD),
    ("debian", "debian = .*;", "debian = 1.5;", "1.5", WORD),
    ("apk", "apk = .*;", 'apk = "x;y";', '"x;y"', WORD),
    ("oci", "oci = .*;", 'oci = "x;y";', '"x;y"', WORD),
    ("flags.0", "  flags = .*;", '  flags = [ "march=x86-64" ];', '"march=x86-64"', FLAG),
    ("flags.0", "  flags = .*;", '  flags = [ "-D$x" ];', '"-D$x"', FLAG),
    ("flags.0", "  flags = .*;", "  flags = [ 1 ];", "1", FLAG),
    ("elf.class", "class = .*;", "class = 1;", "1", "one of 32, 64"),
    ("elf.data", "data = .*;", "data = 1;", "1", 'one of "big", "little"'),
    ("elf.machine", "machine = 62;", "machine = 65536;", "65536", "a whole number from 0 to 65535"),
    ("elf.flags.mask", "mask = 0;", "mask = -1;", "-1", "a whole number from 0 to 4294967295"),
    ("elf.flags.value", "value = 0;", "value = 0.5;", "0.5", "a whole number from 0 to 4294967295"),
    *(
        (f"hardening.{name}", f"{name} = true;", f'{name} = "yes";', '"yes"', BOOL)
        for name in ("autoVarInit", "fortify", "integerSanitizers", "now", "pie", "relro", "stackClash", "stackProtector")
    ),
    ("hardening.branchProtection", "branchProtection = .*;", "branchProtection = false;", "false", "a list of flags of the compiler"),
    ("lto.supported", "supported = .*;", "supported = 1;", "1", BOOL),
    ("lto.thin", "thin = .*;", "thin = null;", "null", BOOL),
    # How attributes fit together.
    ("name", "name = .*;", 'name = "x86";', '"x86"', '"x86_64", the name of the file'),
    ("system", "system = .*;", 'system = "x86_64-darwin";', '"x86_64-darwin"', '"x86_64-linux", the name and the kernel'),
    (
        "triplet",
        "triplet = .*;",
        'triplet = "amd64-linux-musl";',
        '"amd64-linux-musl"',
        '"x86_64-linux-musl", the machine, the kernel and the C library',
    ),
    ("elf.class", "class = .*;", "class = 32;", "32", "64, the word size"),
    ("elf.data", "data = .*;", 'data = "big";', '"big"', '"little", the endianness'),
    ("elf.flags.value", "value = .*;", "value = 4;", "4", "within the mask, 0"),
    ("usualPageSize", "usualPageSize = .*;", "usualPageSize = 65536;", "65536", "at most the page size, 4096"),
    ("loader", "loader = .*;", 'loader = "ld-linux.so.2";', '"ld-linux.so.2"', 'musl\'s, which begins with "ld-musl-x86_64"'),
    ("lto.thin", "supported = true;", "supported = false;", "true", "false where link-time optimisation is not supported"),
]  # fmt: skip


def refusal(evaluator: Evaluator, folder: Path, name: str = "x86_64") -> list[str]:
    with pytest.raises(EvalError) as raised:
        load_profile(name, evaluator, str(folder))
    return raised.value.message.splitlines()


def rewrite(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, file.read_text(), count=1)
    assert count == 1
    file.write_text(text)


@pytest.mark.parametrize(
    ("attribute", "pattern", "replacement", "shown", "allowed"),
    WRONG,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(WRONG)],
)
def test_a_wrong_value_is_named_with_its_place_and_what_is_allowed(
    evaluator: Evaluator, folder: Path, attribute: str, pattern: str, replacement: str, shown: str, allowed: str
) -> None:
    file = folder / "x86_64.nix"
    rewrite(file, pattern, replacement)
    (line,) = refusal(evaluator, folder)
    place, text = line.split(": ", 1)
    assert text == f"the attribute '{attribute}' is {shown}; it must be {allowed}"
    path, number, column = place.rsplit(":", 2)
    assert path == str(file)
    written = file.read_text().splitlines()[int(number) - 1][int(column) - 1 :]
    # An element of a list has the place of the list.
    own = [part for part in attribute.split(".") if not part.isdigit()][-1]
    assert written.startswith(f"{own} = ")


def test_every_attribute_has_a_case_above(evaluator: Evaluator, folder: Path) -> None:
    schema = evaluator.eval_file(str(folder / "schema" / "attributes.nix"))
    named = {row[0].split(".")[0] for row in WRONG}
    assert set(evaluator.attr_names(schema)) - named == {"demonstration"}
    (folder / "x86_64.nix").write_text((folder / "x86_64.nix").read_text().replace("{", "{ demonstration = 0;", 1))
    assert "the attribute 'demonstration' is 0; it must be true or false" in refusal(evaluator, folder)[0]


@pytest.mark.parametrize(
    ("pattern", "attribute", "allowed"),
    [
        (r"endian = .*;", "endian", 'one of "big", "little"'),
        (r"mask = .*;", "elf.flags.mask", "a whole number from 0 to 4294967295"),
        (r"(?s)lto = \{.*?\};", "lto", "a set of supported, thin"),
        (r"supported = .*;", "lto.supported", "true or false"),
    ],
)
def test_what_is_missing_is_named(
    evaluator: Evaluator, folder: Path, pattern: str, attribute: str, allowed: str
) -> None:
    file = folder / "x86_64.nix"
    rewrite(file, pattern, "")
    assert refusal(evaluator, folder) == [f"{file}: the attribute '{attribute}' is missing; it is {allowed}"]


def test_what_is_not_known_is_named_with_all_that_is(evaluator: Evaluator, folder: Path) -> None:
    file = folder / "x86_64.nix"
    rewrite(file, "thin = true;", "thin = true;\n    full = true;")
    (line,) = refusal(evaluator, folder)
    assert re.fullmatch(
        rf"{re.escape(str(file))}:\d+:5: there is no attribute 'lto\.full' in a profile; there are lto\.supported, lto\.thin",
        line,
    )


def test_all_faults_are_told_at_once(evaluator: Evaluator, folder: Path) -> None:
    file = folder / "x86_64.nix"
    rewrite(file, "endian = .*;", 'endian = "middle";\n  color = "red";')
    rewrite(file, "cpu = .*;", "")
    lines = refusal(evaluator, folder)
    assert [re.search("'.*?'", line).group() for line in lines] == ["'color'", "'cpu'", "'endian'"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "shown"), [("x: x", "a function"), ("[ ]", "[ ]"), ('"x86_64"', '"x86_64"'), ("null", "null")]
)
def test_a_profile_that_is_no_set_is_refused(evaluator: Evaluator, folder: Path, text: str, shown: str) -> None:
    file = folder / "x86_64.nix"
    file.write_text(text)
    assert refusal(evaluator, folder) == [f"{file}: a profile is a set; this is {shown}"]


def test_no_profile_reads_another(evaluator: Evaluator, folder: Path) -> None:
    (folder / "broken.nix").write_text("this is { no expression")
    (folder / "wrong.nix").write_text("{ }")
    assert load_profile("x86_64", evaluator, str(folder)).name == "x86_64"
    assert profile_names(evaluator, str(folder)) == ["broken", "wrong", "x86_64"]


def test_only_files_of_nix_are_profiles(evaluator: Evaluator, folder: Path) -> None:
    for name in ("README.md", "nix", ".nix~", "x.nix.orig"):
        (folder / name).write_text("no")
    (folder / "directory.nix").mkdir()
    assert profile_names(evaluator, str(folder)) == ["x86_64"]


def test_the_same_is_refused_in_an_expression(evaluator: Evaluator, folder: Path) -> None:
    rewrite(folder / "x86_64.nix", "endian = .*;", 'endian = "middle";')
    profiles = evaluator.eval_file(str(folder / "default.nix"))
    with pytest.raises(EvalError, match="the attribute 'endian' is \"middle\""):
        to_python(evaluator, evaluator.select(evaluator.select(profiles, "x86_64"), "debian"))
