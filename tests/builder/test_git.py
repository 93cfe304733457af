"""Trees of commits, through git, from repositories on this disk."""

import os
import shutil
import subprocess
import types

import pytest

from chx.builder import Builder, prefetch_tree, tree_source
from chx.builder.builtin.git import beside, locked_url, parse_git_url
from chx.builder.errors import FetchFailed, HashMismatch, UnsupportedUrl

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def git(tmp_path):
    place = tmp_path / "repository"
    place.mkdir()

    def run(*words: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", *words]
        return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "-q", "-b", "main")
    (place / "text").write_bytes(b"one\r\n$Id$\n")
    (place / "run").write_text("#!/bin/sh\n")
    (place / "run").chmod(0o755)
    (place / "link").symlink_to("text")
    (place / ".gitattributes").write_text("text text eol=lf ident\n")
    run("add", "-A")
    run("commit", "-q", "-m", "first")
    run.place = place
    run.url = f"git+file://{place}"
    return run


def test_the_tree_is_what_was_committed(store, git):
    revision = git("rev-parse", "HEAD")
    found = prefetch_tree(store, git.url, print)
    assert (found.revision, found.url) == (revision, f"{git.url}?rev={revision}")
    tree = store.physical(found.path)
    committed = subprocess.run(["git", "show", "HEAD:text"], cwd=git.place, capture_output=True, check=True).stdout
    with open(f"{tree}/text", "rb") as file:
        assert file.read() == committed
    assert b"$Id$" in committed
    assert os.access(f"{tree}/run", os.X_OK) and os.readlink(f"{tree}/link") == "text"
    assert sorted(os.listdir(tree)) == [".gitattributes", "link", "run", "text"]


def test_a_branch_moves_and_a_commit_does_not(store, git):
    git("tag", "-a", "v1", "-m", "v1")
    first = prefetch_tree(store, git.url, print)
    (git.place / "text").write_text("two\n")
    git("commit", "-q", "-a", "-m", "second")
    second = prefetch_tree(store, git.url + "?ref=main", print)
    assert second.revision != first.revision and second.path != first.path
    assert prefetch_tree(store, git.url + "?ref=v1", print) == first
    assert prefetch_tree(store, first.url, print) == first


def test_what_was_prefetched_is_fetched_by_its_hash(store, git, tmp_path):
    from chx.store import Store

    found = prefetch_tree(store, git.url, print)
    with Store.open(str(tmp_path / "other")) as other:
        drv = other.add_derivation(tree_source(found.url, found.digest))
        assert Builder(other).realise([(drv, ("out",))])[drv, "out"] == found.path
        wrong = other.add_derivation(tree_source(found.url, bytes(32)))
        with pytest.raises(HashMismatch):
            Builder(other).realise([(wrong, ("out",))])


def test_what_is_not_there_is_told(store, git):
    with pytest.raises(FetchFailed, match="there is no branch or tag 'nope'"):
        prefetch_tree(store, git.url + "?ref=nope", print)
    with pytest.raises(FetchFailed, match="git: "):
        prefetch_tree(store, git.url + "-away", print)


def test_a_repository_without_a_commit_is_told_as_that(store, git, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path / "empty")], check=True)
    with pytest.raises(FetchFailed, match="the repository has no commit yet"):
        prefetch_tree(store, f"git+file://{tmp_path}/empty", print)


def test_pointers_of_git_lfs_are_told(store, git):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    (git.place / "large.bin").write_text(pointer)
    git("add", "-A")
    git("commit", "-q", "-m", "large")
    said = []
    prefetch_tree(store, git.url, said.append)
    assert [line for line in said if "git-lfs" in line and line.endswith("such as large.bin")]


@pytest.mark.parametrize("query", ["rev=HEAD", "rev=abc", "ref=-x", "ref="])
def test_names_that_git_might_take_for_something_else(query):
    with pytest.raises(UnsupportedUrl):
        parse_git_url(f"git+https://example.org/r?{query}")


def test_a_locked_url_has_the_commit_alone():
    commit = "0" * 40
    assert locked_url("git+https://example.org/r?ref=main", commit) == f"git+https://example.org/r?rev={commit}"
    assert locked_url("git+https://example.org/r?ref=main&a=b", commit) == f"git+https://example.org/r?a=b&rev={commit}"


@pytest.fixture
def nested(git, tmp_path):
    """A repository with a submodule that has one itself (named relatively), and one that nobody has a URL of."""

    def made(name: str, *modules: tuple[str, str]) -> None:
        place = tmp_path / name
        place.mkdir()
        (place / "file").write_text(f"{name}\r\n")
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]

        def run(*words: str) -> None:
            subprocess.run(["git", *identity, *words], cwd=place, check=True, capture_output=True)

        run("init", "-q", "-b", "main")
        for path, url in modules:
            run("submodule", "add", "-q", url, path)
        run("add", "-A")
        run("commit", "-q", "-m", "first")

    made("inner")
    made("middle", ("deep/inner", str(tmp_path / "inner")))
    made("outer", ("one", str(tmp_path / "middle")))
    for name, url in (("middle", "../inner"), ("outer", "./../middle")):
        place = tmp_path / name
        text = (place / ".gitmodules").read_text()
        head, _, _ = text.partition("url = ")
        (place / ".gitmodules").write_text(f"{head}url = {url}\n")
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, "commit", "-qam", "relative"], cwd=place, check=True, capture_output=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path / "middle", check=True, capture_output=True, text=True
    ).stdout.strip()
    for words in (
        ("update-index", "--add", "--cacheinfo", f"160000,{commit},one"),
        ("update-index", "--add", "--cacheinfo", f"160000,{commit},without"),
        ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "newer"),
    ):
        subprocess.run(["git", *words], cwd=tmp_path / "outer", check=True, capture_output=True)
    return f"git+file://{tmp_path}/outer"


def test_submodules_come_if_they_are_asked_for(store, nested):
    plain = prefetch_tree(store, nested, print)
    assert sorted(os.listdir(store.physical(plain.path))) == [".gitmodules", "file", "one", "without"]
    assert os.listdir(f"{store.physical(plain.path)}/one") == []
    full = prefetch_tree(store, f"{nested}?submodules=1", print)
    assert full.url == f"{nested}?rev={full.revision}&submodules=1" and full.revision == plain.revision
    tree = store.physical(full.path)
    with open(f"{tree}/one/deep/inner/file", "rb") as file:
        assert file.read() == b"inner\r\n"
    assert sorted(os.listdir(f"{tree}/one")) == [".gitmodules", "deep", "file"] and os.listdir(f"{tree}/without") == []
    assert prefetch_tree(store, full.url, print) == full


def test_a_submodule_that_is_not_there_is_named(store, nested, tmp_path):
    shutil.rmtree(tmp_path / "inner")
    with pytest.raises(FetchFailed, match=r"submodule 'one/deep/inner' \(.*/inner\): git: "):
        prefetch_tree(store, f"{nested}?submodules=1", print)
    with pytest.raises(UnsupportedUrl, match="submodules=yes"):
        parse_git_url(f"{nested}?submodules=yes")


def test_where_submodules_are():
    assert beside("https://h/a/b", "https://x/y") == "https://x/y"
    assert beside("https://h/a/b.git", "../c.git") == "https://h/a/c.git"
    assert beside("https://h/a/b/", "./c") == "https://h/a/b/c"
    assert beside("git@h:a/b", "../c") == "git@h:a/c"


def test_what_came_over_the_network_does_not_lead_to_files(monkeypatch):
    from chx.builder.builtin import git as module

    asked = []
    monkeypatch.setattr(module, "_git", lambda *words, **more: asked.append((words[3], more)) or [])
    for url in ("git+https://h/a", "git+file:///a"):
        module._Checkout(types.SimpleNamespace(haste=0), url, "/work", True)._fetch("file:///etc", ["x"], "/r", [])
    assert [more["with_files"] for _, more in asked] == [False, True]
