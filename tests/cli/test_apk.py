"""`chx apk`: from packages of a set to a signed repository, and from that to a root."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from chx.apk.index import read_index
from chx.apk.package import read_package

from ..builder.conftest import programs_root

pytestmark = pytest.mark.sandbox

SET = """
let
  p = import <chx> { };
  scope = p.over { rootfs = [ (builtins.storePath PROGRAMS) ]; };
  package = name: text: more: scope.mkDerivation ({
    pname = name; version = "1.2"; configurePhase = ""; buildPhase = ""; installPhase = text;
    meta = { description = "the package ${name}"; homepage = "https://example.org/"; license = "MIT"; };
  } // more);
  all = rec {
    one = package "one" ''
      mkdir -p "$out/usr/bin" "$out/usr/share/man/man1" "$out/var/lib/one"
      echo '#!/bin/sh' > "$out/usr/bin/one"
      echo 'echo one' >> "$out/usr/bin/one"
      chmod +x "$out/usr/bin/one"
      echo page > "$out/usr/share/man/man1/one.1"
    '' {
      runtime = [ two ];
      modes."usr/bin/one".mode = "4755";
      modes."var/lib/one" = { mode = "0750"; owner = "one:one"; };
      users.one.uid = 81;
    };
    two = package "two" ''
      mkdir -p "$out/usr/share/two"
      echo two > "$out/usr/share/two/data"
    '' { apk.providerPriority = 3; apk.provides = [ "service" ]; };
    # A set has its shell, too.
    shell = package "shell" ''
      mkdir -p "$out/usr/bin" "$out/usr/lib"
      cp -R PROGRAMS/usr/bin/. "$out/usr/bin"
      for part in lib lib64; do
        if [ -d PROGRAMS/$part ]; then cp -R PROGRAMS/$part/. "$out/usr/lib"; fi
      done
    '' { };
    three = package "three" ''
      mkdir -p "$out/usr/share/three"
      echo three > "$out/usr/share/three/data"
    '' { triggers."/usr/share/*" = "echo \\"changed: $*\\" > /var/log/three\\n"; runtime = [ "/bin/sh" ]; };
    files = scope.callPackage (<chx> + "/base-files/package.nix") { };
    odd = package "odd" "mkdir -p $out" { version = "1-2"; };
    lost = package "lost" "mkdir -p $out/usr/share/lost" { broken = "it is lost"; };
    source = derivation { name = "source"; system = "builtin"; builder = "builtin:tree"; };
  };
in all // { inside = { inherit (all) one two lost source; }; }
"""


@pytest.fixture
def packages(chx, work: Path, tmp_path: Path):
    """Writes `set.nix`, makes a key, and returns a function that builds a repository of some of its packages."""
    work.mkdir(exist_ok=True)
    programs_root(str(tmp_path / "programs"), ["cat", "chmod", "cp", "ln", "ls", "mkdir", "mv", "sh", "true"])
    added = chx("store", "add", tmp_path / "programs", "--name", "programs")
    assert added.returncode == 0, added.stderr
    (work / "set.nix").write_text(SET.replace("PROGRAMS", added.stdout.strip()))
    assert chx("apk", "key", "test").returncode == 0

    def build(*words: str, **variables: str):
        return chx("apk", "build", "-f", "set.nix", *words, **variables)

    return build


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".apk")


def machine() -> str:
    return os.uname().machine


def test_a_set_becomes_a_signed_repository(packages, chx, work: Path) -> None:
    built = packages("inside", "-o", "repository", "--json")
    assert built.returncode == 0, built.stderr
    assert "left out: inside.lost, it is lost" in built.stderr
    folder = work / "repository" / machine()
    assert names(folder) == ["one-1.2-r0.apk", "one-man-1.2-r0.apk", "two-1.2-r0.apk"]
    said = json.loads(built.stdout)
    assert [one["file"] for one in said["packages"]] == [f"{machine()}/{name}" for name in names(folder)]
    assert (folder / "Packages.adb").read_bytes() == (folder / "APKINDEX.tar.gz").read_bytes()
    verified = chx("apk", "verify", *(str(path) for path in folder.iterdir()), "--keys", "repository/keys")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.count("signed by test.rsa.pub") == 5
    assert stat.S_IMODE((work.parent / "home/keys/apk/test.rsa").stat().st_mode) == 0o600
    with open(folder / "one-1.2-r0.apk", "rb") as file:
        info = read_package(file).package.info
    assert [str(one) for one in info.depends] == ["base-files", "cmd:sh", "two"]
    assert [str(one) for one in info.provides] == ["cmd:one=1.2-r0"]
    assert (info.description, info.url, info.license, info.origin) == (
        "the package one", "https://example.org/", "MIT", "one",
    )  # fmt: skip
    shown = chx("apk", "show", folder / "one-1.2-r0.apk", folder / "Packages.adb")
    assert "4755 root:root" in shown.stdout
    assert "two-1.2-r0  the package two" in shown.stdout


def test_what_did_not_change_is_neither_built_nor_written(packages, work: Path) -> None:
    assert packages("two", "three", "-o", "repository").returncode == 0
    file = work / "repository" / machine() / "two-1.2-r0.apk"
    before = file.stat()
    again = packages("one", "two", "-o", "repository", "--json")
    said = json.loads(again.stdout)
    assert said["written"] == [f"{machine()}/one-1.2-r0.apk", f"{machine()}/one-man-1.2-r0.apk"]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    # What is not among those that are named stays, unless it shall not.
    assert len(said["packages"]) == 4
    pruned = json.loads(packages("two", "-o", "repository", "--prune", "--json").stdout)
    assert len(pruned["removed"]) == 3
    assert names(file.parent) == ["two-1.2-r0.apk"]
    # Another packing and another key write it again, and its identity stays.
    packed = json.loads(packages("two", "-o", "repository", "--compression", "deflate:6", "--json").stdout)
    assert packed["written"] == [f"{machine()}/two-1.2-r0.apk"]
    assert packed["digest"] == pruned["digest"]


def test_a_repository_for_old_clients(packages, chx, work: Path) -> None:
    built = packages("inside", "-o", "old", "--format", "2")
    assert built.returncode == 0, built.stderr
    folder = work / "old" / machine()
    assert sorted(path.name for path in folder.iterdir()) == ["APKINDEX.tar.gz", *names(folder)]
    verified = chx("apk", "verify", *(str(path) for path in folder.iterdir()))
    assert verified.returncode == 0, verified.stderr
    listed = subprocess.run(["tar", "tf", folder / "one-1.2-r0.apk"], capture_output=True, text=True)
    assert {".SIGN.RSA256.test.rsa.pub", ".PKGINFO", ".pre-install", "usr/bin/one"} <= set(listed.stdout.split())
    text = subprocess.run(["tar", "xOf", folder / "APKINDEX.tar.gz", "APKINDEX"], capture_output=True, text=True)
    assert "\nP:one\nV:1.2-r0\n" in f"\n{text.stdout}"
    assert "\nD:base-files cmd:sh two\np:cmd:one=1.2-r0\n" in text.stdout
    checked = chx("apk", "check", "old", "--json")
    assert [one["message"] for one in json.loads(checked.stdout)["faults"]] == [
        "it needs base-files, which no package provides",
        "it needs cmd:sh, which no package provides",
    ]
    mixed = packages("two", "-o", "old")
    assert mixed.returncode == 1
    assert "is of version 2, and version 3 is asked for" in mixed.stderr
    assert chx("apk", "verify", folder / "two-1.2-r0.apk").returncode == 0
    refused = chx("apk", "root", "root", "two", "--from", "old")
    assert refused.returncode == 1 and "roots are installed from version 3" in refused.stderr


def test_two_machines_build_the_same_repository(packages, chx, work: Path, tmp_path: Path) -> None:
    first = packages("inside", "-o", "first")
    key = tmp_path / "home/keys/apk/test.rsa"
    shutil.copytree(key.parent, tmp_path / "keys")
    home = tmp_path / "other"
    variables = {"CHX_HOME": str(home), "TZ": "Asia/Tokyo"}
    programs = str(tmp_path / "programs")
    assert chx("store", "add", programs, "--name", "programs", **variables).returncode == 0
    second = packages("inside", "-o", "second", "--key", str(tmp_path / "keys/test.rsa"), **variables)
    assert second.returncode == 0, second.stderr
    assert first.stdout == second.stdout
    compared = subprocess.run(["diff", "-r", "first", "second"], cwd=work, capture_output=True, text=True)
    assert compared.returncode == 0, compared.stdout


def test_a_root_is_installed_with_all_that_is_needed(packages, chx, work: Path) -> None:
    assert packages("one", "two", "three", "files", "shell", "-o", "repository").returncode == 0
    clean = chx("apk", "check", "repository")
    assert clean.returncode == 0, clean.stdout
    made = chx("apk", "root", "root", "one", "three", "base-man", "--from", "repository")
    assert made.returncode == 0, made.stderr
    order = made.stdout.split()
    assert sorted(order) == [
        "base-files-1-r0", "base-man-1-r0", "one-1.2-r0", "one-man-1.2-r0", "shell-1.2-r0", "three-1.2-r0", "two-1.2-r0",
    ]  # fmt: skip
    assert order.index("base-files-1-r0") < order.index("one-1.2-r0") < order.index("one-man-1.2-r0")
    root = work / "root"
    program = root / "usr/bin/one"
    # Nobody but root can give it the owner whose rights it is to run with.
    assert stat.S_IMODE(program.stat().st_mode) == (0o4755 if os.geteuid() == 0 else 0o755)
    assert stat.S_IMODE((root / "var/lib/one").stat().st_mode) == 0o750
    if os.geteuid() == 0:
        assert (root / "var/lib/one").stat().st_uid == 81
    assert "one:x:81:81:one:/var/empty:/usr/bin/nologin\n" in (root / "etc/passwd").read_text()
    assert (root / "var/log/three").read_text() == "changed: /usr/share/man /usr/share/three /usr/share/two\n"
    database = (root / "lib/apk/db/installed").read_text()
    assert "\nF:var/lib/one\nM:81:81:750\n" in database
    assert "\nR:one\na:0:0:4755\n" in database
    assert (root / "etc/apk/world").read_text() == "base-man\none\nthree\n"
    assert (root / "etc/apk/arch").read_text() == f"{machine()}\n"
    assert (root / "etc/apk/keys/test.rsa.pub").exists()
    assert not list(root.glob(".apk-script"))
    assert int(program.stat().st_mtime) == 1


@pytest.mark.parametrize(
    "text",
    [
        'ln -s OUTSIDE "$out/etc"',
        'mkdir "$out/etc" && ln -s OUTSIDE "$out/etc/apk"',
        'mkdir -p "$out/etc/apk" && ln -s OUTSIDE "$out/etc/apk/keys"',
        'mkdir -p "$out/usr" && ln -s OUTSIDE "$out/usr/lib" && ln -s usr/lib "$out/lib"',
        'mkdir -p "$out/usr/share" && ln -s OUTSIDE "$out/usr/share/two"',
    ],
    ids=["etc", "apk", "keys", "lib", "share"],
)
def test_a_link_leads_nowhere_outside(packages, chx, work: Path, tmp_path: Path, text: str) -> None:
    """The absolute target of a link is one of the root, for the files of other packages and for the database."""
    outside = tmp_path / "outside"
    outside.mkdir()
    more = (
        'evil = package "evil" "mkdir $out && ' + text.replace('"', '\\"').replace("OUTSIDE", str(outside)) + '" { };'
    )
    written = (work / "set.nix").read_text().replace("    odd =", f"    {more}\n    odd =")
    (work / "set.nix").write_text(written)
    built = packages("evil", "two", "-o", "repository")
    assert built.returncode == 0, built.stderr
    made = chx("apk", "root", "root", "evil", "two", "--from", "repository")
    assert "Traceback" not in made.stderr
    assert not list(outside.iterdir())
    assert (work / "root").exists() == (made.returncode == 0)


def test_a_script_leads_nowhere_outside(packages, chx, work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    script = f"mv /etc /old; ln -s {outside} /etc; mv /usr/share /usr/gone; ln -s {outside} /usr/share"
    more = (
        'evil = package "evil" "mkdir -p $out/usr/share/evil" '
        f'{{ triggers."/usr/share/evil" = "{script}"; runtime = [ "/bin/sh" ]; }};'
    )
    written = (work / "set.nix").read_text().replace("    odd =", f"    {more}\n    odd =")
    (work / "set.nix").write_text(written.replace('"cat", "chmod"', '"cat", "chmod"'))
    assert packages("evil", "two", "shell", "files", "-o", "repository").returncode == 0
    made = chx("apk", "root", "root", "evil", "two", "base-files", "--from", "repository")
    assert made.returncode == 1 and "Traceback" not in made.stderr
    assert not list(outside.iterdir())
    assert not (work / "root").exists()


def test_a_failing_script_leaves_nothing(packages, chx, work: Path) -> None:
    assert packages("one", "two", "shell", "files", "-o", "repository").returncode == 0
    # The shell of another package is needed, and nobody has it here.
    for name in ("shell-1.2-r0.apk",):
        (work / "repository" / machine() / name).unlink()
    assert chx("apk", "index", "repository").returncode == 0
    made = chx("apk", "root", "root", "one", "--from", "repository")
    assert made.returncode == 1
    assert "one-1.2-r0 needs cmd:sh, which no package of the repository provides" in made.stderr
    assert sorted(path.name for path in work.iterdir()) == ["repository", "set.nix"]


def test_nobody_is_trusted_by_himself(packages, chx, work: Path, tmp_path: Path) -> None:
    assert packages("two", "-o", "repository").returncode == 0
    home = {"CHX_HOME": str(tmp_path / "other")}
    refused = chx("apk", "root", "root", "two", "--from", "repository", **home)
    assert refused.returncode == 1
    assert "no key is trusted" in refused.stderr
    assert chx("apk", "key", "another", **home).returncode == 0
    refused = chx("apk", "root", "root", "two", "--from", "repository", **home)
    assert refused.returncode == 1
    assert "P033" in refused.stderr
    assert not (work / "root").exists()


def test_a_package_that_the_index_does_not_name_is_not_installed(packages, chx, work: Path) -> None:
    assert packages("two", "-o", "repository").returncode == 0
    assert packages("one", "-o", "other").returncode == 0
    folder = work / "repository" / machine()
    shutil.copy(work / "other" / machine() / "one-man-1.2-r0.apk", folder / "two-1.2-r0.apk")
    refused = chx("apk", "root", "root", "two", "--from", "repository")
    assert refused.returncode == 1
    assert "is not the one that the index names" in refused.stderr
    assert not (work / "root").exists()
    checked = chx("apk", "index", "repository")
    assert checked.returncode == 1
    assert "clients ask for one-man-1.2-r0.apk" in checked.stderr


def test_damage_is_found(packages, chx, work: Path) -> None:
    assert packages("two", "one", "-o", "repository").returncode == 0
    folder = work / "repository" / machine()
    file = folder / "two-1.2-r0.apk"
    assert chx("apk", "build", "-f", "set.nix", "two", "-o", "repository", "--compression", "none").returncode == 0
    content = file.read_bytes()
    file.write_bytes(content.replace(b"two\n", b"too\n"))
    (folder / "one-man-1.2-r0.apk").unlink()
    found = chx("apk", "check", "repository", "--json")
    assert found.returncode == 1
    faults = {
        (one["rule"], one["package"].rpartition("/")[2], one["message"]) for one in json.loads(found.stdout)["faults"]
    }
    index = "Packages.adb"
    assert {
        ("index", index, "it names one-man-1.2-r0.apk, which is not there, or cannot be read"),
        ("index", index, "it names two-1.2-r0.apk, which is not there, or cannot be read"),
    } <= faults
    assert any(rule == "unreadable" and "another SHA-256" in message for rule, _, message in faults)
    verified = chx("apk", "verify", file, folder / "one-1.2-r0.apk")
    assert verified.returncode == 1
    assert "P017" in verified.stderr and "one-1.2-r0.apk: signed by test.rsa.pub" in verified.stdout
    (folder / "Packages.adb").write_bytes(b"ADB.")
    assert "Packages.adb" in chx("apk", "check", "repository").stdout


def test_what_a_killed_process_left_is_removed(packages, work: Path) -> None:
    folder = work / "repository" / machine()
    folder.mkdir(parents=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left, used = folder / f".two-1.2-r0.apk.{gone.pid}.new", folder / f".x.apk.{os.getpid()}.new"
    left.touch()
    used.touch()
    assert packages("two", "-o", "repository").returncode == 0
    assert not left.exists() and used.exists()


@pytest.mark.parametrize(
    "words, message",
    [
        (["odd", "-o", "repository"], "its version '1-2' is none of apk's"),
        (["lost", "-o", "repository"], "'lost' cannot be built: it is lost"),
        (["source", "-o", "repository"], "'source' has no `apk`"),
        (["two", "-o", "set.nix"], "'set.nix' is no directory"),
        (["two", "-o", "."], "has other files than a repository, such as 'set.nix'"),
        (["two", "-o", "repository", "--key", "nobody"], "there is no key 'nobody'"),
        (["two", "-o", "repository", "--compression", "lzma"], "lzma"),
        (["two", "-o", "repository", "--key", "set.nix"], "holds no private key"),
    ],
)
def test_what_cannot_be_is_told(packages, work: Path, words: list[str], message: str) -> None:
    refused = packages(*words)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (work / "repository").exists()


def test_no_set_is_built_that_nobody_named(packages, chx, work: Path) -> None:
    refused = chx("apk", "build", "-o", "repository")
    assert refused.returncode == 1
    assert "name packages, or a set of them" in refused.stderr


def test_an_owner_that_nobody_brings_along_is_told(packages, chx, work: Path) -> None:
    text = (work / "set.nix").read_text()
    changed = text.replace('owner = "one:one"', 'owner = "oen:one"')
    (work / "set.nix").write_text(changed)
    assert packages("one", "two", "files", "shell", "-o", "repository").returncode == 0
    found = chx("apk", "check", "repository")
    assert "[owner] the user 'oen' owns a file in it, and no package has that user" in found.stdout


def test_packages_that_clash_are_told(packages, chx, work: Path) -> None:
    text = (work / "set.nix").read_text()
    more = """
      // {
        clash = package "clash" ''
          mkdir -p "$out/usr/share/two"
          echo other > "$out/usr/share/two/data"
        '' { runtime = [ ]; apk.depends = [ "nothing>=3" ]; };
        circle = package "circle" "mkdir -p $out/usr/share/circle" { apk.installIf = [ "circle" ]; };
      }
    """
    (work / "set.nix").write_text(text.replace("in all //", f"in all {more} //"))
    assert packages("two", "clash", "circle", "-o", "repository").returncode == 0
    found = chx("apk", "check", "repository", "--json")
    assert found.returncode == 1
    faults = [(one["rule"], one["package"], one["message"]) for one in json.loads(found.stdout)["faults"]]
    assert faults == [
        ("cycle", "circle-1.2-r0", "it is installed if it itself is: its conditions are circle"),
        ("dangling", "clash-1.2-r0", "it needs nothing>=3, which no package provides"),
        ("collision", "two-1.2-r0", "it has 'usr/share/two/data', and so has clash-1.2-r0"),
    ]
    with open(work / "repository" / machine() / "Packages.adb", "rb") as file:
        assert len(read_index(file).index.packages) == 3
    refused = chx("apk", "root", "root", "two", "clash", "--from", "repository")
    assert refused.returncode == 1
    assert "clash-1.2-r0 needs nothing>=3" in refused.stderr


def test_a_repository_has_the_origin_of_its_packages_together(packages, chx, work: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert packages("one", "two", "-o", "repository").returncode == 0
    bill = chx("sbom", "-f", "set.nix", "one.apk", "two.apk")
    assert bill.returncode == 0, bill.stderr
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.stdout) is None
    # Whatever they are asked for in.
    assert chx("sbom", "-f", "set.nix", "two.apk", "one.apk", "two.apk").stdout == bill.stdout
    said = json.loads(bill.stdout)
    assert sorted((part["name"], part.get("version")) for part in said["components"]) == [
        ("one", "1.2"), ("one", "1.2-apk"), ("two", "1.2"), ("two", "1.2-apk"),
    ]  # fmt: skip
    needs = {item["ref"]: item.get("dependsOn", []) for item in said["dependencies"]}
    main = said["metadata"]["component"]["bom-ref"]
    packed = chx("derivation", "show", "-f", "set.nix", "one.apk", "two.apk")
    assert packed.returncode == 0
    assert sorted(needs[main]) == sorted(json.loads(packed.stdout))
    single = json.loads(chx("sbom", "-f", "set.nix", "one.apk").stdout)
    built = {part["bom-ref"] for part in single["components"]}
    one = next(iter(json.loads(chx("derivation", "show", "-f", "set.nix", "one").stdout)))
    assert one in built and one in needs[single["metadata"]["component"]["bom-ref"]]
    # Each package is a subject of a statement, which is verified against this store.
    stated = chx("provenance", "-f", "set.nix", "one.apk", "two.apk")
    assert stated.returncode == 0, stated.stderr
    (work / "stated").write_text(stated.stdout)
    verified = chx("provenance", "verify", "stated")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("is what it says") == 2
    assert "is not built" in chx("sbom", "-f", "set.nix", "one.apk", "three.apk").stderr


def test_a_result_is_compared_with_a_repository(packages, chx, work: Path) -> None:
    assert packages("two", "-o", "repository").returncode == 0
    assert chx("build", "-f", "set.nix", "two.apk").returncode == 0
    same = chx("diff", "result", "repository", "--exit-code")
    assert (same.returncode, same.stdout) == (0, "result and repository: 1 package, equal\n")
    for words in (["three"], ["older", "--format", "2"]):
        assert packages("one", "two", "-o", *words).returncode == 0
    assert chx("diff", "three", "older").stdout == "three and older: 3 packages, equal\n"
    text = (work / "set.nix").read_text()
    (work / "set.nix").write_text(text.replace("echo two >", "echo 2 >"))
    assert chx("build", "-f", "set.nix", "two.apk", "-o", "other").returncode == 0
    found = chx("diff", "repository", "other", "--exit-code")
    assert found.returncode == 1
    assert f"~ {machine()}/two 1.2-r0" in found.stdout
    assert "usr/share/two/data: 4 B -> 2 B" in found.stdout
    assert "-two" in found.stdout and "+2" in found.stdout
    # With a level, results are objects.
    objects = chx("diff", "./result", "./other", "--level", "files")
    assert f"{machine()}/two-1.2-r0.apk" in objects.stdout
    # A word without a slash is an attribute of what is named.
    assert "/chx/store/" in chx("diff", "-f", "set.nix", "one.apk", "two.apk").stdout
