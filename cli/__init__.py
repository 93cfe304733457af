"""Commands, one module each; the only room that prints and exits."""

from .main import main

__all__ = ["main"]
