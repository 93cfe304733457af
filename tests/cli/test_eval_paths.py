"""`chx eval` of paths: links of the machine, flat files, and the directory of the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

ANSWERS = [
    ('builtins.readFileType "${builtins.path { path = @/folder-link; name = "x"; }}"', '"directory"\n'),
    ('builtins.readFileType "${builtins.filterSource (p: t: true) @/twice}"', '"directory"\n'),
    ('builtins.readFileType "${builtins.path { path = @/file-link; name = "x"; filter = p: t: true; }}"', '"regular"\n'),
    ('builtins.readFileType "${@/folder-link}"', '"symlink"\n'),
    ('let flat = path: builtins.path { inherit path; name = "x"; recursive = false; }; in flat @/program == flat @/folder/file', "true\n"),
    ("builtins.pathExists builtins.storeDir", "true\n"),
    ('builtins.pathExists "${builtins.storeDir}/"', "true\n"),
    ("builtins.readFileType builtins.storeDir", '"directory"\n'),
    ("builtins.isAttrs (builtins.readDir builtins.storeDir)", "true\n"),
    ('builtins.pathExists "${builtins.storeDir}/nothing"', "false\n"),
]  # fmt: skip
"""Each `@` stands for the folder of the files. Nix 2.34.8 gives the same."""

_MISSING = "path '@/nowhere' does not exist"
_LOOP = "infinite symlink recursion in path '@/loop'"
REFUSED = [
    *((f"{what} @/broken", _MISSING) for what in ("builtins.readFile", "builtins.readDir", "import", 'builtins.hashFile "md5"')),
    ("builtins.path { path = @/broken; }", _MISSING),
    ("builtins.filterSource (p: t: true) @/broken", _MISSING),
    *((f"{what} @/loop", _LOOP) for what in ("builtins.readFile", "builtins.readDir", 'builtins.hashFile "md5"')),
    ("builtins.path { path = @/loop; }", _LOOP),
    ("builtins.filterSource (p: t: true) @/loop", _LOOP),
    ("import @/loop", "too many symbolic links encountered while traversing the path '@/pool'"),
    ("builtins.readDir @/file-link", 'cannot read directory "@/folder/file": Not a directory'),
    ("builtins.path { path = @/twice; recursive = false; }", "read of 4096 bytes: Is a directory"),
    ("import builtins.storeDir", "path '/chx/store/default.nix' does not exist"),
]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("text")
    (tmp_path / "program").write_text("text")
    (tmp_path / "program").chmod(0o755)
    links = {"folder-link": "folder", "twice": "folder-link", "file-link": "folder/file"}
    for name, target in {**links, "broken": "nowhere", "loop": "pool", "pool": "loop"}.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


def test_links_are_followed_as_nix_follows_them(chx: Run, files: Path) -> None:
    for expression, printed in ANSWERS:
        run = chx("eval", "-E", expression.replace("@", str(files)))
        assert (run.stdout, run.returncode) == (printed, 0), (expression, run.stderr)


def test_broken_and_looping_links_are_refused_in_nix_s_words(chx: Run, files: Path) -> None:
    for expression, message in REFUSED:
        run = chx("eval", "-E", expression.replace("@", str(files)))
        assert run.stderr.rstrip().split("\n")[-1] == "error: " + message.replace("@", str(files)), expression
        assert run.returncode == 1


def test_json_shows_paths_as_their_copies(chx: Run, files: Path) -> None:
    run = chx("eval", "--json", "-E", f'let file = {files}/folder/file; in [ file (toString file) ("${{file}}") ]')
    copy, path, same = json.loads(run.stdout)
    assert (copy, path) == (same, f"{files}/folder/file")
    assert copy.startswith("/chx/store/") and copy.endswith("-file")
    run = chx("eval", "--json", "-E", f"{{ a = {files}/nowhere; }}")
    assert (run.stderr.rstrip().split("\n")[-1], run.returncode) == (f"error: path '{files}/nowhere' does not exist", 1)


def test_a_value_that_is_used_next_is_written_on_request(chx: Run) -> None:
    words = ("eval", "--raw", "-E", 'builtins.toFile "new" "text that no other test has"')
    path = chx(*words).stdout
    assert chx("store", "path-info", path).returncode == 1
    assert chx(*words, "--read-write-mode").stdout == path
    assert chx("store", "path-info", path).returncode == 0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("./broken", "path '{work}/nothing' is not in the Nix store"),
        ("(toString ./broken)", "path '{work}/nothing' is not in the Nix store"),
        ("./away", "path '{work}/away' is not in the Nix store"),
        ('"/chx/store/nope"', "'nope' is too short to be a valid store path"),
        (f'"/chx/store/{"0" * 31}"', f"'{'0' * 31}' is too short to be a valid store path"),
        (f'"/chx/store/!{"0" * 31}-x"', f"store path '!{'0' * 31}-x' contains illegal base-32 character '!'"),
        (f'"/chx/store/{"0" * 32}-s%"', f"path '{'0' * 32}-s%' is not a valid store path: name 's%' contains illegal character '%'"),
        (f'"/chx/store/{"0" * 32}-x"', f"path '/chx/store/{'0' * 32}-x' does not exist"),
    ],
)  # fmt: skip
def test_store_paths_that_are_none_are_told_in_the_words_of_nix(chx: Run, work: Path, path: str, message: str) -> None:
    (work / "broken").symlink_to("nothing")
    told = chx("eval", "-E", f"builtins.storePath {path}").stderr.splitlines()[-1]
    assert told == f"error: {message.format(work=work)}"
