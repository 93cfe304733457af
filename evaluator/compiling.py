"""Compile sources, through the cache."""

from __future__ import annotations

import sys

from .codegen.compiled import GENERATOR_VERSION, CompiledFile
from .errors import StackOverflow, UndefinedVariable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..lang.nodes import Expr
    from ..lang.source import Source
    from .world import World


class SourceText:
    """The arguments of a `Source`, which is made on demand, since importing it takes time."""

    __slots__ = ("base", "name", "text")

    def __init__(self, name: str, text: str, base: str) -> None:
        self.name = name
        self.text = text
        self.base = base

    def source(self) -> Source:
        """The source."""
        from ..lang.source import Source

        return Source(self.name, self.text, self.base)


def compile_source(
    world: World, text: SourceText, extra_names: tuple[str, ...], exact: bool, pipes: bool = False
) -> CompiledFile:
    """Return the compiled code of a source. Raises `LangError` or `UndefinedVariable`."""
    key = _key(text.text, extra_names, exact, pipes)
    data = world.load_code(key)
    if data is not None:
        try:
            return CompiledFile.load(data)
        except (ValueError, EOFError, TypeError):
            # A damaged cache entry is as good as none.
            pass
    from ..lang.parser import parse
    from .codegen.program import compile_tree

    source = text.source()
    tree = parse(source, pipes)
    try:
        compiled = compile_tree(tree, source.text, extra_names, exact)
    except UndefinedVariable as error:
        _place(error, source)
        raise
    except RecursionError as error:
        raise _nested_too_deep(source, error) from None
    world.save_code(key, compiled.dump())
    return compiled


def check_variables(tree: Expr, source: Source) -> None:
    """Raise `UndefinedVariable` for an unbound variable in a tree."""
    from . import recursion
    from .codegen.program import check_names

    try:
        recursion.run_deep(lambda: check_names(tree))
    except UndefinedVariable as error:
        _place(error, source)
        raise
    except RecursionError as error:
        raise _nested_too_deep(source, error) from None


def _place(error: UndefinedVariable, source: Source) -> None:
    if error.span is not None:
        from ..lang.errors import Label
        from ..lang.source import Span

        error.labels.append(Label(source, Span(*error.span)))


def _nested_too_deep(source: Source, error: RecursionError) -> StackOverflow:
    """Return the error for a tree that is too deep to generate code for, with the place reached."""
    from ..lang.errors import Label
    from ..lang.source import Span

    start = 0
    entry = error.__traceback__
    while entry is not None:
        start = getattr(entry.tb_frame.f_locals.get("node"), "start", start)
        entry = entry.tb_next
    result = StackOverflow()
    result.hint = "the expression is nested too deep to be compiled: take it apart, or raise --max-call-depth"
    result.labels.append(Label(source, Span(start, start + 1)))
    return result


def _key(text: str, extra_names: tuple[str, ...], exact: bool, pipes: bool) -> str:
    # hashlib takes longer to import than everything else here together.
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    state = _states.get((extra_names, exact, pipes))
    if state is None:
        from .. import __version__

        state = _states[extra_names, exact, pipes] = blake2b(digest_size=20)
        state.update(repr((__version__, GENERATOR_VERSION, sys.hexversion, extra_names, exact, pipes)).encode())
    state = state.copy()
    state.update(text.encode("latin-1"))
    return str(state.hexdigest())


_states: dict[tuple[tuple[str, ...], bool, bool], Any] = {}
"""Digest states of everything in a key but the text."""
