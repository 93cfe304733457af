"""Builtins on strings."""

from __future__ import annotations

from ..coerce import coerce_to_string
from ..context import EMPTY
from ..errors import InvalidText, OutOfRange
from ..values import ContextString, Slot, Value, make_string
from .arguments import integer, items, plain_string, string, string_with_context, value


def to_string(argument: Slot) -> Value:
    """`toString x`."""
    found = value(argument)
    kind = type(found)
    if kind is str:
        return found
    if kind is int:
        return str(found)
    text, context = coerce_to_string(found, copy=False, more=True)
    return make_string(text, context)


def string_length(argument: Slot) -> int:
    """`stringLength s`, in bytes."""
    return len(coerce_to_string(value(argument), copy=True)[0])


def substring(start: Slot, length: Slot, argument: Slot) -> Value:
    """`substring start length s`; a negative length means the rest."""
    begin = integer(start)
    if begin < 0:
        raise OutOfRange("negative start position in 'substring'")
    count = integer(length)
    if count == 0:
        # Nix keeps the context of a string even if the result is empty.
        found = value(argument)
        if type(found) is str or type(found) is ContextString:
            return make_string("", getattr(found, "context", EMPTY))
    text, context = coerce_to_string(value(argument), copy=True)
    return make_string(text[begin:] if count < 0 else text[begin : begin + count], context)


def concat_strings_sep(separator: Slot, argument: Slot) -> Value:
    """`concatStringsSep sep list`."""
    between, context = string_with_context(separator)
    texts: list[str] = []
    for slot in items(argument):
        found = value(slot)
        if type(found) is str:
            texts.append(found)
        else:
            text, more = coerce_to_string(found, copy=True)
            texts.append(text)
            context |= more
    return make_string(between.join(texts), context)


def replace_strings(froms: Slot, tos: Slot, argument: Slot) -> Value:
    """`replaceStrings from to s`: at each place the first that fits; an empty one fits everywhere."""
    sources = items(froms)
    targets = items(tos)
    if len(sources) != len(targets):
        raise InvalidText("'from' and 'to' arguments passed to builtins.replaceStrings have different lengths")
    patterns = [string(slot) for slot in sources]
    text, context = string_with_context(argument)
    replacements: dict[int, str] = {}

    def replacement(index: int) -> str:
        nonlocal context
        if index not in replacements:
            new, more = string_with_context(targets[index])
            replacements[index] = new
            context |= more
        return replacements[index]

    if "" not in patterns:
        return make_string(_replace_texts(text, patterns, replacement), context)
    result: list[str] = []
    at = 0
    while at <= len(text):
        for index, pattern in enumerate(patterns):
            if text.startswith(pattern, at):
                result.append(replacement(index))
                if pattern:
                    at += len(pattern)
                else:
                    result.append(text[at : at + 1])
                    at += 1
                break
        else:
            result.append(text[at : at + 1])
            at += 1
    return make_string("".join(result), context)


def _replace_texts(text: str, patterns: list[str], replacement: object) -> str:
    """Replace non-empty patterns: jump from one match to the next."""
    assert callable(replacement)
    if len(patterns) == 1:
        pattern = patterns[0]
        return text.replace(pattern, replacement(0)) if pattern in text else text
    result: list[str] = []
    at = 0
    nexts = [text.find(pattern) for pattern in patterns]
    while True:
        best = -1
        for index, found in enumerate(nexts):
            if 0 <= found < at:
                found = nexts[index] = text.find(patterns[index], at)
            if found >= 0 and (best < 0 or found < nexts[best]):
                best = index
        if best < 0:
            result.append(text[at:])
            return "".join(result)
        result.append(text[at : nexts[best]])
        result.append(replacement(best))
        at = nexts[best] + len(patterns[best])


def match(pattern: Slot, argument: Slot) -> Value:
    """`match regex s`: the groups if the whole string matches, else null."""
    from ..regex import compiled

    expression = compiled(plain_string(pattern))
    found = expression.fullmatch(string(argument))
    return None if found is None else tuple(found.groups())


def split(pattern: Slot, argument: Slot) -> tuple[Slot, ...]:
    """`split regex s`: texts between matches, and lists of groups; context is dropped."""
    from ..regex import compiled

    expression = compiled(plain_string(pattern))
    text = string(argument)
    result: list[Slot] = []
    at = 0
    for found in expression.finditer(text):
        result.append(text[at : found.start()])
        result.append(tuple(found.groups()))
        at = found.end()
    result.append(text[at:])
    return tuple(result)
