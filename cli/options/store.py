"""Options of commands that ask the store or take rows of the build trace from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

NAMED = "a store path, a result link, or a path below one"


def configure_trust(parser: argparse.ArgumentParser) -> None:
    """Options of a command that takes rows of the build trace from elsewhere."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="KEY",
        help="also believe the builder with this public key about what builds gave (see `chx store key`)",
    )  # fmt: skip
