"""Endpoints: what is an address, what is safe, and where the headers of calls come from."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chx.builder.remote_options import EndpointOptions
from chx.remote import endpoint
from chx.remote.endpoint import Address, Channel, Credentials, check_safety, check_url
from chx.remote.errors import EndpointRefused, NotAuthenticated
from chx.remote.wire import new, parse

from ..servers import Connection, Misbehaving
from .server import FakeServer

SECRET = "s3cr3t-t0ken"


@pytest.mark.parametrize(
    ("url", "address", "text"),
    [
        ("grpcs://host", Address("host", 443, "", True), "grpcs://host:443"),
        ("grpc://host", Address("host", 80, "", False), "grpc://host:80"),
        ("grpcs://host:8980/main", Address("host", 8980, "main", True), "grpcs://host:8980/main"),
        ("grpcs://host/a/b/", Address("host", 443, "a/b", True), "grpcs://host:443/a/b"),
        ("GRPCS://Build.Example.ORG/", Address("build.example.org", 443, "", True), "grpcs://build.example.org:443"),
        ("grpc://127.0.0.1:1", Address("127.0.0.1", 1, "", False), "grpc://127.0.0.1:1"),
        ("grpc://[::1]:50051/x", Address("::1", 50051, "x", False), "grpc://[::1]:50051/x"),
    ],
)
def test_an_address_is_read_from_a_url(url: str, address: Address, text: str) -> None:
    assert check_url(url) == address
    assert str(address) == text
    assert check_url(text) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "its scheme is neither grpcs nor grpc"),
        ("host:8980", "its scheme is neither grpcs nor grpc"),
        ("https://host", "its scheme is neither grpcs nor grpc"),
        ("grpcs:host", "it names no host"),
        ("grpcs://", "it names no host"),
        ("grpcs:///main", "it names no host"),
        ("grpcs://host:99999", "it is no URL: "),
        ("grpcs://host:port", "it is no URL: "),
        ("grpcs://[::1", "it is no URL: "),
        ("grpcs://host:0", "it names no port that there is"),
        ("grpcs://user@host", "it holds more than a host, a port and an instance"),
        ("grpcs://:password@host", "it holds more than a host, a port and an instance"),
        ("grpcs://@host", "it holds more than a host, a port and an instance"),
        ("grpcs://host/?a=b", "it holds more than a host, a port and an instance"),
        ("grpcs://host/#a", "it holds more than a host, a port and an instance"),
        ("grpcs://ho st", "it holds a character that no URL has"),
        ("grpcs://ho\nst", "it holds a character that no URL has"),
        ("grpcs://host/\x1b[31m", "it holds a character that no URL has"),
        ("grpcs://hóst", "it holds a character that no URL has"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(EndpointRefused) as caught:
        check_url(url)
    assert caught.value.code == "R001"
    assert caught.value.reason.startswith(reason)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_this_machine_is_loopback(host: str) -> None:
    assert check_url(f"grpc://{host}:1").is_loopback


@pytest.mark.parametrize(
    "host",
    [
        "host",
        "10.0.0.1",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "127.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:1.2.3.4]",
    ],
)
def test_all_else_is_not_loopback(host: str) -> None:
    assert not check_url(f"grpc://{host}:1").is_loopback


TOKEN = {"token_file": "token"}
HELPER = {"credential_helper": "helper"}
MUTUAL = {"cert": "c", "key": "k"}
PLAIN = "all inputs and results would travel unencrypted"
CLEAR = "a token would travel unencrypted to another machine"
HALF = "of `cert` and `key` it has one only"
TLS = "certificates are for TLS"
INSECURE = {"insecure": True}
LOCAL, AWAY, SAFE = "grpc://127.0.0.1:1", "grpc://build.example.org", "grpcs://build.example.org"


@pytest.mark.parametrize(
    ("url", "settings", "reason"),
    [
        (SAFE, {}, None),
        (SAFE, TOKEN, None),
        (SAFE, HELPER, None),
        (SAFE, MUTUAL, None),
        (SAFE, {**MUTUAL, "ca": "a"}, None),
        (SAFE, {"ca": "a"}, None),
        (SAFE, {"cert": "c"}, HALF),
        (SAFE, {"key": "k"}, HALF),
        (LOCAL, {}, None),
        (LOCAL, TOKEN, None),
        (LOCAL, HELPER, None),
        ("grpc://localhost", TOKEN, None),
        ("grpc://[::1]", TOKEN, None),
        (LOCAL, MUTUAL, TLS),
        (LOCAL, {"ca": "a"}, TLS),
        (AWAY, {}, PLAIN),
        (AWAY, INSECURE, None),
        (AWAY, TOKEN, CLEAR),
        (AWAY, HELPER, CLEAR),
        (AWAY, {**TOKEN, **INSECURE}, CLEAR),
        (AWAY, {**HELPER, **INSECURE}, CLEAR),
        (AWAY, {**MUTUAL, **INSECURE}, TLS),
        ("grpc://0.0.0.0", TOKEN, CLEAR),
        ("grpc://127.0.0.1.example.org", TOKEN, CLEAR),
    ],
)
def test_no_secret_travels_in_the_clear(url: str, settings: dict[str, object], reason: str | None) -> None:
    options = EndpointOptions(url, **settings)  # type: ignore[arg-type]
    if reason is None:
        check_safety(check_url(url), options)
        return
    with pytest.raises(EndpointRefused) as caught:
        check_safety(check_url(url), options)
    assert caught.value.reason == reason
    with pytest.raises(EndpointRefused) as caught:
        Channel(options)
    assert caught.value.reason == reason


def test_the_advice_is_an_address_that_would_do() -> None:
    with pytest.raises(EndpointRefused) as caught:
        check_safety(check_url(AWAY), EndpointOptions(AWAY, token_file="token"))
    assert caught.value.hint == "grpcs://build.example.org:80"
    with pytest.raises(EndpointRefused) as caught:
        check_safety(check_url(AWAY), EndpointOptions(AWAY))
    assert caught.value.hint is not None and "`insecure = true`" in caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_for_this_machine_goes_through_no_proxy(host: str) -> None:
    # gRPC reads the variables in C, some of them once: in a process of its own.
    code = (
        "import sys; from chx.builder.remote_options import EndpointOptions as E; from chx.remote.endpoint import Channel;"
        "from chx.remote.wire import new;"
        "c = Channel(E(sys.argv[1])); c.call('CancelOperation', new('CancelOperationRequest', name='reached'), 10)"
    )

    def silent(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    root = Path(__file__).parents[2]
    start = f"import runpy; runpy.run_path({str(root / 'conftest.py')!r}); {code}"
    with FakeServer() as server, Misbehaving(silent) as proxy:
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment |= dict.fromkeys(("grpc_proxy", "http_proxy", "https_proxy"), proxy.url)
        url = f"grpc://{host}:{server.port}"
        subprocess.run([sys.executable, "-c", start, url], env=environment, check=True, timeout=60)
        assert server.cancelled == ["reached"]
        assert proxy.requests == []


def credentials(**settings: str) -> Credentials:
    return Credentials(check_url(SAFE), EndpointOptions(SAFE, **settings))  # type: ignore[arg-type]


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def test_without_settings_there_are_no_headers() -> None:
    assert credentials().headers() == ()


def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "token"
    file.write_text("  one\n")
    found = credentials(token_file="~/token")
    assert found.headers() == bearer("one")
    file.write_text("three")
    assert found.headers() == bearer("three")
    (tmp_path / "new").write_text("other")
    os.replace(tmp_path / "new", file)
    assert found.headers() == bearer("other")
    file.unlink()
    with pytest.raises(NotAuthenticated):
        found.headers()
    file.write_text("again")
    assert found.headers() == bearer("again")


def test_a_token_file_that_does_not_change_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    found = credentials(token_file=str(file))
    first = found.headers()
    monkeypatch.setattr("builtins.open", None)
    assert found.headers() == first


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"two\nlines", b"\x1b[31m", "é".encode()])
def test_a_file_without_a_token_is_an_error_that_does_not_show_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(NotAuthenticated) as caught:
        credentials(token_file=str(file)).headers()
    assert caught.value.code == "R003"
    assert caught.value.message.startswith("grpcs://build.example.org:443 does not let this user in: ")
    assert str(file) in caught.value.message
    assert "two" not in caught.value.message and caught.value.message.isprintable()


def test_a_token_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotAuthenticated) as caught:
        credentials(token_file="/nowhere/token").headers()
    assert "'/nowhere/token'" in caught.value.message


Helper = Callable[..., str]


@pytest.fixture
def helper(tmp_path: Path) -> Helper:
    """Make a credential helper, a shell script that notes how it was called."""

    def make(script: str) -> str:
        place = tmp_path / "helper"
        place.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/called\ncat >> {tmp_path}/called\n{script}\n')
        place.chmod(stat.S_IRWXU)
        return str(place)

    return make


def prints(said: object) -> str:
    return f"cat <<'END'\n{json.dumps(said)}\nEND"


def calls(tmp_path: Path) -> int:
    return (tmp_path / "called").read_text().count("get\n")


def test_a_helper_is_asked_as_its_protocol_says(helper: Helper, tmp_path: Path) -> None:
    said = {"headers": {"Authorization": [f"Bearer {SECRET}"], "X-Two": ["a", "b"]}}
    found = credentials(credential_helper=helper(prints(said)))
    assert found.headers() == (*bearer(SECRET), ("x-two", "a"), ("x-two", "b"))
    word, _, asked = (tmp_path / "called").read_text().partition("\n")
    assert word == "get"
    assert json.loads(asked) == {"uri": "https://build.example.org:443"}


def test_what_a_helper_says_is_used_until_it_expires(
    helper: Helper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(endpoint, "monotonic", lambda: now[0])
    found = credentials(credential_helper=helper(prints({"headers": {"a": ["b"]}})))
    for moment, asked in ((1000.0, 1), (1299.0, 1), (1300.0, 2), (1301.0, 2)):
        now[0] = moment
        assert found.headers() == (("a", "b"),)
        assert calls(tmp_path) == asked


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S.%fZ"])
def test_the_time_of_its_end_is_its_own(
    helper: Helper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    now = [1000.0]
    monkeypatch.setattr(endpoint, "monotonic", lambda: now[0])
    end = (datetime.now(UTC) + timedelta(seconds=3600)).strftime(form)
    found = credentials(credential_helper=helper(prints({"headers": {"a": ["b"]}, "expires": end})))
    for later, asked in ((0, 1), (3500, 1), (3601, 2)):
        now[0] = 1000.0 + later
        found.headers()
        assert calls(tmp_path) == asked


def test_headers_that_have_expired_are_asked_for_each_time(helper: Helper, tmp_path: Path) -> None:
    said = {"headers": {"a": ["b"]}, "expires": "2020-01-01T00:00:00Z"}
    found = credentials(credential_helper=helper(prints(said)))
    assert found.headers() == found.headers() == (("a", "b"),)
    assert calls(tmp_path) == 2


@pytest.mark.parametrize("said", [{}, {"headers": {}}, {"headers": {"a": []}}, {"headers": None, "more": 1}])
def test_a_helper_may_have_no_headers(helper: Helper, said: object) -> None:
    assert credentials(credential_helper=helper(prints(said))).headers() == ()


DEEP = f"{sys.executable} -c 'print(\"[\" * 100000)'"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"echo {SECRET} >&2; echo {SECRET}; exit 3", "it ended with status 3"),
        (f"echo {SECRET}; kill -9 $$", "it ended with status -9"),
        (f"echo {SECRET}", "it printed no JSON"),
        ("printf '\\377'", "it printed no JSON"),
        ("true", "it printed no JSON"),
        (DEEP, "it printed no JSON"),
        (prints([SECRET]), "it printed no headers"),
        (prints(SECRET), "it printed no headers"),
        (prints({"headers": SECRET}), "it printed no headers"),
        (prints({"headers": [SECRET]}), "it printed no headers"),
        (prints({"headers": {"authorization": SECRET}}), "it printed no headers"),
        (prints({"headers": {"authorization": [1]}}), "it printed no headers"),
        (prints({"headers": {"authorization": [f"{SECRET}\n"]}}), "it printed no headers"),
        (prints({"headers": {"authorization": [f"{SECRET}é"]}}), "it printed no headers"),
        (prints({"headers": {"a b": [SECRET]}}), "it printed no headers"),
        (prints({"headers": {":path": [SECRET]}}), "it printed no headers"),
        (prints({"headers": {"grpc-timeout": [SECRET]}}), "it printed no headers"),
        (prints({"headers": {"a-bin": [SECRET]}}), "it printed no headers"),
        (prints({"headers": {"": [SECRET]}}), "it printed no headers"),
        (prints({"headers": {"a": ["b"]}, "expires": SECRET}), "it printed no time of expiry"),
        (prints({"headers": {"a": ["b"]}, "expires": 7}), "it printed no time of expiry"),
        ("yes", "it printed more than 1048576 bytes"),
        (f"echo '{{}}'; {sys.executable} -c 'print(\" \" * 3000000)'", "it printed more than 1048576 bytes"),
    ],
)
def test_a_helper_that_gives_no_headers_is_an_error_that_shows_nothing_of_it(
    helper: Helper, script: str, reason: str
) -> None:
    program = helper(script)
    with pytest.raises(NotAuthenticated) as caught:
        credentials(credential_helper=program).headers()
    assert caught.value.reason == f"the credential helper '{program}' gives no headers: {reason}"
    assert SECRET not in caught.value.message
    error: BaseException | None = caught.value
    assert error is not None and error.__suppress_context__


@pytest.mark.parametrize("script", ["exec sleep 60", "sleep 60", "sleep 60 & echo '{}'", "exec >&-; sleep 60"])
def test_a_helper_that_hangs_is_given_up(helper: Helper, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(endpoint, "_HELPER_SECONDS", 0.3)
    with pytest.raises(NotAuthenticated) as caught:
        credentials(credential_helper=helper(script)).headers()
    assert caught.value.reason.endswith("it took more than 0.3 seconds")


def test_a_helper_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        credentials(credential_helper=str(tmp_path / "none")).headers()
    assert caught.value.reason == f"the credential helper '{tmp_path}/none' gives no headers: it cannot be started"


def test_a_helper_that_does_not_read_may_answer(tmp_path: Path) -> None:
    place = tmp_path / "helper"
    place.write_text(f"#!/bin/sh\nexec <&-\n{prints({'headers': {'a': ['b']}})}\n")
    place.chmod(stat.S_IRWXU)
    assert credentials(credential_helper=str(place)).headers() == (("a", "b"),)


def test_calls_carry_the_headers_and_who_makes_them(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET)
    with FakeServer(token=SECRET) as server:
        channel = server.channel(token_file=str(file))
        channel.call("GetCapabilities", new("GetCapabilitiesRequest"), action="ab" * 32)
        (call,) = server.calls
        about = call.headers["build.bazel.remote.execution.v2.requestmetadata-bin"]
        assert isinstance(about, bytes)
        metadata = parse("RequestMetadata", about)
        assert (metadata.tool_details.tool_name, metadata.action_id) == ("chx", "ab" * 32)
        assert re.fullmatch("[0-9a-f]{32}", metadata.tool_invocation_id)
        server.token = "another"
        file.write_text("another")
        channel.call("GetCapabilities", new("GetCapabilitiesRequest"))


@pytest.mark.parametrize("name", ["ca", "cert", "key"])
def test_a_certificate_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"")
    files = {"ca": str(tmp_path / "there"), "cert": str(tmp_path / "there"), "key": str(tmp_path / "there")}
    with pytest.raises(EndpointRefused) as caught:
        Channel(EndpointOptions("grpcs://127.0.0.1:1", **{**files, name: "/nowhere/file"}))  # type: ignore[arg-type]
    assert caught.value.reason.startswith(f"`{name}` cannot be read: ")
