"""Empty ext4 file systems: what the format's own programs find nothing wrong with, the same bytes each time."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from blake3 import blake3

from chx.disk import InvalidParameter, NoRoom, ext4

from ..programs import needed

IDENTIFIER = UUID("12345678-1234-8234-9234-123456789abc")
MIB = 1 << 20
GROUP = 128 * MIB


def written(size: int, tmp_path: Path) -> Path:
    place = tmp_path / "image"
    with open(place, "wb") as file:
        file.truncate(size)
        for piece in ext4.empty(size, IDENTIFIER, "state", 1):
            file.seek(piece.offset)
            file.write(piece.content)
    assert place.stat().st_size == size
    return place


@pytest.mark.parametrize(
    "size",
    [16 * MIB, 17 * MIB, GROUP, GROUP + 10 * 4096, GROUP + 600 * 4096, 2 * GROUP + 5, 10 * GROUP, 40 << 30],
    ids=lambda size: str(size // 4096),
)
def test_nothing_is_wrong_with_a_new_file_system(size: int, tmp_path: Path) -> None:
    image = written(size, tmp_path)
    checked = subprocess.run([needed("e2fsck"), "-fn", image], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert image.stat().st_blocks * 512 < 8 * MIB


def test_it_is_what_was_asked_for(tmp_path: Path) -> None:
    image = written(300 * MIB, tmp_path)
    said = subprocess.run([needed("dumpe2fs"), "-h", image], capture_output=True, text=True, check=True).stdout
    facts = {line.partition(":")[0]: line.partition(":")[2].strip() for line in said.splitlines()}
    assert facts["Filesystem UUID"] == str(IDENTIFIER) and facts["Filesystem volume name"] == "state"
    assert facts["Filesystem features"] == "ext_attr filetype extent sparse_super large_file extra_isize"
    assert (facts["Block count"], facts["Inode count"], facts["Filesystem state"]) == ("76800", "24576", "clean")
    listed = subprocess.run(
        [needed("debugfs"), "-R", "ls -l", image], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[-1] for line in listed.splitlines() if line.strip()] == [".", "..", "lost+found"]


def test_the_bytes_are_the_same_as_ever(tmp_path: Path) -> None:
    assert blake3(written(20 * MIB, tmp_path).read_bytes()).hexdigest()[:16] == "24b21df2f4b322c1"


def test_what_it_cannot_be_is_refused() -> None:
    with pytest.raises(NoRoom):
        ext4.empty(16 * MIB - 1, IDENTIFIER, "", 1)
    for size, label, mtime in ((16 * MIB, "x" * 17, 1), (16 * MIB, "", -1), (16 << 40, "", 1)):
        with pytest.raises(InvalidParameter):
            ext4.empty(size, IDENTIFIER, label, mtime)
