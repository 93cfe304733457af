"""Well-scoped expressions, made at random: what they give is for an evaluator to say."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d")
BINARY = ("+", "-", "*", "/", "++", "//", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "->")
ATOMS = (
    "0", "1", "2", "(-3)", "1.5", "0.5", "true", "false", "null", '"x"', '"y z"', '""', "[ ]", "{ }", "/a/b",
    "9223372036854775807", "''\n  i\n   j\n''",
)  # fmt: skip
ONE = (
    "length", "head", "tail", "attrNames", "attrValues", "isAttrs", "isList", "isString", "isInt", "isFloat", "isBool",
    "isNull", "isFunction", "isPath", "typeOf", "toString", "toJSON", "stringLength", "concatLists", "listToAttrs",
    "functionArgs", "tryEval", "ceil", "floor", "splitVersion", "parseDrvName", "fromJSON", "toXML",
)  # fmt: skip
TWO = (
    "map", "filter", "all", "any", "elem", "elemAt", "concatMap", "concatStringsSep", "hasAttr", "getAttr", "catAttrs",
    "intersectAttrs", "removeAttrs", "mapAttrs", "seq", "deepSeq", "lessThan", "add", "sub", "mul", "div", "bitAnd",
    "bitOr", "bitXor", "sort", "partition", "groupBy", "compareVersions", "split", "match", "genList", "zipAttrsWith",
    "trace",
)  # fmt: skip


@st.composite
def _expressions(draw: st.DrawFn, scope: tuple[str, ...], depth: int) -> str:
    def inner(*names: str) -> str:
        bound = tuple(dict.fromkeys((*scope, *names)))
        return draw(_expressions(bound, depth - 1))

    name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
    kind = draw(st.integers(0, 25)) if depth > 0 else 0
    match kind:
        case 0 | 1:
            return draw(st.sampled_from(ATOMS if not scope else (*ATOMS[:8], *scope, *scope)))
        case 2 | 3 | 4:
            return f"({inner()} {draw(st.sampled_from(BINARY))} {inner()})"
        case 5:
            return f"[ {' '.join(f'({inner()})' for _ in range(draw(st.integers(0, 3))))} ]"
        case 6:
            return f"{{ {name} = {inner()}; {other}{name} = {inner()}; }}"
        case 7:
            return f"rec {{ {name} = {inner(name, 'e')}; e = {inner(name, 'e')}; }}"
        case 8:
            return f"(let {name} = {inner(name)}; f = {inner(name)}; in {inner(name, 'f')})"
        case 9:
            return f"({name}: {inner(name)})"
        case 10:
            return f"({{ {name} ? {inner(name)}, ... }}@g: {inner(name, 'g')})"
        case 11 | 12:
            return f"(({inner()}) ({inner()}))"
        case 13:
            return f"(if {inner()} then {inner()} else {inner()})"
        case 14:
            return f"(assert {inner()}; {inner()})"
        case 15:
            return f"({inner()}).{name}"
        case 16:
            return f"(({inner()}).{name}.{other} or ({inner()}))"
        case 17:
            return f"(({inner()}) ? {name})"
        case 18:
            return f'"p${{{inner()}}}${{{inner()}}}q"'
        case 19:
            return f"(with {inner()}; {inner()})"
        case 20 | 21:
            return f"(builtins.{draw(st.sampled_from(ONE))} ({inner()}))"
        case 22 | 23:
            return f"(builtins.{draw(st.sampled_from(TWO))} ({inner()}) ({inner()}))"
        case 24:
            return f'(builtins.trace "{draw(st.integers(0, 99))}" ({inner()}))'
        case _:
            return f"(builtins.foldl' ({name}: {other}{other}: {inner(name, other * 2)}) ({inner()}) ({inner()}))"


def expressions(depth: int = 4) -> st.SearchStrategy[str]:
    """Expressions without free variables."""
    return _expressions((), depth)
