"""Settings of builds elsewhere: what files and arguments say, and whose file may hold a secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chx.builder import BadConfiguration
from chx.ops.errors import RequestError
from chx.ops.remote import configured_remote

SYSTEM = f"{os.uname().machine}-linux"
OWN = """
[remote]
endpoint = "grpcs://build.example.org"
token-file = "/secret"
cert = "c.pem"
key = "k.pem"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Write the files of a project and of a user."""
    (tmp_path / "project").mkdir()
    (tmp_path / "config" / "chx").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def make(project: str = "", own: str = "") -> None:
        (tmp_path / "project" / "chx.toml").write_text(project)
        (tmp_path / "config" / "chx" / "chx.toml").write_text(own)

    return make


def test_nothing_is_built_elsewhere_unless_it_is_asked_for(write) -> None:  # type: ignore[no-untyped-def]
    write()
    assert configured_remote() is None
    write(own=OWN)
    assert configured_remote("") is None
    with pytest.raises(RequestError, match="--agree"):
        write()
        configured_remote(None, 2)


def test_all_settings_are_read(write) -> None:  # type: ignore[no-untyped-def]
    write("""
[remote]
endpoint = "grpcs://a.example"
instance = "main"
jobs = 7
cores = 9
cache = "own"
accept = "agree:2"
fallback = "local"
queue-timeout = 5
pool = "a"
modes-and-times = false
properties = { unixUID = "1000" }
[remote.systems]
aarch64-linux = { ISA = "aarch64" }
[[remote.also]]
endpoint = "grpcs://b.example/x/"
pool = "b"
""")
    found = configured_remote()
    assert found is not None
    assert (found.jobs, found.cores, found.cache, found.agree, found.sample) == (7, 9, "own", 2, 0.0)
    assert (found.fallback, found.queue_timeout) == ("local", 5)
    assert found.systems == {"aarch64-linux": {"ISA": "aarch64"}}
    first, second = found.endpoints
    assert (first.url, first.pool_name, first.node_properties) == ("grpcs://a.example/main", "a", False)
    assert first.properties == {"unixUID": "1000"}
    assert (second.url, second.pool_name, second.properties) == ("grpcs://b.example/x", "b", {})


def test_an_argument_takes_the_place_of_the_endpoint(write) -> None:  # type: ignore[no-untyped-def]
    write('[remote]\nendpoint = "grpcs://a.example"\ninstance = "main"\njobs = 3\nproperties = { unixUID = "5" }\n')
    found = configured_remote("grpc://127.0.0.1:1")
    assert found is not None
    assert [one.url for one in found.endpoints] == ["grpc://127.0.0.1:1"]
    assert found.endpoints[0].properties == {"unixUID": "5"} and found.jobs == 3
    assert found.systems == {SYSTEM: {}} and found.agree == 1
    assert configured_remote("grpc://127.0.0.1:1", 3).agree == 3  # type: ignore[union-attr]


def test_credentials_go_to_the_endpoint_beside_them_and_to_no_other(write) -> None:  # type: ignore[no-untyped-def]
    write(own=OWN)
    for url, secret in (
        (None, "/secret"),
        ("grpcs://build.example.org/another", "/secret"),
        ("grpcs://BUILD.example.org", "/secret"),
        ("grpcs://build.example.org:444", None),
        ("grpc://build.example.org", None),
        ("grpcs://evil.example", None),
    ):
        found = configured_remote(url)
        assert found is not None
        assert found.endpoints[0].token_file == secret, url
    write('[remote]\nendpoint = "grpcs://evil.example"\n', OWN)
    assert configured_remote().endpoints[0].token_file is None  # type: ignore[union-attr]
    assert configured_remote().endpoints[0].cert is None  # type: ignore[union-attr]


@pytest.mark.parametrize("line", ['token-file = "x"', 'credential-helper = "x"', 'key = "x"', "insecure = true"])
def test_a_project_does_not_decide_about_secrets(write, line: str) -> None:  # type: ignore[no-untyped-def]
    write(f'[remote]\nendpoint = "grpcs://a.example"\n{line}\n')
    with pytest.raises(BadConfiguration, match="belongs in your own"):
        configured_remote()
    write(f'[remote]\n[[remote.also]]\nendpoint = "grpcs://a.example"\n{line}\n')
    with pytest.raises(BadConfiguration, match="belongs in your own"):
        configured_remote()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("endpont = 'x'", "`endpont` in [remote] is no setting"),
        ("jobs = 'x'", "`jobs` in [remote] must be a number"),
        ("jobs = true", "`jobs` in [remote] must be a number"),
        ("jobs = 0", "from 1 to 10000"),
        ("cache = 'yes'", "must be one of never, own, trusted"),
        ("fallback = 'x'", "must be one of error, local"),
        ("accept = 'agree:0'", "must be any, agree:2 or sample:5%"),
        ("accept = 'sample:5'", "must be any, agree:2 or sample:5%"),
        ("accept = 'sample:101%'", "must be any, agree:2 or sample:5%"),
        ("properties = { a = 1 }", "must be a table of strings"),
        ("[remote.systems]\nx86_64-linux = 3", "must be a table of strings"),
        ("[[remote.also]]\npool = 'x'", "each [[remote.also]] names an `endpoint`"),
        ("[[remote.also]]\nendpoint = 'x'\njobs = 3", "`jobs` in [[remote.also]] is no setting"),
    ],
)
def test_what_is_no_setting_is_an_error(write, text: str, words: str) -> None:  # type: ignore[no-untyped-def]
    write(f"[remote]\n{text}\n")
    with pytest.raises(BadConfiguration) as caught:
        configured_remote()
    assert words in caught.value.message


def test_a_share_is_sampled(write) -> None:  # type: ignore[no-untyped-def]
    write('[remote]\nendpoint = "grpcs://a.example"\naccept = "sample:2.5%"\n')
    found = configured_remote()
    assert found is not None and found.sample == pytest.approx(0.025)
