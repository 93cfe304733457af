"""chx: a functional derivation evaluator and bootstrap prover.

The rooms: `lang` (text to tree), `evaluator` (tree to derivations), `store`
(immutable objects by content), `builder` (derivation to outputs), `arch`
(target profiles), `cli` (the commands). This module stays empty of imports:
start-up time is a feature.
"""

__version__ = "0.1.0"
