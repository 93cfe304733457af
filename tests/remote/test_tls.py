"""TLS: whoever cannot show the right certificate is one clear error, and no secret reaches them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chx.builder.remote_options import EndpointOptions
from chx.remote.capabilities import ask
from chx.remote.endpoint import Channel
from chx.remote.errors import EndpointRefused, EndpointUnreachable

from .authority import Authority
from .server import FakeServer, Tls

PAST = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)
HINT = (
    "a server without TLS, another certificate authority (`ca`) and a missing client certificate (`cert`, `key`) look "
    "like this"
)


class Files(NamedTuple):
    """Paths of certificates: of an authority, of a client, and of those that another authority has signed."""

    ca: str
    cert: str
    key: str
    other_ca: str
    other_cert: str
    other_key: str


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def other() -> Authority:
    return Authority("another authority")


@pytest.fixture(scope="module")
def files(authority: Authority, other: Authority, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("certificates")
    for name, one in (("ca", authority), ("other-ca", other)):
        (folder / f"{name}.pem").write_bytes(one.certificate)
    right = authority.sign("client", host=None, client=True).write(folder, "client")
    wrong = other.sign("client", host=None, client=True).write(folder, "other-client")
    return Files(str(folder / "ca.pem"), *right, str(folder / "other-ca.pem"), *wrong)


@pytest.fixture(scope="module")
def plain(authority: Authority) -> Iterator[FakeServer]:
    """A server with TLS that wants no client certificate."""
    pair = authority.sign("server")
    with FakeServer(tls=Tls(pair.certificate, pair.key)) as server:
        yield server


@pytest.fixture(scope="module")
def mutual(authority: Authority) -> Iterator[FakeServer]:
    """A server that wants a client certificate."""
    pair = authority.sign("server")
    with FakeServer(tls=Tls(pair.certificate, pair.key, authority.certificate)) as server:
        yield server


def unreachable(server: FakeServer, options: EndpointOptions) -> EndpointUnreachable:
    before = len(server.calls)
    channel = Channel(options)
    with pytest.raises(EndpointUnreachable) as caught:
        ask(channel)
    channel.close()
    assert len(server.calls) == before, "no call, and no header, has come to the server"
    assert "\n" not in caught.value.message
    return caught.value


def test_a_server_that_the_authority_has_signed_is_reached(plain: FakeServer, files: Files) -> None:
    assert plain.url.startswith("grpcs://")
    ask(plain.channel(ca=files.ca))


def test_a_server_that_another_authority_has_signed_is_not(plain: FakeServer, files: Files, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    error = unreachable(plain, plain.options(ca=files.other_ca, token_file=str(token)))
    assert error.message.startswith(f"{plain.url} cannot be reached: ")
    assert error.hint == HINT


def test_a_server_that_no_authority_of_the_system_has_signed_is_not(plain: FakeServer) -> None:
    assert unreachable(plain, plain.options()).hint == HINT


def test_a_certificate_for_another_name_is_not_taken(authority: Authority, files: Files) -> None:
    pair = authority.sign("server", host="127.0.0.2")
    with FakeServer(tls=Tls(pair.certificate, pair.key)) as server:
        assert unreachable(server, server.options(ca=files.ca)).hint == HINT


def test_a_certificate_that_has_expired_is_not_taken(authority: Authority, files: Files) -> None:
    pair = authority.sign("server", end=PAST)
    with FakeServer(tls=Tls(pair.certificate, pair.key)) as server:
        assert unreachable(server, server.options(ca=files.ca)).hint == HINT


def test_a_client_shows_its_certificate(mutual: FakeServer, files: Files) -> None:
    ask(mutual.channel(ca=files.ca, cert=files.cert, key=files.key))


def test_a_client_without_a_certificate_is_not_let_in(mutual: FakeServer, files: Files) -> None:
    assert unreachable(mutual, mutual.options(ca=files.ca)).hint == HINT


def test_a_client_with_a_certificate_of_another_authority_is_not_let_in(mutual: FakeServer, files: Files) -> None:
    options = mutual.options(ca=files.ca, cert=files.other_cert, key=files.other_key)
    assert unreachable(mutual, options).hint == HINT


def test_a_server_without_tls_is_not_spoken_to(files: Files) -> None:
    with FakeServer() as server:
        url = server.url.replace("grpc://", "grpcs://")
        error = unreachable(server, EndpointOptions(url, ca=files.ca))
    assert error.message.startswith(f"{url} cannot be reached: ")
    assert error.hint == HINT


def test_a_server_with_tls_is_not_reached_without(plain: FakeServer) -> None:
    url = plain.url.replace("grpcs://", "grpc://")
    error = unreachable(plain, EndpointOptions(url))
    assert error.hint == "is the server running, and does it want TLS (grpcs://)?"


@pytest.mark.parametrize("name", ["ca", "cert", "key"])
@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_is_no_certificate_is_named(name: str, content: bytes, files: Files, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    settings = {"ca": files.ca, "cert": files.cert, "key": files.key, name: str(bad)}
    with pytest.raises(EndpointRefused) as caught:
        Channel(EndpointOptions("grpcs://127.0.0.1:1", **settings))  # type: ignore[arg-type]
    assert caught.value.reason.startswith(f"`{name}` is no ")
    assert str(bad) in caught.value.message


def test_a_key_of_another_certificate_is_refused(files: Files) -> None:
    with pytest.raises(EndpointRefused) as caught:
        Channel(EndpointOptions("grpcs://127.0.0.1:1", ca=files.ca, cert=files.cert, key=files.other_key))
    assert caught.value.reason == "`key` is not the key of `cert`"


def test_the_key_that_a_server_shows_is_known(authority: Authority, files: Files) -> None:
    pair = authority.sign("server")
    key = x509.load_pem_x509_certificate(pair.certificate).public_key()
    expected = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    with FakeServer(tls=Tls(pair.certificate, pair.key)) as server:
        assert server.channel(ca=files.ca).key_digest() == expected
        assert server.channel(ca=files.other_ca).key_digest() == "", "a key of somebody else is none"
    with FakeServer(tls=Tls(pair.certificate, pair.key, authority.certificate)) as server:
        assert server.channel(ca=files.ca, cert=files.cert, key=files.key).key_digest() == expected
    with FakeServer() as server:
        assert server.channel().key_digest() == ""
