"""Git repositories whose commits have the same names everywhere: for comparing what is fetched from them with Nix."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

FIRST: Final = "2024-01-02T03:04:05Z"
LATER: Final = "2024-02-02T03:04:05Z"


class Repository:
    """A repository in the folder `place`; calling it runs git there."""

    def __init__(self, place: Path, *words: str) -> None:
        self.place = place
        self.date = FIRST
        place.mkdir()
        self("init", "-q", "-b", "main", *words)

    def __call__(self, *words: str) -> str:
        names = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _IDENTITY}
        dates = {"GIT_AUTHOR_DATE": self.date, "GIT_COMMITTER_DATE": self.date}
        plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.place)}
        command = ["git", "-c", "protocol.file.allow=always", *words]
        environment = {"PATH": os.environ["PATH"], **names, **dates, **plain}
        run = subprocess.run(command, cwd=self.place, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files; `__` in a name stands for `/`, `_` at its start for a dot."""
        for name, text in files.items():
            path = name.replace("__", "/")
            place = self.place / (f".{path[1:]}" if path.startswith("_") else path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())

    def commit(self) -> str:
        """Commit all that is there; return the name of the commit."""
        self("add", "-A")
        self("commit", "-q", "-m", "change")
        return self("rev-parse", "HEAD")


_IDENTITY: Final = (("NAME", "A"), ("EMAIL", "a@example.org"))


def plain(folder: Path) -> Repository:
    """Files of every kind, ignored and untracked ones, and attributes."""
    made = Repository(folder / "plain")
    made.write(
        a="$Format:%H$\n", run="#!/bin/sh\n", d__b="two\n", e__x="1", f__x="1", g__h__x="1", g__y="1", k="1",
        ignored="x", text="a\r\n", _gitignore="ignored\n",
        _gitattributes="d export-ignore\na export-subst\ne/ export-ignore\nf/* export-ignore\nh export-ignore\n"
        "k export-ignore=3\ntext text eol=crlf\n",
    )  # fmt: skip
    made.write(**{"g__.gitattributes": "y export-ignore\n"})
    (made.place / "run").chmod(0o755)
    (made.place / "link").symlink_to("a")
    made.commit()
    made.write(untracked="u")
    return made


def changed(folder: Path) -> Repository:
    """A working tree that differs: a file added, one changed, one removed, one that is executable now, one out of the index."""
    made = Repository(folder / "changed")
    made.write(a="1", b="2", c="3", d__e="4", f="5")
    made.commit()
    made.write(new="n", b="changed", untracked="u")
    made("add", "new")
    (made.place / "a").unlink()
    (made.place / "c").chmod(0o755)
    shutil.rmtree(made.place / "d")
    made("rm", "-q", "--cached", "f")
    return made


def branches(folder: Path) -> Repository:
    """Two commits, a branch, an annotated tag, and a commit that nothing names: `lost`."""
    made = Repository(folder / "branches")
    made.write(f="1\n")
    made.commit()
    made("tag", "-a", "v1", "-m", "v1")
    made("checkout", "-q", "-b", "side")
    made.write(f="s\n")
    made.commit()
    made("checkout", "-q", "main")
    made.date = LATER
    made.write(f="2\n")
    made.commit()
    made("checkout", "-q", "--detach")
    made.write(f="3\n")
    made.commit()
    made("checkout", "-q", "main")
    return made


def others(folder: Path) -> None:
    """What is made of `branches`: a linked working tree, a bare and a shallow clone; and repositories without a commit."""
    made = Repository(folder / "none")
    made = Repository(folder / "added")
    made.write(f="x")
    made("add", "f")
    made("-C", str(folder / "branches"), "worktree", "add", "-q", str(folder / "linked"), "side")
    made("clone", "-q", "--bare", str(folder / "branches"), str(folder / "bare.git"))
    # Its commits are no others', since Nix remembers how many led to one.
    deep = Repository(folder / "deep")
    for text in "ab":
        deep.write(f=text)
        deep.commit()
    deep("clone", "-q", "--depth=1", f"file://{folder}/deep", str(folder / "shallow"))


def all_of_them(folder: Path) -> dict[str, str]:
    """Make all repositories; return commits by name."""
    first, second, third = plain(folder), changed(folder), branches(folder)
    others(folder)
    fourth = outer(folder)
    return {
        "plain": first("rev-parse", "HEAD"),
        "changed": second("rev-parse", "HEAD"),
        "side": third("rev-parse", "side"),
        "tag": third("rev-parse", "v1"),
        "lost": third("log", "-1", "-g", "--format=%H", "--grep-reflog=commit:", "HEAD"),
        "outer": fourth("rev-parse", "HEAD"),
    }


def outer(folder: Path) -> Repository:
    """A repository with a submodule, whose URL is relative."""
    made = Repository(folder / "outer")
    made.write(top="t")
    made("submodule", "add", "-q", str(folder / "branches"), "sub")
    made.write(_gitmodules='[submodule "sub"]\n\tpath = sub\n\turl = ../branches\n')
    made.commit()
    return made
