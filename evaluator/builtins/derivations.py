"""`derivation` and what it needs."""

from __future__ import annotations

import sys

from ...native import native
from .. import session
from ..coerce import coerce_to_string
from ..errors import (
    FileUnavailable,
    InvalidDerivation,
    InvalidText,
    MissingAttribute,
    OutOfRange,
    note_context,
    readable,
)
from ..force import force, force_slot
from ..hashes import SIZES, Hash, parse_hash
from ..operators import expected
from ..storename import check
from ..values import MISSING, WHERE, ContextString, Slot, Value, names
from .arguments import attrs, boolean, items, plain_string, string, string_with_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from ...store.derivation import FixedOutput
    from ...store.path import StorePath


PLACE: Final = "__place"
"""An attribute of chx alone: a set whose attributes lie where errors of the build are to point. It is nothing to the build."""

_HIDDEN: Final = frozenset({"args", "rootfs", "__ignoreNulls", "__contentAddressed", "__impure", PLACE})


_SPECIAL: Final = _HIDDEN | {"outputHashMode", "outputs"}
_MODES: Final = {"flat": "flat", "recursive": "recursive", "nar": "recursive"}
"""Values of `outputHashMode`, and how the store names them."""
_SAID: Final = frozenset({"system", "outputHash", "outputHashAlgo", "outputHashMode"})
_CHECKS: Final = frozenset({"allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites",
                            "maxSize", "maxClosureSize"})  # fmt: skip


def derivation(argument: Slot) -> dict[str, Slot]:
    """`derivation attrs`: the set of a derivation; it is made when `drvPath` or `outPath` is needed."""
    given = attrs(argument)
    declared = given.get("outputs", MISSING)
    outputs = ("out",) if declared is MISSING else tuple(map(string, items(declared)))
    strict: list[Any] = [derivation_strict, given]
    base = {name: slot for name, slot in given.items() if name is not WHERE}
    by_name: dict[str, dict[str, Slot]] = {}
    for output in outputs:
        by_name.setdefault(output, {})
    every = tuple([by_name[output] for output in outputs])
    for output, result in by_name.items():
        result.update(base)
        result.update(by_name)
        result["all"] = [_all, every]
        result["drvAttrs"] = given
        result["outPath"] = [_field, (strict, output)]
        result["drvPath"] = [_field, (strict, "drvPath")]
        result["type"] = "derivation"
        result["outputName"] = output
    if not outputs:
        # Nix's message, whose `derivation` is written in the language.
        raise OutOfRange("'builtins.head' called on an empty list")
    return by_name[outputs[0]]


def _all(every: tuple[Slot, ...]) -> tuple[Slot, ...]:
    return every


def _field(argument: tuple[list[Any], str]) -> Value:
    strict, name = argument
    found = force(strict)
    if name not in found:
        raise MissingAttribute(name, names(found))
    return found[name]


def derivation_strict(argument: Slot) -> dict[str, Slot]:
    """`derivationStrict attrs`: instantiates; answers `drvPath` and the outputs."""
    given = attrs(argument)
    draft = Draft(given)
    try:
        return draft.instantiate()
    except Exception as error:
        what = f"the attribute '{readable(draft.attribute)}' of derivation" if draft.attribute else "derivation"
        which = f"{what} '{draft.name}'" if draft.name else "a derivation"
        note_context(error, f"while evaluating {which}", sys._getframe(), (given, draft.attribute or "name"))
        raise


def _name(slot: Slot) -> str:
    name = plain_string(slot)
    try:
        check(name)
    except FileUnavailable as error:
        raise InvalidDerivation(f"invalid derivation name: {error}. Please pass a different 'name'.") from None
    return name


_store: Any = None


def _load_store() -> Any:
    """The module of derivations, loaded when there is one."""
    global _store
    from ...store import derivation

    _store = derivation
    return derivation


_placeholders: dict[str, str] = {}
_parsed: dict[str, StorePath] = {}


def _store_path(text: str) -> StorePath:
    found = _parsed.get(text)
    if found is None:
        found = _parsed[text] = (_store or _load_store()).StorePath.parse(text)
    return found


@native
def fill(
    draft: Draft,
    given: dict[str, Slot],
    env: dict[str, str],
    context: set[tuple[str, ...]],
    special: frozenset[str],
    ignore_nulls: bool,
) -> None:
    """Process the attributes of a derivation in the order of their names; `draft.attribute` names the current one for errors."""
    for name in names(given):
        slot = given[name]
        draft.attribute = name
        if name in special:
            draft.put_special(name, slot, ignore_nulls)
            continue
        found = force_slot(slot)
        if type(found) is str:
            env[name] = found
        elif found is not None or not ignore_nulls:
            env[name] = draft.text(found)


@native
def all_ascii(texts: list[str], more: dict[str, str]) -> bool:
    """Whether texts, names and values are nothing but ASCII."""
    return all([text.isascii() for text in texts]) and all(
        [name.isascii() and text.isascii() for name, text in more.items()]
    )


class Draft:
    """A derivation being put together from attributes."""

    def __init__(self, given: dict[str, Slot]) -> None:
        self.name = ""
        self.given = given
        self.attribute = ""
        self.context: set[tuple[str, ...]] = set()
        self.env: dict[str, str] = {}
        self.args: list[str] = []
        self.outputs: tuple[str, ...] = ("out",)
        self.rootfs: tuple[str, ...] | None = None
        self.said: dict[str, str] = self.env
        """The attributes that hold `builder`, `system` and the hash."""

    def text(self, slot: Slot) -> str:
        """Return the environment-variable form of an attribute."""
        value = force(slot) if type(slot) is list else slot
        if type(value) is str:
            return value
        text, context = coerce_to_string(value, copy=True, more=True)
        if context:
            self.context |= context
        return text

    def instantiate(self) -> dict[str, Slot]:
        given = self.given
        if "name" not in given:
            raise MissingAttribute("name", names(given))
        self.name = _name(given["name"])
        ignore_nulls = self._flag("__ignoreNulls")
        self._refuse()
        if self._flag("__structuredAttrs"):
            self._structure(ignore_nulls)
            return self._finish()
        fill(self, given, self.env, self.context, _SPECIAL, ignore_nulls)
        self.attribute = ""
        return self._finish()

    def put_special(self, name: str, slot: Slot, ignore_nulls: bool) -> None:
        """Take an attribute that is no ordinary variable of the environment."""
        if ignore_nulls:
            slot = force_slot(slot)
            if slot is None:
                return
        if name == "args":
            self.args = [self.text(item) for item in items(slot)]
        elif name == "rootfs":
            self._set_rootfs(slot)
        elif name == "outputs":
            self._set_outputs(slot)
        elif name == "outputHashMode":
            self.env[name] = self.text(slot)
            self._set_mode(self.env[name])

    def _set_mode(self, mode: str) -> None:
        """Take `outputHashMode`, which Nix checks before it misses other attributes."""
        if mode == "text":
            what = f"(text-hashed derivation '{self.name}', outputHashMode = \"text\")"
            raise InvalidDerivation(
                f"experimental Nix feature 'dynamic-derivations' is disabled {what}; chx does not have it",
                hint="chx plans all that it builds before it builds: a derivation cannot be what another one gives",
            )
        if mode == "git":
            raise InvalidDerivation(
                "experimental Nix feature 'git-hashing' is disabled; chx does not have it",
                hint="outputHashMode is flat or recursive",
            )
        if mode not in _MODES:
            raise InvalidDerivation(f"invalid value '{readable(mode)}' for 'outputHashMode' attribute")

    def _flag(self, name: str) -> bool:
        slot = self.given.get(name, MISSING)
        return slot is not MISSING and boolean(force_slot(slot))

    def _structure(self, ignore_nulls: bool) -> None:
        """`__structuredAttrs`: all attributes as one JSON text, which the builder gets as a file."""
        from .. import jsontext

        self.said = {}
        written: list[str] = []
        for name in names(self.given):
            self.attribute = name
            slot = self.given[name]
            if name == "args":
                self.args = [self.text(item) for item in items(slot)]
            elif name == "rootfs":
                self._set_rootfs(slot)
            elif name not in _HIDDEN and name != "__structuredAttrs":
                found = force_slot(slot)
                if found is None and ignore_nulls:
                    continue
                text, context = jsontext.to_json(found, copy=True)
                self.context |= context
                written.append(f"{jsontext.quote(name)}:{text}")
                self._say(name, found)
        self.attribute = ""
        self.env["__json"] = f"{{{','.join(written)}}}"

    def _say(self, name: str, found: Value) -> None:
        """Process an attribute with a special meaning, or one without effect under structured attributes."""
        if name == "builder":
            text, context = string_with_context(found)
            self.said[name] = text
            self.context |= context
        elif name in _SAID:
            self.said[name] = plain_string(found)
            if name == "outputHashMode":
                self._set_mode(self.said[name])
        elif name == "outputs":
            self._name_outputs([plain_string(item) for item in items(found)])
        elif name in _CHECKS:
            session.world().warn(
                f"In a derivation named '{self.name}', 'structuredAttrs' disables the effect of the derivation attribute "
                f"'{name}'; use 'outputChecks.<output>.{name}' instead"
            )

    def _refuse(self) -> None:
        self._flag("__contentAddressed")
        if self._flag("__impure"):
            raise InvalidDerivation(
                "experimental Nix feature 'impure-derivations' is disabled; chx does not have it",
                hint="what chx builds is kept for what it was built from, and would not be built again each time",
            )

    def _set_outputs(self, slot: Slot) -> None:
        value = force_slot(slot)
        text = self.env["outputs"] = self.text(value)
        self._name_outputs(text.split())

    def _name_outputs(self, outputs: list[str]) -> None:
        seen: set[str] = set()
        for output in outputs:
            if output in seen:
                raise InvalidDerivation(f"duplicate derivation output '{readable(output)}'")
            if output == "drvPath":
                raise InvalidDerivation("invalid derivation output name 'drvPath'")
            check(output)
            seen.add(output)
        if not outputs:
            raise InvalidDerivation("derivation cannot have an empty set of outputs")
        self.outputs = tuple(outputs)

    def _set_rootfs(self, slot: Slot) -> None:
        value = force_slot(slot)
        if value is None:
            return
        if type(value) is not tuple:
            raise expected("a list", value)
        self.rootfs = tuple([self.text(item) for item in value])

    def _finish(self) -> dict[str, Slot]:
        store = _store or _load_store()
        builder = self.said.get("builder")
        system = self.said.get("system")
        if not builder:
            raise InvalidDerivation("required attribute 'builder' missing")
        if not system:
            raise InvalidDerivation("required attribute 'system' missing")
        if self.name.endswith(".drv"):
            raise InvalidDerivation(
                "derivation names are allowed to end in '.drv' only if they produce a single derivation file"
            )
        fixed = self._fixed()
        if "__json" in self.env and self.said is self.env:
            self._check_json()
        for output in self.outputs:
            text = _placeholders.get(output)
            if text is None:
                text = _placeholders[output] = store.output_placeholder(_unicode(output))
            self.env[output] = text
        input_drvs, input_srcs = self._inputs()
        env, args = self.env, tuple(self.args)
        if not all_ascii(self.args, env):
            args = tuple(map(_unicode, args))
            env = {_unicode(name): _unicode(text) for name, text in env.items()}
        # Not by its constructor, which sees to names and defaults of fields.
        derivation = tuple.__new__(
            store.Derivation,
            (
                self.name,
                _unicode(system),
                _unicode(builder),
                args,
                env,
                tuple(map(_unicode, self.outputs)),
                fixed,
                input_drvs,
                input_srcs,
                None if self.rootfs is None else tuple(map(_unicode, self.rootfs)),
            ),
        )
        path = session.world().write_derivation(derivation)
        text = str(path)
        session.evaluator().instantiated.setdefault(text, self.given)
        result: dict[str, Slot] = {"drvPath": ContextString(text, frozenset((("drv", text),)))}
        for output in self.outputs:
            result[output] = ContextString(
                store.upstream_placeholder(path, _unicode(output)), frozenset((("output", text, output),))
            )
        return result

    def _check_json(self) -> None:
        """Legacy structured attributes: a JSON string in `__json`."""
        from ..jsontext import from_json

        session.world().warn(
            f"In derivation '{self.name}': setting structured attributes via '__json' is deprecated, and may be disallowed "
            "in future versions of Nix. Set '__structuredAttrs = true' instead."
        )
        try:
            from_json(self.env["__json"])
        except InvalidText as error:
            raise InvalidDerivation(f"cannot process __json attribute: {error.message}") from None

    def _fixed(self) -> FixedOutput | None:
        text = self.said.get("outputHash")
        if text is None:
            return None
        self.attribute = "outputs"
        if self.outputs != ("out",):
            raise InvalidDerivation("multiple outputs are not supported in fixed-output derivations")
        self.attribute = "outputHash"
        algorithm = self.said.get("outputHashAlgo")
        try:
            found = parse_hash(text, algorithm if algorithm in SIZES else None) if text else _empty_hash(algorithm)
        except InvalidText as error:
            raise InvalidDerivation(error.message) from None
        self.attribute = ""
        algorithm_name: Any = found.algorithm
        chosen: Any = _MODES[self.said.get("outputHashMode", "flat")]
        made: FixedOutput = (_store or _load_store()).FixedOutput(algorithm_name, found.digest, chosen)
        return made

    def _inputs(self) -> tuple[dict[StorePath, tuple[str, ...]], tuple[StorePath, ...]]:
        if not self.context:
            return {}, ()
        drvs: dict[str, list[str]] = {}
        sources: set[str] = set()
        for element in self.context:
            if element[0] == "output":
                drvs.setdefault(element[1], []).append(_unicode(element[2]))
            else:
                # A derivation file is an input like any other; its own inputs are in its references.
                sources.add(element[1])
        return (
            {_store_path(path): tuple(sorted(outputs)) for path, outputs in sorted(drvs.items())},
            tuple(map(_store_path, sorted(sources))),
        )


def _empty_hash(algorithm: str | None) -> Hash:
    """Return a placeholder for an unknown hash, which the build will report."""
    if algorithm not in SIZES:
        raise InvalidText("empty hash requires explicit hash algorithm")
    assert algorithm is not None
    found = Hash(algorithm, bytes(SIZES[algorithm]))
    session.world().warn(f"found empty hash, assuming '{found.text('sri')}'")
    return found


def _unicode(text: str) -> str:
    """A byte string as the store holds texts: UTF-8, other bytes as surrogate escapes."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def placeholder(argument: Slot) -> str:
    """`placeholder output`."""
    from ...store.derivation import output_placeholder

    return output_placeholder(_unicode(plain_string(argument)))
