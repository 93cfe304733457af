"""The builtins, one module per theme; `registry.py` lists them all.

A builtin is a Python function of slots that answers a value. It forces what it needs, in the order
in which Nix does.
"""
