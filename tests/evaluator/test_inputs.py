"""Inputs of fetches: what a world is asked for, and how messages name it."""

from __future__ import annotations

import pytest

from chx.evaluator.errors import EvalError, Unsupported
from chx.evaluator.flakeref import parse_reference, reference_text
from chx.evaluator.inputs import ArchiveSource, GitSource, Input, git_url, is_ref, local_path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def source(reference: str) -> object:
    return Input(parse_reference(reference), frozenset()).source


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        (f"github:a/b/{COMMIT}", f"https://github.com/a/b/archive/{COMMIT}.tar.gz"),
        (f"github:a/b/{COMMIT}?host=h.org", f"https://h.org/a/b/archive/{COMMIT}.tar.gz"),
        (f"gitlab:a/b/{COMMIT}", f"https://gitlab.com/api/v4/projects/a%2Fb/repository/archive.tar.gz?sha={COMMIT}"),
        (f"sourcehut:~a/b/{COMMIT}", f"https://git.sr.ht/~a/b/archive/{COMMIT}.tar.gz"),
        ("https://h/x.tar.gz?a=1&narHash=", "https://h/x.tar.gz?a=1"),
        ("tarball+https://h/x", "https://h/x"),
    ],
)
def test_a_commit_of_a_service_is_an_archive(reference: str, url: str) -> None:
    found = source(reference)
    assert isinstance(found, ArchiveSource) and found.unpack and found.timed and found.url == url


def test_a_service_is_not_asked_which_commit_a_branch_has() -> None:
    for reference in ("github:a/b", "github:a/b/main", "nixpkgs", "hg+https://h/x"):
        with pytest.raises(Unsupported):
            source(reference)


@pytest.mark.parametrize("part", ["a/b", "..%2f", "a b", "@h", "h?x", ""])
def test_parts_of_an_address_have_no_meaning_in_it(part: str) -> None:
    for name in ("owner", "repo", "host"):
        attributes = {"type": "github", "owner": "a", "repo": "b", "rev": COMMIT, name: part}
        with pytest.raises(EvalError):
            Input(attributes, frozenset())


def test_what_git_is_asked_for() -> None:
    found = source(f"git+https://h/x?ref=a/b&rev={COMMIT}&submodules=1&shallow=0&q=1")
    assert found == GitSource("https://h/x?q=1", COMMIT, "a/b", False, True)
    assert git_url("me@h:a/b") == "ssh://me@h/a/b"
    assert git_url("/a b?c#d") == "file:///a%20b%3Fc%23d"
    assert local_path("file:///a") == "/a" and local_path("file:a") is None and local_path("https://h/a") is None


def test_no_name_of_a_branch_is_an_option_or_an_expression() -> None:
    good = ["main", "refs/heads/a", "v1.0", "a/b-c", "@x", "HEAD"]
    bad = ["-x", "--upload-pack=x", "a b", "a..b", "a~1", "a^", "a:b", "a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "@", "", "a@{1}", "a\n", "*"]  # fmt: skip
    assert [name for name in good if not is_ref(name)] == [] and [name for name in bad if is_ref(name)] == []


@pytest.mark.parametrize(
    "text", ["github:a/b", f"github:a/b/{COMMIT}?dir=x", "git+https://h/x?ref=a&submodules=1", "path:/a%20b?dir=c", "flake:n/r", "https://h/x.zip"]
)  # fmt: skip
def test_writing_undoes_reading(text: str) -> None:
    assert reference_text(parse_reference(text)) == text
