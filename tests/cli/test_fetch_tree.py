"""`builtins.fetchTree`, `fetchTarball`, `fetchurl` and flake references, beside Nix."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from ..peer import Peer
from . import repositories
from .conftest import Run, _run

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

STORE = ("--store", "dummy://?read-only=false")
PURE = ("--option", "pure-eval", "true")
FEATURES = ("--extra-experimental-features", "fetch-tree flakes")
OLD, NEW = 1_500_000_000, 1_600_000_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WRONG = "sha256-oKqrEjkSl10WA0eCQpwVApOF+yi24P6RFPtwbrsbQDE="

KNOWN = 'x: [ (removeAttrs x [ "outPath" ]) (baseNameOf (builtins.unsafeDiscardStringContext x.outPath) != "") ]'
URL = 'n: "file://${toString ./.}/${n}"'

TREES = [
    '{ type = "path"; path = ./tree; }',
    '{ type = "path"; path = toString ./tree/a; }',
    f'{{ type = "path"; path = ./tree; rev = "{COMMIT}"; lastModified = 7; revCount = 3; }}',
    '"path:${toString ./tree}"',
    '{ type = "git"; url = toString ./plain; }',
    '{ type = "git"; url = url "plain"; shallow = false; exportIgnore = true; }',
    '{ type = "git"; url = "git+${url "changed"}"; }',
    '{ type = "git"; url = url "branches"; ref = "side"; }',
    '{ type = "git"; url = url "none"; }',
    '"git+${url "branches"}?ref=side&dir=d"',
    '{ type = "tarball"; url = url "one.tar"; }',
    '{ type = "tarball"; url = url "two.tar"; }',
    '{ type = "tarball"; url = url "one.tar.gz"; unpack = false; }',
    f'{{ type = "tarball"; url = url "one.tar"; rev = "{COMMIT}"; revCount = 3; lastModified = 7; }}',
    '{ type = "file"; url = url "one.tar"; }',
    '"${url "one.tar"}"',
    '"file+${url "one.tar"}"',
]
"""Arguments of `fetchTree`."""

REFUSED = [
    "fetchTree 3",
    "fetchTree { }",
    'fetchTree { type = "path"; }',
    'fetchTree { type = "path"; path = "a"; }',
    'fetchTree { type = "path"; path = ./tree; foo = 1; }',
    'fetchTree { type = "nope"; foo = 1; }',
    'fetchTree { type = "tarball"; }',
    'fetchTree { type = "tarball"; url = "https://h/x"; foo = 1; }',
    'fetchTree { type = "tarball"; url = "https://h/x"; name = "n"; }',
    'fetchTree { type = "file"; url = "/x"; }',
    'fetchTree { type = "git"; url = ./plain; ref = "a b"; }',
    'fetchTree "/x"',
    f'fetchTree {{ type = "tarball"; url = url "one.tar"; narHash = "{WRONG}"; }}',
    f'fetchTree {{ type = "file"; url = url "one.tar"; narHash = "{WRONG}"; }}',
    'parseFlakeRef "."',
    'parseFlakeRef "./x"',
    'parseFlakeRef ""',
    'parseFlakeRef "github:a"',
    'parseFlakeRef "foo://x"',
    'parseFlakeRef "nixpkgs#x"',
    'parseFlakeRef "path:/x#y"',
    'parseFlakeRef "path:/x?foo=1"',
    'parseFlakeRef "path:/x?lastModified=abc"',
    'parseFlakeRef "nixpkgs/a/b"',
    "flakeRefToString { }",
    'flakeRefToString { type = "path"; }',
    'flakeRefToString { type = "path"; path = [ ]; }',
    'flakeRefToString { type = "path"; path = "/x"; foo = 1; }',
]
"""Applications that are refused in the same words."""

REFERENCES = [
    "github:a/b", "github:a/b/c", f"github:a/b/{COMMIT}", "github:a/b?dir=x", "gitlab:a/b?host=h", "sourcehut:~a/b", "path:/x", "path:./x?dir=y",
    "path:a/b", "path:/a%20b", f"path:/x?rev={COMMIT}&lastModified=7&revCount=1", "/x/y", "/x?dir=z", "git+file:///x?ref=a&dir=z",
    "git+https://h/x?submodules=1&shallow=1", "nixpkgs", "nixpkgs/foo", f"nixpkgs/{COMMIT}", f"nixpkgs/foo/{COMMIT}", "flake:x",
    "https://h/x.tar.gz", "https://h/x", "https://h/x.zip?x=1&dir=a", "tarball+https://h/x", "file+https://h/x.tar.gz", "file:///x",
    f"https://h/x.tgz?narHash=sha256-oKqrEjkSl10WA0eCQpwVApOF%2Byi24P6RFPtwbrsbQDE%3D&rev={COMMIT}&lastModified=3", "hg+https://h/x",
]  # fmt: skip

ATTRIBUTES = [
    '{ type = "github"; owner = "a"; repo = "b"; ref = "c"; }',
    '{ type = "github"; owner = "a"; repo = "b"; dir = "c"; }',
    f'{{ type = "gitlab"; owner = "a"; repo = "b"; host = "h"; rev = "{COMMIT}"; }}',
    '{ type = "git"; url = "https://h/x"; ref = "a"; dir = "d"; }',
    '{ type = "git"; url = "file:///x"; submodules = true; shallow = true; lastModified = 3; }',
    '{ type = "path"; path = "/x"; dir = "y"; }',
    '{ type = "path"; path = "/a b"; }',
    f'{{ type = "tarball"; url = "https://h/x.tar.gz"; narHash = "{WRONG}"; }}',
    '{ type = "tarball"; url = "https://h/x"; }',
    '{ type = "file"; url = "https://h/x.zip"; }',
    '{ type = "indirect"; id = "nixpkgs"; ref = "f"; }',
]

STRINGS = [
    'builtins.fetchurl (url "one.tar")',
    'builtins.fetchTarball (url "one.tar")',
    'builtins.fetchTarball { url = url "two.tar"; name = "n"; }',
    'builtins.fetchurl { url = url "one.tar"; name = "n"; }',
]


class Shared(NamedTuple):
    """Files that no test changes, and chx beside them."""

    chx: Run
    folder: Path


def _archive(file: Path, *names: str) -> None:
    with tarfile.open(file, "w:gz" if file.suffix == ".gz" else "w") as archive:
        for number, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(name), OLD + number
            archive.addfile(info, io.BytesIO(name.encode()))


def _write_all(folder: Path) -> None:
    (folder / "tree/sub").mkdir(parents=True)
    for name in ("a", "sub/b"):
        (folder / "tree" / name).write_text(name)
    (folder / "tree/link").symlink_to("a")
    _archive(folder / "one.tar", "top/a", "top/sub/b")
    shutil.copy(folder / "one.tar", folder / "one.tar.gz")
    _archive(folder / "one.tar.gz", "top/a")
    _archive(folder / "two.tar", "a", "sub/b")
    for place in (*(folder / "tree").rglob("*"), folder / "tree"):
        os.utime(place, (OLD, NEW if place.name == "b" else OLD), follow_symlinks=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("trees")
    home = tmp_path_factory.mktemp("home")
    repositories.all_of_them(folder)
    _write_all(folder)
    return Shared(functools.partial(_run, home, folder), folder)


def _told(text: str) -> str:
    return text.strip().splitlines()[-1].strip()


@pytest.mark.peer
@pytest.mark.parametrize("argument", TREES)
def test_trees_are_those_of_nix(shared: Shared, peer: Peer, argument: str) -> None:
    expression = f"let url = {URL}; in ({KNOWN}) (builtins.fetchTree ({argument}))"
    theirs = peer.answer("--eval", "--strict", *STORE, *FEATURES, "-E", expression, folder=shared.folder)
    ours = shared.chx("eval", "--impure", "--strict", *FEATURES, "-E", expression)
    assert (ours.stdout, ours.returncode) == (theirs.output, 0), ours.stderr


@pytest.mark.peer
@pytest.mark.parametrize("application", REFUSED)
def test_what_nix_refuses_is_refused_in_its_words(shared: Shared, peer: Peer, application: str) -> None:
    expression = f"let url = {URL}; in builtins.{application}"
    theirs = peer.answer("--eval", "--strict", *STORE, *FEATURES, "-E", expression, folder=shared.folder)
    ours = shared.chx("eval", "--impure", "--strict", *FEATURES, "-E", expression)
    assert ours.returncode == 1 and theirs.status != 0
    assert _told(ours.stderr) == _told(theirs.errors)


@pytest.mark.peer
def test_flake_references_are_read_and_written_as_in_nix(shared: Shared, peer: Peer) -> None:
    read = f"map builtins.parseFlakeRef {' '.join(map(json.dumps, REFERENCES)).join('[]')}"
    written = f"map builtins.flakeRefToString [ {' '.join(ATTRIBUTES)} ]"
    for expression in (read, written):
        theirs = peer.answer("--eval", "--strict", *FEATURES, "-E", expression)
        assert shared.chx("eval", "--strict", *FEATURES, "-E", expression).stdout == theirs.output != ""


@pytest.mark.peer
def test_pure_evaluation_wants_a_hash(shared: Shared, peer: Peer) -> None:
    url = f"file://{shared.folder}/one.tar"
    for argument in (
        '{ type = "path"; path = "/x"; }',
        '{ type = "tarball"; url = "https://h/x"; }',
        '{ type = "file"; url = "https://h/x"; }',
        '{ type = "git"; url = "https://h/x"; }',
    ):
        expression = f"builtins.fetchTree {argument}"
        theirs = peer.answer("--eval", *STORE, *PURE, *FEATURES, "-E", expression)
        assert _told(shared.chx("eval", *FEATURES, "-E", expression).stderr) == _told(theirs.errors)
    tree = json.loads(
        shared.chx(
            "eval", "--impure", "--json", *FEATURES, "-E", f'{{ inherit (builtins.fetchTree "{url}") narHash; }}'
        ).stdout
    )
    pinned = f'builtins.fetchTree {{ type = "tarball"; url = "{url}"; narHash = "{tree["narHash"]}"; }}'
    assert (
        shared.chx("eval", *FEATURES, "-E", f"builtins.attrNames (builtins.readDir ({pinned}))", "--strict").stdout
        == '[ "a" "sub" ]\n'
    )


@pytest.mark.peer
def test_features_decide_what_is_there(shared: Shared, peer: Peer) -> None:
    for features, expression in (
        ("", "builtins ? fetchTree"),
        ("fetch-tree", "builtins ? fetchTree"),
        ("flakes", "builtins ? fetchTree"),
        ("", "[ (builtins ? getFlake) (builtins ? parseFlakeRef) (builtins ? flakeRefToString) ]"),
        ("fetch-tree", 'builtins.fetchTree { type = "path"; path = "/x"; }'),
        ("fetch-tree", 'builtins.fetchTree { type = "github"; owner = "a"; repo = "b"; }'),
        ("fetch-tree", 'builtins.fetchTree "path:/x"'),
        ("", 'builtins.parseFlakeRef "github:a/b"'),
    ):
        words = ("--extra-experimental-features", features, "-E", expression)
        theirs = peer.answer("--eval", "--strict", *words)
        ours = shared.chx("eval", "--impure", "--strict", *words)
        assert (ours.stdout, ours.returncode) == (theirs.output, theirs.status)
        if theirs.status:
            assert _told(ours.stderr) == _told(theirs.errors)


@pytest.mark.peer
@pytest.mark.parametrize("call", STRINGS)
def test_files_and_archives_are_strings(shared: Shared, peer: Peer, call: str) -> None:
    """Without a hash they are fetched at once, which pure evaluation refuses."""
    expression = f"""let url = {URL}; x = {call}; in [ (builtins.typeOf x) (builtins.hasContext x) (builtins.readFileType x)
      (builtins.substring 33 (-1) (baseNameOf (builtins.unsafeDiscardStringContext x))) (builtins.attrValues (builtins.getContext x)) ]"""
    theirs = peer.answer("--eval", "--strict", *STORE, "-E", expression, folder=shared.folder)
    ours = shared.chx("eval", "--impure", "--strict", "-E", expression)
    assert (ours.stdout, ours.returncode) == (theirs.output, 0), ours.stderr
    pure = peer.answer("--eval", "--strict", *STORE, *PURE, "-E", expression, folder=shared.folder)
    assert _told(shared.chx("eval", "--strict", "-E", expression).stderr).startswith(
        _told(pure.errors).partition(" requires")[0].partition("access to")[0]
    )


def test_what_has_a_hash_is_fetched_when_it_is_read(chx: Run, work: Path) -> None:
    _write_all(work)
    url = f"file://{work}/one.tar"
    tree = json.loads(
        chx(
            "eval", "--impure", "--json", *FEATURES, "-E", f'{{ inherit (builtins.fetchTree "{url}") narHash; }}'
        ).stdout
    )
    call = f'builtins.fetchTarball {{ url = "{url}"; sha256 = "{tree["narHash"]}"; }}'
    assert chx("eval", "-E", f'builtins.readFile "${{{call}}}/a"').stdout == '"top/a"\n'
    away = call.replace("one.tar", "away.tar").replace(tree["narHash"], WRONG)
    assert chx("eval", "-E", f"builtins.typeOf ({away})").stdout == '"string"\n'
    assert "error[B" in chx("eval", "-E", f'builtins.readFile "${{{away}}}/a"').stderr


def test_a_path_is_read_again_when_it_changed(chx: Run, work: Path) -> None:
    _write_all(work)
    expression = '(builtins.fetchTree { type = "path"; path = ./tree; }).narHash'
    words = ("eval", "--impure", "--raw", *FEATURES, "-E", expression)
    first = chx(*words).stdout
    (work / "tree/a").write_text("other")
    assert first != chx(*words).stdout != ""


def test_what_is_not_fetched_is_refused_by_name(chx: Run, work: Path) -> None:
    for reference in ("github:a/b", "nixpkgs", "gitlab:a/b", "sourcehut:~a/b/main"):
        run = chx("eval", "--impure", *FEATURES, "-E", f'builtins.fetchTree "{reference}"')
        assert run.returncode == 1 and "error[E219]" in run.stderr and "not supported" in run.stderr
