"""The whole proof: two seeds that agree, and one that was tampered with and is caught."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chx.builder.bubblewrap import find_bwrap
from chx.ops.bootstrap.likeness import SetComparison

from .conftest import _run

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"awk", "byacc", "dash", "make", "musl", "tinycc", "toybox"}
HONEST = "debian-gcc,debian-clang"

pytestmark = [pytest.mark.network, pytest.mark.sandbox]


def test_two_seeds_end_in_the_same_bytes(shared_chx):
    run = shared_chx("bootstrap", "tiny", "--seeds", HONEST, "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["holds"] is True
    items = {row["item"]: row for row in found["items"]}
    assert items.keys() == PACKAGES
    # The compilers of the seeds are two programs, and they compile tcc to two programs.
    first = {cells[0]["path"] for cells in items["tinycc"]["cells"].values()}
    assert len(first) == 2
    assert items["tinycc"]["agreedFrom"] == 1
    assert all(items[name]["agreedFrom"] == 0 for name in PACKAGES - {"tinycc"})
    assert all(point["stage"] == 1 for point in found["verdicts"]["fixedPoints"])


def test_a_compiler_that_is_neither_gcc_nor_llvm_ends_in_the_same_bytes(shared_chx):
    run = shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc,pcc", "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert found["holds"] is True
    items = {row["item"]: row for row in found["items"]}
    assert items["tinycc"]["agreedFrom"] == 1
    assert {cells[-1]["path"][11:19] for cells in items["tinycc"]["cells"].values()} == {"lyay9a76"}


def test_the_table_and_the_verdicts_are_printed(shared_chx):
    run = shared_chx("bootstrap", "tiny", "--seeds", HONEST)
    assert run.returncode == 0, run.stderr
    assert "fixed point        yes stage 1 == stage 2 for both seeds" in run.stdout
    assert "host independence  yes both seeds agree in stage 2" in run.stdout
    assert "residue            none found\n" in run.stdout
    assert "a search for strings misses code without text, and text that is short, encoded or compressed" in run.stdout
    assert "what seeds share   both: bash 5.2.15-2+b13, bzip2 1.0.8-5+b1" in run.stdout
    assert "(33 files)" in run.stdout
    again = shared_chx("bootstrap", "tiny", "--seeds", HONEST)
    assert again.stdout == run.stdout


def test_what_is_left_of_a_seed_is_found_in_the_files(shared_chx):
    shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc", "--json")
    last = shared_chx("diff", "--residue", "--exit-code", "bootstrap.tiny.debian-gcc.stage2", "seeds.debian-gcc")
    assert last.returncode == 0, last.stdout + last.stderr
    assert last.stdout.startswith("residue: none found\n")
    # glibc is in the compiler of stage 0, and in nothing else of it.
    first = shared_chx(
        "diff", "--residue", "--exit-code", "--json", "bootstrap.tiny.debian-gcc.stage0", "seeds.debian-gcc"
    )
    assert first.returncode == 1, first.stderr
    assert {echo["file"] for echo in json.loads(first.stdout)["echoes"]} == {"usr/bin/tcc"}


def test_residue_is_asked_of_what_is_built_and_of_packages(chx):
    missing = chx("diff", "--residue", "bootstrap.tiny.debian-gcc.stage2", "seeds.debian-gcc")
    assert missing.returncode == 1 and "is not there" in missing.stderr and "chx bootstrap" in missing.stderr
    no_package = chx("diff", "--residue", "-E", "{ a = 1; b = { }; }", "b", "b")
    assert no_package.returncode == 1 and "'b' is neither a package nor a set of packages" in no_package.stderr
    both = chx("diff", "--residue", "--attribute", "a", "b")
    assert both.returncode == 1 and "--residue and --attribute exclude each other" in both.stderr


def test_a_trojan_horse_reaches_its_own_fixed_point_and_is_caught(shared_chx):
    run = shared_chx("bootstrap", "tiny", "--seeds", f"{HONEST},trojan")
    assert run.returncode == 1
    assert "fixed point        yes stage 1 == stage 2 for all 3 seeds" in run.stdout
    assert (
        "host independence  NO  stage 2 differs between seeds: debian-gcc, debian-clang | trojan; a majority proves"
        " nothing" in run.stdout
    )
    assert "`usr/bin/tcc` of tinycc differs: debian-gcc, debian-clang against trojan" in run.stdout
    # What stage 0 shows by itself, whoever is in the majority.
    assert "trojan: tinycc of stage 0 equals stage 1" in run.stdout
    assert "debian-gcc: tinycc" not in run.stdout and "debian-clang: tinycc" not in run.stdout
    assert "trojan: 400 strings or more of its toolchain in `usr/bin/tcc`" in run.stdout
    assert "tinycc: debian-gcc, debian-clang against trojan" in run.stdout


def test_a_trojan_horse_among_two_seeds_makes_no_majority(shared_chx):
    run = shared_chx("bootstrap", "tiny", "--seeds", "trojan,debian-gcc", "--json")
    assert run.returncode == 1
    (dissent,) = json.loads(run.stdout)["verdicts"]["agreement"]["dissents"]
    assert [seeds for _, seeds in dissent["camps"]] == [["trojan"], ["debian-gcc"]]


ALIASED = """
let pkgs = import <chx> { }; in
{
  bootstrap = import <chx/bootstrap> {
    inherit (pkgs) over lib;
    seeds = pkgs.seeds // { alias = pkgs.seeds.debian-gcc; };
  };
}
"""


def test_a_seed_under_another_name_shows_no_independence(shared_chx, work):
    (work / "aliased.nix").write_text(ALIASED)
    run = shared_chx("bootstrap", "tiny", "-f", "aliased.nix", "--seeds", "debian-gcc,alias")
    assert run.returncode == 1, run.stderr
    assert "host independence  ?   both seeds agree, but they are only 1 toolchain:" in run.stdout
    assert "debian-gcc and alias count as one toolchain: they share a compiler" in run.stdout
    found = json.loads(
        shared_chx("bootstrap", "tiny", "-f", "aliased.nix", "--seeds", "debian-gcc,alias", "--json").stdout
    )
    assert found["verdicts"]["kinship"]["toolchains"] == [["debian-gcc", "alias"]]


def test_a_stage_that_ignores_the_one_before_is_refused_before_anything_is_built(shared_chx, work):
    (work / "still.nix").write_text(
        """
        let pkgs = import <chx> { }; in
        {
          bootstrap = import <chx/bootstrap> {
            inherit (pkgs) over lib seeds;
            sets.still = previous: import <chx/bootstrap/tiny.nix> { inherit (pkgs) over; } pkgs.seeds.debian-gcc;
          };
        }
        """
    )
    run = shared_chx("bootstrap", "still", "-f", "still.nix", "--seeds", "debian-gcc")
    assert run.returncode == 1 and run.stdout == ""
    assert "error[B041]: the set 'still' is no bootstrap:" in run.stderr
    assert "of stage 1 is that of stage 0: it does not depend on the stage before it" in run.stderr


@pytest.fixture(scope="module")
def proved(shared_home, tmp_path_factory):
    """A folder with a proof, its bundle, and the repository and image that it names; all that was built is hashed again."""
    folder = tmp_path_factory.mktemp("proved")
    key = folder / "key.ec"
    assert _run(shared_home, folder, "apk", "key", "--ec", key).returncode == 0
    more = ("--bundle", folder / "inputs.tar", "--repository", folder / "repository", "--repository-key", key)
    more += ("--image", folder / "image.cpio")
    run = _run(shared_home, folder, "bootstrap", "tiny", "--seeds", HONEST, "--proof", folder / "proof.json", *more)
    assert run.returncode == 0, run.stderr
    assert "one repository     yes all seeds end in the same 15 packages of apk" in run.stdout
    assert "one image          yes all seeds end in the same image" in run.stdout
    digest = hashlib.sha256((folder / "image.cpio").read_bytes()).hexdigest()
    assert f"bytes in {folder}/image.cpio: sha256:{digest}" in run.stderr
    assert "shows a fixed point and independence of the host; no residue of a seed was found" in run.stderr
    return folder


@pytest.fixture
def proof(proved, tmp_path):
    """The path of a copy of the proof."""
    return shutil.copy(proved / "proof.json", tmp_path / "proof.json")


def test_a_proof_is_replayed_and_a_changed_one_is_refused(shared_chx, proof):
    replayed = shared_chx("bootstrap", "--replay", proof)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "replayed: all 42 outputs came out as the proof says" in replayed.stdout
    assert "the set tiny: as in this chx" in replayed.stdout
    assert "debian-gcc: as in this chx" in replayed.stdout
    document = json.loads(proof.read_text())
    first, last = (document["chains"]["debian-gcc"]["stages"][number]["tinycc"]["derivation"] for number in (0, 2))
    document["realisations"][last] = document["realisations"][first]
    proof.write_text(json.dumps(document))
    refused = shared_chx("bootstrap", "--replay", proof)
    assert refused.returncode == 1
    assert "was changed after it was signed" in refused.stderr


def test_a_proof_is_checked_without_building(shared_chx, chx, proof):
    checked = chx("bootstrap", "--check-proof", proof)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.splitlines()[0] == (
        "this proof claims a fixed point and independence of the host; no residue of a seed was found"
    )
    assert "debian-clang: as in this chx" in checked.stdout
    told = json.loads(chx("bootstrap", "--check-proof", proof, "--json").stdout)
    assert f"the packages of the last stage as a repository: {told['repository']}" in checked.stdout
    assert f"the image of the last stage: {told['image']}" in checked.stdout
    again = shared_chx("bootstrap", "--check-proof", proof, "--key", "ed25519:other")
    assert again.returncode == 1 and "not by ed25519:other" in again.stderr


def test_a_root_from_the_proved_repository_compiles_and_runs(shared_chx, proved, tmp_path):
    """The proof of two toolchains leaves the store: what is installed from the repository makes a program."""
    repository, root = proved / "repository", tmp_path / "root"
    clean = shared_chx("apk", "check", repository)
    assert clean.returncode == 0, clean.stdout
    words = ("base-files", "dash", "toybox", "tinycc", "musl", "base-devel-static", "cmd:awk")
    made = shared_chx("apk", "root", root, *words, "--from", repository, "--keys", repository / "keys")
    assert made.returncode == 0, made.stderr
    assert {"awk-20220912-r0", "musl-devel-1.2.5-r0", "musl-static-1.2.5-r0"} <= set(made.stdout.split())
    (root / "tmp/x.c").write_text('#include <stdio.h>\nint main(void) { puts("made here"); return 0; }\n')
    script = "cd /tmp && tcc -o x x.c && ./x | awk '{ print $2, 6 * 7 }'"
    bwrap = find_bwrap(None)
    ran = subprocess.run(
        [bwrap, "--unshare-all", "--bind", root, "/", "--dev", "/dev", "--clearenv", "/bin/sh", "-c", script],
        env={"PATH": "/usr/bin"}, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("here 42\n", "")


def test_a_bundle_has_all_that_is_fetched(chx, proof, proved):
    bundle = proved / "inputs.tar"
    replayed = chx("bootstrap", "--replay", proof, "--bundle", bundle, "--offline")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "replayed: all 42 outputs came out as the proof says" in replayed.stdout


def test_nothing_is_signed_that_was_changed_after_it_was_built(shared_chx, shared_home, proof, tmp_path):
    document = json.loads(proof.read_text())
    last = {chain["stages"][2]["tinycc"]["derivation"] for chain in document["chains"].values()}
    (tcc,) = {document["realisations"][path]["out"].rpartition("/")[2] for path in last}
    file = shared_home / "store" / tcc / "usr/bin/tcc"
    content = file.read_bytes()
    mode = file.stat().st_mode
    file.chmod(0o755)
    try:
        file.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
        file.chmod(mode)
        run = shared_chx("bootstrap", "tiny", "--seeds", HONEST, "--proof", tmp_path / "other.json")
        assert run.returncode == 1
        assert f"nothing is signed: `usr/bin/tcc` of /chx/store/{tcc}" in run.stderr
        assert not (tmp_path / "other.json").exists()
        # Building it again gives the same name, and keeps the object that is there.
        replayed = shared_chx("bootstrap", "--replay", proof)
        assert replayed.returncode == 1
        assert f"nothing is shown by this replay: `usr/bin/tcc` of /chx/store/{tcc}" in replayed.stderr
    finally:
        file.chmod(0o755)
        file.write_bytes(content)
        file.chmod(mode)
        os.utime(file, (1, 1))


def test_a_comment_in_a_build_script_rebuilds_that_package_and_nothing_behind_it(shared_chx, tmp_path):
    shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc", "--json")
    shutil.copytree(ROOT / "pkgs", tmp_path / "pkgs")
    shutil.copytree(ROOT / "arch", tmp_path / "arch")
    dash = tmp_path / "pkgs/dash/package.nix"
    text = dash.read_text()
    assert "sh mktokens\n" in text
    # Never the same, so that no earlier run with the same store has built it.
    dash.write_text(text.replace("sh mktokens\n", f"# Comment {os.urandom(8).hex()}.\n    sh mktokens\n"))
    run = shared_chx("bootstrap", "tiny", "--seeds", "debian-gcc", "-f", tmp_path / "pkgs", "--json")
    built = [line for line in run.stderr.splitlines() if ": building " in line]
    assert built and all(line.endswith(": dash") for line in built), run.stderr
    found = json.loads(run.stdout)
    # Stage 0 in the seed's userland, stage 1 in that of stage 0; stage 2 is the same as stage 1.
    assert found["builds"] == len(built) == 2


def test_what_refers_to_the_seed_is_refused_when_it_is_built(shared_chx, work):
    (work / "leak.nix").write_text(
        """
        let
          pkgs = import <chx> { };
          scope = pkgs.over { rootfs = pkgs.seeds.debian-gcc.rootfs; allowedRequisites = [ ]; };
        in
        scope.mkDerivation {
          pname = "leak"; version = "1"; tools = [ pkgs.tinycc ];
          unpackPhase = ""; configurePhase = ""; buildPhase = "";
          installPhase = "echo ${pkgs.tinycc} > $out";
        }
        """
    )
    run = shared_chx("build", "-f", "leak.nix", "--no-out-link")
    assert run.returncode == 1
    assert "allowedRequisites" in run.stderr


def test_a_stage_that_reaches_the_seed_by_itself_is_refused_when_it_is_evaluated(shared_chx, work):
    (work / "leak.nix").write_text(
        """
        let
          pkgs = import <chx> { };
          seed = pkgs.seeds.debian-gcc;
          stage = previous: rec {
            # In every stage the seed's own container.
            packages.leak = (pkgs.over { inherit (seed) rootfs; }).mkDerivation {
              pname = "leak";
              version = if previous ? packages then "later" else "first";
            };
            toolchain = [ packages.leak ];
            userland = [ ];
          };
          chains = import <chx/bootstrap> {
            inherit (pkgs) over lib seeds;
            sets = { leaky = stage; };
          };
        in
        { bootstrap = chains; }
        """
    )
    run = shared_chx("eval", "--raw", "-f", "leak.nix", "-A", "bootstrap.leaky.debian-gcc.stage1.packages.leak.drvPath")
    assert run.returncode == 1
    assert "the seed is reached without stage 0: leak-later <- " in run.stderr


def test_a_stage_that_is_made_with_what_its_set_refuses_is_refused_too(shared_chx, work):
    (work / "gnu.nix").write_text(
        """
        let
          pkgs = import <chx> { };
          stage = previous: rec {
            make = name: rootfs: (pkgs.over { inherit rootfs; }).mkDerivation { pname = name; version = "1"; };
            # Built by the stage itself, and so of no seed; its name is another matter.
            helper = make "binutils" previous.toolchain;
            packages.tool = make "tool" [ helper ];
            toolchain = [ packages.tool ];
            userland = [ ];
          };
          chains = refuses: import <chx/bootstrap> {
            inherit (pkgs) over lib seeds;
            sets.gnu = { inherit refuses; __functor = _: stage; };
          };
        in
        { lenient = chains [ ]; strict = chains [ "binutils" ]; }
        """
    )

    def asked(which: str, number: int):
        attribute = f"{which}.gnu.debian-gcc.stage{number}.packages.tool.drvPath"
        return shared_chx("eval", "--raw", "-f", "gnu.nix", "-A", attribute)

    assert asked("lenient", 1).returncode == 0
    assert asked("strict", 0).returncode == 0
    refused = asked("strict", 1)
    assert refused.returncode == 1
    assert "the stage does without this: tool-1 <- binutils-1" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tinny"], "there is no set 'tinny'\n  = did you mean 'tiny'?"),
        (["--seeds", "zgi"], "there is no seed 'zgi'\n  = did you mean 'zig'?"),
        (["--seeds", ","], "--seeds names none"),
        (["--stages", "99"], "there are 16 stages, not 99"),
        (["--bundle", "b"], "--bundle needs --proof or --replay"),
        (["--check-proof", "/nonexistent"], "no such file or directory: '/nonexistent'"),
        (["--replay", "/nonexistent"], "no such file or directory: '/nonexistent'"),
        (["--seeds", "host", "--proof", "p"], "the seed 'host' is not captured yet"),
    ],
)
def test_what_makes_no_sense_is_explained(chx, words, said):
    run = chx("bootstrap", *words)
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_set_is_not_said_to_be_that_of_this_chx_where_it_was_not_compared():
    assert SetComparison("tiny", True, {"a": True, "b": True}, ()).set_words == "as in this chx"
    some = SetComparison("tiny", True, {"a": True, "b": False, "c": None}, ("b", "c"))
    assert some.set_words == "as in this chx from a; not compared from b, c"
    assert SetComparison("tiny", False, {"a": True, "b": False}, ("b",)).set_words == "NOT the tiny of this chx"
