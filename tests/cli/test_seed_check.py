"""`chx seed check`, and what `chx seed update` says: docs/seeds.md."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from chx.builder.process import executable
from chx.ops.seeds.changes import Change, changes

from .conftest import ROOT, Run

TIME = "20261125T192147Z"
CONTENT = {name: f"package {name}\n".encode() for name in ("a", "b", "c")}


def pool(name: str) -> str:
    return f"pool/main/{name}/{name}/{name}_1_amd64.deb"


class Places:
    """An archive, its snapshots, a mirror by hash and a seed `mine`, all of them folders."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.archive, self.snapshots, self.mirror = work / "archive", work / "snapshots", work / "files"
        for name in CONTENT:
            self.put(self.archive / pool(name), name)
            self.put(self.snapshots / "debian" / TIME / pool(name), name)
        (work / "seeds").mkdir()
        part = '{ packages = [ "a" ]; }'
        (work / "seeds" / "mine.nix").write_text(
            f'{{ description = "mine"; suite = "s"; toolchain = {part}; userland = {part}; }}'
        )
        self.lock = {
            "date": TIME,
            "files": [
                {
                    "package": name,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "url": f"debian:{name}/{name}_1_amd64.deb",
                    "version": "1",
                }
                for name, content in CONTENT.items()
            ],
            "toolchain": ["a", "b"],
            "userland": ["c"],
            "version": 2,
        }
        (work / "seeds" / "mine.lock.json").write_text(json.dumps(self.lock))
        (work / "chx.toml").write_text(
            f'[fetch]\ndebian-mirror = "file:{self.archive}"\ndebian-snapshots = "file:{self.snapshots}"\n'
        )

    def put(self, place: Path, name: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(CONTENT[name])

    def without_apt(self) -> str:
        """A PATH on which there is no apt."""
        (self.work / "bin").mkdir(exist_ok=True)
        for name in ("sh", "env", "git"):
            found = executable(name)
            if found is not None and not (self.work / "bin" / name).exists():
                (self.work / "bin" / name).symlink_to(found)
        return str(self.work / "bin")


@pytest.fixture
def places(chx: Run, work: Path) -> Places:
    return Places(work)


def verdicts(chx: Run, places: Places) -> tuple[int, dict[str, str]]:
    run = chx("seed", "check", "mine", "--directory", "seeds", "--json", PATH=places.without_apt())
    assert run.stdout, run.stderr
    found = json.loads(run.stdout)
    assert sum(found["counts"].values()) == len(found["pins"])
    return run.returncode, {pin["name"]: pin["verdict"] for pin in found["pins"]}


def test_pins_with_several_ways_are_safe(chx: Run, places: Places) -> None:
    assert verdicts(chx, places) == (0, {"a 1": "safe", "b 1": "safe", "c 1": "safe"})


def test_a_pin_on_its_last_way_fails(chx: Run, places: Places) -> None:
    (places.archive / pool("b")).unlink()
    assert verdicts(chx, places) == (1, {"a 1": "safe", "b 1": "last", "c 1": "safe"})
    run = chx("seed", "check", "mine", "--directory", "seeds", PATH=places.without_apt())
    assert run.returncode == 1
    rows = {line.split()[1]: line.split() for line in run.stdout.splitlines() if len(line.split()) > 3}
    assert rows["b"] == ["last", "b", "1", "no", "yes", "seed", "mine"]
    assert rows["a"] == ["safe", "a", "1", "yes", "yes", "seed", "mine"]
    assert f"archive of 1 files on their last way: {os.strerror(2)}\n" in run.stdout
    assert "2 of 3 files have several ways, 0 have a single one, 1 are on their last way, 0 cannot be had" in run.stderr


def test_a_mirror_by_hash_is_a_way(chx: Run, places: Places) -> None:
    (places.archive / pool("b")).unlink()
    places.put(places.mirror / "sha256" / hashlib.sha256(CONTENT["b"]).hexdigest(), "b")
    with (places.work / "chx.toml").open("a") as file:
        file.write(f'hashed-mirrors = ["{places.mirror}"]\n')
    assert verdicts(chx, places) == (0, {"a 1": "safe", "b 1": "safe", "c 1": "safe"})


def test_a_file_of_another_size_is_not_there_and_every_way_to_what_is_lost_is_named(chx: Run, places: Places) -> None:
    (places.archive / pool("c")).write_bytes(b"another version\n\n")
    shutil.rmtree(places.snapshots)
    assert verdicts(chx, places) == (1, {"a 1": "last", "b 1": "last", "c 1": "lost"})
    run = chx("seed", "check", "mine", "--directory", "seeds", PATH=places.without_apt())
    told = run.stdout.split("c 1 cannot be had:\n")[1].split("\n\n")[0].splitlines()
    assert told == [
        f"  file:{places.archive}/{pool('c')}: it has 17 bytes there, and not 10",
        f"  file:{places.snapshots}/debian/{TIME}/{pool('c')}: {os.strerror(2)}",
        f"  file:{places.snapshots}/debian-security/{TIME}/{pool('c').replace('pool/', 'pool/updates/')}: {os.strerror(2)}",
    ]


def test_what_has_one_kind_of_way_is_single(chx: Run, places: Places) -> None:
    (places.work / "chx.toml").write_text(f'[fetch]\ndebian-mirror = "file:{places.archive}"\ndebian-snapshots = ""\n')
    assert verdicts(chx, places) == (0, dict.fromkeys(("a 1", "b 1", "c 1"), "single"))


def test_the_store_s_own_copy_is_no_way(chx: Run, places: Places) -> None:
    """It is asked for all the same, and a copy here helps nobody else."""
    for name in CONTENT:
        (places.work / name).write_bytes(CONTENT[name])
        assert chx("store", "add", name, "--name", f"{name}_1_amd64.deb").returncode == 0
    shutil.rmtree(places.archive)
    shutil.rmtree(places.snapshots)
    assert verdicts(chx, places) == (1, dict.fromkeys(("a 1", "b 1", "c 1"), "lost"))


def test_one_architecture_can_be_asked_for(chx: Run, work: Path) -> None:
    (work / "chx.toml").write_text('[fetch]\ndebian-mirror = "file:/nowhere"\ndebian-snapshots = "file:/nowhere"\n')
    (work / "bin").mkdir()
    words = ("seed", "check", "debian-gcc", "--json", "--architecture")
    run = chx(*words, "riscv64", PATH=str(work / "bin"))
    lock = json.loads((ROOT / "pkgs" / "seeds" / "debian-gcc.riscv64.lock.json").read_text())
    pins = json.loads(run.stdout)["pins"]
    assert len(pins) == len(lock["files"]) and {tuple(pin["users"]) for pin in pins} == {("seed debian-gcc (riscv64)",)}
    run = chx(*words, "riscv63", PATH=str(work / "bin"))
    assert run.returncode == 1 and "riscv64" in run.stderr


def test_an_unknown_seed_is_met_with_a_suggestion(chx: Run, places: Places) -> None:
    run = chx("seed", "check", "min", "--directory", "seeds")
    assert run.returncode == 1 and "did you mean 'mine'?" in run.stderr


def test_the_sources_of_packages_are_asked_for_as_well(chx: Run, work: Path) -> None:
    """In a network in which nobody answers: every pin is lost, and told with all its ways."""
    (work / "chx.toml").write_text('[fetch]\ndebian-mirror = "file:/nowhere"\ndebian-snapshots = "file:/nowhere"\n')
    (work / "bin").mkdir()
    closed = {name: "http://127.0.0.1:1" for name in ("http_proxy", "https_proxy")}
    run = chx("seed", "check", "--json", PATH=str(work / "bin"), PIP_NO_INDEX="1", PIP_FIND_LINKS="", **closed)
    assert run.returncode == 1, run.stderr
    listed = json.loads(run.stdout)["pins"]
    pins = {pin["name"]: pin for pin in listed}
    hello, compiler = pins["hello_2.10.orig.tar.gz"], pins["llvm-toolchain-19_19.1.7.orig.tar.xz"]
    assert hello["users"] == ["package hello"] and "package llvm" in compiler["users"]
    assert [way["kind"] for way in hello["ways"]] == ["upstream", "archive", "snapshot", "snapshot"]
    assert ["seed zig (amd64)"] in [pin["users"] for pin in listed if pin["name"].startswith("ziglang ")]
    assert {pin["verdict"] for pin in listed} == {"lost"}
    locks = [json.loads(lock.read_text()) for lock in (ROOT / "pkgs" / "seeds").glob("*.lock.json")]
    assert {file["sha256"] for lock in locks for file in lock["files"]} <= {
        pin["hash"].removeprefix("sha256:") for pin in listed
    }


# What an update changes


def lock_of(*files: tuple[str, str, str], **parts: list[str]) -> dict[str, object]:
    listed = [
        {"package": name, "version": version, "sha256": digest, "url": f"debian:x/{name}_{version}.deb", "size": 1}
        for name, version, digest in files
    ]
    return {"files": listed, **parts}


def test_every_kind_of_change_is_told() -> None:
    before = lock_of(
        ("gone", "1", "0"), ("new", "1", "0"), ("other", "1", "0"), ("same", "1", "0"), ("there", "1", "0"),
        toolchain=["gone", "new", "other", "same", "there"], userland=[],
    )  # fmt: skip
    after = lock_of(
        ("come", "3", "0"), ("new", "2", "1"), ("other", "1", "1"), ("same", "1", "0"), ("there", "1", "0"),
        toolchain=["come", "new", "other", "same"], userland=["there"],
    )  # fmt: skip
    found = changes(before, after)
    assert [(change.kind, change.package, change.before, change.after) for change in found] == [
        ("added", "come", "", "3"),
        ("removed", "gone", "1", ""),
        ("updated", "new", "1", "2"),
        ("replaced", "other", "1", "1"),
        ("moved", "there", "1", "1"),
    ]
    file = "debian:x/there_1.deb"
    assert found[-1] == Change("moved", "there", "1", "1", file, file, ("toolchain",), ("userland",))
    assert changes(after, after) == []
    assert [change.kind for change in changes(None, after)] == ["added"] * 5


def test_an_update_of_archives_says_what_changes_and_can_write_nothing(chx: Run, work: Path) -> None:
    (work / "tool.tar").write_bytes(b"first")
    (work / "mine.nix").write_text(
        f"""{{ description = "mine"; userland = {{ }};
        toolchain = {{ archives = [ "file:{work}/tool.tar" ]; }}; }}"""
    )
    words = ("seed", "update", "mine", "--directory", ".")
    run = chx(*words, "--dry-run")
    assert run.returncode == 0, run.stderr
    told = f"added  tool.tar    file:{work}/tool.tar\n0 of 1 files stay as they are\n"
    assert run.stdout == told and not (work / "mine.lock.json").exists()
    assert "would pin 1 files" in run.stderr
    assert chx(*words).stdout == told
    lock = (work / "mine.lock.json").read_text()
    assert chx(*words).stdout == "1 of 1 files stay as they are\n"
    (work / "tool.tar").write_bytes(b"second")
    run = chx(*words, "--dry-run")
    assert run.stdout.startswith("replaced  tool.tar ") and (work / "mine.lock.json").read_text() == lock
    assert chx(*words).stdout == run.stdout
    (work / "mine.lock.json").write_text("{")
    assert chx(*words).stdout == told


@pytest.mark.parametrize("name, how", [("host", "captured"), ("self", "made")])
def test_a_seed_that_is_not_pinned_has_no_dry_run(chx: Run, name: str, how: str) -> None:
    run = chx("seed", "update", name, "--dry-run")
    assert run.returncode == 1 and f"the seed '{name}' is {how}" in run.stderr
