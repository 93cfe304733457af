"""Find the arguments that a function forces before anything else.

The caller may evaluate such an argument without a thunk: the observable order of evaluation stays the same. Nothing
more is claimed; a parameter forced later, or only on one branch, does not count.
"""

from __future__ import annotations

from ...lang import nodes

_ARITHMETIC = frozenset({"+", "-", "*", "/", "==", "!=", "<", ">=", "++"})
_REVERSED = frozenset({">", "<="})


def forces_first(body: nodes.Expr, parameters: list[str]) -> list[str]:
    """Return the parameters that `body` forces first, in that order."""
    found: list[str] = []
    _walk(body, frozenset(parameters), found)
    return found


def _walk(node: nodes.Expr, parameters: frozenset[str], found: list[str]) -> bool:
    """Collect parameters; return True if evaluating `node` does nothing but force those collected."""
    if isinstance(node, nodes.Var):
        if node.name not in parameters:
            return False
        if node.name not in found:
            found.append(node.name)
        return True
    if isinstance(node, (nodes.Int, nodes.Float)):
        return True
    if isinstance(node, nodes.Str):
        for part in node.parts:
            if not isinstance(part, str):
                # Coercion follows, so nothing after the first part is certain.
                _walk(part, parameters, found)
                return False
        return True
    if isinstance(node, nodes.Binary):
        if node.operator in _ARITHMETIC:
            if _walk(node.left, parameters, found):
                _walk(node.right, parameters, found)
        elif node.operator in _REVERSED:
            if _walk(node.right, parameters, found):
                _walk(node.left, parameters, found)
        else:
            _walk(node.right if node.operator == "//" else node.left, parameters, found)
    elif isinstance(node, (nodes.If, nodes.Assert)):
        _walk(node.condition, parameters, found)
    elif isinstance(node, nodes.Unary):
        _walk(node.operand, parameters, found)
    elif isinstance(node, (nodes.Select, nodes.HasAttr)):
        _walk(node.subject, parameters, found)
    elif isinstance(node, nodes.Apply):
        _walk(node.function, parameters, found)
    return False
