"""Keys and signatures of version 3: openssl has the same opinion of them."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

import pytest

from chx.apk import (
    Index,
    Info,
    Package,
    PrivateKey,
    generate,
    index_entry,
    load_private,
    load_public,
    load_trusted,
    pack,
    read_index,
    read_package,
    sign,
    write_index,
    write_package,
)
from chx.apk.errors import ApkError, BadKey, BadSignature, BadValue, KeyExists, Untrusted
from chx.apk.keys import Signature, key_id, sign_adb, verify_adb

from .packages import opener
from .programs import run
from .test_hostile import two_files


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A key of each kind."""
    folder = tmp_path_factory.mktemp("keys")
    generate(str(folder / "rsa"), bits=2048)
    generate(str(folder / "ec"), "ec")
    return {"rsa": folder / "rsa", "ec": folder / "ec"}


def signed(key: Path, **options: str) -> bytes:
    package, contents = two_files()
    out = io.BytesIO()
    write_package(out, package, opener(contents), signers=[load_private(str(key))], **options)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_openssl_verifies_what_is_signed(keys: dict[str, Path], tmp_path: Path, kind: str, compression: str) -> None:
    reader = read_package(io.BytesIO(signed(keys[kind], compression=compression)))
    (signature,) = reader.signatures
    message = b"pckg" + b"\x00\x04" + signature.key_id + hashlib.sha512(reader.values).digest()
    (tmp_path / "message").write_bytes(message)
    (tmp_path / "signature").write_bytes(signature.signature)
    command = (
        "dgst",
        "-sha512",
        "-verify",
        f"{keys[kind]}.pub",
        "-signature",
        tmp_path / "signature",
        tmp_path / "message",
    )
    done = run("openssl", *command)
    assert done.returncode == 0 and b"Verified OK" in done.stdout, done.stderr
    (tmp_path / "message").write_bytes(message[:-1])
    assert run("openssl", *command).returncode == 1


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_openssl_signs_is_accepted(keys: dict[str, Path], tmp_path: Path, kind: str) -> None:
    package, contents = two_files()
    out = io.BytesIO()
    write_package(out, package, opener(contents))
    values = read_package(io.BytesIO(out.getvalue())).values
    public = load_public(f"{keys[kind]}.pub")
    (tmp_path / "message").write_bytes(b"pckg" + b"\x00\x04" + public.key_id + hashlib.sha512(values).digest())
    done = run("openssl", "dgst", "-sha512", "-sign", keys[kind], tmp_path / "message")
    assert done.returncode == 0
    assert verify_adb(public, b"pckg", values, Signature(4, public.key_id, done.stdout))
    assert not verify_adb(public, b"indx", values, Signature(4, public.key_id, done.stdout))


def test_key_ids_are_of_the_key_and_not_of_its_pem(keys: dict[str, Path]) -> None:
    der = run("openssl", "rsa", "-pubin", "-in", f"{keys['rsa']}.pub", "-RSAPublicKey_out", "-outform", "DER").stdout
    assert load_public(f"{keys['rsa']}.pub").key_id == hashlib.sha512(der).digest()[:16]
    text = run("openssl", "ec", "-pubin", "-in", f"{keys['ec']}.pub", "-outform", "DER").stdout
    assert load_public(f"{keys['ec']}.pub").key_id == hashlib.sha512(text[-65:]).digest()[:16]
    assert key_id(load_private(str(keys["ec"]))) == key_id(load_public(f"{keys['ec']}.pub"))


def test_the_blocks_have_the_sizes_of_the_manual(keys: dict[str, Path]) -> None:
    private = load_private(str(keys["rsa"]))
    assert len(sign_adb(private, b"pckg", b"x")) == 2 + 16 + 256
    package = Package(Info("demo", "1-r0", arch="x86_64"))
    out = io.BytesIO()
    write_package(out, package, opener({}), signers=[private])
    assert out.getvalue()[120:124].hex() == "16010040"


def test_rsa_signatures_are_deterministic(keys: dict[str, Path]) -> None:
    assert signed(keys["rsa"]) == signed(keys["rsa"])


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_trust(keys: dict[str, Path], kind: str) -> None:
    both = [load_public(f"{path}.pub") for path in keys.values()]
    other = [key for key in both if key.kind != kind]
    data = signed(keys[kind])
    assert read_package(io.BytesIO(data)).verify_signature(both).kind == kind
    with pytest.raises(Untrusted, match="no trusted key"):
        read_package(io.BytesIO(data)).verify_signature(other)
    package, contents = two_files()
    out = io.BytesIO()
    write_package(out, package, opener(contents))
    with pytest.raises(Untrusted, match="nobody"):
        read_package(io.BytesIO(out.getvalue())).verify_signature(both)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_every_change_of_a_signature_or_of_what_is_signed_is_found(keys: dict[str, Path], kind: str) -> None:
    public = [load_public(f"{keys[kind]}.pub")]
    reader = read_package(io.BytesIO(signed(keys[kind])))
    (signature,) = reader.signatures
    for place in (0, len(signature.signature) // 2, len(signature.signature) - 1):
        changed = bytearray(signature.signature)
        changed[place] ^= 1
        assert not verify_adb(public[0], b"pckg", reader.values, Signature(4, signature.key_id, bytes(changed)))
    for digest in (0, 1, 2, 3, 5):
        assert not verify_adb(
            public[0], b"pckg", reader.values, Signature(digest, signature.key_id, signature.signature)
        )
    data = bytearray(signed(keys[kind]))
    data[data.index(b"demo")] ^= 1
    with pytest.raises(BadSignature) as caught:
        read_package(io.BytesIO(bytes(data))).verify_signature(public)
    assert caught.value.code == "P032"


def test_signing_again_keeps_or_replaces(keys: dict[str, Path]) -> None:
    data = signed(keys["rsa"], compression="deflate:3")
    ec = load_private(str(keys["ec"]))
    for keeps, count in ((True, 2), (False, 1)):
        out = io.BytesIO()
        sign(io.BytesIO(data), out, [ec], keeps_signatures=keeps)
        reader = read_package(io.BytesIO(out.getvalue()))
        reader.verify()
        assert (len(reader.signatures), reader.compression) == (count, "deflate:3")
        assert reader.verify_signature([ec.public]) is ec.public
        assert reader.identity == read_package(io.BytesIO(data)).identity


def test_signing_later_gives_what_signing_at_once_gives(keys: dict[str, Path]) -> None:
    package, contents = two_files()
    out, later = io.BytesIO(), io.BytesIO()
    write_package(out, package, opener(contents))
    out.seek(0)
    sign(out, later, [load_private(str(keys["rsa"]))], compression="zstd")
    assert later.getvalue() == signed(keys["rsa"], compression="zstd")


def test_packing_keeps_signatures(keys: dict[str, Path]) -> None:
    out = io.BytesIO()
    pack(io.BytesIO(signed(keys["rsa"])), out, "zstd")
    assert out.getvalue() == signed(keys["rsa"], compression="zstd")


def test_an_index_is_signed(keys: dict[str, Path]) -> None:
    entry = index_entry(io.BytesIO(signed(keys["rsa"])))
    out = io.BytesIO()
    private = load_private(str(keys["rsa"]))
    write_index(out, Index("d", (entry,)), signers=[private], compression="zstd")
    found = read_index(io.BytesIO(out.getvalue()))
    assert found.verify_signature([private.public]) is private.public
    assert found.index.packages[0].hashes == entry.hashes


def test_private_keys_are_for_their_owner_only_and_never_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    before_mask = os.umask(0o022)
    try:
        generate(str(path), "ec")
    finally:
        os.umask(before_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(f"{path}.pub").stat().st_mode) == 0o644
    before = path.read_bytes()
    for taken in (path, tmp_path / "x"):
        if taken.name == "x":
            Path(f"{taken}.pub").symlink_to("/nowhere")
        with pytest.raises(KeyExists) as caught:
            generate(str(taken), "ec")
        assert caught.value.code == "P031"
    assert path.read_bytes() == before
    assert not (tmp_path / "x").exists()


def test_a_new_key_is_rsa_of_4096_bits(tmp_path: Path) -> None:
    key = generate(str(tmp_path / "key"))
    assert (key.public.kind, key.key.key_size, key.public.name) == ("rsa", 4096, "key.pub")


def test_trusted_keys_of_a_folder(keys: dict[str, Path], tmp_path: Path) -> None:
    for name, path in keys.items():
        (tmp_path / f"{name}.pub").write_bytes(Path(f"{path}.pub").read_bytes())
    assert [key.kind for key in load_trusted(str(tmp_path))] == ["ec", "rsa"]


def test_a_key_of_ed25519_is_refused_with_a_reason(tmp_path: Path) -> None:
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "key")
    run("openssl", "pkey", "-in", tmp_path / "key", "-pubout", "-out", tmp_path / "key.pub")
    for load, name in ((load_private, "key"), (load_public, "key.pub")):
        with pytest.raises(BadKey, match="RSA and EC only"):
            load(str(tmp_path / name))
    with pytest.raises(BadValue, match="RSA and EC only"):
        generate(str(tmp_path / "other"), "ed25519")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\0" * 100000]
)
def test_what_is_no_key(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    for load in (load_private, load_public):
        with pytest.raises(BadKey) as caught:
            load(str(tmp_path / "key"))
        assert caught.value.code == "P030"


def test_a_key_with_a_password(tmp_path: Path) -> None:
    run("openssl", "genrsa", "-aes128", "-passout", "pass:secret", "-out", tmp_path / "key", "2048")
    with pytest.raises(BadKey, match="password"):
        load_private(str(tmp_path / "key"))


def test_a_short_key(tmp_path: Path) -> None:
    run("openssl", "genrsa", "-out", tmp_path / "key", "1024")
    with pytest.raises(BadKey, match="1024"):
        load_private(str(tmp_path / "key"))
    with pytest.raises(ApkError):
        generate(str(tmp_path / "other"), bits=1024)


def test_keys_of_openssl(tmp_path: Path) -> None:
    run("openssl", "genrsa", "-out", tmp_path / "rsa", "2048")
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tmp_path / "ec")
    for name in ("rsa", "ec"):
        key = load_private(str(tmp_path / name))
        assert isinstance(key, PrivateKey) and key.public.kind == name
