"""Machine instructions that packages have as numbers: pkgs/musl/words, pkgs/tinycc/words.

tcc has no assembler of every machine. Each number stands beside the instruction that it is, and a clang, which is
no part of any bootstrap, says whether that is true.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

PKGS = Path(__file__).resolve().parents[2] / "pkgs"
LINE = re.compile(r'^\s*"?\.long (0x[0-9a-f]{8})(?:\\n")?\t/\* (.+) \*/$')
TARGETS = {
    "aarch64": ("aarch64-linux-musl",),
    "riscv64": ("riscv64-linux-musl", "-march=rv64imafd", "-mno-relax"),
}
FILES = sorted(
    path for folder in ("musl/words", "tinycc/words") for path in (PKGS / folder).rglob("*") if path.is_file()
)


def architecture_of(path: Path) -> str:
    return path.relative_to(PKGS).parts[2].removesuffix(".s")


def words_of(path: Path) -> list[tuple[int, str]]:
    found = []
    for line in path.read_text().splitlines():
        if ".long" in line:
            match = LINE.match(line)
            assert match, f"{path}: no instruction beside the number in {line!r}"
            found.append((int(match[1], 16), match[2]))
    return found


def assembled(clang: str, options: tuple[str, ...], instructions: list[str], folder: Path) -> list[int]:
    """The words of the section `.text` of an object (ELF with 64 bits, little-endian)."""
    source, target = folder / "x.s", folder / "x.o"
    source.write_text("".join(f"{line}\n" for line in instructions))
    target_name, *more = options
    subprocess.run([clang, f"--target={target_name}", *more, "-c", str(source), "-o", str(target)], check=True)
    elf = target.read_bytes()
    table, size, count, names = *struct.unpack_from("<Q", elf, 40), *struct.unpack_from("<HHH", elf, 58)
    sections = [struct.unpack_from("<IIQQQQ", elf, table + number * size) for number in range(count)]
    base = sections[names][4]
    (text,) = [found for found in sections if elf[base + found[0] :].split(b"\0")[0] == b".text"]
    return list(struct.unpack_from(f"<{text[5] // 4}I", elf, text[4]))


def test_there_are_words_and_each_machine_of_them_can_be_assembled() -> None:
    assert {architecture_of(path) for path in FILES} == set(TARGETS)
    assert sum(len(words_of(path)) for path in FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PKGS)))
def test_each_number_is_the_instruction_beside_it(path: Path, tmp_path: Path) -> None:
    clang = shutil.which(os.environ.get("CHX_CLANG", "clang-16"))
    if clang is None:
        assert not os.environ.get("CI"), "there is no clang"
        pytest.skip("there is no clang to ask")
    words = words_of(path)
    if words:
        found = assembled(clang, TARGETS[architecture_of(path)], [text for _, text in words], tmp_path)
        assert [(hex(word), text) for word, text in words] == [
            (hex(word), text) for word, (_, text) in zip(found, words)
        ]
        assert len(found) == len(words)
