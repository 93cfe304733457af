"""`chx why`: tell why something would be rebuilt."""

from __future__ import annotations

import argparse

from . import expression

DESCRIPTION = "x"


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    return 0
