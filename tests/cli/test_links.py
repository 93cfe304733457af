"""Links in store objects are followed as builds see them, wherever something is read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.builder.conftest import programs_root

from .conftest import ROOT, Run

pytestmark = pytest.mark.sandbox

TREES = """
  tree = name: entries: derivation {
    inherit name; system = "x86_64-linux"; builder = "builtin:tree"; entries = builtins.toJSON entries;
  };
  file = path: content: { inherit path content; kind = "file"; };
  link = path: target: { inherit path target; kind = "symlink"; };
  deep = tree "deep" [ (file "lib/a.nix" "{ b = import ./b.nix; here = ./.; }") (file "lib/b.nix" "7") (file "data" "deep") ];
  data = builtins.toFile "data" "{ \\"n\\": 1 }";
  only = name: target: derivation {
    inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "ln -s ${target} $out" ]; rootfs = [ SHELL ];
  };
  alias = only "alias" data;
  folder = only "folder" deep;
  chain = only "chain" "${folder}/lib";
  mixed = tree "mixed" [
    (link "dir" "${deep}/lib") (link "again" "dir") (link "up" "../../..${deep}/data") (file "own/x" "own")
    (link "own/back" "../dir/b.nix") (link "a.nix" "${chain}/a.nix") (link "far.nix" "${folder}/lib/../lib/b.nix")
    (link "nothing" "${deep}/nothing") (link "broken" "gone") (link "loop" "pool") (link "pool" "loop")
    (link "passwd" "/etc/passwd") (link "etc" "/etc") (link "climb" "../../../etc/passwd") (link "store" "/chx/store")
    (link "stranger" (builtins.unsafeDiscardStringContext (builtins.toFile "stranger" "unknown")))
  ];
"""

READ = [
    ("builtins.readFile alias", r'"{ \"n\": 1 }"'),
    ("builtins.fromJSON (builtins.readFile alias)", "{ n = 1; }"),
    ('builtins.hashFile "sha256" alias == builtins.hashString "sha256" (builtins.readFile data)', "true"),
    ("builtins.attrNames (builtins.readDir folder)", '[ "data" "lib" ]'),
    ("builtins.attrNames (builtins.readDir chain)", '[ "a.nix" "b.nix" ]'),
    ('builtins.readFile "${folder}/data"', '"deep"'),
    ('builtins.readFile "${mixed}/again/b.nix"', '"7"'),
    ('builtins.readFile "${mixed}/up"', '"deep"'),
    ('builtins.readFile "${mixed}/own/back"', '"7"'),
    ('import "${chain}/b.nix"', "7"),
    ('(import "${mixed}/a.nix").b', "7"),
    ('import "${mixed}/far.nix"', "7"),
    ('(import "${mixed}/dir/a.nix").b', "7"),
    ('builtins.scopedImport { x = 1; } "${mixed}/own/back"', "7"),
    ("builtins.readFileType alias", '"symlink"'),
    ('builtins.readFileType "${mixed}/again"', '"symlink"'),
    ('builtins.readFileType "${mixed}/again/a.nix"', '"regular"'),
    ('map (n: builtins.pathExists "${mixed}/${n}") [ "again/b.nix" "again/c.nix" "again/" "up" "up/" "nothing/x" ]',
     "[ true false true true false false ]"),
    ('map (n: builtins.pathExists "${mixed}/${n}") [ "nothing" "broken" "loop" "passwd" ]', "[ true true true true ]"),
    ('map (n: builtins.pathExists "${mixed}/${n}") [ "etc/passwd" "etc/" "nothing/" "loop/" "stranger/" ]',
     "[ false false false false false ]"),
    ('builtins.findFile [ { prefix = "p"; path = folder; } ] "p/lib/b.nix" == /. + "${r folder}/lib/b.nix"', "true"),
    ('builtins.readFile (builtins.path { path = alias; name = "copy"; })', r'"{ \"n\": 1 }"'),
    ('builtins.attrNames (builtins.readDir (builtins.path { path = "${mixed}/again"; name = "copy"; }))', '[ "a.nix" "b.nix" ]'),
    ('builtins.attrNames (builtins.readDir (builtins.filterSource (p: t: baseNameOf p != "b.nix") "${chain}"))', '[ "a.nix" ]'),
    ('builtins.path { path = "${mixed}/dir/b.nix"; name = "n"; } == builtins.path { path = "${deep}/lib/b.nix"; name = "n"; }', "true"),
    ('builtins.readFile "${/. + (r mixed) + "/again/b.nix"}"', '"7"'),
    ('builtins.storePath "${r mixed}/up" == "${r deep}/data"', "true"),
]  # fmt: skip

REFUSED = [
    ('builtins.readFile "${mixed}/passwd"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.readFile "${mixed}/climb"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.readFile "${mixed}/etc/passwd"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.readFileType "${mixed}/etc/passwd"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.readDir "${mixed}/etc"', "access to absolute path '/etc' is forbidden in pure evaluation mode"),
    ('builtins.readDir "${mixed}/store"', "access to absolute path '/chx/store' is forbidden in pure evaluation mode"),
    ('import "${mixed}/passwd"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.scopedImport { } "${mixed}/climb"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.hashFile "sha256" "${mixed}/passwd"', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.path { path = "${mixed}/passwd"; }', "access to absolute path '/etc/passwd' is forbidden in pure evaluation mode"),
    ('builtins.filterSource (p: t: true) "${mixed}/etc"', "access to absolute path '/etc' is forbidden in pure evaluation mode"),
    ('builtins.readFile "${mixed}/loop"', "infinite symlink recursion in path '/chx/store/*-mixed/loop'"),
    ('import "${mixed}/loop"', "infinite symlink recursion in path '/chx/store/*-mixed/loop'"),
    ('builtins.readFile "${mixed}/nothing"', "path '/chx/store/*-deep/nothing' does not exist"),
    ('builtins.readFile "${mixed}/broken"', "path '/chx/store/*-mixed/gone' does not exist"),
    ('builtins.path { path = "${mixed}/broken"; }', "path '/chx/store/*-mixed/gone' does not exist"),
    ('builtins.readFile "${mixed}/stranger"', "access to absolute path '/chx/store/*-stranger' is forbidden in pure evaluation mode"),
    ('import "${mixed}/stranger"', "access to absolute path '/chx/store/*-stranger' is forbidden in pure evaluation mode"),
]  # fmt: skip


Text = Callable[[str], str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the trees are built once."""
    return tmp_path_factory.mktemp("links") / "home of trees"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """Makes an expression in which the trees are bound, and `r`: the path of what was built, without context."""
    shell = tmp_path_factory.mktemp("shell") / "root"
    programs_root(str(shell), ("sh", "ln"))
    real = (
        'r = x: builtins.unsafeDiscardStringContext (toString (builtins.findFile [ { prefix = ""; path = x; } ] ""));'
    )
    return lambda expression: f"let {TREES.replace('SHELL', f'{shell}')} {real} in {expression}"


def test_links_are_followed_by_all_that_reads(chx: Run, home: Path, text: Text) -> None:
    run = chx("eval", "--strict", "-E", text(f"[ {' '.join(f'({one})' for one, _ in READ)} ]"), CHX_HOME=str(home))
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"[ {' '.join(shown for _, shown in READ)} ]\n"


def test_links_that_must_not_be_followed_are_refused_with_their_place(home: Path, text: Text) -> None:
    names = "r alias folder chain deep data mixed"
    (home.parent / "trees.nix").write_text(text(f"{{ inherit {names}; }}"))
    lines = [f":l {home.parent}/trees.nix", "builtins.seq (r mixed) 1", *(one for one, _ in REFUSED)]
    run = subprocess.run(
        [sys.executable, str(ROOT), "repl"],
        input="\n".join(lines),
        env={"PATH": os.environ["PATH"], "CHX_HOME": str(home), "LANG": "C.UTF-8"},
        text=True,
        capture_output=True,
    )
    errors = [line for line in run.stderr.split("\n") if line.startswith("error: ")]
    assert len(errors) == len(REFUSED), run.stderr
    for got, (expression, message) in zip(errors, REFUSED, strict=True):
        assert fnmatchcase(got, f"error: {message}"), (expression, got)
    assert run.stderr.count("error[E213] at «string»") == len(REFUSED)
    assert run.stderr.count("-mixed/") >= len(REFUSED)


def test_a_link_to_the_machine_is_followed_in_impure_evaluation(
    chx: Run, home: Path, text: Text, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("of the machine")
    expression = text(f'builtins.readFile "${{tree "out" [ (link "l" "{tmp_path}/there") ]}}/l"')
    pure = chx("eval", "-E", expression, CHX_HOME=str(home))
    assert f"'{tmp_path}/there' is forbidden in pure evaluation mode" in pure.stderr
    run = chx("eval", "--impure", "-E", expression, CHX_HOME=str(home))
    assert run.stdout == '"of the machine"\n'


def test_result_links_lead_on_into_the_store(chx: Run, home: Path, text: Text, work: Path) -> None:
    (work / "trees.nix").write_text(text("{ inherit alias deep folder chain mixed; }"))
    for name in ("folder", "mixed"):
        assert chx("build", "-f", "trees.nix", name, "-o", name, CHX_HOME=str(home)).returncode == 0
    texts = [
        "builtins.readFile ./folder/data", "import ./mixed/a.nix == import ./mixed/dir/a.nix", "builtins.readDir ./folder/lib",
        "builtins.pathExists ./folder/lib/b.nix", "builtins.pathExists ./folder/lib/c.nix", "builtins.readFileType ./mixed/again/b.nix",
    ]  # fmt: skip
    run = chx("eval", "--strict", "-E", f"[ {' '.join(f'({one})' for one in texts)} ]", CHX_HOME=str(home))
    assert run.stdout == '[ "deep" false { "a.nix" = "regular"; "b.nix" = "regular"; } true false "regular" ]\n', (
        run.stderr
    )
    info = chx("store", "path-info", "folder", "mixed/again", CHX_HOME=str(home))
    names = [line.split()[0].partition("-")[2] for line in info.stdout.split("\n") if line.startswith("/chx/store")]
    assert names == ["folder", "mixed"], info.stdout + info.stderr


def test_an_answer_is_given_anew_when_a_link_on_the_way_changes(chx: Run, home: Path, text: Text, work: Path) -> None:
    """Of a path through the machine into the store each link counts."""
    (work / "trees.nix").write_text(text("{ inherit deep folder chain; }"))
    (work / "says.nix").write_text(
        'derivation { name = "says"; system = "builtin"; builder = "builtin:tree";'
        ' entries = builtins.toJSON [ { path = "x"; kind = "file"; content = builtins.toJSON (builtins.readDir ./link); } ]; }'
    )
    shown = []
    for name in ("folder", "chain"):
        assert chx("build", "-f", "trees.nix", name, "-o", "link", CHX_HOME=str(home)).returncode == 0
        run = chx("build", "-f", "says.nix", "-o", "says", CHX_HOME=str(home))
        assert run.returncode == 0, run.stderr
        shown.append((work / "says/x").read_text())
    assert shown == ['{"data":"regular","lib":"directory"}', '{"a.nix":"regular","b.nix":"regular"}']


def test_a_container_of_a_link_is_that_of_the_tree(chx: Run, home: Path, text: Text, work: Path) -> None:
    (work / "trees.nix").write_text(
        text('{ sh = only "sh" SHELL; part = only "part" "${SHELL}/usr"; inherit folder; }').replace(
            "SHELL", _shell(text)
        )
    )
    run = chx("run", "-f", "trees.nix", "sh", "--", "sh", "-c", "echo inside", CHX_HOME=str(home))
    assert (run.stdout, run.returncode) == ("inside\n", 0), run.stderr
    run = chx("run", "-f", "trees.nix", "part", "--", "sh", CHX_HOME=str(home))
    assert run.returncode == 1 and "a container needs a whole tree as its root" in run.stderr


def _shell(text: Text) -> str:
    return text("").partition("rootfs = [ ")[2].partition(" ]")[0]
