"""Services as files that a shell reads: what a package says arrives at the program, whatever is in it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chx.builder.services.rendering import path_of, render

PLAIN: dict[str, Any] = {
    "description": None, "type": "process", "command": ["/usr/bin/x"], "stop": None, "user": "root", "directory": None,
    "environment": {}, "dependsOn": [], "waitsFor": [], "after": [], "before": [], "restart": "always",
    "pidFile": None, "logFile": None, "enable": False,
}  # fmt: skip


def test_a_service_is_assignments_and_functions() -> None:
    fields = PLAIN | {
        "description": "it's a server", "command": ["/usr/bin/x", "-f", "a b"], "stop": ["/usr/bin/x", "stop"],
        "user": "x", "environment": {"B": "2", "A": "$HOME"}, "dependsOn": ["network"], "enable": True,
    }  # fmt: skip
    assert path_of("x") == "usr/lib/services/x"
    assert render(fields) == (
        "type=process\nuser=x\ndescription='it'\"'\"'s a server'\ndirectory=''\npid_file=''\nlog_file=''\n"
        "depends_on=network\nwaits_for=''\nafter=''\nbefore=''\nrestart=always\nenable=yes\n"
        "environment() {\n  export A='$HOME'\n  export B=2\n}\n"
        "start() {\n  \"$@\" /usr/bin/x -f 'a b'\n}\n"
        'stop() {\n  "$@" /usr/bin/x stop\n}\n'
    )


texts = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=40)
@given(texts, st.lists(texts, min_size=1, max_size=4), texts)
def test_a_shell_reads_what_was_said(description: str, words: list[str], value: str) -> None:
    fields = PLAIN | {
        "description": description, "command": ["/usr/bin/printf", "%s\\n", *words], "environment": {"SAID": value},
    }  # fmt: skip
    script = render(fields) + '\nprintf "%s\\n" "$description"; environment; printf "%s\\n" "$SAID"; start\n'
    said = subprocess.run(["/bin/sh", "-eu"], input=script.encode(), capture_output=True, check=True).stdout
    assert said.decode().split("\n") == [description, value, *words, ""]


def test_who_starts_it_puts_a_program_before_its_own(tmp_path: Path) -> None:
    script = render(PLAIN | {"command": ["/usr/bin/echo", "a"]}) + "start; start /usr/bin/echo as\n"
    assert subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True).stdout == "a\nas /usr/bin/echo a\n"
