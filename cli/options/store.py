"""Options of commands that query the store or import rows of the build trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

NAMED = "a store path, a result link, a path below one, or an attribute that is built"


def configure_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that imports rows of the build trace."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="KEY",
        help="also believe the builder with this public key about what builds gave (see `chx store key`)",
    )  # fmt: skip
