"""Bills and provenance are what the formats' own libraries accept, and say what was built from what."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from .conftest import Run

pytest.importorskip("cyclonedx")
pytest.importorskip("in_toto_attestation")

PACKAGES = """
let
  tree = name: entries: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON entries;
  };
  data = derivation {
    name = "data-1.0.txt"; system = "builtin"; builder = "builtin:fetch"; url = "file://FOLDER/data";
    outputHash = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"; outputHashMode = "flat";
  };
  deb = derivation {
    name = "x.deb"; system = "builtin"; builder = "builtin:fetch";
    urls = [ "debian:src/tool_1.2-3_amd64.deb" "file://FOLDER/data" ];
    outputHash = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"; outputHashMode = "flat";
  };
in {
  app = tree "app-2.1" [
    { path = "data"; kind = "symlink"; target = "${data}"; }
    { path = "words"; kind = "symlink"; target = "${./words}"; }
    { path = "words2"; kind = "symlink"; target = "${tree "inner" [ { path = "x"; kind = "symlink"; target = "${deb}"; } ]}/x"; }
  ];
}
"""


@pytest.fixture
def app(chx: Run, work: Path) -> str:
    """A package with sources; its store path."""
    (work / "data").write_text("hello\n")
    (work / "words").write_text("words")
    (work / "default.nix").write_text(PACKAGES.replace("FOLDER", str(work)))
    run = chx("build", "-f", ".", "app")
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_a_bill_is_valid_and_the_same_each_time(chx: Run, app: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    run = chx("sbom", "-f", ".", "app")
    assert run.returncode == 0, run.stderr
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(run.stdout) is None
    assert chx("sbom", "./result").stdout == run.stdout
    bill = json.loads(run.stdout)
    main = bill["metadata"]["component"]
    assert (main["name"], main["version"]) == ("app", "2.1")
    assert {"name": "chx:output:out", "value": app} in main["properties"]
    parts = {part["name"]: part for part in bill["components"]}
    assert sorted(parts) == ["data-1.0.txt", "inner", "tool", "words"]
    assert parts["tool"]["purl"] == "pkg:deb/debian/tool@1.2-3?arch=amd64"
    data = parts["data-1.0.txt"]
    assert data["hashes"][0]["alg"] == "SHA-256" and data["hashes"][0]["content"].startswith("5891b5b5")
    assert data["externalReferences"][0]["url"].startswith("file://")
    needs = {item["ref"]: item.get("dependsOn", []) for item in bill["dependencies"]}
    assert sorted(needs[main["bom-ref"]]) == sorted(parts[name]["bom-ref"] for name in parts)


def test_provenance_is_valid_and_signed(chx: Run, app: str, tmp_path: Path) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    run = chx("provenance", "./result")
    assert run.returncode == 0, run.stderr
    (line,) = run.stdout.splitlines()
    signed = Envelope.from_dict(json.loads(line))
    assert signed.payload_type == "application/vnd.in-toto+json"
    (keyid,) = signed.signatures
    key = base64.b64decode(keyid.removeprefix("ed25519:")).hex()
    known = SSlibKey(keyid, "ed25519", "ed25519", {"public": key})
    assert list(signed.verify([known], 1)) == [keyid]
    said = json.loads(signed.payload)
    Statement.copy_from_pb(json_format.ParseDict(said, statement_pb2.Statement())).validate()
    predicate = json_format.ParseDict(said["predicate"], provenance_pb2.Provenance())
    for resource in predicate.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(resource).validate()
    assert predicate.run_details.builder.id.startswith("urn:chx:builder:ed25519")
    (subject,) = said["subject"]
    assert subject["uri"] == app
    assert f"blake3:{subject['digest']['blake3']}" in chx("store", "path-info", app).stdout
    names = [resource["name"] for resource in said["predicate"]["buildDefinition"]["resolvedDependencies"]]
    assert sorted(name[33:] if name[32:33] == "-" else name for name in names) == [
        "data-1.0.txt", "data-1.0.txt", "inner", "words", "x.deb",
    ]  # fmt: skip
    plain = json.loads(chx("provenance", "./result", "--statement").stdout)
    assert plain == said


def test_what_is_not_built_has_neither(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(PACKAGES.replace("FOLDER", str(work)))
    (work / "words").write_text("words")
    for command in ("sbom", "provenance"):
        run = chx(command, "-f", ".", "app")
        assert run.returncode == 1 and "'app-2.1' is not built" in run.stderr


def altered(line: str, key: str = "", **changes: object) -> str:
    """An envelope with something changed in what is signed."""
    envelope = json.loads(line)
    said = json.loads(base64.b64decode(envelope["payload"]))
    said.update(changes)
    envelope["payload"] = base64.b64encode(json.dumps(said).encode()).decode()
    if key:
        envelope["signatures"][0]["keyid"] = key
    return json.dumps(envelope)


def test_provenance_is_verified(chx: Run, app: str, work: Path, tmp_path: Path) -> None:
    from .conftest import _run

    line = chx("provenance", "./result").stdout
    (work / "good").write_text(line + "\n" + line)
    run = chx("provenance", "verify", "good")
    key = chx("store", "key").stdout.strip()
    assert run.returncode == 0 and run.stdout == f"= {app[11:]}: is what it says, signed by {key}\n" * 2
    # Another store believes it if it is told whom to believe, and has what it speaks of.
    words = ("provenance", "verify", "good")
    for more, told in (
        ((), f"signed with a key that is not trusted: {key}"),
        (("--key", key), "is not in this store"),
    ):
        other = _run(tmp_path / "other", work, *words, *more)
        assert other.returncode == 1 and other.stdout.count(told) == 2, other.stdout + other.stderr
    assert chx("copy", "--to", tmp_path / "cache", app).returncode == 0
    assert _run(tmp_path / "other", work, "copy", "--from", tmp_path / "cache", app).returncode == 0
    assert _run(tmp_path / "other", work, *words, "--key", key).returncode == 0
    (work / "chx.toml").write_text(f'[caches]\ntrusted-keys = ["{key}"]\n')
    assert _run(tmp_path / "other", work, *words).returncode == 0


def test_provenance_that_is_not_true_is_refused(chx: Run, app: str, work: Path, tmp_path: Path) -> None:
    from chx.ops.provenance.statement import envelope
    from chx.store.keys import Signer

    line = chx("provenance", "./result").stdout
    said = json.loads(base64.b64decode(json.loads(line)["payload"]))
    signer = Signer(str(tmp_path / "stranger"))
    trusted = ("--key", signer.public)
    subject = said["subject"][0]
    own = json.loads(json.dumps(said))
    own["predicate"]["runDetails"]["builder"]["id"] = "urn:chx:builder:" + signer.public.replace("+", "%2B").replace(
        "=", "%3D"
    ).replace(":", "%3A")
    cases = {
        altered(line, subject=[{**subject, "name": "x"}]): "it was changed after it was signed",
        altered(line, signer.public): "it was changed after it was signed",
        envelope(said, signer): "says that it was built by",
        envelope({**own, "subject": [{**subject, "digest": {"blake3": "0" * 64}}]}, signer): "has the digest",
        envelope({**own, "subject": [{"name": "x", "uri": "/x", "digest": {}}]}, signer): "no store object",
        envelope({**own, "subject": []}, signer): "it speaks of nothing",
        envelope({**own, "predicateType": "x"}, signer): "no statement of provenance that chx knows",
        "{}": "no DSSE envelope",
        json.dumps({**json.loads(line), "signatures": []}): "nobody has signed it",
        json.dumps({**json.loads(line), "signatures": [{"keyid": signer.public, "sig": "!"}]}): "its signature is none",
    }  # fmt: skip
    for text, told in cases.items():
        (work / "one").write_text(text + "\n")
        run = chx("provenance", "verify", "one", *trusted)
        assert run.returncode == 1 and told in run.stdout, (told, run.stdout, run.stderr)
    (work / "one").write_text(envelope(own, signer))
    assert chx("provenance", "verify", "one", *trusted).returncode == 0
    tree = tmp_path / "home/store" / app[11:]
    link = tree / "data"
    tree.chmod(0o755)
    link.unlink()
    link.symlink_to("elsewhere")
    run = chx("provenance", "verify", "one", *trusted)
    assert run.returncode == 1 and "was changed in the store: data" in run.stdout


def test_what_cannot_be_verified(chx: Run, app: str, work: Path) -> None:
    (work / "empty").write_text("\n")
    for words, told in (
        (("verify", "absent"), "cannot read 'absent'"),
        (("verify", "empty"), "the files contain no statement"),
        (("verify", "empty", "--key", "x"), "'x' is no public key"),
        (("./result", "--key", "x"), "--key is for chx provenance verify"),
    ):
        run = chx("provenance", *words)
        assert run.returncode == 1 and told in run.stderr, run.stderr
