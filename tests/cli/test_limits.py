"""Limits as a user sets them, and what an interrupt ends."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chx.cli.options.building import options_of
from chx.cli.parser import command_parser
from chx.ops.pinned_files import pinned_size
from chx.ops.settings import LIMITS, configured_limits
from chx.store import FixedOutput

from ..servers import Misbehaving, head

ROOT = Path(__file__).resolve().parents[2]
ENDS = 60.0
"""Seconds that nothing takes to end; reading a terabyte takes many times as long."""
AT_WORK = 2.0
"""Seconds of processor time after which a command is past its beginning."""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Writes a chx.toml in the working directory, which is fresh."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return lambda text: (tmp_path / "chx.toml").write_text(text)


def test_what_the_command_line_says_comes_before_what_is_configured(configured):
    configured('[limits]\ntimeout = 60\nmax-output-size = "4G"\nmax-download-size = 1000\n')
    parser, _ = command_parser("build")
    assert configured_limits() == {
        "timeout_seconds": 60.0,
        "max_output_bytes": 4 << 30,
        "max_download_bytes": 1000,
    }
    asked = options_of(parser.parse_args(["x", "--timeout", "0", "--max-output-size", "1M", "--max-log-size", "2K"]))
    assert (asked.timeout_seconds, asked.max_output_bytes) == (0.0, 1 << 20)
    assert (asked.max_download_bytes, asked.max_log_bytes) == (1000, 2048)


def test_limits_that_make_no_sense(chx, work):
    for text, told in (
        ('timeout = "soon"', "`timeout` in [limits] must be a number of seconds"),
        ("timeout = true", "`timeout` in [limits] must be a number of seconds"),
        ("timeout = inf", "`timeout` in [limits] must be a number of seconds"),
        ("max-output-size = -1", "`max-output-size` in [limits] must be a number of bytes, or a text such as 512M"),
        ("max-ouput-size = 1", "`max-ouput-size` in [limits] is no limit; known are timeout"),
    ):
        (work / "chx.toml").write_text(f"[limits]\n{text}\n")
        result = chx("build", "-E", 'derivation { name = "x"; system = "builtin"; builder = "builtin:tree"; }')
        assert result.returncode == 1 and told in result.stderr and "Traceback" not in result.stderr
        assert "chx.toml" in result.stderr
    assert chx("build", "x", "--max-output-size", "much").returncode == 2
    assert chx("build", "x", "--timeout", "nan").returncode == 2


def test_every_limit_is_in_the_manual():
    for page in ("configuration", "sandbox"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        assert all(name in text for name in LIMITS), page


def test_a_build_that_makes_too_much_is_told(chx, work):
    expression = 'derivation { name = "x"; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON [ { path = "a"; kind = "file"; content = "0123456789"; } ]; }'
    result = chx("build", "-E", expression, "--no-out-link", "--max-output-size", "9")
    assert result.returncode == 1
    assert "error[B031]: the build of 'x' was ended because its outputs exceeded 9 bytes" in result.stderr
    (work / "chx.toml").write_text("[limits]\nmax-output-size = 9\n")
    assert "B031" in chx("build", "-E", expression, "--no-out-link").stderr
    assert "B031" in chx("eval", "-E", f"builtins.readDir ({expression})").stderr
    assert chx("build", "-E", expression, "--no-out-link", "--max-output-size", "0").returncode == 0


def test_sizes_are_those_that_the_seeds_pin():
    for place in (ROOT / "pkgs" / "seeds").glob("*.lock.json"):
        for item in json.loads(place.read_text())["files"]:
            fixed = FixedOutput("sha256", bytes.fromhex(item["sha256"]), "flat")
            assert pinned_size(fixed) == item["size"] > 0
    assert pinned_size(FixedOutput("sha256", bytes(32), "flat")) is None


def test_a_file_of_a_seed_is_no_larger_than_its_pin_says(chx, work, tmp_path):
    """The size follows from the hash: the derivation does not say it."""

    def endless(connection):
        connection.send(head())
        connection.pour(b"x" * 65536)

    with Misbehaving(endless) as server:
        digest = hashlib.sha256(b"Hello\n").hexdigest()
        (tmp_path / "home" / "seeds").mkdir(parents=True)
        pins = {"files": [{"sha256": digest, "size": 6}]}
        (tmp_path / "home" / "seeds" / "mine.lock.json").write_text(json.dumps(pins))
        result = chx(
            "build",
            "-E",
            f'with import <chx> {{}}; lib.fetchurl {{ url = "{server.url}/x"; sha256 = "{digest}"; }}',
            no_proxy="127.0.0.1",
        )
        assert "larger than the 6 bytes that are declared for it" in result.stderr
        assert not server.sent_all


def test_a_file_is_added_that_is_larger_than_the_address_space(tmp_path):
    """The address space of an evaluation is limited to what memory there is."""
    with open(tmp_path / "large", "wb") as file:
        file.truncate(3 << 29)
    result = subprocess.run(
        [sys.executable, str(ROOT), "store", "add", "large"],
        cwd=tmp_path,
        env={**os.environ, "CHX_HOME": str(tmp_path / "home"), "RAYON_NUM_THREADS": "2"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("-large\n")


@pytest.fixture
def interrupted(tmp_path, chx):
    """Runs a command and ends it as Ctrl-C does, once it is at work."""

    def run(*words):
        process = subprocess.Popen(
            [sys.executable, str(ROOT), *words],
            env={**os.environ, "CHX_HOME": str(tmp_path / "home")},
            cwd=tmp_path / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while process.poll() is None and _busy(process.pid) < AT_WORK:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=ENDS)
        finally:
            process.kill()
        assert (process.returncode, said) == (130, "chx: interrupted; what was finished stays finished\n")
        assert os.listdir(tmp_path / "home" / "tmp") == []

    return run


def _busy(process):
    """Seconds of processor time that a process has taken; proc_pid_stat(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _large(path, size):
    with open(path, "ab") as file:
        file.truncate(size)


@pytest.mark.parametrize("count", [1, 3])
def test_adding_what_has_no_end_is_interrupted(interrupted, chx, work, count):
    (work / "tree").mkdir()
    for number in range(count):
        _large(work / "tree" / str(number), 1 << 40)
    interrupted("store", "add", "tree")
    assert "verified 0 objects; 0 damaged" in chx("store", "verify").stderr


@pytest.mark.parametrize("words", [["store", "verify"], ["copy", "--to", "cache"], ["store", "export", "-o", "file"]])
def test_reading_a_large_object_is_interrupted(interrupted, chx, tmp_path, work, words):
    _large(work / "large", 1 << 26)
    path = chx("store", "add", "large").stdout.strip()
    # It is read for much longer than it is written.
    place = tmp_path / "home" / "store" / Path(path).name
    place.chmod(0o644)
    _large(place, 1 << 40)
    interrupted(*words, *([] if words[-1] == "verify" else [path]))
    os.truncate(place, 1 << 26)
    place.chmod(0o444)
    os.utime(place, (1, 1))
    assert "verified 1 objects; 0 damaged" in chx("store", "verify").stderr
    assert not (work / "file").exists() and not list(work.glob("cache/blobs/*/*"))


NUMBERS = [
    (command, option)
    for command in ("bootstrap", "build", "eval", "gc", "run", "serve")
    for option, action in command_parser(command)[0]._option_string_actions.items()
    if option.startswith("--") and action.type is not None
]
BAD = ["inf", "nan", "1e400", "-1", "-inf", "", "x", "9" * 5000, "1_0", "١", "1e3", "0x10", " 1", "9" * 19]


def test_every_numeric_option_is_known_to_these_tests():
    found = {option for _, option in NUMBERS}
    assert {"--timeout", "--max-memory", "--jobs", "--cores", "--max-age", "--max-free", "--port", "--uid"} <= found


@pytest.mark.parametrize(("command", "option"), NUMBERS, ids="".join)
@pytest.mark.parametrize("value", BAD, ids=[value[:6] for value in BAD])
def test_a_number_that_is_none_is_an_error_of_usage(command, option, value, capsys):
    parser, _ = command_parser(command)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([f"{option}={value}"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "is not a" in said.splitlines()[-1] and option in said.splitlines()[-1], said
    assert len(said.splitlines()[-1]) < 200


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e400", '"inf"', '"1_0"', "true", "[ 1 ]"])
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_in_a_file_that_is_none_is_named(configured, name, value):
    from chx.builder.errors import BadConfiguration

    configured(f"[limits]\n{name} = {value}\n")
    with pytest.raises(BadConfiguration, match=name):
        configured_limits()
