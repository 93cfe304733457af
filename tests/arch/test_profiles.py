"""The bundled profiles: as values, as the commands show them, as the package set takes them."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest

from chx.arch import PROFILES, Elf, ElfFlags, UnknownProfile, load_profile, profile_data, profile_names, suggestion
from chx.evaluator import Evaluator
from chx.ops.errors import RequestError
from chx.ops.systems import check_system

from .conftest import ROOT

NAMES = ["aarch64", "loongarch64", "ppc64", "ppc64le", "riscv64", "x86_64"]


def mine(folder: Path) -> None:
    """Another architecture: one more file."""
    text = (folder / "x86_64.nix").read_text()
    text = text.replace("x86_64", "mine").replace("x86-64, as every processor of the family has it", "My own")
    (folder / "mine.nix").write_text(text)


# Values


def test_the_architectures_that_there_are(evaluator: Evaluator) -> None:
    assert profile_names(evaluator) == NAMES
    assert [name for name in NAMES if load_profile(name, evaluator).demonstration] == ["loongarch64"]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_has_all_that_the_file_has(evaluator: Evaluator, name: str) -> None:
    def plain(value: object) -> object:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                re.sub("_(.)", lambda found: found[1].upper(), field.name.rstrip("_")): plain(
                    getattr(value, field.name)
                )
                for field in dataclasses.fields(value)
            }
        return list(value) if isinstance(value, tuple) else value

    assert plain(load_profile(name, evaluator)) == profile_data(name, evaluator)


def test_an_unknown_name_is_refused_with_one_that_is_near(evaluator: Evaluator) -> None:
    with pytest.raises(UnknownProfile, match="there is no architecture 'aarch46'") as raised:
        load_profile("aarch46", evaluator)
    assert raised.value.hint == "did you mean 'aarch64'? there are " + ", ".join(NAMES)
    with pytest.raises(UnknownProfile) as raised:
        load_profile("vax", evaluator)
    assert raised.value.hint == "there are " + ", ".join(NAMES)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({0: b"\x7fELG"}, False),
        ({4: b"\1"}, False),
        ({5: b"\1"}, False),
        ({18: b"\0\x16"}, False),
        ({18: b"\x15\0"}, False),
        ({48: b"\0\0\0\1"}, False),
        ({48: b"\x80\0\0\2"}, True),
    ],
)
def test_the_header_of_a_program_tells_its_architecture(change: dict[int, bytes], fits: bool) -> None:
    header = bytearray(64)
    for at, part in {0: b"\x7fELF", 4: b"\2", 5: b"\2", 18: b"\0\x15", 48: b"\0\0\0\2", **change}.items():
        header[at : at + len(part)] = part
    assert Elf(64, "big", 21, ElfFlags(3, 2)).fits(bytes(header)) is fits


def test_a_header_of_32_bits_has_its_flags_elsewhere() -> None:
    header = bytearray(64)
    for at, part in {0: b"\x7fELF", 4: b"\1", 5: b"\1", 18: b"\x28\0", 36: b"\0\4\0\5"}.items():
        header[at : at + len(part)] = part
    elf = Elf(32, "little", 40, ElfFlags(0xFF000400, 0x05000400))
    assert elf.fits(bytes(header))
    header[39] = 4
    assert not elf.fits(bytes(header))
    assert not elf.fits(b"")


# Commands


def test_list_has_a_line_for_each(chx) -> None:  # type: ignore[no-untyped-def]
    run = chx("arch", "list")
    assert run.returncode == 0, run.stderr
    head, *lines = run.stdout.splitlines()
    assert head.split() == ["NAME", "TRIPLET", "ENDIAN", "BITS", "PAGE", "CPU", "DESCRIPTION"]
    assert [line.split()[0] for line in lines] == NAMES
    line = lines[NAMES.index("ppc64")]
    assert line.split()[:7] == ["ppc64", "powerpc64-linux-musl", "big", "64", "64", "KB", "970"]
    assert line.endswith("  big-endian 64-bit PowerPC from the 970 (G5) on, with the ABI of version 2")
    # Columns stand below each other.
    assert {line.index("64 ") for line in lines if "KB" in line} >= {head.index("BITS")}


def test_list_and_show_give_what_the_files_say_as_json(chx, evaluator: Evaluator) -> None:  # type: ignore[no-untyped-def]
    told = {name: profile_data(name, evaluator) for name in NAMES}
    assert json.loads(chx("arch", "list", "--json").stdout) == [told[name] for name in NAMES]
    assert json.loads(chx("arch", "show", "riscv64", "--json").stdout) == told["riscv64"]


def test_show_has_a_line_for_each_attribute(chx) -> None:  # type: ignore[no-untyped-def]
    run = chx("arch", "show", "ppc64le")
    assert run.returncode == 0, run.stderr
    shown = dict(re.split(" {2,}", line) for line in run.stdout.splitlines())
    assert shown["flags"] == "-mcpu=pwr8 -mabi=elfv2 -mlong-double-64"
    assert shown["elf.flags.value"] == "2"
    assert (shown["hardening.pie"], shown["demonstration"]) == ("yes", "no")
    assert shown["hardening.branchProtection"] == "none"
    assert shown["loader"] == "ld-musl-powerpc64le.so.1"


def test_the_commands_refuse_what_there_is_not(chx, folder: Path) -> None:  # type: ignore[no-untyped-def]
    run = chx("arch", "show", "risc64")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"error[A001]: there is no architecture 'risc64'\n  = did you mean 'riscv64'? {KNOWN}\n"
    run = chx("arch", "list", "--directory", folder / "nowhere")
    assert run.returncode == 1
    assert f"path '{folder}/nowhere/default.nix' does not exist" in run.stderr and "Traceback" not in run.stderr
    (folder / "x86_64.nix").write_text("{ }")
    for words in (("list",), ("show", "x86_64")):
        run = chx("arch", *words, "--directory", folder)
        assert run.returncode == 1
        assert f"{folder}/x86_64.nix: the attribute 'endian' is missing" in run.stderr
    assert chx("arch").returncode == 2


# One file


def test_another_architecture_is_one_file(chx, folder: Path) -> None:  # type: ignore[no-untyped-def]
    mine(folder)
    shutil.copytree(ROOT / "pkgs", folder.parent / "pkgs")
    run = chx("arch", "list", "--directory", folder)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[1].split() == [
        "mine",
        "mine-linux-musl",
        "little",
        "64",
        "4",
        "KB",
        "x86-64",
        "My",
        "own",
    ]
    assert "mine-linux-musl" in chx("arch", "show", "mine", "--directory", folder).stdout
    text = f'(import {folder.parent}/pkgs {{ system = "mine-linux"; }}).profile.description'
    run = chx("eval", "--raw", "-E", text)
    assert (run.returncode, run.stdout) == (0, "My own"), run.stderr


def test_the_package_set_knows_every_profile_and_names_them_if_asked_for_another(chx) -> None:  # type: ignore[no-untyped-def]
    text = '(import <chx> { system = "riscv64-linux"; }).profile.debian'
    assert chx("eval", "--raw", "-E", text).stdout == "riscv64"
    run = chx("eval", "-E", '(import <chx> { system = "vax-linux"; }).profile.debian')
    assert run.returncode == 1
    known = ", ".join(f"{name}-linux" for name in NAMES)
    assert f"there is no profile for 'vax-linux' yet; there is one for {known}\n" in run.stderr


def test_the_package_set_reads_only_the_profile_that_it_needs(chx, folder: Path) -> None:  # type: ignore[no-untyped-def]
    (folder / "broken.nix").write_text("this is { no expression")
    shutil.copytree(ROOT / "pkgs", folder.parent / "pkgs")
    run = chx("eval", "-E", f'(import {folder.parent}/pkgs {{ system = "x86_64-linux"; }}).hello.drvPath')
    assert run.returncode == 0, run.stderr


def test_musl_is_installed_under_the_name_that_programs_ask_for(chx) -> None:  # type: ignore[no-untyped-def]
    text = """
      with import <chx> { seed = "debian-clang"; };
      builtins.mapAttrs (_: set: toString set.musl.drvAttrs.args) cross
    """
    run = chx("eval", "--json", "-E", text)
    assert run.returncode == 0, run.stderr
    scripts = json.loads(run.stdout)
    assert sorted(scripts) == NAMES
    loaders = {name: set(re.findall(r"ld-musl-[^\s\"]*", script)) for name, script in scripts.items()}
    assert loaders["ppc64le"] == {"ld-musl-powerpc64le.so.1"}
    assert all(len(names) == 1 for names in loaders.values())


# The manual


def test_the_tables_of_the_manual_are_the_data(evaluator: Evaluator) -> None:
    page = (ROOT / "docs" / "arch.md").read_text()
    tables = [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        for block in re.findall(r"(?:^\|.*\n)+", page, re.M)
    ]
    seen = set()
    for head, _, *rows in tables:
        if head[0] == "architecture":
            assert [row[0].strip("`") for row in rows] == NAMES
            for row in rows:
                data = profile_data(row[0].strip("`"), evaluator)
                for attribute, cell in zip(head[1:], row[1:], strict=True):
                    path = attribute.strip("`").split(".")
                    seen.add(attribute.strip("`"))
                    value = data
                    for part in path:
                        value = value[part]
                    assert cell.strip("`") == said(value), (row[0], attribute)
    assert {"triplet", "cpu", "pageSize", "hardening.stackClash", "elf.machine", "lto.thin"} <= seen


def said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value) or "none"
    return str(value)


def test_the_manual_explains_every_attribute_and_no_other(evaluator: Evaluator) -> None:
    page = (ROOT / "docs" / "arch.md").read_text()
    explained = set(re.findall(r"^\| `([A-Za-z.]+)` \|", page.split("## Every attribute")[1], re.M))

    def paths(prefix: str, data: dict[str, object]) -> set[str]:
        return {
            path
            for name, value in data.items()
            for path in (paths(f"{prefix}{name}.", value) if isinstance(value, dict) else {prefix + name})
        }

    assert explained == paths("", profile_data("x86_64", evaluator))


def test_the_worked_example_of_the_manual_is_the_file() -> None:
    page = (ROOT / "docs" / "arch.md").read_text()
    (example,) = re.findall(r"```nix\n(.*?)```", page, re.S)
    assert example == (Path(PROFILES) / "loongarch64.nix").read_text()


def test_the_refusals_in_the_manual_are_what_is_said(chx, folder: Path) -> None:  # type: ignore[no-untyped-def]
    page = (ROOT / "docs" / "arch.md").read_text()
    text = (ROOT / "arch" / "riscv64.nix").read_text()
    text = text.replace('endian = "little"', 'endian = "middle"').replace(
        "machine = 243;", "machine = 243;\n    size = 64;"
    )
    (folder / "riscv64.nix").write_text(text)
    run = chx("arch", "show", "riscv64", "--directory", folder)
    said = [line for line in run.stderr.splitlines() if "riscv64.nix" in line]
    shown = "".join(f"    {line.removeprefix('error: ')}\n" for line in said)
    assert shown.count("\n") == 2
    assert shown.replace(f"{folder}/", "arch/") in page


KNOWN = f"there are {', '.join(NAMES)}"


@pytest.mark.parametrize(
    "name, meant",
    [
        # Debian's, Go's and OCI's, those of uname and of compilers.
        *(("arm64", "aarch64"), ("amd64", "x86_64"), ("ppc64el", "ppc64le"), ("loong64", "loongarch64")),
        *(("linux/arm64/v8", "aarch64"), ("linux/amd64", "x86_64"), ("powerpc64le", "ppc64le"), ("powerpc64", "ppc64")),
        *(("x86-64", "x86_64"), ("x64", "x86_64"), ("X86_64", "x86_64"), ("AArch64", "aarch64"), ("riscv", "riscv64")),
        *(("aarch64-linux", "aarch64"), ("x86_64-pc-linux-gnu", "x86_64"), ("powerpc64le-linux-musl", "ppc64le")),
        *(("x86-64-linux", "x86_64"), ("ppc64el-linux", "ppc64le"), ("risc64", "riscv64"), ("ppc64lel", "ppc64le")),
    ],
)
def test_names_that_others_have_for_a_machine_are_understood_and_refused(
    evaluator: Evaluator, name: str, meant: str
) -> None:
    with pytest.raises(UnknownProfile) as raised:
        load_profile(name, evaluator)
    assert raised.value.hint == suggestion(name) == f"did you mean '{meant}'? {KNOWN}"


def test_a_name_of_a_family_means_each_of_them() -> None:
    assert suggestion("powerpc").startswith("did you mean 'ppc64' or 'ppc64le'? there are ")


def test_a_system_is_suggested_where_one_is_asked_for() -> None:
    listed = f"there are {', '.join(f'{name}-linux' for name in NAMES)}"
    assert suggestion("arm64-linux", as_system=True) == f"did you mean 'aarch64-linux'? {listed}"
    assert suggestion("aarch64", as_system=True) == f"did you mean 'aarch64-linux'? {listed}"
    assert suggestion("vax-vms", as_system=True) == listed


def test_suggestions_need_no_folder_and_no_whole_profile(tmp_path: Path) -> None:
    assert suggestion("x", str(tmp_path / "nowhere")) == "there are none at all"
    for name, text in (
        ("broken", "{ name = "),
        ("list", "[ ]"),
        ("vax", '{ debian = "vaxen"; name = 1; machine = "${1}"; }'),
    ):
        (tmp_path / f"{name}.nix").write_text(text)
    assert suggestion("vaxen", str(tmp_path)) == "did you mean 'vax'? there are broken, list, vax"
    assert suggestion("brokn", str(tmp_path)) == "did you mean 'broken'? there are broken, list, vax"


@pytest.mark.parametrize(
    "words",
    [
        ("eval", "-E", "(import <chx> { }).cross.arm64.hello.name"),
        ("build", "--target", "arm64", "hello"),
        ("build", "cross.arm64.hello"),
        ("arch", "show", "arm64"),
    ],
)
def test_every_place_for_an_architecture_suggests_one(chx, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    run = chx(*words)
    assert run.returncode == 1 and f"  = did you mean 'aarch64'? {KNOWN}\n" in run.stderr, run.stderr


@pytest.mark.parametrize(
    "system, meant",
    [
        *(
            ("arm64-linux", "aarch64"),
            ("x86_64", "x86_64"),
            ("powerpc64le-unknown-linux-gnu", "ppc64le"),
            ("vax-linux", ""),
        ),
    ],
)
def test_the_bundled_set_suggests_a_system(chx, system: str, meant: str) -> None:  # type: ignore[no-untyped-def]
    run = chx("eval", "-E", f'(import <chx> {{ system = "{system}"; }}).hello.drvPath')
    guess = f" did you mean '{meant}-linux'?" if meant else ""
    listed = ", ".join(f"{name}-linux" for name in NAMES)
    assert run.returncode == 1
    assert f"error: there is no profile for '{system}' yet;{guess} there is one for {listed}" in run.stderr


@pytest.mark.parametrize(
    "system, meant",
    [
        ("arm64", "aarch64"),
        ("amd64-linux", "x86_64"),
        ("ppc64el", "ppc64le"),
        ("linux/riscv64", "riscv64"),
        ("vax", ""),
    ],
)
def test_the_option_system_suggests_one(system: str, meant: str) -> None:
    listed = f"there are {', '.join(f'{name}-linux' for name in NAMES)}"
    with pytest.raises(RequestError, match=f"there is no system '{system}'") as raised:
        check_system(system)
    assert raised.value.hint == (f"did you mean '{meant}-linux'? {listed}" if meant else listed)
    for name in NAMES:
        check_system(f"{name}-linux")
