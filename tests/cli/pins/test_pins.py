"""Pinning, building against pins, moving and checking them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Lock, Run, Write

SET = """
{ suffix ? "" }: rec {
  a = tree "a-1" "first${suffix}";
  b = tree "b-1" "second";
  uses = tree "uses-1" "${a}/text";
}
"""
CLOCK = """
rec {
  good = tree "good" "x";
  clock = derivation {
    name = "clock"; system = builtins.currentSystem; builder = "/bin/sh"; rootfs = [ ROOT ];
    args = [ "-c" "mkdir $out; date +%N > $out/time; echo same > $out/same" ];
  };
  after = tree "after" (builtins.unsafeDiscardStringContext "x" + "${clock}");
}
"""


@pytest.fixture
def project(chx: Run, write: Write) -> Path:
    """Three packages, all pinned."""
    folder = write(default=SET)
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    return folder


def rewrite(folder: Path, *path: str, value: object) -> tuple[str, str]:
    """Change a value in the lock; the value before, and the place of the new one."""
    data = json.loads((folder / "chx.lock").read_text())
    inner = data
    for name in path[:-1]:
        inner = inner[name]
    before, inner[path[-1]] = inner[path[-1]], value
    text = json.dumps(data, indent=1, sort_keys=True) + "\n"
    (folder / "chx.lock").write_text(text)
    number = next(number for number, line in enumerate(text.splitlines(), 1) if json.dumps(value) in line)
    return before, f"chx.lock:{number}"


def test_everything_is_pinned_if_nothing_is_named(project: Path, lock: Lock) -> None:
    assert sorted(lock()["pins"]) == ["a", "b", "uses"]
    (pin,) = lock()["pins"]["a"].values()
    assert sorted(pin) == ["derivation", "outputs", "resolved", "seal"]
    assert sorted(pin["outputs"]["out"]) == ["digest", "path", "size"] and pin["outputs"]["out"]["size"] == 5


def test_locking_again_changes_nothing(chx: Run, project: Path) -> None:
    before = (project / "chx.lock").stat()
    run = chx("lock")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "chx: chx.lock stays as it was\n")
    after = (project / "chx.lock").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_attributes_are_added_one_by_one(chx: Run, write: Write, lock: Lock) -> None:
    write(default=SET)
    assert "+ b (" in chx("lock", "b").stdout
    assert sorted(lock()["pins"]) == ["b"]
    unpinned = chx("build", "a")
    assert unpinned.returncode == 0 and "not pinned in chx.lock: a" in unpinned.stderr
    assert "+ a (" in chx("lock", "-A", "a").stdout
    assert sorted(lock()["pins"]) == ["a", "b"]
    assert chx("lock", "nothing").returncode == 1


def test_a_changed_expression_that_gives_the_same_is_no_error(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"second"', '("sec" + "ond")').replace("rec {", "rec { # changed"))
    assert chx("build", "b").returncode == 0


def test_a_changed_output_names_both_values_and_the_files(chx: Run, project: Path, write: Write, lock: Lock) -> None:
    pinned = lock()["pins"]["b"]["x86_64-linux"]["outputs"]["out"]["digest"]
    write(default=SET.replace('"second"', '"changed"'))
    run = chx("build", "b", "--locked")
    assert run.returncode == 1 and run.stdout == ""
    assert "error[L020]: 'b' is not what chx.lock pins" in run.stderr
    assert f"pinned: {pinned}, 6 bytes" in run.stderr and "(chx.lock:" in run.stderr
    assert " built: blake3:" in run.stderr and "7 bytes" in run.stderr and "~ text: 6 B -> 7 B" in run.stderr
    assert "chx lock update b" in run.stderr
    assert not os.path.lexists(project / "result")
    for words in (
        ("run", "--locked", "b"),
        ("build", "b", "--locked", "--check"),
        ("build", "b", "--locked", "--rounds", "2"),
    ):
        assert "error[L020]" in chx(*words).stderr
    around = chx("build", "b", "--no-lock")
    assert around.returncode == 0 and "chx.lock is not used" in around.stderr
    again = chx("build", "b", "--no-lock")
    assert "chx.lock is not used" in again.stderr
    assert chx("build", "b", "--locked").returncode == 1
    assert "error[L020]" in chx("lock").stderr


def test_a_pin_that_was_tampered_with(chx: Run, project: Path) -> None:
    before, place = rewrite(
        project, "pins", "a", "x86_64-linux", "outputs", "out", "digest", value="blake3:" + "0" * 64
    )
    run = chx("build", "a")
    assert run.returncode == 1
    assert f"pinned: blake3:{'0' * 64}" in run.stderr and place in run.stderr and before in run.stderr
    assert "the lock contradicts itself" in run.stderr


def test_an_output_that_was_tampered_with(chx: Run, project: Path) -> None:
    assert chx("build", "a").returncode == 0
    file = Path(os.path.realpath(project / "result")) / "text"
    file.chmod(0o644)
    file.write_text("fIrst")
    file.chmod(0o444)
    for words in (("build", "a"), ("lock", "check", "a")):
        run = chx(*words)
        told = run.stderr + run.stdout
        assert run.returncode == 1, words
        assert "error[L021]: 'a' was changed in the store" in told and "text: has other content" in told
        assert "pinned: blake3:" in told and " there: /chx/store/" in told
    assert chx("lock", "check", "b").returncode == 0
    advice = next(line for line in run.stdout.splitlines() if "--repair" in line).split()
    repaired = chx(*advice[2 : advice.index("makes")])
    assert chx("build", "a").returncode == 0, repaired.stdout + repaired.stderr
    assert file.read_text() == "first"


def test_arguments_give_what_is_pinned_or_nothing(chx: Run, project: Path) -> None:
    assert chx("build", "b", "--argstr", "suffix", "x").returncode == 0
    run = chx("build", "a", "--argstr", "suffix", "x")
    assert run.returncode == 1 and "with arguments" in run.stderr


SOURCE = """
{ hash, url }: derivation {
  name = "data"; system = "builtin"; builder = "builtin:fetch"; inherit url;
  outputHash = hash; outputHashMode = "flat"; outputHashAlgo = "sha256";
}
"""


def sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def test_sources_are_locked_with_where_they_come_from(chx: Run, write: Write, lock: Lock, work: Path) -> None:
    write({"one": "one", "two": "two", "source.nix": SOURCE})
    package = '{{ p = tree "p" (builtins.unsafeDiscardStringContext "x" + "${{data}}"); }}'
    package = package.format()

    def expression(name: str, url: str) -> str:
        call = f'import ./source.nix {{ hash = "{sha256(name)}"; url = "{url}"; }}'
        return f"let data = {call}; in {package}"

    url = f"file://{work}/one"
    write(default=expression("one", url))
    assert chx("lock").returncode == 0
    (source,) = lock()["sources"].items()
    assert source[0] == url and source[1]["hash"].startswith("sha256-")
    assert lock()["pins"]["p"]["x86_64-linux"]["sources"] == [url]
    before, place = rewrite(work, "sources", url, "hash", value="sha256-" + "A" * 43 + "=")
    for words in (("build", "p"), ("lock", "check"), ("lock",), ("build", "p", "--dry-run"), ("build", "p", "--check")):
        run = chx(*words)
        said = run.stdout + run.stderr
        assert run.returncode == 1 and "error[L012]" in said and before in said and place in said
    rewrite(work, "sources", url, "hash", value=before)
    (work / "one").write_text("two")
    write(default=expression("two", url))
    moved = chx("build", "p", "--locked")
    assert moved.returncode == 1 and f"error[L012]: the source '{url}' of 'p' has another hash" in moved.stderr
    assert f"locked: {source[1]['hash']}  (chx.lock:" in moved.stderr and "asked for: sha256-" in moved.stderr
    write(default=expression("two", f"file://{work}/two"))
    new = chx("build", "p", "--locked")
    assert new.returncode == 1 and f"its source 'file://{work}/two' is not in chx.lock" in new.stderr
    (work / "old.lock").write_bytes((work / "chx.lock").read_bytes())
    update = chx("lock", "update", "p")
    assert update.returncode == 0, update.stderr
    told = chx("diff", "old.lock", "chx.lock").stdout
    assert (
        "sources: 2 not the same" in told and f"- {url}: {before}" in told and f"+ file://{work}/two: sha256-" in told
    )
    assert list(lock()["sources"]) == [f"file://{work}/two"]
    assert chx("build", "p").returncode == 0


SHELL = """
rec {
  part = tree "part" "${derivation {
    name = "data"; system = "builtin"; builder = "builtin:fetch"; url = "file://FOLDER/data";
    outputHash = "sha256:HASH"; outputHashMode = "flat";
  }}";
  program = derivation { name = "program"; system = builtins.currentSystem; builder = "/bin/sh"; inherit part; };
}
"""


def test_a_shell_is_guarded_as_a_build_is(chx: Run, write: Write, work: Path) -> None:
    write({"data": "data"}, SHELL.replace("FOLDER", str(work)).replace("HASH", sha256("data")))
    assert chx("lock", "part").returncode == 0
    before, _ = rewrite(work, "pins", "part", "x86_64-linux", "outputs", "out", "digest", value="blake3:" + "0" * 64)
    run = chx("shell", "program")
    assert run.returncode == 1 and "error[L020]: 'part'" in run.stderr and before in run.stderr
    assert "not pinned in chx.lock: program" in run.stderr
    assert "error[L020]" not in chx("shell", "program", "--no-lock").stderr
    rewrite(work, "pins", "part", "x86_64-linux", "outputs", "out", "digest", value=before)
    rewrite(work, "sources", f"file://{work}/data", "hash", value="sha256-" + "A" * 43 + "=")
    assert "error[L012]" in chx("run", "part").stderr
    file = (
        work.parent
        / "home/store"
        / json.loads((work / "chx.lock").read_text())["pins"]["part"]["x86_64-linux"]["outputs"]["out"][
            "path"
        ].rpartition("/")[2]
    )
    (file / "text").chmod(0o644)
    (file / "text").write_text("changed")
    assert "error[L021]: 'part' was changed" in chx("shell", "program").stderr


def test_what_moves_is_said(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"a-1" "first', '"a-2" "first longer').replace("b = ", "c = "))
    run = chx("lock", "update")
    assert run.returncode == 0, run.stderr
    assert "~ a (x86_64-linux): a-1 -> a-2" in run.stdout and "5 B -> 12 B (+7 B)" in run.stdout
    assert "- b (x86_64-linux): b-1" in run.stdout
    assert "~ uses (x86_64-linux): uses-1" in run.stdout
    assert "closure: 2 packages differ, 0 equal" in run.stdout and "~ a 1 -> 2" in run.stdout
    assert "c" not in json.loads((project / "chx.lock").read_text())["pins"]
    assert chx("build", "uses").returncode == 0


def test_two_locks_are_compared(chx: Run, chx_in: Run, project: Path, write: Write, tmp_path: Path) -> None:
    write({"old.lock": (project / "chx.lock").read_text()})
    same = chx("diff", "old.lock", "chx.lock", "--exit-code")
    assert same.returncode == 0 and same.stdout == "old.lock and chx.lock pin the same\n"
    changed = SET.replace('"a-1" "first', '"a-2" "first longer').replace("b = ", "c = ")
    write({"in/x": "x", "chx.toml": '[inputs]\nmine = "./in"'}, changed)
    assert chx("lock", "update").returncode == 0
    run = chx("diff", "old.lock", "chx.lock", "--exit-code")
    assert run.returncode == 1
    assert "+ input mine: sha256-" in run.stdout and "- b (x86_64-linux): b-1" in run.stdout
    assert "~ a (x86_64-linux): a-1 -> a-2" in run.stdout and "5 B -> 12 B (+7 B)" in run.stdout
    assert "closure: 2 packages differ, 0 equal" in run.stdout and "~ a 1 -> 2" in run.stdout
    # The same values for programs, and the lock alone says what a store could not add to.
    data = json.loads(chx_in(tmp_path / "other", project, "diff", "chx.lock", "old.lock", "--json").stdout)
    (a, b, uses), (mine,) = data["pins"], data["inputs"]
    assert (a["verdict"], a["before"]["name"], a["after"]["name"]) == ("moved", "a-2", "a-1")
    assert b["verdict"] == "added" and uses["verdict"] == "moved" and uses["closure"] is None
    assert (a["outputs"][0]["before"]["size"], a["outputs"][0]["after"]["size"]) == (12, 5)
    assert mine["name"] == "mine" and mine["after"] is None


def test_locks_are_compared_with_locks(chx: Run, project: Path, write: Write) -> None:
    for words, told in (
        (("chx.lock", "absent.lock"), "there is no lock file 'absent.lock'"),
        (("chx.lock", "chx.lock", "--level", "files"), "--level is not for lock files"),
        (("chx.lock", "default.nix"), "error[L001]"),
    ):
        run = chx("diff", *words)
        assert run.returncode == 1 and told in run.stderr
    reader, writer = os.pipe()
    os.write(writer, (project / "chx.lock").read_bytes())
    os.close(writer)
    assert "pin the same" in chx("diff", f"/dev/fd/{reader}", "chx.lock").stdout
    os.close(reader)


def test_one_pin_moves_alone(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace("second", "other").replace("first", "another"))
    assert chx("lock", "update", "b").returncode == 0
    assert chx("build", "b").stderr == ""
    assert "warning[L020]: 'a' is not what chx.lock pins" in chx("build", "a").stderr
    assert "error[L020]: 'a'" in chx("build", "a", "--locked").stderr
    assert chx("lock", "update", "nothing").returncode == 1


def test_a_set_stands_for_what_is_in_it(chx: Run, write: Write, lock: Lock) -> None:
    write(default='{ s = { a = tree "a" "1"; "b.c" = tree "b" "1"; }; t = tree "t" "1"; }')
    assert chx("lock", "s", "t").returncode == 0
    assert sorted(lock()["pins"]) == ['s."b.c"', "s.a", "t"]
    assert "2 of 2" not in chx("lock", "check", "s").stderr
    assert len(chx("lock", "check", "s").stdout.splitlines()) == 2
    assert chx("build", "s", 's."b.c"').stderr == ""
    write(default='{ s = { a = tree "a" "2"; "b.c" = tree "b" "2"; }; t = tree "t" "2"; }')
    assert "2 of 2 not as pinned" in chx("lock", "check", "s").stderr
    moved = chx("lock", "update", "s")
    assert moved.returncode == 0 and '~ s."b.c" (' in moved.stdout and "t (" not in moved.stdout


def test_check_tells_for_each(chx: Run, project: Path, write: Write) -> None:
    good = chx("lock", "check")
    assert good.returncode == 0 and len(good.stdout.splitlines()) == 3
    assert "= a (x86_64-linux): blake3:" in good.stdout
    write(default=SET.replace("second", "other").replace("uses =", "used ="))
    bad = chx("lock", "check", "--rebuild")
    assert bad.returncode == 1
    assert "- b: not as pinned" in bad.stdout and "~ text: 6 B -> 5 B" in bad.stdout
    assert "- uses: not as pinned" in bad.stdout and "attribute 'uses'" in bad.stdout
    assert "= a (" in bad.stdout and "2 of 3 not as pinned: b, uses" in bad.stderr
    assert chx("lock", "check", "a").returncode == 0
    unknown = chx("lock", "check", "nothing")
    assert unknown.returncode == 1 and "pinned are a, b, uses" in unknown.stderr


@pytest.mark.sandbox
def test_what_is_not_reproducible_is_found(chx: Run, chx_in: Run, write: Write, work: Path) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("roots", Path(__file__).parents[2] / "builder/conftest.py")
    assert spec is not None and spec.loader is not None
    roots = module_from_spec(spec)
    spec.loader.exec_module(roots)
    roots.programs_root(str(work / "root"), ("sh", "mkdir", "date"))
    write(default=CLOCK.replace("ROOT", '"${./root}"'))
    assert chx("lock").returncode == 0
    assert chx("lock", "check").returncode == 0
    run = chx("lock", "check", "--rebuild", "good", "clock")
    assert run.returncode == 1
    assert "= good (" in run.stdout and "- clock: not as pinned" in run.stdout
    assert "~ time: " in run.stdout and "same:" not in run.stdout and "not reproducible here" in run.stdout
    # On a machine where it came out otherwise, what is built with it is told from what is at fault.
    other = chx_in(work.parent / "other", work, "lock", "check", "after")
    assert other.returncode == 1 and "something that it is built with came out otherwise here" in other.stdout


USER = """
rec {
  data = tree "data" "x";
  good = derivation {
    name = "good"; system = builtins.currentSystem; builder = "/bin/sh"; rootfs = [ ROOT ];
    args = [ "-c" "mkdir $out; echo same > $out/same" ];
  };
  user = derivation {
    name = "user"; system = builtins.currentSystem; builder = "/bin/sh"; rootfs = [ ROOT ]; outputs = [ "out" "doc" ];
    args = [ "-c" "mkdir $out $doc; echo same > $doc/same; echo same > $out/same; id -u > $out/user" ];
  };
  fails = derivation {
    name = "fails"; system = builtins.currentSystem; builder = "/bin/sh"; rootfs = [ ROOT ];
    args = [ "-c" "test $(id -u) = 1000 && mkdir $out" ];
  };
}
"""


@pytest.mark.sandbox
def test_variations_are_checked_against_the_pins(chx: Run, write: Write, work: Path, lock: Lock) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("roots", Path(__file__).parents[2] / "builder/conftest.py")
    assert spec is not None and spec.loader is not None
    roots = module_from_spec(spec)
    spec.loader.exec_module(roots)
    roots.programs_root(str(work / "root"), ("sh", "mkdir", "id"))
    write(default=USER.replace("ROOT", '"${./root}"'))
    assert chx("lock").returncode == 0
    run = chx("lock", "check", "--vary", "user,umask", "--json")
    assert run.returncode == 1
    told = json.loads(run.stdout)
    assert told["holds"] is False and told["lock"] == str(work / "chx.lock")
    verdicts = {pin["attribute"]: pin for pin in told["pins"]}
    assert {name: pin["verdict"] for name, pin in verdicts.items()} == {
        "data": "holds", "good": "holds", "user": "differs", "fails": "failed"
    }  # fmt: skip
    user = verdicts["user"]
    assert user["output"] == "out" and user["code"] == "L020"
    assert user["cause"] == {"kind": "variations", "variations": ["user"]}
    assert [file["path"] for file in user["files"]] == ["user"]
    pinned = lock()["pins"]["user"]["x86_64-linux"]["outputs"]["out"]
    assert user["pinned"]["out"] == pinned and user["built"]["digest"] not in ("", pinned["digest"])
    assert verdicts["fails"]["code"] == "L024" and verdicts["good"]["code"] is None
    shown = chx("lock", "check", "--vary", "umask,user", "user")
    assert shown.returncode == 1 and "~ user: " in shown.stdout and "(--vary user)" in shown.stdout
    assert "user once more, varied: umask, user" in shown.stderr
    assert chx("lock", "check", "--vary", "all", "good", "data").returncode == 0
    unknown = chx("lock", "check", "--vary", "moon")
    assert unknown.returncode == 1 and "there is no variation 'moon'" in unknown.stderr


def test_a_check_tells_programs_what_differs(
    chx: Run, chx_in: Run, project: Path, write: Write, lock: Lock, tmp_path: Path
) -> None:
    good = chx("lock", "check", "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["holds"] is True
    pinned = lock()["pins"]["b"]["x86_64-linux"]["outputs"]["out"]["path"]
    assert chx("copy", "--to", tmp_path / "cache", pinned).returncode == 0
    write(default=SET.replace('"second"', '"changed"'))
    here = json.loads(chx("lock", "check", "--json").stdout)
    other = json.loads(chx_in(tmp_path / "other", project, "lock", "check", "--json").stdout)
    (project / "chx.toml").write_text(f'[caches]\nurls = ["{tmp_path}/cache"]\n')
    cached = json.loads(chx_in(tmp_path / "other", project, "lock", "check", "--json").stdout)
    for told, files in ((here, ["text"]), (other, []), (cached, ["text"])):
        assert told["holds"] is False
        a, b, uses = told["pins"]
        assert (a["verdict"], b["verdict"], uses["verdict"]) == ("holds", "differs", "holds")
        assert [file["path"] for file in b["files"]] == files and b["built"]["size"] == 7
        assert b["pinned"]["out"]["path"] == pinned and b["message"] == "'b' is not what chx.lock pins (output 'out')"


def test_pins_belong_to_one_expression(chx: Run, project: Path) -> None:
    (project / "other.nix").write_text((project / "default.nix").read_text().replace("second", "other"))
    run = chx("build", "-f", "other.nix", "b")
    assert run.returncode == 0 and "those of default.nix, not of other.nix" in run.stderr
    assert "belongs to default.nix" in chx("lock", "-f", "other.nix").stderr


def test_attributes_are_those_of_the_project(chx: Run, project: Path) -> None:
    assert chx("eval", "--raw", "-A", "b.name").stdout == "b-1"
    assert chx("eval", "--raw", "-f", "<chx>", "-A", "hello.pname").stdout == "hello"
    missing = chx("build", "hello")
    assert missing.returncode == 1 and "in ./default.nix (the bundled set is -f '<chx>' here)" in missing.stderr
    (project / "chx.lock").unlink()
    assert chx("eval", "--raw", "-A", "hello.pname").stdout == "hello"


def test_the_quick_answer_looks_at_the_lock(chx: Run, project: Path, tmp_path: Path) -> None:
    assert chx("build", "a").returncode == 0
    database = tmp_path / "home/db"
    database.rename(tmp_path / "home/db-away")
    assert chx("build", "a").returncode == 0
    (tmp_path / "home/db-away").rename(database)
    rewrite(project, "pins", "a", "x86_64-linux", "outputs", "out", "size", value=4)
    assert "error[L020]" in chx("build", "a").stderr


def test_a_lock_that_appears_is_noticed(chx: Run, write: Write) -> None:
    write(default=SET)
    assert chx("build", "-f", ".", "a", "-o", "one").returncode == 0
    assert chx("lock", "b").returncode == 0
    assert "not pinned in chx.lock: a" in chx("build", "-f", ".", "a", "-o", "one").stderr


def test_a_lock_that_is_damaged(chx: Run, project: Path) -> None:
    (project / "chx.lock").write_text("<<<<<<< ours\n")
    for words in (("build", "a"), ("lock",), ("lock", "check")):
        run = chx(*words)
        assert run.returncode == 1 and "error[L001]" in run.stderr and "chx.lock:1:1" in run.stderr
    assert chx("build", "a", "--no-lock").returncode == 0


def test_what_means_nothing(chx: Run, write: Write) -> None:
    assert "no default.nix" in chx("lock").stderr
    write(default=SET)
    assert "there is no chx.lock" in chx("lock", "check").stderr
    for words in (("--rebuild",), ("--json",), ("update", "--vary", "all")):
        assert "is for chx lock check" in chx("lock", *words).stderr
    assert "chx lock does not work with --no-lock" in chx("lock", "--no-lock").stderr
