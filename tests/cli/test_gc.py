"""`chx gc` and `chx store roots`, as programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from chx.store import Store

from .conftest import Run

TREE = (
    'derivation { name = "%s"; system = "builtin"; builder = "builtin:tree";'
    ' entries = builtins.toJSON [ { path = "f"; kind = "file"; content = "%s"; } ]; }'
)


def build(chx: Run, name: str, *words: str) -> str:
    run = chx("build", "-E", TREE % (name, name), *words)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def physical(home: Path, path: str) -> Path:
    return home / "store" / path.rpartition("/")[2]


def test_a_result_link_keeps_a_build_and_without_it_everything_goes(chx: Run, work: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    kept, loose = build(chx, "kept"), build(chx, "loose", "--no-out-link")
    planned = json.loads(chx("gc", "--dry-run", "--json").stdout)
    assert loose in {item["path"] for item in planned["dead"]}
    assert [(root["kind"], root["path"]) for root in planned["roots"]] == [("link", kept)]
    assert loose in chx("gc", "-n").stdout.split()
    assert physical(home, loose).exists()
    assert chx("store", "roots", kept).stdout == f"link {work}/result -> {kept}\n"
    assert chx("store", "roots", loose).stdout == ""

    run = chx("gc")
    assert run.returncode == 0 and "removed 2 objects" in run.stderr, run.stderr
    assert physical(home, kept).exists() and not physical(home, loose).exists()
    assert build(chx, "kept") == kept
    assert build(chx, "loose", "--no-out-link") == loose, "an answer from before must not be given"
    assert physical(home, loose).exists()

    os.unlink(work / "result")
    counts = json.loads(chx("gc", "--json").stdout)
    assert counts["objects"] == 4
    assert os.listdir(home / "store") == os.listdir(home / "gcroots") == os.listdir(home / "cache" / "noop") == []
    assert [name for _, _, names in os.walk(home / "logs") for name in names] == []


def test_age_and_amount_are_understood(chx: Run) -> None:
    path = build(chx, "young", "--no-out-link")
    assert path not in chx("gc", "-n", "--max-age", "1h").stdout
    assert chx("gc", "-n", "--max-free", "1").stdout.count("\n") == 1
    for words in (("--max-age", "soon"), ("--max-free", "-1"), ("--max-free", "1x")):
        assert chx("gc", *words).returncode == 2


def test_the_configuration_says_what_is_kept(chx: Run, work: Path) -> None:
    build(chx, "one")
    assert chx("gc", "-n").stdout == ""
    (work / "chx.toml").write_text("[gc]\nkeep-derivations = false\n")
    assert chx("gc", "-n").stdout.strip().endswith(".drv")
    assert chx("gc", "-n", "--keep-derivations").stdout == ""
    (work / "chx.toml").write_text("[gc]\nkeep-derivations = 1\n")
    run = chx("gc", "-n")
    assert run.returncode == 1 and "true or false" in run.stderr


BOOTSTRAP = """
let
  make = name: content: needs: derivation {
    inherit name needs; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "file"; kind = "file"; inherit content; } ];
  };
  stage = content: needs: { packages = { tool = make "tool" content needs; }; };
  seed = name: rec {
    cc = make "cc-${name}" "compiler of ${name}" [ ];
    seed = { toolchain = [ cc ]; userland = [ ]; };
    stage0 = stage "from ${name}" [ cc ];
    stage1 = stage version [ stage0.packages.tool ];
    stage2 = stage version [ stage1.packages.tool ];
  };
  version = "same VERSION";
in { bootstrap.small = { a = seed "a"; b = seed "b"; }; }
"""


def test_what_a_bootstrap_gave_is_kept_until_it_is_dropped(chx: Run, work: Path, tmp_path: Path) -> None:
    def bootstrap(version: str) -> set[str]:
        run = chx("bootstrap", "small", "-E", BOOTSTRAP.replace("VERSION", version), "--json")
        assert run.stdout, run.stderr
        found = json.loads(run.stdout)
        return {cell["path"] for item in found["items"] for cells in item["cells"].values() for cell in cells}

    first = bootstrap("1")
    assert len(first) == 3
    kept = json.loads(chx("store", "roots", "--json").stdout)
    assert {root["path"] for root in kept} >= first
    assert all("/kept/bootstrap-small/" in root["source"] for root in kept)
    chx("gc")
    assert all(physical(tmp_path / "home", path).exists() for path in first)
    second = bootstrap("2")
    chx("gc")
    gone = first - second
    assert len(gone) == 1 and not any(physical(tmp_path / "home", path).exists() for path in gone)
    run = chx("bootstrap", "--drop", "small")
    assert run.returncode == 0 and f"{len(kept)} objects of small" in run.stderr
    assert not (tmp_path / "home" / "kept" / "bootstrap-small").exists()
    chx("gc")
    assert not any(physical(tmp_path / "home", path).exists() for path in second)
    assert "0 objects" in chx("bootstrap", "--drop", "small").stderr


def test_a_build_with_nothing_to_do_is_a_use(chx: Run, tmp_path: Path) -> None:
    words = ("build", "--no-out-link", "-E", BOOTSTRAP + ".bootstrap.small.a.stage1.packages.tool")
    path = chx(*words).stdout.strip()
    from chx.store import Store

    with Store.open(str(tmp_path / "home")) as store:
        store._database.execute("UPDATE objects SET registered = registered - 1000000")
    for record in (tmp_path / "home" / "cache" / "noop").iterdir():
        os.utime(record, (1, 1))
    assert path in chx("gc", "-n", "--max-age", "2d").stdout
    assert chx(*words).stdout.strip() == path
    assert path not in chx("gc", "-n", "--max-age", "2d").stdout
    chx("gc", "--max-age", "2d")
    assert physical(tmp_path / "home", path).exists()


def test_running_what_is_there_is_a_use_and_asking_is_none(chx: Run, tmp_path: Path) -> None:
    path = chx("build", "--no-out-link", "-E", BOOTSTRAP + ".bootstrap.small.a.stage1.packages.tool").stdout.strip()
    from chx.store import Store

    with Store.open(str(tmp_path / "home")) as store:
        store._database.execute("UPDATE objects SET registered = registered - 1000000")
    for record in (tmp_path / "home" / "cache" / "noop").iterdir():
        os.unlink(record)
    chx("store", "path-info", path)
    chx("store", "path-info", "--disk", path)
    assert path in chx("gc", "-n", "--max-age", "2d").stdout
    chx("run", path, "--", "file")
    assert path not in chx("gc", "-n", "--max-age", "2d").stdout


def test_a_home_that_is_moved_keeps_everything_and_says_so_once(chx: Run, work: Path, tmp_path: Path) -> None:
    kept, moved = build(chx, "kept"), build(chx, "moved", "-o", "before")
    os.rename(work / "before", work / "after")
    with Store.open(str(tmp_path / "home")) as store:
        inner = store.add_bytes(b"x", "inner")
        os.makedirs(store.home + "/kept/bootstrap-x")
        store.add_root(f"{store.home}/kept/bootstrap-x/{inner.base}", inner)
    os.rename(tmp_path / "home", tmp_path / "elsewhere")
    there = str(tmp_path / "elsewhere")
    run = chx("gc", CHX_HOME=there)
    told = run.stderr.splitlines()
    assert run.returncode == 0 and told[0] == f"chx: this store was in {tmp_path}/home and is in {there} now"
    assert told[1] == "chx: pointed 1 result link to where it is now" and "removed 0 objects" in told[2], told
    assert (work / "result" / "f").read_text() == "kept"
    run = chx("store", "path-info", "result", "after", CHX_HOME=there)
    assert run.stderr == "" and kept in run.stdout and moved in run.stdout
    assert str(inner) in chx("store", "roots", CHX_HOME=there).stdout
    assert chx("store", "verify", CHX_HOME=there).returncode == 0
    # What composes a root, evaluates and replays an answer does not mind.
    assert build(chx, "kept", "--no-out-link").endswith("-kept")
    run = chx("build", "-E", TREE % ("kept", "kept"), CHX_HOME=there)
    assert (run.stdout.strip(), run.stderr) == (kept, "")


def test_a_store_whose_database_is_gone_is_not_collected_until_it_is_repaired(
    chx: Run, work: Path, tmp_path: Path
) -> None:
    kept = build(chx, "kept")
    for name in os.listdir(tmp_path / "home" / "db"):
        os.unlink(tmp_path / "home" / "db" / name)
    run = chx("gc")
    assert run.returncode == 1 and "has lost what it knew of" in run.stderr and "verify --repair" in run.stderr
    run = chx("store", "verify")
    assert run.returncode == 1 and f"{kept}: lies in the store, and the database does not know it" in run.stdout
    run = chx("store", "verify", "--repair", "--json")
    told = json.loads(run.stdout)
    assert run.returncode == 0 and {item["path"] for item in told["lost"]} >= {kept}
    assert all(item["repair"]["done"] for item in told["lost"])
    assert chx("gc").returncode == 0 and (work / "result" / "f").read_text() == "kept"
