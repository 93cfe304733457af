"""Compiles a syntax tree to Python.

Every expression that may have to wait becomes a Python function of one argument, what it captured,
at the top level of one generated module per file: nothing is nested, so neither indentation nor
closures limit the depth of a program. Each line of generated code does at most one thing that can
fail, and the *line table* says which node that is; so places cost nothing until an error happens.

`unit.py` holds the functions being written and what they capture, `scope.py` names,
`expressions.py`, `calls.py`, `lambdas.py` and `bindings.py` the translation, `program.py` the whole.
Import the modules themselves: a warm start needs `compiled.py` only.
"""
