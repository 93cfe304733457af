"""passwd of toybox-system, run by a shell on files in a folder: one line changes, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "pkgs/toybox-system/passwd"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nroot2:*:7:7:a b:/:/bin/sh\nnobody:x:65534:65534::/:/usr/bin/nologin\n"
SHADOW = "root:*:::::::\nnobody:*:::::::"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "passwd").write_text(PASSWD)
    (folder / "shadow").write_text(SHADOW)
    (folder / "shadow").chmod(0o640)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "mkpasswd").write_text('#!/bin/sh\nprintf "\\$6\\$%s\\$%s\\n" "$2" "$(cat)"\n')
    (programs / "date").write_text("#!/bin/sh\necho 864000\n")
    for file in programs.iterdir():
        file.chmod(0o755)
    return folder


def passwd(etc: Path, *words: str, said: str = "a \\b\n") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ACCOUNTS": str(etc), "PATH": f"{etc.parent}/programs:{os.environ['PATH']}"}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *words], env=environment, input=said, capture_output=True, text=True, check=False
    )


def test_one_line_changes(etc: Path) -> None:
    assert passwd(etc).stderr == ""
    assert (etc / "shadow").read_text() == "root:$6$sha512$a \\b:10::::::\nnobody:*:::::::\n"
    assert (etc / "shadow").stat().st_mode & 0o777 == 0o640
    assert (etc / "passwd").read_text() == PASSWD


def test_an_account_that_only_passwd_has_gets_a_line_in_both(etc: Path) -> None:
    assert passwd(etc, "root2").returncode == 0
    assert (etc / "shadow").read_text() == SHADOW + "\nroot2:$6$sha512$a \\b:10::::::\n"
    assert (etc / "passwd").read_text() == PASSWD.replace("root2:*:", "root2:x:")


@pytest.mark.parametrize(
    ("words", "said", "why"), [(("roo",), "a\n", "there is no user 'roo'"), ((), "\n", "an empty password is none")]
)
def test_a_mistake_changes_nothing(etc: Path, words: tuple[str, ...], said: str, why: str) -> None:
    run = passwd(etc, *words, said=said)
    assert (run.returncode, run.stderr) == (1, f"passwd: {why}\n")
    assert ((etc / "shadow").read_text(), (etc / "passwd").read_text()) == (SHADOW, PASSWD)
