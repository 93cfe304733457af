"""`chx eval` shows what was not needed, though it evaluates more eagerly than that at first."""

from __future__ import annotations

import os

import pytest

from chx.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("CHX_HOME", str(tmp_path))


def test_parts_that_nix_suspends_are_printed_so(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    expression = 'let f = x: y: x; in builtins.trace "once" { a = 1 + 1; b = x: x; c = [ 1 ]; d = 3; e = f 1; }'
    assert main(["eval", "-E", expression]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b"{ a = <CODE>; b = <CODE>; c = <CODE>; d = 3; e = <CODE>; }\n"
    assert err == b"trace: once\n"


def test_a_small_file_in_a_string_is_named_and_not_copied(
    tmp_path,
    capfdbinary: pytest.CaptureFixture[bytes],  # type: ignore[no-untyped-def]
) -> None:
    (tmp_path / "file").write_bytes(b"content\n")
    assert main(["eval", "-E", f'"${{{tmp_path}/file}}"']) == 0
    named = capfdbinary.readouterr().out
    assert named.endswith(b'-file"\n')
    assert not (tmp_path / "store").exists()
    assert main(["eval", "-E", f'builtins.readFile "${{{tmp_path}/file}}"']) == 0
    assert capfdbinary.readouterr().out == b'"content\\n"\n'
    assert (tmp_path / "store" / named.decode().strip()[len('"/chx/store/') : -1]).read_bytes() == b"content\n"


def test_a_pipe_is_read_once(tmp_path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:  # type: ignore[no-untyped-def]
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    if not os.fork():
        with open(pipe, "wb") as file:
            file.write(b"[ (1 + 1) ]")
        os._exit(0)
    assert main(["eval", pipe]) == 0
    os.wait()
    assert capfdbinary.readouterr().out == b"[ <CODE> ]\n"


def test_what_took_all_memory_is_not_evaluated_again() -> None:
    from chx.cli.eval import _may_differ
    from chx.evaluator.errors import OutOfMemory, Thrown

    for error, differs in ((Thrown("any"), True), (OutOfMemory(), False)):
        error.__dict__["unordered"] = True
        assert _may_differ(error) is differs
