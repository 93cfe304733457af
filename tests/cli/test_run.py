"""`chx run` and `chx shell`: what they run, and what they say when they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chx.store import Derivation, Store, StorePath

from ..builder.conftest import SYSTEM, programs_root
from .conftest import Run
from .test_bad_input import failed

sandbox = pytest.mark.sandbox


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(str(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def shell(store: Store, tmp_path: Path) -> str:
    """The store path of a root with a shell."""
    programs_root(str(tmp_path / "shell"))
    return str(store.add_tree(str(tmp_path / "shell"), "shell-1.0"))


@pytest.fixture
def tool(store: Store, tmp_path: Path) -> str:
    """The store path of a tree with programs that cannot run."""
    (tmp_path / "tool/usr/bin").mkdir(parents=True)
    for name in ("frob", "frobnicate"):
        (tmp_path / "tool/usr/bin" / name).write_text("")
        (tmp_path / "tool/usr/bin" / name).chmod(0o755)
    (tmp_path / "tool/usr/bin/readme").write_text("")
    return str(store.add_tree(str(tmp_path / "tool"), "tool-2"))


@pytest.mark.usefixtures("told")
@sandbox
def test_a_command_runs_in_a_store_path_and_passes_its_status_on(chx: Run, shell: str) -> None:
    run = chx(
        "run", shell, "--env", "A=b c", "--", "sh", "-c", 'echo "$A" "$@"; echo error >&2; exit 7', "sh", "--", "-x"
    )
    assert (run.returncode, run.stdout, run.stderr) == (7, "b c -- -x\n", "error\n")
    assert chx("run", shell, "--", "sh", "-c", "kill -9 $$").returncode == 137


@sandbox
def test_options_of_the_container(chx: Run, shell: str, work: Path) -> None:
    (work / "shared").mkdir()
    (work / "shared/file").write_text("hello\n")
    run = chx(
        *("run", shell, "--bind", "shared:/deep/in", "--ro-bind", "shared", "--chdir", "/deep/in", "--uid", "0"),
        *("--env", "FROM_OUTSIDE", "--env", "NOT_THERE", "--", "sh", "-c"),
        f'cat file; id -u; echo $HOME $FROM_OUTSIDE; echo 1 > made; cat {work}/shared/made; echo 2 > {work}/shared/x',
        FROM_OUTSIDE="value",
    )  # fmt: skip
    assert run.stdout == "hello\n0\n/root value\n1\n"
    assert "Read-only" in run.stderr and sorted(os.listdir(work / "shared")) == ["file", "made"]


@sandbox
def test_the_program_of_the_same_name_is_meant(chx: Run, store: Store, shell: str, tmp_path: Path) -> None:
    (tmp_path / "shell/usr/bin/shell").symlink_to("sh")
    named = str(store.add_tree(str(tmp_path / "shell"), "shell-1.1"))
    run = chx("run", named, "--", "-c", "echo $0")
    assert (run.returncode, run.stdout) == (0, "shell\n"), run.stderr


@sandbox
def test_all_arguments_are_those_of_the_program(chx: Run, store: Store, shell: str, tmp_path: Path) -> None:
    """Also an argument that is the name of a program, and one that looks like an option of chx."""
    place = tmp_path / "shell/usr/bin/shell"
    place.write_text('#!/bin/sh\necho "$# $*"\n')
    place.chmod(0o755)
    named = str(store.add_tree(str(tmp_path / "shell"), "shell-1.2"))
    for words, said in (
        (["sh"], "1 sh"), (["shell", "x"], "2 shell x"), (["--", "-q"], "2 -- -q"), ([""], "1 "), (["/bin/sh"], "1 /bin/sh"), ([], "0 "),
    ):  # fmt: skip
        run = chx("run", named, "--", *words)
        assert (run.returncode, run.stdout) == (0, f"{said}\n"), run.stderr
    run = chx("run", "--program", "sh", named, "--", "-c", "echo $0")
    assert (run.returncode, run.stdout) == (0, "sh\n"), run.stderr
    assert "did you mean `shell`?" in failed(chx("run", "--program", "shel", named))
    # Of several trees the first argument names the program.
    run = chx("run", named, shell, "--", "sh", "-c", "echo several")
    assert (run.returncode, run.stdout) == (0, "several\n"), run.stderr


def test_a_program_must_be_chosen_among_several(chx: Run, tool: str) -> None:
    report = failed(chx("run", tool))
    assert (
        "'tool-2' has several programs: name one of them after `--`" in report
        and "there are frob, frobnicate\n" in report
    )


def test_an_unknown_program_gives_the_list(chx: Run, tool: str) -> None:
    report = failed(chx("run", tool, "--", "frobb"))
    assert "there is no program 'frobb' in 'tool-2'" in report
    assert "did you mean `frob`? there are frob, frobnicate\n" in report


def test_a_tree_without_programs(chx: Run, store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = str(store.add_tree(str(tmp_path / "empty"), "empty"))
    assert "'empty' has no program" in failed(chx("run", path))


def test_a_file_is_no_root(chx: Run, store: Store) -> None:
    report = failed(chx("run", str(store.add_bytes(b"x", "file.txt")), "--", "cat"))
    assert "file.txt' is a file, and a container needs a tree as its root" in report
    assert "--ro-bind " in report


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rooot"], "did you mean root?"),
        (["./nothing"], "there is no './nothing'"),
        (["TREE", "--bind", "nothing:/x", "--", "frob"], "there is no 'nothing' that could be bound"),
        (["TREE", "--bind", ".:/", "--", "frob"], "would hide the whole container"),
        (["TREE", "--bind", ".:/usr/bin/frob/x", "--", "frob"], "'/usr/bin/frob' is a file"),
        (["TREE", "--env", "=x", "--", "frob"], "sets no variable"),
        (["TREE", "--chdir", "x", "--", "frob"], "is no absolute path"),
    ],
)
def test_requests_that_cannot_be_carried_out(chx: Run, tool: str, words: list[str], said: str) -> None:
    assert said in failed(chx("run", *(tool if word == "TREE" else word for word in words)))


@sandbox
def test_what_cannot_be_started(chx: Run, shell: str) -> None:
    assert "'/nothing' cannot be started in the sandbox" in failed(chx("run", shell, "--", "/nothing"))
    assert "Can't chdir to /nothing" in failed(chx("run", shell, "--chdir", "/nothing", "--", "sh"))


@pytest.fixture
def package(store: Store, shell: str) -> str:
    """The path of a derivation that is built by a shell."""
    source = store.add_bytes(b"source\n", "source")
    root = StorePath.parse(shell)
    return str(
        store.add_derivation(
            Derivation(
                "package-1",
                SYSTEM,
                "/bin/sh",
                ("-eu", "-c", "cat $src > $out"),
                env={"src": str(source)},
                input_srcs=tuple(sorted((root, source))),
                rootfs=(shell,),
            )
        )
    )


@sandbox
def test_a_shell_is_in_the_container_of_the_build(chx: Run, package: str, tmp_path: Path) -> None:
    run = chx("shell", package, "--command", "pwd; echo $HOME; /build/.builder.sh && cat $out; exit 5")
    assert (run.returncode, run.stdout) == (5, "/build\n/homeless-shelter\nsource\n")
    assert "its build is /build/.builder.sh, and nothing of this is kept" in run.stderr
    assert not any(name.endswith("package-1") for name in os.listdir(tmp_path / "home/store"))
    run = chx("shell", "-q", package, "--env", "A=1", "--", "sh", "-c", "echo $A $NIX_BUILD_TOP")
    assert (run.returncode, run.stdout, run.stderr) == (0, "1 /build\n", "")


def test_there_is_no_shell_where_chx_builds_itself(chx: Run) -> None:
    entries = '[{\\"path\\":\\"a\\",\\"kind\\":\\"file\\",\\"content\\":\\"x\\"}]'
    expression = f'derivation {{ name = "t"; system = "builtin"; builder = "builtin:tree"; entries = "{entries}"; }}'
    report = failed(chx("shell", "-E", expression))
    assert "chx itself builds 't' (builtin:tree), without a container" in report


def test_a_shell_is_for_one_derivation(chx: Run, package: str) -> None:
    assert "that is 2 derivations" in failed(chx("shell", "hello", "zlib"))
    assert "exclude each other" in failed(chx("shell", package, "--command", "x", "--", "y"))


@pytest.mark.network
@sandbox
def test_the_final_tiny_system_compiles_offline(shared_chx: Run) -> None:
    program = 'cd /tmp && printf "int main(void){return 42;}" > a.c && cc -o a a.c && ./a; echo $?'
    run = shared_chx("run", "root", "--", "sh", "-c", program)
    assert (run.returncode, run.stdout) == (0, "42\n"), run.stderr


@pytest.mark.network
@sandbox
def test_the_build_of_a_package_can_be_repeated_by_hand(shared_chx: Run) -> None:
    run = shared_chx("shell", "tinycc", "--command", "/build/.builder.sh > /build/log 2>&1; $out/usr/bin/tcc -version")
    assert run.returncode == 0 and "tcc version" in run.stdout, run.stderr


@pytest.mark.network
@sandbox
def test_a_program_cannot_type_into_the_terminal(shared_chx: Run, work: Path) -> None:
    """Whatever the kernel would allow: the filter says EPERM before anybody looks at the descriptor."""
    (work / "type.c").write_text(
        "#include <errno.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n"
        "int main(void) { char c = 'x'; int r = ioctl(0, TIOCSTI, &c); printf(\"%d %d\\n\", r, errno == EPERM); return 0; }\n"
    )
    run = shared_chx(
        "run", "root", "--ro-bind", "type.c:/mnt/type.c", "--", "sh", "-c", "cc -o /tmp/t /mnt/type.c && /tmp/t"
    )
    assert run.stdout == "-1 1\n", run.stderr
