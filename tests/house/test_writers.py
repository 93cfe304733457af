"""One module writes to standard output and standard error; everything else goes through it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cli", "evaluator", "builder", "lang", "store", "apk", "oci", "disk", "arch")
STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")
ASKED = ("Style", "colours", "is_terminal", "reaches_a_terminal", "Console")
"""Functions that are given a stream to ask what it is; `Console` draws the live view, of texts made harmless."""
ALLOWED = {
    "cli/output.py": "*",
    # Without loading a module, a text of printable ASCII.
    "cli/startup/result_cache.py": "sys.stdout.write",
    # chx itself, which cleans what it tells; the user's pager, which is given a clean text; the user's shell.
    "cli/progress/prompt.py": "subprocess",
}


def modules() -> Iterator[Path]:
    yield from (ROOT / name for name in ("__init__.py", "__main__.py", "frozen.py", "native.py", "signatures.py"))
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def writers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of what writes to a standard stream, hands one to somebody who may, or starts a program that has them."""
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield node.lineno, ast.unparse(node)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="os" | "posix"), attr="write"), args=[ast.Constant(), *_]
            ):
                yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="subprocess")), keywords=keywords):
                given = {keyword.arg for keyword in keywords}
                if "capture_output" not in given and not {"stdout", "stderr"} <= given:
                    yield node.lineno, ast.unparse(node)
            case ast.Attribute(value=ast.Name(id="sys"), attr=attr) if attr in STREAMS:
                parent = parents[node]
                whole = parents[parent]
                if isinstance(parent, ast.keyword):
                    parent = whole
                if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in ASKED:
                    continue
                if isinstance(parent, ast.Compare) or (isinstance(parent, ast.Attribute) and parent.attr == "flush"):
                    continue
                yield node.lineno, ast.unparse(whole)


def test_nothing_but_the_module_for_it_writes_to_a_standard_stream() -> None:
    found = []
    for path in modules():
        name = str(path.relative_to(ROOT))
        allowed = ALLOWED.get(name, " ")
        found += [
            f"{name}:{line}: {text}"
            for line, text in writers(ast.parse(path.read_text()))
            if allowed != "*" and not text.startswith(allowed)
        ]
    assert found == []


def test_a_writer_is_found() -> None:
    text = """import os, subprocess, sys
print(1)
sys.stderr.write('a')
f(sys.stdout.buffer)
w = sys.stdout
os.write(2, b'')
subprocess.run(['x'])
f(file=sys.stderr)
Style(sys.stdout)
subprocess.run(['x'], capture_output=True)
"""
    assert sorted(line for line, _ in writers(ast.parse(text))) == [2, 3, 4, 5, 6, 7, 8]
