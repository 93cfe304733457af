"""The compiler from syntax trees to Python.

Every expression that may be delayed becomes a Python function of one argument, its captured variables, at the top level
of one generated module per file: nothing is nested, so neither indentation nor closures limit the depth of a program.
Each line of generated code does at most one thing that can fail, and the *line table* records its node; so places cost
nothing until an error occurs.

`unit.py` holds the functions being written and their captures, `scope.py` names, `expressions.py`, `calls.py`,
`lambdas.py` and `bindings.py` the translation, `program.py` the whole. Import the modules themselves: a warm start
needs only `compiled.py`.
"""
