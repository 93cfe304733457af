"""What `chx diff` says, from the outside; with builtin builders where no sandbox is needed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Run

TREES = """
let
  tree = name: entries: more: derivation ({
    inherit name;
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON (map (path: { inherit path; kind = "file"; content = entries.${path}; }) (builtins.attrNames entries));
  } // more);
  top = version: text: more: tree "top-${version}" {
    same = "same\\n";
    text = "first\\n${text}\\nlast\\n";
    place = "made in /build/${text}\\n";
    refers = "${lib text}/text\\n";
  } more;
  lib = text: tree "lib-1.0" { inherit text; } { };
in
{
  one = top "1" "old" { };
  two = top "1" "new" { unused = "yes"; };
  idle = top "1" "old" { unused = "yes"; };
  patched = derivation { name = "p"; system = "s"; builder = "b"; patch = ./patch; };
  stages = {
    first = { packages = { a = lib "a"; b = lib "b"; gone = lib "c"; }; other = 1; };
    second = { a = lib "a"; b = lib "bb"; fresh = lib "d"; function = x: x; };
  };
  list = [ (lib "a") ];
  number = 1;
  never = top "9" "never" { };
}
"""


@pytest.fixture
def trees(chx: Run, work: Path) -> Path:
    (work / "default.nix").write_text(TREES)
    built = chx("build", "-f", ".", "one", "two", "idle", "stages.first.packages", "stages.second")
    assert built.returncode == 0, built.stderr
    return work


def test_root_causes_closures_files_and_bytes_are_told(chx: Run, trees: Path) -> None:
    run = chx("diff", "-f", ".", "one", "two")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    text = run.stdout
    assert "inputs: 2 root causes" in text
    assert '+ unused = "yes"' in text
    assert "top-1 > lib-1.0" in text
    assert "closure: 2 packages differ" in text
    assert "~ text: 15 B, as before" in text
    assert "-old\n" in text and "+new\n" in text
    assert "~ refers: only hashes of store paths differ" in text
    assert "~ place (path):\n" in text and "~ text:\n" in text
    assert "same" not in text.replace("as before", "").split("files:")[1].split("bytes:")[0]
    assert "\033" not in text


def test_levels_are_told_apart(chx: Run, trees: Path) -> None:
    for level, others in (("inputs", ("closure", "files")), ("files", ("inputs", "bytes")), ("closure", ("files",))):
        text = chx("diff", "-f", ".", "one", "two", "--level", level).stdout
        assert f"\n{level}: " in text
        assert not any(f"\n{other}: " in text for other in others)


@pytest.mark.parametrize("name", ["./result", "./result-2"])
def test_links_store_paths_and_physical_paths_name_objects(chx: Run, trees: Path, name: str) -> None:
    physical = os.path.realpath(trees / name)
    logical = "/chx/store/" + os.path.basename(physical)
    for other in (name, physical, logical):
        run = chx("diff", name, other, "--exit-code")
        assert run.returncode == 0, run.stderr
        assert "they are the same" in run.stdout
    run = chx("diff", "./result", "./result-2", "--exit-code")
    assert run.returncode == 1 and run.stderr == ""
    assert "top-1 > lib-1.0" in run.stdout


def test_equal_outputs_of_other_derivations_are_no_difference(chx: Run, trees: Path) -> None:
    run = chx("diff", "-f", ".", "one", "idle", "--exit-code")
    assert run.returncode == 0
    assert "the outputs are equal" in run.stdout
    assert '+ unused = "yes"' in run.stdout
    assert chx("diff", "-f", ".", "one", "idle", "--exit-code", "--level", "inputs").returncode == 1


def test_what_is_not_built_is_said_and_not_built(chx: Run, trees: Path) -> None:
    before = sorted(os.listdir(trees.parent / "home/store"))
    run = chx("diff", "-f", ".", "one", "never")
    assert "not built yet" in run.stdout and "chx build" in run.stdout
    assert '~ name: "top-1" -> "top-9"' in run.stdout
    after = [name for name in os.listdir(trees.parent / "home/store") if not name.endswith(".drv")]
    assert set(after) <= set(before)


def test_members_of_sets_are_compared(chx: Run, trees: Path) -> None:
    run = chx("diff", "-f", ".", "stages.first", "stages.second", "--exit-code")
    assert run.returncode == 1, run.stderr
    assert "members: 1 =, 3 not" in run.stdout
    assert "= a\n" in run.stdout
    assert "+ fresh 1.0 (1 B)" in run.stdout
    assert "- gone 1.0 (1 B)" in run.stdout
    assert "~ b 1.0: 1 B -> 2 B (+1 B)" in run.stdout
    assert "lib-1.0" in chx("diff", "-f", ".", "stages.first", "stages.second", "--level", "inputs").stdout
    assert "members: 1 =" in chx("diff", "-f", ".", "list", "list").stdout


def test_everything_is_data(chx: Run, trees: Path) -> None:
    found = json.loads(chx("diff", "-f", ".", "one", "two", "--json").stdout)
    assert found["isEqual"] is False
    assert [cause["chain"] for cause in found["inputs"]["causes"]] == [["top-1"], ["top-1", "lib-1.0"]]
    (report,) = found["objects"]
    assert [change["path"] for change in report["difference"]["files"]] == ["place", "refers", "text"]
    assert [(c["path"], c["content"]["kind"]) for c in report["contents"]] == [
        ("place", "text"),
        ("refers", "hashes"),
        ("text", "text"),
    ]
    assert [c["classes"] for c in report["contents"]] == [["path"], ["hash"], ["text"]]
    for words in (("stages.first", "stages.second"), ("one", "never"), ("list", "list")):
        assert json.loads(chx("diff", "-f", ".", *words, "--json").stdout)["notBuilt"] is not None


def test_sources_that_changed_are_compared_file_by_file(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(TREES)
    paths = []
    for text in ("a\nb\n", "a\nc\n"):
        (work / "patch").write_text(text)
        paths += json.loads(chx("derivation", "show", "-f", ".", "patched").stdout)
    run = chx("diff", *paths)
    assert run.returncode == 0, run.stderr
    assert "~ source patch" in run.stdout
    assert "-b\n" in run.stdout and "+c\n" in run.stdout


def lock(*files: tuple[str, str, str]) -> str:
    named = [{"package": p, "version": v, "url": f"debian:{p}", "sha256": digest} for p, v, digest in files]
    return json.dumps({"files": named})


def test_lock_files_are_compared_by_package(chx: Run, work: Path) -> None:
    (work / "old.lock.json").write_text(lock(("a", "1", "x"), ("b", "1", "x"), ("c", "1", "x"), ("d", "1", "x")))
    (work / "new.lock.json").write_text(lock(("a", "1", "x"), ("b", "2", "y"), ("c", "1", "y"), ("e", "1", "x")))
    run = chx("diff", "old.lock.json", "new.lock.json", "--exit-code")
    assert run.returncode == 1
    assert "packages: 1 =, 4 not" in run.stdout
    assert "~ b 1 -> 2\n" in run.stdout
    assert "~ c 1: another file under the same version" in run.stdout
    assert "- d 1" in run.stdout and "+ e 1" in run.stdout
    assert chx("diff", "old.lock.json", "old.lock.json", "--exit-code").returncode == 0


def test_what_cannot_be_compared_is_an_error(chx: Run, trees: Path) -> None:
    (trees / "bad.json").write_text("{}")
    (trees / "good.json").write_text(lock())
    for words, told in {
        ("one", "number"): "'number' is of type int",
        ("one", "stages.first"): "a set of 3 derivations",
        ("one", "good.json"): "a lock file",
        ("one", "bad.json"): "not a lock file",
        ("one", "none.json"): "No such file",
        ("one", "./none"): "there is no './none'",
        ("one", "/etc"): "does not lead into the store",
        ("one", "/chx/store/" + "0" * 32 + "-x"): "not a valid store path",
        ("one", "/chx/store/x"): "is not a store path",
        ("one", "tow"): "two",
        ("--attribute", "one", "stages.first"): "--attribute needs two derivations",
    }.items():
        run = chx("diff", "-f", ".", *words)
        assert run.returncode == 1, words
        assert told in run.stderr, (words, run.stderr)
        assert run.stdout == "" and "Traceback" not in run.stderr
    assert chx("diff", "one").returncode == 2
    assert chx("diff", "one", "two", "--level", "nonsense").returncode == 2


def test_names_of_files_cannot_steer_the_terminal(chx: Run, work: Path) -> None:
    tree = 'derivation { name = "x"; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON [ { path = "%s"; kind = "file"; content = "%s"; } ]; }'
    expression = "{{ a = {}; b = {}; }}".format(tree % ("\x1b[31mred", "\x1b[2J"), tree % ("y", ""))
    assert chx("build", "-E", expression).returncode == 0
    run = chx("diff", "-E", expression, "a", "b")
    assert run.returncode == 0, run.stderr
    assert "\x1b" not in run.stdout and "\\x1b[31mred" in run.stdout


def test_each_attribute_is_tried_by_itself(chx: Run, trees: Path) -> None:
    run = chx("diff", "-f", ".", "--attribute", "one", "two", "-q")
    assert run.returncode == 0, run.stderr
    assert "~ input lib: changes the output (in hashes of store paths alone)" in run.stdout
    assert "unused: changes nothing" in run.stdout
    assert "entries: changes the output (2 paths)" in run.stdout


PROGRAM = """
let
  root = builtins.path { path = ./root; name = "root"; };
  build = { flags ? "a", word ? "x", script ? "mkdir $out; echo $flags > $out/flags; cat $input/text > $out/text", idle ? "1" }: derivation {
    name = "program";
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-euc" script ];
    rootfs = [ root ];
    inherit flags idle;
    input = derivation { name = "input"; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON [ { path = "text"; kind = "file"; content = word; } ]; };
  };
in
{
  a = build { };
  b = build { flags = "b"; word = "y"; idle = "2"; };
  broken = build { script = "exit 1"; idle = "2"; };
}
"""


@pytest.mark.sandbox
def test_attribution_builds_variants_in_sandboxes(chx: Run, work: Path) -> None:
    from ..builder.conftest import programs_root

    programs_root(str(work / "root"))
    (work / "default.nix").write_text(PROGRAM)
    run = chx("diff", "-f", ".", "--attribute", "a", "b", "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    told = {item["aspect"]: (item["verdict"], item["files"]) for item in found["aspects"]}
    assert told == {
        "env.flags": ("changes the output", 1),
        "input input": ("changes the output", 1),
        "env.idle": ("changes nothing", 0),
    }
    again = chx("diff", "-f", ".", "--attribute", "a", "b")
    assert "building" not in again.stderr
    run = chx("diff", "-f", ".", "--attribute", "a", "broken")
    assert run.returncode == 0, run.stderr
    assert "args[1]: does not build: " in run.stdout and "exit status 1" in run.stdout
    assert "idle: changes nothing" in run.stdout
    assert "broken itself does not build" in run.stdout


TOOLCHAIN = """
let
  root = builtins.path { path = ./root; name = "root"; };
  make = name: script: tools: more: derivation ({
    inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-euc" script ]; rootfs = [ root ] ++ tools;
  } // more);
  put = name: more: make name "mkdir -p $out/kit; echo $word > $out/kit/${name}" [ ] more;
  kit = cc: libc: make "kit" "mkdir -p $out/usr/share; cat /kit/cc > $out/usr/share/kit" [ cc libc ] { };
  program = kit: more: make "program" "mkdir $out; cat /usr/share/kit > $out/text; echo $flags >> $out/text" [ kit ] more;
in
{
  a = program (kit (put "cc" { word = "old"; note = "1"; }) (put "libc" { word = "old"; })) { flags = "x"; idle = "1"; };
  b = program (kit (put "cc" { word = "new"; note = "2"; }) (put "libc" { word = "new"; })) { flags = "x"; idle = "2"; };
  c = program (kit (put "cc" { word = "new"; note = "2"; }) (put "libc" { word = "old"; })) { flags = "y"; idle = "3"; };
  one = make "pair" "mkdir $out; if [ $p$q = 11 ]; then echo both > $out/text; fi; echo $r > $out/r" [ ] { p = "0"; q = "0"; r = "0"; };
  two = make "pair" "mkdir $out; if [ $p$q = 11 ]; then echo both > $out/text; fi; echo $r > $out/r" [ ] { p = "1"; q = "1"; r = "0"; };
}
"""


@pytest.mark.sandbox
def test_the_smallest_set_goes_down_to_the_inputs_of_a_toolchain(chx: Run, work: Path) -> None:
    from ..builder.conftest import programs_root

    programs_root(str(work / "root"))
    (work / "default.nix").write_text(TOOLCHAIN)
    run = chx("diff", "-f", ".", "--attribute", "a", "b", "-q")
    assert run.returncode == 0, run.stderr
    # The kit holds the compiler's word alone: neither its note, nor the libc, nor the idle variable matter.
    assert run.stdout.endswith(
        "\nsmallest set that gives the output of b: 1 of 2 differences (1 variant tried)\n"
        "  ~ input kit, by 1 of 2 differences (2 variants tried)\n"
        "    ~ input cc, by 1 of 2 differences (3 variants tried)\n"
        '      ~ word: "old" -> "new"\n'
    ), run.stdout
    again = chx("diff", "-f", ".", "--attribute", "a", "b")
    assert "building" not in again.stderr and again.stdout == run.stdout
    shallow = chx("diff", "-f", ".", "--attribute", "--depth", "1", "a", "b")
    assert shallow.stdout.endswith("(1 variant tried)\n  ~ input kit\n")
    data = json.loads(chx("diff", "-f", ".", "--attribute", "a", "c", "--json").stdout)["explanation"]
    assert [change["attribute"] for change in data["attributes"]] == ["env.flags"] and data["differences"] == 3
    (kit,) = data["inputs"]
    assert kit["label"] == "kit" and kit["inner"]["inputs"][0]["inner"]["attributes"][0]["attribute"] == "env.word"
    assert "--depth is for --attribute" in chx("diff", "-f", ".", "--depth", "1", "a", "b").stderr


@pytest.mark.sandbox
def test_differences_that_matter_only_together_are_found(chx: Run, work: Path) -> None:
    from ..builder.conftest import programs_root

    programs_root(str(work / "root"))
    (work / "default.nix").write_text(TOOLCHAIN)
    run = chx("diff", "-f", ".", "--attribute", "one", "two", "-q")
    assert run.returncode == 0, run.stderr
    assert "no single difference changes the output: several do together" in run.stdout
    assert "smallest set that gives the output of two: 2 of 2 differences" in run.stdout
    assert '~ p: "0" -> "1"' in run.stdout and '~ q: "0" -> "1"' in run.stdout
    same = chx("diff", "-f", ".", "--attribute", "one", "one", "-q")
    assert "smallest set" not in same.stdout


def test_many_differences_are_not_tried_alone(chx: Run, work: Path) -> None:
    """The name is one that matters, and twenty variables do not."""
    idle = " ".join(f"v{number} = toString version;" for number in range(20))
    (work / "default.nix").write_text(
        'let make = version: derivation { name = "t-${toString version}"; system = "builtin"; '
        f'builder = "builtin:tree"; entries = "[]"; {idle} }}; in {{ a = make 1; b = make 2; }}'
    )
    run = chx("diff", "-f", ".", "--attribute", "a", "b", "-q")
    assert run.returncode == 0, run.stderr
    assert "21 differences not tried alone: there are too many" in run.stdout
    assert "smallest set that gives the output of b: 1 of 21 differences" in run.stdout
    assert '~ name: "t-1" -> "t-2"' in run.stdout


def test_diffoscope_is_run_on_what_differs(chx: Run, work: Path) -> None:
    (work / "bin").mkdir()
    program = work / "bin" / "diffoscope"
    program.write_text("#!/bin/sh\necho deeply $#\nexit 1\n")
    program.chmod(0o755)
    tree = 'text: derivation { name = "t"; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON [ { path = "f"; kind = "file"; content = text; } ]; }'
    expression = f'let tree = {tree}; in {{ a = tree "1"; b = tree "2"; }}'
    assert chx("build", "-E", expression, "--no-out-link").returncode == 0
    path = f"{work / 'bin'}:{os.environ['PATH']}"
    run = chx("diff", "-E", expression, "a", "b", "--deep", PATH=path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("deeply 3\n") and "\ndiffoscope /chx/store/" in run.stdout
    program.write_text("#!/bin/sh\nwhile echo again; do :; done\n")
    run = chx("diff", "-E", expression, "a", "b", "--deep", PATH=path)
    assert run.returncode == 0 and run.stdout.count("again\n") == 400, run.stderr
    assert run.stdout.endswith("(400 lines of diffoscope's report; all of it: --full)\n")
    program.write_text("#!/bin/sh\nseq 1000\nexit 1\n")
    assert chx("diff", "-E", expression, "a", "b", "--deep", "--full", PATH=path).stdout.endswith("\n1000\n")
    run = chx("diff", "-E", expression, "a", "b", "--deep", PATH="/nowhere")
    assert run.returncode == 1 and "--deep needs the program diffoscope" in run.stderr
