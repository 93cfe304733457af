"""`chx repl`, through a pipe as a script would use it, and at a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

from chx.evaluator import describe_builtin
from chx.evaluator.builtins.registry import CONSTANTS, TABLE

from .conftest import ROOT

Result = subprocess.CompletedProcess[str]


def enter(tmp_path: Path, text: str, *words: str) -> Result:
    """What the REPL answers to some lines."""
    return subprocess.run(
        [sys.executable, str(ROOT), "repl", *words],
        input=text,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CHX_HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"},
        text=True,
        capture_output=True,
        timeout=120,
    )


def test_values_and_bindings(tmp_path: Path) -> None:
    run = enter(
        tmp_path,
        "1 + 1\nx = 20\nx = x + 1;\nx * 2\n{ a = x; b = { c = 1; }; d = [ 1 ]; e = { }; f = y: y; }\n"
        '# nothing\n\n[ 1 (throw "no") ]\n"é\\n"\n',
    )
    assert run.returncode == 0
    assert run.stderr == ""
    assert run.stdout.split("\n") == [
        "2",
        "42",
        "{ a = 21; b = { ... }; d = [ ... ]; e = { }; f = «lambda f @ «string»:1:50»; }",
        "[ 1 «error: no» ]",
        '"é\\n"',
        "",
    ]


def test_several_names_are_bound_as_in_a_set(tmp_path: Path) -> None:
    run = enter(tmp_path, "s = { c = 3; d = 4; }\na = 1; b = s.d;\ninherit (s) c d\n[ a b c d ]\na = 1; b\n")
    assert run.stdout == "[ 1 4 3 4 ]\n"
    assert "error: syntax error, unexpected" in run.stderr


def test_an_expression_goes_on_until_it_is_whole(tmp_path: Path) -> None:
    run = enter(tmp_path, "let\n  a = 1;\nin\n  a\nf = x:\n x + 1\nf 2\n(1\n")
    assert run.stdout == "1\n3\n"
    assert run.stderr.rstrip().endswith("error: syntax error, unexpected end of file, expecting ')'")


def test_errors_do_not_end_it(tmp_path: Path) -> None:
    run = enter(tmp_path, 'throw "no"\n1 +\n\n)\nnope\n:nope\n:t\n:te\nlet x = x; in x\n2\n')
    assert run.returncode == 0
    assert run.stdout == "the whole way to an error is shown\n2\n"
    for message in (
        "error: no",
        "unexpected ')'",
        "undefined variable 'nope'",
        "no command ':nope'",
        "infinite recursion",
    ):
        assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_commands(tmp_path: Path) -> None:
    file = tmp_path / "set.nix"
    file.write_text("{ n ? 1 }: { a = n; b = [ [ n ] ]; }")
    run = enter(
        tmp_path,
        ":l ./set.nix\n:p b\nb\n:t a\n:t map\n:a { z = 5; y = 6; }\nz + y\n:doc map\n:doc builtins.sort\n:doc nope\n:b 1\n:?\n:q\n9\n",
    )
    assert run.stdout.startswith(
        "added 2 variables\n[\n  [ 1 ]\n]\n[ [ ... ] ]\nan integer\nthe built-in function 'map'\nadded 2 variables\n11\n"
        "builtins.map, a function of 2 arguments\n\n`map f list`.\nbuiltins.sort, a function of 2 arguments\n"
    )
    assert ":doc BUILTIN" in run.stdout
    assert not run.stdout.endswith("9\n")
    assert "'nope' is no built-in function" in run.stderr
    assert "it is an integer and not a derivation" in run.stderr


def test_files_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "set.nix"
    file.write_text("{ a = 1; }")
    process = subprocess.Popen(
        [sys.executable, str(ROOT), "repl", "set.nix"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, text=True, bufsize=1,
        env={"PATH": os.environ["PATH"], "CHX_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "added 1 variable\n"
    process.stdin.write("a\n")
    assert process.stdout.readline() == "1\n"
    file.write_text("{ a = 2; }")
    process.stdin.write(":r\na\n")
    assert process.stdout.readline() == "added 1 variable\n"
    assert process.stdout.readline() == "2\n"
    process.stdin.close()
    assert process.wait(20) == 0


def test_it_builds(tmp_path: Path) -> None:
    run = enter(tmp_path, ':b derivation { name = "n"; system = "builtin"; builder = "builtin:tree"; }\n')
    assert run.stderr == ""
    assert Path(run.stdout.removeprefix("out -> ").strip()).is_dir()


def test_completion_and_interrupts_at_a_terminal(tmp_path: Path) -> None:
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT), "repl"],
        stdin=other, stdout=other, stderr=other, cwd=tmp_path, start_new_session=True,
        env={"PATH": os.environ["PATH"], "CHX_HOME": str(tmp_path / "home"), "TERM": "dumb"},
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(other)
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < deadline, seen
            seen += os.read(main, 4096)
        seen = seen[seen.index(text) + len(text) :]

    until(b"chx> ")
    os.write(main, b"abcdef = { someName = 7; }\n")
    until(b"chx> ")
    os.write(main, b"abcd\t.some\t\n")
    until(b"7")
    until(b"chx> ")
    os.write(main, b"let l = builtins.genList (x: x) 100000; s = builtins.foldl' (a: b: a + b) 0 l; ")
    os.write(main, b"in builtins.foldl' (a: b: a + builtins.foldl' (c: d: c + d + b) 0 l) 0 l\n")
    time.sleep(1)
    os.write(main, b"\x03")
    until(b"interrupted")
    until(b"chx> ")
    os.write(main, b"40 + 2\n")
    until(b"42")
    until(b"chx> ")
    os.write(main, b"\x04")
    assert process.wait(20) == 0
    assert "abcdef" in (tmp_path / "home" / "repl-history").read_text()
    os.close(main)


def test_a_whole_value_is_printed_as_nix_prints_it(tmp_path: Path) -> None:
    """Derivations by their paths, the error of a part in its place, and a string without quotes."""
    drv = 'derivation { name = "n"; system = "s"; builder = "b"; }'
    lines = (
        '[ (throw "a") 1 ]', '{ a = { }.b; b = [ (1 + 1) ]; c = [ 1 [ 2 ] ]; }', f"[ ({drv}) ]", '{ type = "derivation"; }',
        "let x = { y = x; }; in x", '"a\\nb"', "[ [ ] { } ]",
    )  # fmt: skip
    run = enter(tmp_path, "".join(f":p {line}\n" for line in lines))
    path = re.findall("/chx/store/[^»]*-n.drv", run.stdout)
    assert run.stdout == (
        "[\n  «error: a»\n  1\n]\n"
        "{\n  a = «error: attribute 'b' missing»;\n  b = [ 2 ];\n  c = [\n    1\n    [ 2 ]\n  ];\n}\n"
        f"[\n  «derivation {path[0]}»\n]\n"
        "«derivation»\n"
        "{\n  y = «repeated»;\n}\n"
        "a\nb\n"
        "[\n  [ ]\n  { }\n]\n"
    )


def test_all_builtins_are_documented() -> None:
    for name in (*TABLE, *CONSTANTS, "currentTime"):
        text = describe_builtin(name)
        assert text is not None and text.startswith(f"builtins.{name}, "), name
        # What a function does stands below its first line.
        assert name not in TABLE or text.partition("\n\n")[2].strip(), name
