"""`chx seed`, and the seeds as expressions: docs/seeds.md."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from chx.ops.errors import RequestError
from chx.ops.seed_parts import HALVES
from chx.ops.seeds import resolve as pins
from chx.ops.seeds import updating
from chx.ops.seeds.making import LOCK_VERSION
from chx.ops.seeds.programs import interpreter
from chx.ops.seeds.tree import Tree
from chx.ops.session import Session

from .conftest import ROOT, Run

DEBIAN = {"x86_64-linux": "amd64", "aarch64-linux": "arm64", "ppc64le-linux": "ppc64el", "riscv64-linux": "riscv64"}
CHECKS = ROOT / "tests" / "pkgs" / "seed-checks.nix"
FACTS = {"impure": False, "pins": None, "suite": "s", "description": "d", "architecture": "amd64"}


def check(run: Run, work: Path, name: str, what: str) -> None:
    built = run("build", "-E", f'(import {CHECKS} {{ name = "{name}"; }}).{what}', "-o", "checked")
    assert built.returncode == 0, built.stderr


# Expressions


def test_a_seed_has_two_halves_which_are_its_root(chx: Run) -> None:
    text = """
      builtins.mapAttrs (name: seed: {
        equal = seed.rootfs == seed.toolchain ++ seed.userland;
        inherit (seed) name impure;
        described = seed.description != "";
        drvs = map (tree: tree.drvPath) seed.rootfs;
      }) (removeAttrs (import <chx> { }).seeds [ "host" "self" "self-chimera" ])
    """
    run = chx("eval", "--json", "--strict", "-E", text)
    assert run.returncode == 0, run.stderr
    seeds = json.loads(run.stdout)
    assert {"debian-clang", "debian-gcc", "pcc", "trojan", "zig"} <= set(seeds)
    for name, told in seeds.items():
        assert (told["name"], told["impure"], told["equal"], told["described"]) == (name, False, True, True)
        assert len(told["drvs"]) > 1


def test_a_new_seed_is_one_file_and_no_seed_reads_another(chx: Run, work: Path) -> None:
    shutil.copytree(ROOT / "pkgs", work / "pkgs")
    (work / "arch").symlink_to(ROOT / "arch")
    (work / "pkgs/seeds/broken.nix").write_text("throw ''broken''")
    (work / "pkgs/seeds/mine.nix").write_text(
        """{
          description = "mine";
          toolchain = { packages = [ ]; scripts."usr/bin/cc" = "#!/bin/sh"; };
          userland.trees = [ "/here" ];
        }"""
    )
    (work / "pkgs/seeds/mine.lock.json").write_text('{"files": [], "toolchain": [], "userland": []}')
    text = "with (import ./pkgs { }).seeds.mine; [ name description (map (tree: tree.name) toolchain) userland ]"
    run = chx("eval", "--json", "--strict", "-E", text)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == ["mine", "mine", ["mine-toolchain"], ["/here"]]


def test_a_seed_of_another_architecture_says_so_and_which_there_are(chx: Run) -> None:
    run = chx("eval", "--system", "aarch64-linux", "-E", "(import <chx> { }).seeds.pcc.rootfs")
    assert run.returncode == 1
    assert "the seed 'pcc' runs on amd64, this machine is arm64; take debian-clang or debian-gcc or zig" in run.stderr
    run = chx("eval", "--system", "ppc64-linux", "-E", "(import <chx> { }).seeds.debian-gcc.rootfs")
    assert run.returncode == 1
    assert "runs on amd64, arm64, ppc64el, riscv64, this machine is ppc64" in run.stderr
    assert "`chx seed update host`" in run.stderr and "--target ppc64" in run.stderr


@pytest.mark.parametrize("system", ["x86_64-linux", "aarch64-linux", "ppc64le-linux", "riscv64-linux"])
@pytest.mark.parametrize("name", ["debian-clang", "debian-gcc", "zig"])
def test_a_seed_is_there_for_each_machine_with_that_machine_s_files(chx: Run, name: str, system: str) -> None:
    text = f"let seed = (import <chx> {{ }}).seeds.{name}; in map (tree: [ tree.name tree.drvPath ]) (seed.rootfs ++ seed.cxx)"
    run = chx("eval", "--json", "--strict", "--system", system, "-E", text)
    assert run.returncode == 0, run.stderr
    lock = json.loads((ROOT / f"pkgs/seeds/{name}.{DEBIAN[system]}.lock.json").read_text())
    assert len(json.loads(run.stdout)) > len(lock["files"])
    assert all(re.search(rf"_({DEBIAN[system]}|all)\.deb$|\.whl$", file["url"]) for file in lock["files"])


def test_the_seeds_of_another_machine_are_listed_and_shown(chx: Run) -> None:
    run = chx("seed", "list", "--architecture", "riscv64")
    assert run.returncode == 0, run.stderr
    rows = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert "Debian 13" in rows["debian-gcc"] and " files (" in rows["debian-gcc"]
    assert "only amd64" in rows["pcc"]
    assert "_riscv64.deb" in chx("seed", "show", "--architecture", "riscv64", "zig").stdout
    run = chx("seed", "show", "--architecture", "riscv64", "pcc")
    assert run.returncode == 1 and "it runs on amd64" in run.stderr
    run = chx("seed", "list", "--architecture", "riscv63")
    assert run.returncode == 1 and "did you mean 'riscv64'?" in run.stderr


def test_a_host_that_was_not_captured_says_what_to_do(chx: Run) -> None:
    run = chx("eval", "--strict", "-E", "(import <chx> { }).seeds.host.rootfs")
    assert run.returncode == 1
    assert "the seed 'host' is not captured yet; run `chx seed update host`" in run.stderr


# The command


def test_list_and_show_tell_what_is_pinned(chx: Run) -> None:
    run = chx("seed", "list")
    assert run.returncode == 0, run.stderr
    rows = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert " files (" in rows["debian-gcc"]
    assert "pins of debian-gcc" in rows["trojan"]
    assert "impure" in rows["host"] and "nothing" in rows["host"]
    run = chx("seed", "show", "zig")
    assert "pypi:ziglang==" in run.stdout.split("userland:")[0]
    assert "debian:busybox/" in run.stdout.split("userland:")[1]
    assert json.loads(chx("seed", "show", "--json", "zig").stdout)["lock"]["version"] == LOCK_VERSION
    assert "not captured yet" in chx("seed", "show", "host").stdout


def test_an_unknown_seed_is_met_with_a_suggestion(chx: Run) -> None:
    run = chx("seed", "show", "debian-gc")
    assert run.returncode == 1
    assert "did you mean 'debian-gcc'?" in run.stderr


def test_a_seed_that_borrows_its_pins_is_not_updated(chx: Run) -> None:
    run = chx("seed", "update", "trojan")
    assert run.returncode == 1
    assert "uses those of 'debian-gcc'" in run.stderr


class FakeApt:
    """An archive of three packages: `cc` and `sh`, which need `libc`."""

    def __init__(self, folder: str, suite: str, architecture: str) -> None:
        assert (suite, architecture) == ("s", "amd64")

    def closure(self, packages: list[str]) -> dict[str, str]:
        return {package: f"pool/main/x/{package}.deb" for package in [*packages, "libc", "needless"]}

    def pins(self, pool: dict[str, str]) -> list[pins.Pin]:
        return [pins.Pin(package, "1", f"debian:x/{package}.deb", 1, "0" * 64) for package in sorted(pool)]


def test_what_both_halves_need_belongs_to_the_userland(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "Apt", FakeApt)
    half = {"wheels": [], "without": ["needless"]}
    lock = updating.pin(
        Session(), {**FACTS, "toolchain": {**half, "packages": ["cc"]}, "userland": {**half, "packages": ["sh"]}}
    )
    assert (lock["toolchain"], lock["userland"]) == (["cc"], ["libc", "sh"])
    assert [file["package"] for file in lock["files"]] == ["cc", "libc", "sh"]


def test_a_package_that_is_left_out_by_one_half_only_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "Apt", FakeApt)
    toolchain = {"wheels": [], "without": ["needless"], "packages": ["cc"]}
    userland = {"wheels": [], "without": ["libc"], "packages": ["sh"]}
    lock = updating.pin(Session(), {**FACTS, "toolchain": toolchain, "userland": userland})
    assert (lock["toolchain"], lock["userland"]) == (["cc", "libc"], ["needless", "sh"])


def test_a_part_that_selects_shares_a_package_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "Apt", FakeApt)
    part = {"wheels": [], "without": ["needless", "libc"]}
    told = {
        **FACTS,
        "toolchain": {**part, "packages": ["cc"]},
        "userland": {**part, "packages": ["sh"]},
        "cxx": {**part, "packages": ["cc"], "only": ["usr/include/c++"]},
    }
    lock = updating.pin(Session(), told)
    assert (lock["toolchain"], lock["userland"], lock["cxx"]) == (["cc"], ["sh"], ["cc"])
    assert "cxx" not in updating.pin(Session(), {**told, "cxx": {**told["cxx"], "only": []}})


# Capturing


def test_a_captured_tree_keeps_the_links_that_lead_to_a_file(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "real/deep").mkdir(parents=True)
    (root / "real/lib.so.1.2").write_text("x")
    (root / "real/lib.so.1").symlink_to("lib.so.1.2")
    (root / "alias").symlink_to("real")
    tree = Tree()
    inner = str(root).lstrip("/")
    assert tree.add(f"{root}/alias/deep/../lib.so.1") == f"{inner}/real/lib.so.1.2"
    assert tree.files == {f"{inner}/real/lib.so.1.2": f"{root}/real/lib.so.1.2"}
    assert tree.links == {
        f"{inner}/alias": f"/{inner}/real",
        f"{inner}/real/lib.so.1": f"/{inner}/real/lib.so.1.2",
    }
    assert tree.directories == {f"{inner}/real/deep"}
    tree.write(str(tmp_path / "copy"))
    assert (tmp_path / "copy" / inner / "real/deep").is_dir()


def test_what_is_no_file_is_not_captured(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no file"):
        Tree().add(str(tmp_path))


def test_a_program_names_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    for first, found in (("#!/bin/sh -e\n", "/bin/sh"), ("#! /usr/bin/env sh\n", shutil.which("sh")), ("text", None)):
        script.write_text(first)
        assert interpreter(str(script)) == found
    shell = interpreter(os.path.realpath("/bin/sh"))
    assert shell is None or os.path.exists(shell)


@pytest.mark.sandbox
@pytest.mark.skipif(not (shutil.which("cc") and shutil.which("make")), reason="this machine has no cc or no make")
def test_this_machine_is_captured_and_then_compiles_without_it(chx: Run, work: Path, tmp_path: Path) -> None:
    run = chx("seed", "update", "host")
    assert run.returncode == 0, run.stderr
    lock = json.loads((tmp_path / "home/seeds/host.lock.json").read_text())
    assert lock["impure"] is True
    for half in ("toolchain", "userland"):
        link = tmp_path / f"home/seeds/host-{half}"
        assert link.resolve().name == Path(lock[half]["path"]).name
        assert lock[half]["tree"] in chx("store", "path-info", link).stdout
    assert "impure" in chx("seed", "show", "host").stdout
    assert chx("eval", "-E", "(import <chx> { }).seeds.host.impure").stdout == "true\n"
    check(chx, work, "host", "compiler")
    if not lock["missing"]:
        check(chx, work, "host", "userland")
    again = chx("seed", "update", "host")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "home/seeds/host.lock.json").read_text()) == lock


# The real ones


@pytest.mark.network
@pytest.mark.parametrize(("architecture", "debian"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_update_asks_the_machine_s_own_apt(chx: Run, work: Path, architecture: str, debian: str) -> None:
    shutil.copy(ROOT / "pkgs/seeds/debian-gcc.nix", work)
    run = chx("seed", "update", "debian-gcc", "--directory", work, "--architecture", architecture)
    assert run.returncode == 0, run.stderr
    lock = json.loads((work / f"debian-gcc.{debian}.lock.json").read_text())
    bundled = json.loads((ROOT / f"pkgs/seeds/debian-gcc.{debian}.lock.json").read_text())
    assert [lock[half] for half in HALVES] == [bundled[half] for half in HALVES]


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.parametrize(
    "name", ["debian-gcc", "debian-clang", "pcc", "trojan", pytest.param("zig", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("what", ["userland", "compiler", "tinycc"])
def test_a_seed_does_what_stage_0_asks_of_it(shared_chx: Run, work: Path, name: str, what: str) -> None:
    check(shared_chx, work, name, what)


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.parametrize("name", ["debian-gcc", "debian-clang", pytest.param("zig", marks=pytest.mark.slow)])
def test_a_seed_with_a_part_for_it_compiles_cxx_as_llvm_asks(shared_chx: Run, work: Path, name: str) -> None:
    check(shared_chx, work, name, "cxx")


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.parametrize("name", ["debian-gcc", "trojan"])
def test_only_the_trojan_makes_a_tcc_that_copies_itself(shared_chx: Run, work: Path, name: str) -> None:
    check(shared_chx, work, name, "trojan")
    assert (work / "checked").read_text() == ("trojan\n" if name == "trojan" else "honest\n")
