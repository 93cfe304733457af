"""The prose that a person reads: its sources, and the rules that it keeps.

`python tests/house/prose.py` prints the faults of every source, and their number.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PENDING = Path(__file__).parent / "prose-pending.txt"
"""Sources that were not rewritten yet, one a line. The list may only become shorter."""
WIDTH: Final = 100
"""Columns of a line of Markdown that does not end at the end of a sentence."""
LONGEST: Final = 40
"""Words of a sentence."""

WORDS: Final[dict[str, str]] = {
    r"folders?": "directory",
    r"whoever": "name the actor",
    r"(told|tells?)": "prints, reports, says",
    r"(is|are|be) said": "name the actor: the command prints, the page explains",
    r"(come|comes|came|coming) out": "result, output",
    r"what came": "the result, the output",
    r"(is|are|was|were) there": "exists",
    r"there (is|are) none of": "does not exist",
    r"as it (is|was)": "unchanged, literally",
    r"in words": "as text",
    r"(stand|stands|stood) (in|at|over|under|beside|above|below)": "is in",
    r"(lie|lies|lay) (in|below|at|beside|under|for|among|beneath|above)": "is in",
    r"(of )?what (is|was|were|are) (built|fetched|asked|needed|told|given|known|made|kept|found|rebuilt|printed)": (
        "a noun: built packages, fetched files"
    ),
    r"for (an)?other machines?": "for another architecture",
    r"mend(s|ed|ing)?": "repair",
    r"anew": "again, or name the result: rewrite",
    r"gives? (itself|themselves)": "reproduces itself",
    r"(can|could) (still )?be had": "is available",
    r"be(ing)? had": "be available",
    r"beside": "next to",
    r"shall": "must, or the plain present",
    r"one's own": "your own",
    r"of (yours|ours|theirs)": "your, our, their",
    r"nobody has to be (believed|trusted)": "no trust is needed",
    r"let go of": "close, release",
    r"goes by": "uses, depends on",
    r"by hand": "manually",
    r"is no \w+ of": "is not a",
    r"makes? no sense": "is invalid",
    r"(as|so) well as": "and",
    r"simply|just|obviously|of course|easily|basically": "nothing: remove the word",
    r"utili[sz]e[sd]?": "use",
    r"in order to": "to",
}
"""What to avoid, and what to write: patterns of whole words."""
_AVOID = {re.compile(rf"\b({pattern})\b", re.IGNORECASE): advice for pattern, advice in WORDS.items()}

_END = re.compile(r"[.!?:;][)\"'*_`]*$")
_SENTENCE = re.compile(r"(?<=[.!?])[)\"'*_]*\s+(?=[A-Z`\[*\"(])")
_INLINE = re.compile(r"``.+?``|`[^`]*`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ITEM = re.compile(r"\s*([*-]|\d+\.) ")
_NO_PROSE = re.compile(r"^\s*(\||#|\[[^\]]+\]:|<)")


class Fault(NamedTuple):
    """A place in a source, and what is wrong there."""

    line: int
    reason: str


def faults(name: str, text: str) -> list[Fault]:
    """Return the faults of a source: of Markdown if its name says so, else of plain text."""
    if not name.endswith(".md"):
        return list(_of_words(list(enumerate(text.splitlines(), 1))))
    lines = list(_prose_lines(text))
    found = [*_of_words(lines), *_of_sentences(lines), *_of_line_ends(lines)]
    return sorted(found)


def _prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines of Markdown without code and comments. An empty line parts paragraphs."""
    text = re.sub(r"<!--.*?-->", lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    fence, after_blank = "", True
    for number, line in enumerate(text.splitlines(), 1):
        mark = line.lstrip()[:3]
        if fence or mark in ("```", "~~~"):
            fence = "" if fence == mark else fence or mark
            yield number, ""
        elif line.startswith("    ") and after_blank:
            yield number, ""
        else:
            after_blank = not line.strip()
            yield number, line


def _of_words(lines: list[tuple[int, str]]) -> Iterator[Fault]:
    for number, line in lines:
        plain = _LINK.sub(r"\1", _INLINE.sub("x", line))
        for pattern, advice in _AVOID.items():
            for match in pattern.finditer(plain):
                yield Fault(number, f"'{match[0]}': {advice}")


def _of_sentences(lines: list[tuple[int, str]]) -> Iterator[Fault]:
    for number, paragraph in _paragraphs(lines):
        for sentence in _SENTENCE.split(paragraph):
            count = len(sentence.split())
            if count > LONGEST:
                yield Fault(number, f"a sentence of {count} words: '{sentence[:50]}...'")


def _paragraphs(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, line in [*lines, (0, "")]:
        starts_item = _ITEM.match(line)
        if parts and (not line.strip() or starts_item or _NO_PROSE.match(line)):
            yield start, _LINK.sub(r"\1", _INLINE.sub("x", " ".join(parts)))
            parts = []
        if line.strip() and not _NO_PROSE.match(line):
            start = start if parts else number
            parts.append(line.strip())


def _of_line_ends(lines: list[tuple[int, str]]) -> Iterator[Fault]:
    for number, line in lines:
        if len(line) > WIDTH and not _NO_PROSE.match(line) and not _END.search(line.rstrip()):
            yield Fault(number, f"{len(line)} columns, and no sentence ends there")
        elif len(line) > WIDTH and len(_SENTENCE.split(_ITEM.sub("", line))) > 1 and not _NO_PROSE.match(line):
            yield Fault(number, f"{len(line)} columns with more than one sentence")


def sources() -> dict[str, str]:
    """Return every source by its name: pages, `--help` of commands, messages of errors."""
    return {**_pages(), **_helps(), **_messages()}


def _pages() -> dict[str, str]:
    places = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
    return {str(place.relative_to(ROOT)): place.read_text() for place in sorted(places)}


def parsers(name: str) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of a command and those of its actions."""
    from chx.cli.parser import command_parser

    waiting = [command_parser(name)[0]]
    while waiting:
        parser = waiting.pop(0)
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += dict.fromkeys(action.choices.values())


def _helps() -> dict[str, str]:
    from chx.cli.commands import COMMANDS, overview

    found = {"chx --help": overview()}
    for name in COMMANDS:
        texts = dict[str, None]()
        for parser in parsers(name):
            texts |= dict.fromkeys([parser.description or "", (parser.epilog or "")])
            texts |= dict.fromkeys(str(action.help or "") for action in parser._actions)
        found[f"chx {name} --help"] = "\n".join(texts)
    return found


def _messages() -> dict[str, str]:
    """Return the texts in modules of errors; docstrings are no messages."""
    found = {}
    for place in sorted(ROOT.glob("*/**/errors.py")):
        name = str(place.relative_to(ROOT))
        if name.startswith(("tests/", "build/", ".")):
            continue
        tree = ast.parse(place.read_text())
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in statements]
        texts = [node.value for node in constants if isinstance(node.value, str)]
        found[f"messages of {name}"] = "\n".join(texts)
    return found


def pending() -> list[str]:
    """Return the sources that were not rewritten yet."""
    return PENDING.read_text().splitlines()


def main() -> int:
    """Print all faults; `--pending` rewrites the list without the sources that have none."""
    found = {name: faults(name, text) for name, text in sources().items()}
    if "--pending" in sys.argv[1:]:
        PENDING.write_text("".join(f"{name}\n" for name in pending() if found.get(name)))
        return 0
    for name, each in found.items():
        for fault in each:
            print(f"{name}:{fault.line}: {fault.reason}")
    print(f"{sum(map(len, found.values()))} faults in {sum(map(bool, found.values()))} of {len(found)} sources")
    return 0


if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location("conftest", ROOT / "conftest.py")
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    sys.exit(main())
