"""Builders that chx itself is: what must work before any tool exists.

`builtin:fetch` gets a file by its hash, `builtin:unpack` takes archives apart, `builtin:tree` writes a
tree from data. `find_builtin` gives the function of a name; each lives in a module of its name.
"""

from .registry import BUILTINS, find_builtin
from .task import Task

__all__ = ["BUILTINS", "Task", "find_builtin"]
