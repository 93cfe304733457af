"""Lints of a source before it is evaluated."""

from __future__ import annotations

from ..lang.errors import Label, ParseError
from ..lang.lints import lint
from ..lang.parser import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..lang.source import Source
    from .world import World

_VERBS = {"warn": "discouraged", "fatal": "disallowed"}


def check_literals(world: World, source: Source, levels: Mapping[str, str], pipes: bool) -> None:
    """Warn of what the lints find in a source. Raises `ParseError` for a syntax error, and where a level is fatal."""
    parse(source, pipes)
    for setting, message, span in lint(source, pipes):
        level = levels.get(setting, "ignore")
        if level == "ignore":
            continue
        if setting == "lint-url-literals":
            message = f"URL literals are {_VERBS[level]}. {message}"
        message = f"{message} ({setting})"
        if level == "fatal":
            raise ParseError(message, [Label(source, span)], code="E108")
        place = source.place(span.start)
        world.lint(f"{message}\n         at {source.name}:{place.line}:{place.column}")
