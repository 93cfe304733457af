"""Checks that a derivation declares for its outputs, as in Nix.

`allowedReferences` and `disallowedReferences` limit direct references, `allowedRequisites` and
`disallowedRequisites` the closure. Each lists store paths or names of the derivation's own outputs.
Structured attributes have rules per output, `outputChecks.<output>.<rule>`, and two more: `maxSize` and
`maxClosureSize`, in bytes of NARs. There an output is one of its own requisites unless `ignoreSelfRefs` is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..store.derivation import output_object_name
from ..store.scratch import scratch_path
from .environment import structured
from .errors import OutputTooLarge, ReferenceRefused
from .nar import nar_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store.derivation import Derivation
    from ..store.path import StorePath
    from ..store.store import Store

_RULES: Final = ("allowedReferences", "disallowedReferences", "allowedRequisites", "disallowedRequisites")


def check_outputs(store: Store, derivation: Derivation, outputs: Mapping[str, StorePath]) -> None:
    """Raise `ReferenceRefused` or `OutputTooLarge` if an output breaks a rule of `derivation`.

    `derivation` is resolved, with its own placeholders replaced.
    """
    for output, path in outputs.items():
        rules = _rules_for(derivation, output)
        for rule in _RULES:
            if rule in rules:
                named = {_meaning(word, derivation, outputs) for word in rules[rule]}
                _check_references(store, output, path, rule, named, bool(rules.get("ignoreSelfRefs")))
        for rule, closure in (("maxSize", [path]), ("maxClosureSize", None)):
            limit = rules.get(rule)
            if isinstance(limit, int):
                measured = store.closure([path]) if closure is None else closure
                size = sum([nar_size(store.physical(one)) for one in measured])
                if size > limit:
                    raise OutputTooLarge(output, rule, size, limit)


def _rules_for(derivation: Derivation, output: str) -> dict[str, Any]:
    """Return the rules of an output: lists of words, numbers of bytes, `ignoreSelfRefs`."""
    attributes = structured(derivation)
    if attributes is None:
        rules: dict[str, Any] = {rule: derivation.env[rule].split() for rule in _RULES if rule in derivation.env}
        return {**rules, "ignoreSelfRefs": True}
    checks = attributes.get("outputChecks")
    found = checks.get(output) if isinstance(checks, dict) else None
    return found if isinstance(found, dict) else {}


def _check_references(
    store: Store, output: str, path: StorePath, rule: str, named: set[str], ignores_itself: bool
) -> None:
    direct = rule.endswith("References")
    found = set(store.info(path).references if direct else store.closure([path]))
    if not direct and ignores_itself:
        found.discard(path)
    if rule.startswith("allowed"):
        bad = {str(reference) for reference in found} - named
    else:
        bad = {str(reference) for reference in found} & named
    if bad:
        raise ReferenceRefused(output, rule, tuple(sorted(bad)))


def _meaning(word: str, derivation: Derivation, outputs: Mapping[str, StorePath]) -> str:
    if word in outputs:
        return str(outputs[word])
    for output, path in outputs.items():
        if word == scratch_path(output, output_object_name(derivation.name, output)):
            return str(path)
    return word
