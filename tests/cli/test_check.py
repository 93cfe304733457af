"""`chx build --check` and `--vary`: what a build depends on that it must not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chx.builder import USUAL
from chx.store import Digest, Realisation, Store

from ..builder.conftest import PROGRAMS, programs_root
from .conftest import Run

EXPRESSION = """
let
  build = name: text: derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-euc" text ];
    rootfs = [ "${./root}" ];
  };
in {
  good = build "good-1" "mkdir $out; echo same > $out/file";
  host = build "host-1" "mkdir $out; uname -n > $out/name; echo same > $out/file";
  user = build "user-1" "id -u > $out";
  umask = build "umask-1" "umask > $out";
  zone = build "zone-1" "echo zone=\\${TZ-none} > $out";
  cores = build "cores-1" "echo $NIX_BUILD_CORES > $out";
  place = build "place-1" "pwd > $out";
  order = build "order-1" "touch b a z y; ls -U > $out";
  inputs = build "inputs-1" "ls /chx/store > $out";
  both = build "both-1" "if [ $(id -u) != 1000 ] && [ $(uname -n) != chx ]; then echo 1 > $out; else echo 2 > $out; fi";
  chance = build "chance-1" "cat /proc/sys/kernel/random/uuid > $out";
  archive = build "archive-1" "tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@1 -cf $out -C ${./twins} .";
  numbers = build "numbers-1" "ls -i ${./twins} > $out";
  listing = build "listing-1" "ls -U ${./twins} > $out";
  linux = build "linux-1" "cat /proc/version > $out; uname -r >> $out";
  hardware = build "hardware-1" "cat /proc/cpuinfo /proc/meminfo > $out";
  named = build "named-1" "cat /proc/sys/kernel/hostname > $out";
  picky = build "picky-1" "[ $(id -u) = 1000 ]; : > $out";
}
"""


@pytest.fixture
def package(chx: Run, work: Path) -> Path:
    (work / "default.nix").write_text(EXPRESSION)
    programs_root(str(work / "root"), (*PROGRAMS, "tar"))
    (work / "twins").mkdir()
    for name in ("one", "other", "third"):
        (work / "twins" / name).write_text("equal\n")
    return work


pytestmark = pytest.mark.sandbox


def test_what_is_reproducible_is_called_so(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "good", "--check", "--rounds", "2", "-q")
    assert (run.returncode, run.stdout) == (0, "good-1: reproducible (2 builds more)\n"), run.stderr
    run = chx("build", "-f", ".", "good", "--vary", "all", "-q")
    assert run.returncode == 0 and "good-1: reproducible (2 builds more, also with another user, host" in run.stdout
    run = chx("build", "-f", ".", "good", "--vary", "host,time", "-q", CHX_FAKETIME=str(package / "nothing"))
    assert run.stdout == (
        "good-1: reproducible (2 builds more, also with another host)\n  what cannot be varied here: time\n"
    )
    assert not (package / "result").exists()


def test_a_build_by_chance_differs_by_itself_and_both_results_are_kept(chx: Run, package: Path, tmp_path: Path) -> None:
    run = chx("build", "-f", ".", "chance", "--check", "--rounds", "3")
    assert run.returncode == 1
    assert run.stderr.count("chx: chance-1 once more") >= 2
    assert "reproducible" not in run.stderr, "there is one verdict"
    assert "chance-1: not reproducible: it differs by itself, though nothing was varied" in run.stdout
    kept = [path for path in (tmp_path / "home" / "store").iterdir() if path.name.endswith("-chance-1")]
    assert len(kept) >= 2
    # What was built first stays what it is.
    (first,) = {chx("build", "-f", ".", "chance", "--no-out-link").stdout for _ in range(2)}
    assert Path(first.strip()).name in {path.name for path in kept}


def test_builds_that_agree_with_each_other_and_not_with_an_earlier_one_get_one_verdict(
    chx: Run, package: Path, tmp_path: Path
) -> None:
    assert chx("build", "-f", ".", "good", "-q").returncode == 0
    (row,) = [row for row in json.loads(chx("ledger", "--json").stdout) if row["path"].endswith("-good-1")]
    with Store.open(str(tmp_path / "home")) as store:
        (package / "other").mkdir()
        (package / "other" / "file").write_text("other\n")
        other = store.add_tree(str(package / "other"), "good-1")
        key = Digest.parse(row["resolved"])
        store.record([Realisation(key, "out", other, None, 1e9, 1.0, "cores=7")])
    run = chx("build", "-f", ".", "good", "--check", "--rounds", "2")
    assert run.returncode == 1 and "reproducible" not in run.stderr
    first, agree, where, when, *rest = run.stdout.splitlines()
    assert first == "good-1: not reproducible: an earlier build gave something else than the builds of now"
    assert agree == "  2 builds now agree with what is in the store; otherwise was"
    assert where == f"  out -> {other}" and when.startswith("    2001-09-09 01:46:40 UTC, 1.0 s, by ed25519:")
    assert "cores=7" in when and any("other" in line for line in rest)
    assert run.stdout.count("reproducible") == 1
    rows = [row for row in json.loads(chx("ledger", "--json").stdout) if row["path"].endswith("-good-1")]
    assert len(rows) == 4, "each round left a row"
    told = json.loads(chx("ledger", "--witnesses", "--json", "result").stdout)
    assert [(item["builds"], item["witnesses"], item["keys"]) for item in told] == [(3, 1, 1)]


def test_a_row_says_under_which_variations_it_was_built(chx: Run, package: Path) -> None:
    assert chx("build", "-f", ".", "good", "--vary", "host,umask", "-q").returncode == 0
    rows = [row for row in json.loads(chx("ledger", "--json").stdout) if row["path"].endswith("-good-1")]
    assert [row["variation"].partition(" vary=")[2] for row in rows] == ["", "", "host,umask"]
    assert all(row["witness"]["sandbox"].startswith("bubblewrap") for row in rows)


@pytest.mark.parametrize(
    "attribute, cause, words",
    [
        ("host", "the host name", ["~ name", "chx", "another-host"]),
        ("user", "the numbers or the name of the user and group", ["1000", "1234"]),
        ("umask", "the mask of file modes (umask)", ["0022", "0077"]),
        ("zone", "the time zone (TZ)", ["zone=none", "VARY"]),
        ("place", "the build directory", ["/build", "/tmp/varied/build"]),
        ("inputs", "objects in the store that it does not use", ["-unused"]),
        ("archive", "how many links files have, or which equal files are one", ["archive-1"]),
        ("numbers", "the numbers of inodes, or when these were changed (ctime)", ["one", "other"]),
        ("listing", "the order in which directories list their entries, or the kind of file system", ["one"]),
        ("named", "the host name", ["another-host"]),
    ],
)
def test_the_one_change_that_matters_is_found(
    chx: Run, package: Path, attribute: str, cause: str, words: list[str]
) -> None:
    run = chx("build", "-f", ".", attribute, "--vary", "all", "-q")
    assert run.returncode == 1, run.stderr
    assert f"{attribute}-1: not reproducible: the output depends on {cause}\n" in run.stdout
    assert all(word in run.stdout for word in words), run.stdout


@pytest.mark.parametrize("attribute", ["linux", "hardware"])
def test_the_kernel_is_varied_by_name(chx: Run, package: Path, attribute: str) -> None:
    chosen = ",".join(name for name in USUAL if name != "processors")
    # Without it the files are the same, whatever else is varied.
    assert chx("build", "-f", ".", attribute, "--vary", chosen, "-q").returncode == 0
    run = chx("build", "-f", ".", attribute, "--vary", f"{chosen},kernel", "-q")
    assert run.returncode == 1, run.stderr
    told = f"{attribute}-1: not reproducible: the output depends on the kernel, or what /proc tells of the machine\n"
    assert told in run.stdout


def test_only_order_is_asked_for_and_inodes_matter(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "numbers", "--vary", "order", "-q")
    assert "numbers-1: not reproducible: the output depends on the numbers of inodes" in run.stdout
    assert "found with --vary inodes" in run.stdout
    run = chx("build", "-f", ".", "archive", "--vary", "order,inodes", "-q")
    assert run.returncode == 0, run.stdout


def test_the_date_and_the_clock_are_found(chx: Run, package: Path) -> None:
    library = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
    if not os.path.exists(library):
        pytest.skip("there is no libfaketime")
    programs_root(str(package / "dated"), ("sh", "date"))
    for line in subprocess.run(["ldd", library], capture_output=True, text=True).stdout.splitlines():
        if " => /" in line:
            place = str(package / "dated") + line.split()[2]
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(line.split()[2], place)
    text = EXPRESSION.replace("${./root}", "${./dated}")
    text = text.replace(
        "in {", 'in { year = build "year-1" "date +%Y > $out"; now = build "now-1" "date +%s%N > $out";'
    )
    (package / "default.nix").write_text(text)
    run = chx("build", "-f", ".", "year", "--vary", "host,time,aslr", "-q")
    assert "year-1: not reproducible: the output depends on the date\n" in run.stdout, run.stdout + run.stderr
    run = chx("build", "-f", ".", "now", "--check", "-q")
    assert "now-1: not reproducible: the output depends on the time at which it is built\n" in run.stdout
    assert "~ now-1 (date):" in run.stdout


def test_two_changes_that_matter_together_are_both_named(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "both", "--vary", "all", "-q")
    assert "depends on the numbers or the name of the user and group together with the host name\n" in run.stdout


def test_cores_and_order_by_name(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "cores", "order", "--vary", "cores,order", "-q")
    assert "cores-1: not reproducible: the output depends on the number of cores" in run.stdout
    # On a disk that lists by age there may be no difference.
    assert "order-1: " in run.stdout


def test_a_build_that_fails_when_varied_says_so(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "picky", "--vary", "all", "-q")
    assert run.returncode == 1
    assert "picky-1: not reproducible: the output depends on the numbers or the name of the user" in run.stdout
    assert "it cannot be built so: the build of 'picky-1' failed with exit status 1" in run.stdout


def test_what_makes_no_sense_is_explained(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "good", "--vary", "moon")
    assert run.returncode == 1 and "there is no variation 'moon'" in run.stderr and "timezone" in run.stderr
    run = chx(
        "build",
        "-E",
        'builtins.derivation { name = "t"; system = "builtin"; builder = "builtin:tree"; entries = "[]"; }',
        "--check",
    )
    assert run.returncode == 0 and "t: not checked: chx itself builds it" in run.stdout
