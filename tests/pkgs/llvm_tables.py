"""Hold pkgs/llvm against what LLVM's own build system says, after a new version.

    cmake -G Ninja -S SOURCE/llvm -B BUILD -DLLVM_ENABLE_PROJECTS='clang;lld' -DLLVM_TOOL_LLVM_DRIVER_BUILD=ON \\
        -DLLVM_TARGETS_TO_BUILD='X86;AArch64;PowerPC;RISCV' ...       (the options are in docs/internals/llvm.md)
    python tests/pkgs/llvm_tables.py SOURCE BUILD [--write]

Nothing needs to be compiled: `build.ninja` says what would be. Printed are the folders that the program is linked from and
`parts.nix` does not name, those that it names and that are gone, and the tables that differ; with `--write` the files in
`pkgs/llvm/tablegen/` are written anew.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LLVM = ROOT / "pkgs" / "llvm"

# Formats of other systems, and libraries that nothing is linked from: docs/internals/llvm.md says how that is known.
NOT_WANTED = (
    "clang/lib/Format",
    "clang/lib/Tooling",
    "lld/COFF",
    "lld/MachO",
    "lld/MinGW",
    "lld/wasm",
    "llvm/lib/Debuginfod",
    "llvm/lib/Extensions",
    "llvm/lib/TextAPI/BinaryReader",
    "llvm/lib/WindowsManifest",
)


class Edge(NamedTuple):
    """One statement of build.ninja: what is made, by which rule, of what, with which command."""

    outputs: list[str]
    rule: str
    inputs: list[str]
    sources: list[str]
    command: str


def words(text: str) -> list[str]:
    found = re.split(r"(?<!\$) +", text.strip())
    return [word.replace("$:", ":").replace("$ ", " ").replace("$$", "$") for word in found if word]


def edges(build: Path) -> Iterator[Edge]:
    edge: Edge | None = None
    for line in (build / "build.ninja").read_text().splitlines():
        if line.startswith("build "):
            if edge is not None:
                yield edge
            made, rule, of = re.fullmatch(r"build (.*?): (\S+) ?(.*)", line).groups()  # type: ignore[union-attr]
            outputs = [word.replace("${cmake_ninja_workdir}", "") for word in words(made) if word != "|"]
            inputs = words(of)
            bars = [index for index, word in enumerate(inputs) if word in ("|", "||")]
            sources = inputs[: bars[0]] if bars else inputs
            edge = Edge(outputs, rule.split("__")[0], [word for word in inputs if word not in ("|", "||")], sources, "")
        elif edge is not None and line.startswith("  COMMAND = "):
            edge = edge._replace(command=line.removeprefix("  COMMAND = "))
    if edge is not None:
        yield edge


def needed(build: Path, target: str) -> list[Edge]:
    """All that `target` is made of."""

    def plain(name: str) -> str:
        return name.removeprefix(f"{build}/")

    made_by = {plain(output): edge for edge in edges(build) for output in edge.outputs}
    found: list[Edge] = []
    seen: set[int] = set()
    open_ends = [target]
    while open_ends:
        edge = made_by.get(plain(open_ends.pop()))
        if edge is None or id(edge) in seen:
            continue
        seen.add(id(edge))
        found.append(edge)
        open_ends += edge.inputs
    return found


def folders_of(found: list[Edge], source: Path) -> set[str]:
    """The folders below the sources of which something is compiled."""
    compiled = (edge.sources[0] for edge in found if edge.rule in ("CXX_COMPILER", "C_COMPILER"))
    return {posixpath.dirname(path.removeprefix(f"{source}/")) for path in compiled}


def tables_of(found: list[Edge], source: Path, build: Path) -> dict[str, list[str]]:
    """The lines of every file in tablegen/, by its name."""
    tables: dict[str, list[str]] = {}
    for edge in found:
        if edge.rule != "CUSTOM_COMMAND" or "tblgen" not in edge.command:
            continue
        command = re.sub(r"^cd \S+ && ", "", edge.command.replace("$$", "$")).split(" && ")[0].split()
        tool, flags, text, output = os.path.basename(command[0]), [], "", ""
        rest = iter(command[1:])
        for word in rest:
            if word in ("-I", "-d"):
                next(rest)
            elif word == "-o":
                output = next(rest).removeprefix(f"{build}/")
            elif word.startswith(f"{source}/"):
                text = posixpath.normpath(word.removeprefix(f"{source}/"))
            elif not word.startswith("-I") and word not in ("--write-if-changed", "-no-warn-on-unused-template-args"):
                flags.append(word.replace('"', ""))
        output = re.sub("^tools/(clang|lld)/", r"\1/", output)
        if output.startswith(NOT_WANTED):
            continue
        target = re.match(r"lib/Target/(\w+)/", output)
        tables.setdefault(target[1] if target else "common", []).append(" ".join([output, tool, text, *flags]))
    return {name: sorted(lines) for name, lines in tables.items()}


def named_folders() -> set[str]:
    """The folders that parts.nix names."""
    run = subprocess.run(
        [sys.executable, str(ROOT), "eval", "--strict", "--json", str(LLVM / "parts.nix")],
        capture_output=True,
        check=True,
    )
    parts = json.loads(run.stdout)
    targets, _ = parts.pop("targets"), parts.pop("exceptions")
    below = {f"llvm/lib/Target/{target}/{folder}" for target in targets for folder in targets[target]}
    there = {folder for part in parts.values() for folders in part.values() for folder in folders}
    return there | below | {f"llvm/lib/Target/{target}" for target in targets}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("build", type=Path)
    parser.add_argument("--write", action="store_true", help="write pkgs/llvm/tablegen anew")
    arguments = parser.parse_args()
    source, build = arguments.source.resolve(), arguments.build.resolve()
    found = needed(build, "bin/llvm")
    theirs = {
        folder
        for folder in folders_of(found, source)
        if not folder.startswith(NOT_WANTED) and not folder.endswith("/Disassembler")
    }
    ours = named_folders()
    differences = [f"parts.nix lacks {folder}" for folder in sorted(theirs - ours)]
    differences += [f"parts.nix names {folder}, of which nothing is compiled" for folder in sorted(ours - theirs)]
    for name, lines in tables_of(found, source, build).items():
        place = LLVM / "tablegen" / f"{name}.txt"
        before = place.read_text().splitlines() if place.exists() else []
        differences += [f"{place.name} lacks {line}" for line in lines if line not in before]
        differences += [f"{place.name} has {line}" for line in before if line not in lines]
        if arguments.write:
            place.write_text("".join(f"{line}\n" for line in lines))
    print("\n".join(differences) or "pkgs/llvm says what LLVM's own build system says")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
