"""Images that machines start from: what is in them, the same bytes each time, and what is refused."""

from __future__ import annotations

import io
import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from chx.builder import Builder, BuilderFailed
from chx.builder.errors import BadAttribute
from chx.builder.imaging.boot import boot_parts
from chx.builder.imaging.disk import DiskOptions, write_disk
from chx.builder.imaging.errors import DoesNotFit, MachineUnknown, NoInit, PartMissing, PartNotInRoot, SeveralParts
from chx.builder.imaging.identity import identifier, root_digest
from chx.builder.imaging.initramfs import handover_initramfs, program_initramfs, root_initramfs
from chx.builder.installing.assembling import assemble
from chx.builder.installing.values import InstalledRoot, Package
from chx.disk import Node
from chx.store import Derivation, Store

from ...disk.test_parts import sections_of, stub
from ...programs import needed

NOTHING: dict[str, Any] = {name: {} for name in ("modes", "users", "groups", "services", "triggers", "alternatives")}
NOTHING["tmpfiles"] = []
KERNEL = {"kernel": {"file": "boot/vmlinuz", "console": "ttyS0", "commandLine": ["quiet"]}}
MIB = 1 << 20
Make = Callable[..., Package]


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Make:
    def package(name: str, files: dict[str, bytes], machine: str | None = "x86_64", **attributes: Any) -> Package:
        folder = tmp_path / "trees" / name
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        path = store.add_tree(str(folder), name)
        return Package(name, name, (path,), {**NOTHING, **attributes}, machine=machine)

    return package


@pytest.fixture
def system(make: Make) -> list[Package]:
    """Packages that a disk can be made of, as small as they can be."""
    return [
        make("base", {"sbin/init": b"#!/bin/sh\n", "etc/x": b"x" * 5000}, modes={"etc/x": {"mode": "0640", "owner": "root:wheel"}},
             groups={"wheel": {"gid": 1, "members": []}}),
        make("linux", {"boot/vmlinuz": b"MZ kernel"}, boot=KERNEL),
        make("early-init", {"usr/lib/early-init/init": b"\x7fELF init"}, boot={"initramfs": "usr/lib/early-init/init"}),
        make("efi-stub", {"usr/lib/stub.efi": stub()}, boot={"stub": "usr/lib/stub.efi"}),
    ]  # fmt: skip


def disk_of(root: InstalledRoot, options: DiskOptions | None = None) -> tuple[bytes, Any]:
    file = io.BytesIO()
    layout = write_disk(root, file, options or DiskOptions())
    return file.getvalue(), layout


def names_in(archive: bytes) -> list[str]:
    run = subprocess.run([needed("cpio"), "-it", "--quiet"], input=archive, capture_output=True, check=True)
    return run.stdout.decode().split()


def test_a_disk_has_what_a_machine_starts_from(store: Store, system: list[Package], tmp_path: Path) -> None:
    root = assemble(store, system)
    data, layout = disk_of(root)
    assert len(data) == layout.size and layout.size % MIB == 0
    esp, system_part = layout.partitions
    (tmp_path / "esp").write_bytes(data[esp.start : esp.start + esp.size])
    words = [needed("mtype"), "-i", str(tmp_path / "esp"), "::/EFI/BOOT/BOOTX64.EFI"]
    sections = sections_of(subprocess.run(words, capture_output=True, check=True).stdout)
    line = f"console=ttyS0 root=PARTUUID={system_part.identifier} panic=-1 quiet"
    assert sections[".cmdline"].decode() == layout.command_line == line
    assert sections[".linux"] == b"MZ kernel"
    assert names_in(sections[".initrd"]) == [".", "dev", "dev/console", "init"]
    (tmp_path / "root").write_bytes(data[system_part.start : system_part.start + system_part.size])
    words = [needed("fsck.erofs"), f"--extract={tmp_path / 'files'}", str(tmp_path / "root")]
    subprocess.run(words, capture_output=True, check=True)
    assert (tmp_path / "files/etc/x").read_bytes() == b"x" * 5000
    assert (tmp_path / "files/etc/x").stat().st_mode & 0o7777 == 0o640


def test_the_same_packages_give_the_same_disk(store: Store, system: list[Package]) -> None:
    first, layout = disk_of(assemble(store, system))
    again, _ = disk_of(assemble(store, system[::-1]))
    assert first == again
    other, another = disk_of(assemble(store, system), DiskOptions(command_line=("single",)))
    assert other != first and another.command_line == f"{layout.command_line} single"
    # One more bit of a mode, and it is another disk to who looks for it.
    changed = Package("base", "base", system[0].objects, {**NOTHING}, machine="x86_64")
    _, moved = disk_of(assemble(store, [changed, *system[1:]]))
    identifiers = {one.identifier for one in (*layout.partitions, *moved.partitions)} | {
        layout.identifier,
        moved.identifier,
    }
    assert len(identifiers) == 6 and all(one.version == 8 for one in identifiers)


def test_identifiers_follow_from_the_root(store: Store, make: Make) -> None:
    root = assemble(store, [make("a", {"a": b"a"}, machine=None)])
    digest = root_digest(root.entries)
    assert digest == root_digest(assemble(store, [make("b", {"a": b"a"}, machine=None)]).entries)
    assert digest != root_digest(assemble(store, [make("c", {"a": b"b"}, machine=None)]).entries)
    assert str(identifier(bytes(32), "root")) == "2bd1da10-b826-8cc1-b19a-59546bf61e1b"


def test_a_disk_may_be_larger_and_not_smaller(store: Store, system: list[Package]) -> None:
    root = assemble(store, system)
    small, layout = disk_of(root)
    large, same = disk_of(root, DiskOptions(size=layout.size + 5 * MIB))
    assert len(large) == len(small) + 5 * MIB and large[MIB:-MIB].startswith(small[MIB:-MIB])
    assert same.partitions == layout.partitions
    with pytest.raises(DoesNotFit) as error:
        disk_of(root, DiskOptions(size=layout.size - MIB))
    assert error.value.hint == f"--size {layout.size // MIB}M, or more for what changes"


def test_what_a_size_leaves_is_for_what_changes(store: Store, system: list[Package], tmp_path: Path) -> None:
    root = assemble(store, system)
    _, small = disk_of(root)
    data, layout = disk_of(root, DiskOptions(size=small.size + 40 * MIB))
    assert [one.name for one in layout.partitions] == ["ESP", "root", "state"]
    state = layout.partitions[2]
    assert f"state=PARTUUID={state.identifier}" in layout.command_line.split() and state.size >= 39 * MIB
    (tmp_path / "state").write_bytes(data[state.start : state.start + state.size])
    checked = subprocess.run([needed("e2fsck"), "-fn", str(tmp_path / "state")], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert data == disk_of(assemble(store, system[::-1]), DiskOptions(size=small.size + 40 * MIB))[0]


def test_what_is_handed_over_follows_the_initramfs(store: Store, system: list[Package], tmp_path: Path) -> None:
    more = handover_initramfs([Node.of_bytes(b"after-boot", b"#!/bin/sh\n", 0o755)])
    assert names_in(more) == [".", "handover", "handover/after-boot"]
    data, layout = disk_of(assemble(store, system), DiskOptions(handover=more))
    esp = layout.partitions[0]
    (tmp_path / "esp").write_bytes(data[esp.start : esp.start + esp.size])
    words = [needed("mtype"), "-i", str(tmp_path / "esp"), "::/EFI/BOOT/BOOTX64.EFI"]
    initrd = sections_of(subprocess.run(words, capture_output=True, check=True).stdout)[".initrd"]
    assert initrd.endswith(more) and initrd[: -len(more)] == b"".join(
        program_initramfs(boot_parts(assemble(store, system)))
    )


def test_a_root_is_an_initramfs_by_itself(store: Store, make: Make) -> None:
    root = assemble(store, [make("base", {"sbin/init": b"x"})])
    assert names_in(b"".join(root_initramfs(root))) == [
        ".", "dev", "dev/console", "etc", "etc/group", "etc/passwd", "init", "root", "sbin", "sbin/init",
    ]  # fmt: skip
    own = assemble(store, [make("own", {"init": b"x"})])
    assert "sbin/init" not in names_in(b"".join(root_initramfs(own))) and own.find("init") is not None
    with pytest.raises(NoInit):
        list(root_initramfs(assemble(store, [make("nothing", {"a": b""})])))


def test_parts_that_are_missing_or_there_twice_are_named(store: Store, system: list[Package], make: Make) -> None:
    base, linux, early, efi = system
    cases: list[tuple[list[Package], type[Exception], str]] = [
        ([base, early, efi], PartMissing, "no package of the image has a kernel"),
        ([base, linux, efi], PartMissing, "a program that finds the root file system"),
        ([base, linux, early], PartMissing, "a program by which UEFI starts a kernel"),
        ([linux, early, efi], NoInit, "the root has no /sbin/init"),
        ([*system, make("other", {"boot/other": b""}, boot={"kernel": {**KERNEL["kernel"], "file": "boot/other"}})], SeveralParts,
         "2 packages of the image have a kernel: linux, other"),
        ([base, early, efi, make("empty", {"a": b""}, boot=KERNEL)], PartNotInRoot, "`boot.kernel.file` of empty is /boot/vmlinuz"),
    ]  # fmt: skip
    for packages, kind, message in cases:
        with pytest.raises(kind, match=message):
            disk_of(assemble(store, packages))
    with pytest.raises(MachineUnknown):
        disk_of(assemble(store, [make("x", {"sbin/init": b""}, machine="ppc64")]))


def built(store: Store, image: object, packages: list[Package]) -> bytes:
    inputs = tuple(sorted(path for package in packages for path in package.objects))
    derivation = Derivation("image", "builtin", "builtin:image", env={"image": json.dumps(image)}, input_srcs=inputs)
    path = store.add_derivation(derivation)
    made = Builder(store).realise([(path, ("out",))])[path, "out"]
    return Path(store.physical(made)).read_bytes()


def described(packages: list[Package], kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "packages": [
            {
                "title": one.title, "outputs": list(map(str, one.objects)), "installation": one.installation, "needs": [],
                "machine": one.machine,
            }
            for one in packages
        ],
    }  # fmt: skip


def test_a_derivation_gives_the_same_images(store: Store, system: list[Package]) -> None:
    root = assemble(store, system)
    assert built(store, described(system, "disk"), system) == disk_of(root)[0]
    assert built(store, described(system, "initramfs"), system) == b"".join(root_initramfs(root))


@pytest.mark.parametrize(
    "break_it",
    [
        lambda image: image.update(kind="floppy"),
        lambda image: image.pop("packages"),
        lambda image: image["packages"][0].pop("title"),
        lambda image: image["packages"][0].update(outputs=["/etc"]),
        lambda image: image["packages"].pop(1),
        lambda image: image.update(packages=3),
    ],
)
def test_a_description_that_is_none_is_refused(store: Store, system: list[Package], break_it: Any) -> None:
    image = described(system, "disk")
    break_it(image)
    with pytest.raises((BadAttribute, BuilderFailed)):
        built(store, image, system)


def test_every_identifier_of_the_table_is_that_of_the_parts(store: Store, system: list[Package]) -> None:
    data, layout = disk_of(assemble(store, system))
    entries = data[1024 : 1024 + 128 * 2]
    assert [entries[at + 16 : at + 32] for at in (0, 128)] == [one.identifier.bytes_le for one in layout.partitions]
    (volume,) = struct.unpack_from("<I", data, layout.partitions[0].start + 67)
    assert volume == layout.partitions[0].identifier.int & 0xFFFFFFFF
    start = layout.partitions[1].start
    assert data[start + 1072 : start + 1088] == layout.partitions[1].identifier.bytes
    assert blake3(data).digest() == blake3(disk_of(assemble(store, system))[0]).digest()
