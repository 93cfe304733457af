"""Builtin builders: those that must work before any tool exists.

`builtin:fetch` fetches a file by its hash, `builtin:unpack` unpacks archives, `builtin:tree` writes a tree from data.
`find_builtin` returns the function of a builder; each has a module of its name.
"""

from .registry import BUILTINS, find_builtin
from .task import Task

__all__ = ["BUILTINS", "Task", "find_builtin"]
