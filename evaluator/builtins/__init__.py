"""The builtins, one module per theme; `registry.py` lists them all.

A builtin is a Python function that takes slots and returns a value. It forces what it needs, in the order of Nix.
"""
