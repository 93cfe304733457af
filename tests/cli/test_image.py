"""`chx image`: packages as archives and OCI images, which the programs of others read and run."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from .conftest import ROOT, Run

FILE = Path(__file__).with_name("images.nix")
PATH = f"{os.environ['PATH']}:/usr/sbin"
TOOLS = {"bsdtar": "libarchive-tools"}
"""Debian's packages of programs that are not called as their packages are."""


def need(*names: str) -> None:
    """Skip a test whose programs are not here; where CI runs, all have to be."""
    missing = [TOOLS.get(name, name) for name in names if shutil.which(name, path=PATH) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {' '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {' '.join(missing)}")


@pytest.fixture
def image(chx: Run) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`image(ACTION, WORD...)` of the packages in images.nix."""
    return lambda action, *words, **variables: chx("image", action, "-f", FILE, *words, **variables)


@pytest.fixture
def members(image: Run, work: Path) -> Callable[..., dict[str, tarfile.TarInfo]]:
    """The members of the archive of attributes, by name, and their contents in `content`."""

    def read(*attributes: str) -> dict[str, tarfile.TarInfo]:
        run = image("tar", *attributes, "-o", "root.tar")
        assert run.returncode == 0, run.stderr
        with tarfile.open(work / "root.tar") as tar:
            assert tar.getnames() == sorted(tar.getnames(), key=os.fsencode) or tar.getnames()[0] == "."
            return {one.name: one for one in tar}

    return read


def content(work: Path, name: str) -> str:
    with tarfile.open(work / "root.tar") as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read().decode()


def blob(folder: Path, digest: str) -> bytes:
    data = (folder / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return data


def parts(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the configuration of a layout."""
    (named,) = json.loads((folder / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(folder, named["digest"]))
    return manifest, json.loads(blob(folder, manifest["config"]["digest"]))


def listing(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


# --- what packages say


def test_modes_owners_and_accounts_are_those_that_packages_say(members, work: Path) -> None:  # type: ignore[no-untyped-def]
    found = members("doas", "sh")
    doas = found["usr/bin/doas"]
    assert (doas.mode, doas.uid, doas.uname, doas.gname) == (0o4755, 0, "root", "daemon")
    assert found["var/lib/doas"].mode == 0o700
    assert (found["etc/doas.conf"].mode, found["usr/bin/sh"].mode, found["usr/bin"].mode) == (0o644, 0o755, 0o755)
    # `zed` has said 100; `aaa` and `daemon` get what is free, in the order of their names.
    assert content(work, "etc/passwd").splitlines() == [
        "root:*:0:0::/root:/bin/sh",
        "zed:*:100:100:Z:/var/empty:/bin/sh",
        "daemon:*:102:102::/var/lib/daemon:/usr/bin/nologin",
    ]
    assert content(work, "etc/group").splitlines() == ["root:*:0:", "zed:*:100:", "aaa:*:101:", "daemon:*:102:zed"]
    assert doas.gid == 102
    assert (found["root"].isdir(), found["root"].mode) == (True, 0o700)


def test_what_a_package_needs_where_it_runs_comes_along(image, members, work: Path) -> None:  # type: ignore[no-untyped-def]
    assert "usr/bin/daemond" in members("doas")
    run = image("tar", "doas", "-o", "root.tar", "--json")
    assert "doas-1 needs /bin/sh where it runs, and no package of the image has it" in run.stderr
    document = json.loads(run.stdout)
    assert [package["name"] for package in document["packages"]] == ["daemon-1", "doas-1"]
    assert document["unmet"] == [{"package": "doas-1", "path": "/bin/sh"}]
    assert document["services"] == ["daemon"]
    assert document["sha256"] == hashlib.sha256((work / "root.tar").read_bytes()).hexdigest()
    quiet = image("tar", "doas", "sh", "-o", "root.tar")
    assert "needs" not in quiet.stderr


def test_tmpfiles_are_applied_as_far_as_an_image_can(image, members, work: Path) -> None:  # type: ignore[no-untyped-def]
    found = members("daemon")
    folder, state = found["var/lib/daemon"], found["var/lib/daemon/state"]
    assert (folder.isdir(), folder.mode, folder.uname, folder.gname) == (True, 0o750, "daemon", "daemon")
    assert (state.isfile(), state.mode, state.uid) == (True, 0o600, folder.uid)
    assert content(work, "var/lib/daemon/state") == "new"
    assert found["var/run"].linkname == "../run"
    said = image("tar", "daemon", "-o", "root.tar").stderr
    assert "a line of tmpfiles of daemon-1 is for a running system: r /tmp/old" in said
    assert "a trigger of daemon-1 was not run: /usr/share/man/*" in said


def test_the_alternative_of_the_highest_priority_is_linked(members) -> None:  # type: ignore[no-untyped-def]
    assert members("vi")["usr/bin/vi"].linkname == "vi-small"
    assert members("vi", "vim")["usr/bin/vi"].linkname == "vi-large"


def test_accounts_in_files_of_packages_stay(members, work: Path) -> None:  # type: ignore[no-untyped-def]
    members("passwd", "daemon")
    assert content(work, "etc/passwd").splitlines() == [
        "root:x:0:0:admin:/:/bin/sh",
        "old:x:101:101::/:/bin/false",
        "zed:*:100:100:Z:/var/empty:/bin/sh",
        "daemon:*:104:104::/var/lib/daemon:/usr/bin/nologin",
        "new:*:105:105::/var/empty:/usr/bin/nologin",
    ]
    assert content(work, "etc/group").splitlines()[:3] == ["root:x:0:", "old:x:101:", "wheel:x:102:old,new"]


def test_objects_without_metadata_are_taken_as_they_are(members, work: Path) -> None:  # type: ignore[no-untyped-def]
    found = members("plain")
    assert sorted(found) == [".", "etc", "etc/passwd", "usr", "usr/bin", "usr/bin/plain"]
    assert found["usr/bin/plain"].mode == 0o755
    assert content(work, "etc/passwd") == "me:x:5:5::/:/sh\n\n"


def test_what_an_object_refers_to_is_in_the_image(chx: Run, members) -> None:  # type: ignore[no-untyped-def]
    plain = chx("build", "--no-out-link", "-f", FILE, "plain").stdout.strip()
    found = members("referring")
    assert found["etc/app"].linkname == f"{plain}/usr/bin/plain"
    assert found[f"{plain[1:]}/usr/bin/plain"].mode == 0o755


# --- reproducibility


def test_the_same_bytes_from_any_machine(chx: Run, work: Path, tmp_path: Path) -> None:
    """Another store, umask, time zone, day, language, order of packages and folder; and another user, as root."""
    words = ("-f", str(FILE), "doas", "vim", "sh", "passwd")
    for action, output in (("tar", "one.tar"), ("oci", "one")):
        assert chx("image", action, *words, "-o", output).returncode == 0
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    swapped = ("-f", str(FILE), "sh", "passwd", "vim", "doas")
    as_nobody: list[str] = []
    if os.getuid() == 0 and shutil.which("setpriv"):
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chown(elsewhere, 65534, 65534)
        for folder in (*reversed(elsewhere.parents), elsewhere):
            if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o055)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(elsewhere), "CHX_HOME": str(elsewhere / "home"), "TZ": "Asia/Kolkata",
        "LANG": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1234567890", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "7",
    }  # fmt: skip
    for action, output in (("tar", "other.tar"), ("oci", "other")):
        command = [*as_nobody, sys.executable, str(ROOT), "image", action, *swapped, "-o", output]
        run = subprocess.run(
            command, cwd=elsewhere, env=environment, umask=0o077, text=True, capture_output=True, timeout=100
        )
        assert run.returncode == 0, run.stderr
    assert (work / "one.tar").read_bytes() == (elsewhere / "other.tar").read_bytes()
    files = {path.relative_to(work / "one") for path in (work / "one").rglob("*") if path.is_file()}
    others = {path.relative_to(elsewhere / "other") for path in (elsewhere / "other").rglob("*") if path.is_file()}
    assert files == others
    for name in files:
        assert (work / "one" / name).read_bytes() == (elsewhere / "other" / name).read_bytes()


def test_the_digest_of_a_known_archive(members, work: Path) -> None:  # type: ignore[no-untyped-def]
    """Whatever the version of Python: no compressor is asked."""
    members("doas", "sh")
    found = hashlib.sha256((work / "root.tar").read_bytes()).hexdigest()
    assert found == "ecbbd0e33c0b3785a0931bb7724e9189b07b0660fc9c3f4e12c8970ffe7c3241"


# --- layers and configuration


def test_a_layer_for_each_package_which_images_share(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    for name, words in (("one", ["doas", "sh"]), ("other", ["vim", "sh"])):
        assert image("oci", *words, "-o", name, "--compression", "none").returncode == 0
    manifest, config = parts(work / "one")
    titles = [entry["created_by"] for entry in config["history"]]
    assert titles == ["chx: daemon-1", "chx: doas-1", "chx: sh-1", "chx: accounts, alternatives and tmpfiles"]
    assert [layer["digest"] for layer in manifest["layers"]] == config["rootfs"]["diff_ids"]
    layers = {title: listing(blob(work / "one", layer["digest"])) for title, layer in zip(titles, manifest["layers"])}
    assert layers["chx: sh-1"] == [".", "bin", "usr", "usr/bin", "usr/bin/sh"]
    assert layers[titles[-1]][:5] == [".", "etc", "etc/group", "etc/passwd", "root"]
    shared = {layer["digest"] for layer in manifest["layers"]} & {
        layer["digest"] for layer in parts(work / "other")[0]["layers"]
    }
    assert manifest["layers"][2]["digest"] in shared
    assert manifest["layers"][2]["annotations"]["chx.objects"].endswith("-sh-1")


def test_one_layer_is_the_archive(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    run = image("oci", "doas", "sh", "-o", "one", "--layers", "one", "--json")
    (layer,) = json.loads(run.stdout)["layers"]
    image("tar", "doas", "sh", "-o", "root.tar")
    digest = hashlib.sha256((work / "root.tar").read_bytes()).hexdigest()
    assert layer["diff_id"] == f"sha256:{digest}"


def test_equal_files_are_in_the_layer_of_both_packages(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    assert image("oci", "equal", "doas", "sh", "-o", "one", "--compression", "none").returncode == 0
    manifest, config = parts(work / "one")
    having = [
        entry["created_by"]
        for entry, layer in zip(config["history"], manifest["layers"])
        if "usr/bin/doas" in listing(blob(work / "one", layer["digest"]))
    ]
    assert having == ["chx: doas-1", "chx: equal-1"]


def test_what_an_image_runs_is_in_its_configuration(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    words = (
        "--cmd", "-c 'a b'", "--entrypoint", "/bin/sh", "--env", "A=b=c", "--user", "zed:daemon", "--workdir", "/var",
        "--label", "a=b", "--annotation", "c=d", "--tag", "v1", "--compression", "zstd",
    )  # fmt: skip
    run = image("oci", "doas", "sh", "-o", "one", *words)
    assert run.returncode == 0, run.stderr
    manifest, config = parts(work / "one")
    assert config["config"] == {
        "Cmd": ["-c", "a b"], "Entrypoint": ["/bin/sh"], "Env": ["PATH=/usr/bin:/bin", "A=b=c"], "User": "zed:daemon",
        "WorkingDir": "/var", "Labels": {"a": "b"},
    }  # fmt: skip
    assert manifest["annotations"] == {"c": "d"}
    assert manifest["layers"][0]["mediaType"].endswith("tar+zstd")
    assert config["created"] == "1970-01-01T00:00:01Z"
    (named,) = json.loads((work / "one/index.json").read_text())["manifests"]
    assert named["annotations"]["org.opencontainers.image.ref.name"] == "v1"


def test_an_image_starts_its_program_or_the_shell(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    for words, command in ((["doas"], ["/usr/bin/doas"]), (["doas", "sh"], ["/bin/sh"]), (["passwd"], None)):
        assert image("oci", *words, "-o", "one").returncode == 0
        assert parts(work / "one")[1]["config"].get("Cmd") == command


def test_the_machine_is_that_of_the_packages(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    assert image("oci", "foreign", "-o", "one").returncode == 0
    assert parts(work / "one")[1]["architecture"] == "riscv64"
    run = image("oci", "foreign", "native", "-o", "two")
    assert run.returncode == 1 and "foreign-1 is for riscv64, and native-1 is for x86_64" in run.stderr


def test_a_layer_is_packed_once(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    cache = work.parent / "home/cache/layers"
    assert image("oci", "doas", "sh", "-o", "one").returncode == 0
    kept = sorted(cache.iterdir())
    assert len(kept) == 4 and not any("." in path.name for path in kept)
    for path in kept:
        os.utime(path, (1, 1))
    assert image("oci", "doas", "sh", "-o", "other").returncode == 0
    assert sorted(cache.iterdir()) == kept
    # They were used.
    assert all(path.stat().st_mtime > 1 for path in kept)
    assert parts(work / "one") == parts(work / "other")


@pytest.mark.parametrize("change", ["first line", "content", "end", "nothing left", "folder"])
def test_a_damaged_cache_of_layers_does_no_harm(image, work: Path, change: str) -> None:  # type: ignore[no-untyped-def]
    cache = work.parent / "home/cache/layers"
    assert image("oci", "doas", "sh", "-o", "one").returncode == 0
    before = parts(work / "one")
    for path in list(cache.iterdir()):
        data = path.read_bytes()
        line, _, packed = data.partition(b"\n")
        damaged = {
            # The digest of another archive.
            "first line": line.replace(line[7:71], b"0" * 64) + b"\n" + packed,
            "content": line + b"\n" + packed[:20] + bytes([packed[20] ^ 1]) + packed[21:],
            "end": data[:-1],
            "nothing left": b"",
            "folder": data,
        }[change]
        path.unlink()
        if change == "folder":
            path.mkdir()
        else:
            path.write_bytes(damaged)
    run = image("oci", "doas", "sh", "-o", "one")
    assert run.returncode == 0, run.stderr
    assert parts(work / "one") == before
    assert sorted(os.listdir(work / "one/blobs/sha256")) == sorted(
        one["digest"].removeprefix("sha256:")
        for one in (
            *before[0]["layers"],
            before[0]["config"],
            json.loads((work / "one/index.json").read_text())["manifests"][0],
        )
    )


def test_the_machine_of_an_object_is_that_of_its_first_program(chx: Run, work: Path) -> None:
    (work / "tree/usr/bin").mkdir(parents=True)
    header = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0" + (183).to_bytes(2, "little") + bytes(44)
    (work / "tree/usr/bin/program").write_bytes(header)
    (work / "tree/usr/bin/program").chmod(0o755)
    path = chx("store", "add", "tree").stdout.strip()
    run = chx("image", "oci", path, "-o", "one")
    assert run.returncode == 0, run.stderr
    config = parts(work / "one")[1]
    assert (config["architecture"], config["variant"]) == ("arm64", "v8")
    header = header.replace((183).to_bytes(2, "little"), b"\xff\xfe")
    (work / "tree/usr/bin/program").write_bytes(header)
    path = chx("store", "add", "tree").stdout.strip()
    run = chx("image", "oci", path, "-o", "one")
    assert run.returncode == 1 and "for a machine that there is no profile of" in run.stderr
    assert chx("image", "tar", path, "-o", "one.tar").returncode == 0


def test_a_link_a_derivation_and_a_set_are_what_they_are_for_chx_build(chx: Run, work: Path) -> None:
    link = chx("build", "-f", FILE, "sh")
    assert link.returncode == 0, link.stderr
    derivation = chx("eval", "-f", FILE, "-A", "sh.drvPath").stdout.strip().strip('"')
    (work / "set.nix").write_text(f"{{ inherit (import {FILE}) sh vi; }}")
    for words, names in ((["./result"], ["sh-1"]), ([derivation], ["sh-1"]), (["-f", "set.nix"], ["sh-1", "vi-1"])):
        run = chx("image", "tar", *words, "-o", "one.tar", "--json")
        assert run.returncode == 0, run.stderr
        assert [package["name"] for package in json.loads(run.stdout)["packages"]] == names


def test_an_image_is_compared_with_the_lock(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(f"{{ inherit (import {FILE}) doas; }}")
    assert chx("lock").returncode == 0
    assert chx("image", "tar", "doas", "-o", "one.tar", "--locked").returncode == 0
    lock = json.loads((work / "chx.lock").read_text())
    (pin,) = lock["pins"]["doas"].values()
    pin["outputs"]["out"]["digest"] = "blake3:" + "0" * 64
    (work / "chx.lock").write_text(json.dumps(lock))
    run = chx("image", "tar", "doas", "-o", "two.tar", "--locked")
    assert run.returncode == 1 and "error[L0" in run.stderr and not (work / "two.tar").exists()


def test_an_image_has_the_digest_of_a_proof(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    proof = ROOT / "docs/proofs/chimera.json"
    run = image("oci", "sh", "-o", "one", "--proof", proof)
    assert run.returncode == 0, run.stderr
    digest = hashlib.sha256(proof.read_bytes()).hexdigest()
    assert parts(work / "one")[0]["annotations"] == {"chx.proof": f"sha256:{digest}"}


# --- programs of others


def test_tar_and_bsdtar_list_the_same(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    need("tar", "bsdtar")
    assert image("tar", "doas", "sh", "-o", "root.tar").returncode == 0
    with tarfile.open(work / "root.tar") as tar:
        names = ["." if one.name == "." else one.name for one in tar]
    for tool in ("tar", "bsdtar"):
        run = subprocess.run([tool, "-tf", "root.tar"], cwd=work, capture_output=True, text=True, check=True)
        assert [line.rstrip("/") for line in run.stdout.splitlines()] == names
    run = subprocess.run(["tar", "-tvf", "root.tar"], cwd=work, capture_output=True, text=True, check=True)
    assert "-rwsr-xr-x root/daemon" in run.stdout


def test_an_archive_goes_to_standard_output(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    command = [sys.executable, str(ROOT), "image", "tar", "-f", str(FILE), "plain", "-o", "-"]
    environment = {**os.environ, "CHX_HOME": str(work.parent / "home")}
    run = subprocess.run(command, cwd=work, env=environment, capture_output=True, check=True)
    assert image("tar", "plain", "-o", "file.tar").returncode == 0
    assert run.stdout == (work / "file.tar").read_bytes()


@pytest.mark.parametrize(("where", "status", "said"), [("/dev/full", 1, "No space left on device"), ("pipe", 1, "")])
def test_standard_output_that_takes_nothing(work: Path, where: str, status: int, said: str) -> None:
    command = [sys.executable, str(ROOT), "image", "tar", "-f", str(FILE), "large", "-o", "-"]
    environment = {**os.environ, "CHX_HOME": str(work.parent / "home")}
    work.mkdir()
    if where == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open(where, os.O_WRONLY)
    run = subprocess.run(command, cwd=work, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert "Traceback" not in run.stderr and said in run.stderr
    assert run.returncode == status


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_skopeo_reads_an_image(image, work: Path, compression: str) -> None:  # type: ignore[no-untyped-def]
    need("skopeo")
    run = image("oci", "doas", "sh", "-o", "one", "--tag", "v1", "--compression", compression, "--json")
    digest = json.loads(run.stdout)["manifest"]["digest"]
    inspected = subprocess.run(["skopeo", "inspect", "oci:one:v1"], cwd=work, capture_output=True, text=True)
    assert inspected.returncode == 0, inspected.stderr
    found = json.loads(inspected.stdout)
    assert found["Digest"] == digest and len(found["Layers"]) == 4
    copy = ["skopeo", "--insecure-policy", "copy", "oci:one:v1", "oci:copy:v1"]
    copied = subprocess.run(copy, cwd=work, capture_output=True, text=True)
    assert copied.returncode == 0, copied.stderr
    if compression != "zstd":  # which archives of Docker cannot have
        copy[-1] = "docker-archive:one.tar:chx:v1"
        copied = subprocess.run(copy, cwd=work, capture_output=True, text=True)
        assert copied.returncode == 0, copied.stderr


def test_umoci_unpacks_an_image(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    need("umoci")
    assert image("oci", "doas", "sh", "vim", "-o", "one").returncode == 0
    unpack(work, [])
    root = work / "bundle/rootfs"
    assert (root / "usr/bin/doas").read_text() == "doas"
    assert os.readlink(root / "usr/bin/vi") == "vi-large"
    assert (root / "usr/bin/doas").stat().st_mode & 0o7777 == 0o4755
    assert (root / "etc/passwd").read_text().startswith("root:*:0:0:")


def unpack(work: Path, prefix: list[str]) -> None:
    """Unpack the image `one` as an ordinary user does."""
    command = [*prefix, "umoci", "unpack", "--rootless", "--image", "one:latest", "bundle"]
    environment = {"PATH": PATH, "HOME": str(work)}
    run = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.network
@pytest.mark.sandbox
def test_runc_runs_an_image_as_an_ordinary_user(shared_chx: Run, work: Path) -> None:
    need("umoci", "runc")
    run = shared_chx("image", "oci", "hello", "-o", "one")
    assert run.returncode == 0, run.stderr
    prefix = []
    if os.getuid() == 0:
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for folder, _, files in os.walk(work):
            for name in (".", *files):
                os.chown(os.path.join(folder, name), 65534, 65534)
        for folder in work.parents:
            if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o055)
    unpack(work, prefix)
    place = work / "bundle/config.json"
    config = json.loads(place.read_text())
    assert config["process"]["args"] == ["/usr/bin/hello"]
    assert config["linux"]["uidMappings"][0]["containerID"] == 0
    # What needs rights that a container within a container does not have.
    hidden = ("/sys/fs/cgroup", "/etc/resolv.conf", "/etc/hosts")
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] not in hidden]
    config["process"]["terminal"] = False
    place.write_text(json.dumps(config))
    state = work / "state"
    command = [
        *prefix,
        shutil.which("runc", path=PATH) or "runc",
        "--root",
        str(state),
        "run",
        "--bundle",
        str(work / "bundle"),
        f"chx-{os.getpid()}",
    ]
    environment = {"PATH": PATH, "XDG_RUNTIME_DIR": str(work)}
    ran = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (ran.returncode, ran.stdout) == (0, "Hello, world!\n"), ran.stderr


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry on this machine; its address."""
    need("docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "registry.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: {address}}}\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}}}\n"
    )
    command = ["docker-registry", "serve", str(tmp_path / "registry.yml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(address.split(":"), timeout=1):  # type: ignore[arg-type]
                    break
                assert process.poll() is None
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()


def test_an_image_is_pushed_as_it_is(image, work: Path, registry: str) -> None:  # type: ignore[no-untyped-def]
    need("skopeo")
    run = image("oci", "doas", "sh", "--push", f"{registry}/some/app:v1", "--insecure", "--annotation", "a=b")
    assert run.returncode == 0, run.stderr
    digest, _, where = run.stdout.strip().partition("  ")
    assert where == f"{registry}/some/app:v1"
    request = urllib.request.Request(
        f"http://{registry}/v2/some/app/manifests/v1", headers={"Accept": "application/vnd.oci.image.manifest.v1+json"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        manifest = answer.read()
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == digest
    assert json.loads(manifest)["annotations"] == {"a": "b"}
    # But for what skopeo keeps in a user's home.
    assert not [name for name in os.listdir(work) if not name.startswith(".")]
    # What the registry gives back is what was pushed.
    command = ["skopeo", "--insecure-policy", "copy", "--src-tls-verify=false"]
    command += [f"docker://{registry}/some/app:v1", "oci:back:latest"]
    subprocess.run(command, cwd=work, check=True, capture_output=True)
    assert image("oci", "doas", "sh", "-o", "one", "--annotation", "a=b").returncode == 0
    blobs = [sorted(os.listdir(work / name / "blobs/sha256")) for name in ("one", "back")]
    assert blobs[0] == blobs[1]


def test_what_a_registry_refuses_is_told(image, registry: str) -> None:  # type: ignore[no-untyped-def]
    need("skopeo")
    run = image("oci", "sh", "--push", f"{registry}/Wrong Name")
    assert run.returncode == 1 and "names no image of a registry" in run.stderr
    run = image("oci", "sh", "--push", f"{registry}/app:v1")
    assert run.returncode == 1 and "skopeo cannot push" in run.stderr and "HTTP" in run.stderr


def test_where_skopeo_is_not_oras_is_called(image, work: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A stand-in: it is told what it would be."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "oras").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/told\nexit ${{STATUS:-0}}\n')
    (programs / "oras").chmod(0o755)
    words = ("sh", "-o", "one", "--tag", "v1", "--push", "host/app:v2", "--insecure")
    run = image("oci", *words, PATH=str(programs))
    assert run.returncode == 0, run.stderr
    told = (tmp_path / "told").read_text()
    assert told == "cp --from-oci-layout one:v1 host/app:v2 --to-plain-http\n"
    run = image("oci", *words, PATH=str(programs), STATUS="3")
    assert run.returncode == 1 and "oras cannot push 'host/app:v2' (exit status 3)" in run.stderr


# --- where it comes from


def test_the_bill_of_an_image_has_all_of_its_packages(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("cyclonedx")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    digest = image("oci", "doas", "sh", "vi", "-o", "one").stdout.split()[0]
    run = chx("sbom", "./one")
    assert run.returncode == 0, run.stderr
    bill = json.loads(run.stdout)
    main = bill["metadata"]["component"]
    assert (main["type"], main["name"], main["version"]) == ("container", "latest", digest)
    assert main["hashes"] == [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]
    names = {component["bom-ref"]: component["name"] for component in bill["components"]}
    (of_image,) = [one["dependsOn"] for one in bill["dependencies"] if one["ref"] == digest]
    assert sorted(names[one] for one in of_image) == ["daemon", "doas", "sh", "vi"]
    assert chx("sbom", "./one").stdout == run.stdout
    JsonStrictValidator(SchemaVersion.V1_6).validate_str(run.stdout)


def test_the_provenance_of_an_image_is_a_bundle_that_others_verify(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("in_toto_attestation")
    from google.protobuf.json_format import Parse
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope

    digest = image("oci", "doas", "sh", "-o", "one").stdout.split()[0]
    run = chx("provenance", "./one", "--bundle")
    assert run.returncode == 0, run.stderr
    bundle = json.loads(run.stdout)
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert sorted(bundle) == ["dsseEnvelope", "mediaType", "verificationMaterial"]
    pem = chx("provenance", "--public-key").stdout
    # As somebody who has the PEM and knows nothing of chx.
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    assert bundle["verificationMaterial"] == {"publicKey": {"hint": hint}, "tlogEntries": []}
    signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    envelope = Envelope.from_dict(bundle["dsseEnvelope"])
    key.verify(signature, envelope.pae())
    statement = Statement.copy_from_pb(Parse(envelope.payload.decode(), statement_pb2.Statement()))
    statement.validate()
    document = json.loads(envelope.payload)
    assert document["subject"] == [{"name": "latest", "digest": {"sha256": digest.removeprefix("sha256:")}}]
    objects = document["predicate"]["buildDefinition"]["externalParameters"]["objects"]
    assert [path.rpartition("-")[0].partition("-")[2] for path in objects] and len(objects) == 3
    assert {one["uri"] for one in document["predicate"]["buildDefinition"]["resolvedDependencies"]} >= set(objects)


def test_the_provenance_of_an_image_is_checked(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    for name, words in (("one", ["doas", "sh"]), ("other", ["vi"])):
        assert image("oci", *words, "-o", name).returncode == 0
    for kind in ([], ["--bundle"]):
        (work / "said").write_text(chx("provenance", "./one", *kind).stdout)
        good = chx("provenance", "verify", "said", "--image", "one")
        assert good.returncode == 0 and "latest: is what it says" in good.stdout, good.stdout
        for words in ([], ["--image", "other"]):
            run = chx("provenance", "verify", "said", *words)
            assert run.returncode == 1 and "is not here, so its content cannot be compared" in run.stdout
        stranger = chx("provenance", "verify", "said", "--image", "one", CHX_HOME=str(work / "elsewhere"))
        assert stranger.returncode == 1 and "not trusted" in stranger.stdout
    changed = json.loads((work / "said").read_text())
    payload = base64.b64decode(changed["dsseEnvelope"]["payload"]).replace(b'"latest"', b'"newest"')
    changed["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    (work / "said").write_text(json.dumps(changed))
    run = chx("provenance", "verify", "said", "--image", "one")
    assert run.returncode == 1 and "changed after it was signed" in run.stdout


@pytest.mark.parametrize("text", ["", "{}", '{"manifests": [{}]}', "[]", '{"manifests": "x"}', "\udcff"], ids=ascii)
def test_a_damaged_image_has_no_provenance(chx: Run, image, work: Path, text: str) -> None:  # type: ignore[no-untyped-def]
    assert image("oci", "sh", "-o", "one").returncode == 0
    (work / "one/index.json").write_text(text, errors="surrogateescape")
    for command in ("provenance", "sbom"):
        run = chx(command, "./one")
        assert run.returncode == 1 and "'./one' is no image" in run.stderr and "Traceback" not in run.stderr


def test_a_changed_layer_has_no_provenance(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    layers = json.loads(image("oci", "sh", "-o", "one", "--json").stdout)["layers"]
    name = layers[0]["digest"].removeprefix("sha256:")
    (work / "one/blobs/sha256" / name).write_bytes(b"x" * layers[0]["size"])
    run = chx("provenance", "./one")
    assert run.returncode == 1 and f"the blob {name} is not what its digest says" in run.stderr


def test_options_of_provenance_that_do_not_go_together(chx: Run) -> None:
    for words, said in ((["x", "--image", "y"], "--image is for chx provenance verify FILE"),
                        (["x", "--statement", "--bundle"], "exclude each other")):  # fmt: skip
        run = chx("provenance", *words)
        assert run.returncode == 1 and said in run.stderr


# --- what goes wrong


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doas", "other"], "'/usr/bin/doas' is in two packages: the files have different content"),
        (["hundred", "daemon"], "the account 'daemon' of daemon-1 and hundred-1: the two declare it differently"),
        (["numbered", "daemon"], "the number 100 is that of 'another' as well"),
        (["unknown"], "/x is of the user 'nobody', which nothing declares"),
        (["lost"], '`modes."y"` of lost-1 cannot be applied: no output of it has /y'),
        (["wrong"], "there is no such thing; did you mean `mode`?"),
        (["vi", "even"], "offers it with the priority 100 as well"),
        (["failing"], "failing"),
        (["absent"], "attribute 'absent'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_an_error(image, work: Path, words: list[str], said: str) -> None:  # type: ignore[no-untyped-def]
    for action in ("tar", "oci"):
        run = image(action, *words, "-o", "out")
        assert run.returncode == 1, run.stderr
        assert said in run.stderr and "Traceback" not in run.stderr
        assert os.listdir(work) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tag", "a/b"], "is not a tag of an image"),
        (["--tag", ""], "is not a tag of an image"),
        (["--user", "nobody"], "the image has no user 'nobody'"),
        (["--user", "0:none"], "the image has no group 'none'"),
        (["--user", "a b"], "is no user"),
        (["--workdir", "x"], "is no absolute path"),
        (["--env", "A"], "sets no variable"),
        (["--label", "a"], "has no name or no value"),
        (["--annotation", "=a"], "has no name or no value"),
        (["--cmd", ""], "the command is empty"),
        (["--cmd", "'"], "cannot be split into words"),
        (["--proof", "absent"], "cannot read the proof 'absent'"),
        (["--proof", str(FILE)], "is no proof"),
        (["--label", "a=\udcff"], "is no text that an image can have"),
        (["--push", "a b"], "names no image of a registry"),
        (["--insecure"], "--insecure is for --push"),
    ],
    ids=lambda value: " ".join(value).encode("utf-8", "replace").decode() if isinstance(value, list) else "",
)
def test_a_bad_option_is_an_error(image, work: Path, words: list[str], said: str) -> None:  # type: ignore[no-untyped-def]
    run = image("oci", "sh", "-o", "out", *words)
    assert run.returncode == 1, run.stderr
    assert said in run.stderr and "Traceback" not in run.stderr
    assert os.listdir(work) == []


def test_a_file_is_no_root(chx: Run, work: Path) -> None:
    (work / "alone").write_text("text")
    path = chx("store", "add", "alone").stdout.strip()
    (work / "alone").unlink()
    run = chx("image", "tar", path, "-o", "root.tar")
    assert run.returncode == 1 and "is a file, and a container needs a tree as its root" in run.stderr
    assert os.listdir(work) == []


def test_a_name_that_removes_files_is_in_no_layer(image, members, work: Path) -> None:  # type: ignore[no-untyped-def]
    assert {"etc/new\nline", "etc/.wh.x"} <= set(members("strange"))
    run = image("oci", "strange", "-o", "out")
    assert run.returncode == 1 and "removes a file" in run.stderr
    assert os.listdir(work) == ["root.tar"]


def test_only_an_image_is_replaced(image, work: Path) -> None:  # type: ignore[no-untyped-def]
    (work / "out").mkdir()
    assert image("oci", "sh", "-o", "out").returncode == 0
    first = (work / "out/index.json").read_text()
    assert image("oci", "vi", "-o", "out/").returncode == 0
    assert (work / "out/index.json").read_text() != first
    assert os.listdir(work) == ["out"]
    (work / "mine").mkdir()
    (work / "mine/file").write_text("mine")
    (work / "text").write_text("mine")
    (work / "link").symlink_to("out")
    for action, name in (("oci", "mine"), ("oci", "text"), ("oci", "link"), ("tar", "mine"), ("tar", "link")):
        run = image(action, "sh", "-o", name)
        assert run.returncode == 1 and f"'{name}' is in the way" in run.stderr
    assert (work / "mine/file").read_text() == "mine" and (work / "text").read_text() == "mine"
    run = image("oci", "sh", "-o", "absent/out")
    assert run.returncode == 1 and "cannot write 'absent/out': No such file or directory" in run.stderr


def test_a_full_disk_leaves_what_was_there(image, work: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert image("tar", "sh", "-o", "root.tar").returncode == 0
    before = (work / "root.tar").read_bytes()
    command = [sys.executable, str(ROOT), "image", "tar", "-f", str(FILE), "large", "-o", "root.tar"]
    limited = ["sh", "-c", 'ulimit -f 6000; trap "" XFSZ; exec "$@"', "sh", *command]
    environment = {**os.environ, "CHX_HOME": str(tmp_path / "home")}
    chosen = image("tar", "large", "-o", "other.tar")
    assert chosen.returncode == 0
    run = subprocess.run(limited, cwd=work, env=environment, capture_output=True, text=True)
    assert run.returncode == 1 and "File too large" in run.stderr, run.stderr
    assert (work / "root.tar").read_bytes() == before
    assert sorted(os.listdir(work)) == ["other.tar", "root.tar"]


def test_a_damaged_object_is_in_no_image(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    assert image("oci", "plain", "-o", "out").returncode == 0
    path = chx("build", "--no-out-link", "-f", FILE, "plain").stdout.strip()
    file = work.parent / "home/store" / Path(path).name / "usr/bin/plain"
    file.chmod(0o644)
    file.write_text("PLAIN")
    before = (work / "out/index.json").read_text()
    # A layer that was packed before is as it was.
    assert image("oci", "plain", "-o", "out").returncode == 0
    assert (work / "out/index.json").read_text() == before
    for action in ("oci", "tar"):
        more = ["--compression", "none"] if action == "oci" else []
        run = image(action, "plain", "-o", "out" if action == "oci" else "out.tar", *more)
        assert run.returncode == 1 and "is not what it should be: its digest is another" in run.stderr
    assert (work / "out/index.json").read_text() == before
    assert os.listdir(work) == ["out"]


def test_a_file_that_is_gone_from_the_store_is_named(chx: Run, image, work: Path) -> None:  # type: ignore[no-untyped-def]
    path = chx("build", "--no-out-link", "-f", FILE, "plain").stdout.strip()
    folder = work.parent / "home/store" / Path(path).name / "usr/bin"
    folder.chmod(0o755)
    (folder / "plain").unlink()
    run = image("tar", "plain", "-o", "out.tar")
    assert run.returncode == 1 and "'usr/bin/plain' is not what it should be: it cannot be read" in run.stderr
    assert os.listdir(work) == []


def test_without_a_program_that_pushes_both_are_named(image, work: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run = image("oci", "sh", "--push", "localhost:1/x", PATH=str(tmp_path))
    assert run.returncode == 1 and "pushing needs skopeo or oras, and neither is here" in run.stderr
    assert image("oci", "sh").returncode == 1
