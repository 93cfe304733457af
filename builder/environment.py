"""The environment variables of a build.

Expressions expect those of Nix, so names and precedence are Nix's: defaults, then the derivation's own variables, then
those that describe the sandbox.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..store.path import STORE_DIR
from .errors import BadAttribute, EnvironmentTooLarge
from .sandbox import BUILD_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store.derivation import Derivation

_LONGEST = 131072 - 1  # MAX_ARG_STRLEN of Linux, with the final NUL

# The first moment that a zip archive can hold. The store's own time, one second after the epoch, makes
# every tool that writes zip files or wheels fail.
SOURCE_DATE_EPOCH = "315532800"


class Prepared(NamedTuple):
    """Variables, and files to be written to the build directory under their names."""

    variables: dict[str, str]
    files: dict[str, bytes]


_GRAPH: Final = "exportReferencesGraph"
_NO_GRAPH: Final = "chx does not support it: no build gets a list of the closure of its inputs"


def build_environment(
    derivation: Derivation, outputs: Mapping[str, str], cores: int, host: Mapping[str, str] | None = None
) -> Prepared:
    """Return the variables of the builder of `derivation`, whose own placeholders are replaced.

    `outputs` are the paths to write to. `host` is the environment outside; a fixed-output derivation gets the variables
    of it that its `impureEnvVars` names, and no other derivation gets any. Raises `EnvironmentTooLarge`,
    `BadAttribute`.
    """
    own = dict(derivation.env)
    files: dict[str, bytes] = {}
    for name in own.get("passAsFile", "").split():
        value = own.pop(name, None)
        if value is not None:
            file = f".attr-{name}" if name.replace("_", "").isalnum() else f".attr-{len(files)}"
            files[file] = os.fsencode(value)
            own[f"{name}Path"] = f"{BUILD_DIRECTORY}/{file}"
    variables = {
        "PATH": "/path-not-set" if derivation.rootfs is None else "/usr/bin:/bin",
        "HOME": "/homeless-shelter",
        "NIX_STORE": STORE_DIR,
        "NIX_BUILD_CORES": str(cores),
        "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
    }
    own.pop("__json", None)
    attributes = structured(derivation)
    if (own if attributes is None else attributes).get(_GRAPH):
        raise BadAttribute(derivation.builder, _GRAPH, _NO_GRAPH)
    if attributes is None:
        variables |= own
        variables |= outputs
    else:
        try:
            files |= _structured_files(attributes, outputs)
        except UnicodeEncodeError as error:
            raise BadAttribute(derivation.builder, "__json", "it holds half a character") from error
        variables["NIX_ATTRS_JSON_FILE"] = f"{BUILD_DIRECTORY}/.attrs.json"
        variables["NIX_ATTRS_SH_FILE"] = f"{BUILD_DIRECTORY}/.attrs.sh"
    variables |= dict.fromkeys(("NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"), BUILD_DIRECTORY)
    variables |= {"NIX_LOG_FD": "2", "TERM": "xterm-256color"}
    if derivation.fixed is not None and host is not None:
        for name in words_of(derivation, "impureEnvVars"):
            variables[name] = host.get(name, "")
    _check_sizes(derivation, variables)
    return Prepared(variables, files)


def structured(derivation: Derivation) -> dict[str, Any] | None:
    """Return the attributes of a derivation with `__structuredAttrs`; None for any other."""
    text = derivation.env.get("__json")
    if text is None:
        return None
    from ..store.foreign import Unreadable, parse_json

    try:
        found = parse_json(text)
    except Unreadable as error:
        raise BadAttribute(derivation.builder, "__json", f"it is no JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def words_of(derivation: Derivation, name: str) -> list[str]:
    """Return an attribute with a list of words: a text of words, or a list if attributes are structured."""
    attributes = structured(derivation)
    if attributes is None:
        return derivation.env.get(name, "").split()
    given = attributes.get(name, [])
    return [word for word in given if isinstance(word, str)] if isinstance(given, list) else []


def _check_sizes(derivation: Derivation, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if len(value) + len(name) > _LONGEST // 4:
            size = len(os.fsencode(value)) + len(os.fsencode(name)) + 1
            if size > _LONGEST:
                raise EnvironmentTooLarge(name, size, "attribute" if name in derivation.env else "host")
    for number, argument in enumerate(derivation.args):
        if len(argument) > _LONGEST // 4 and len(os.fsencode(argument)) > _LONGEST:
            raise EnvironmentTooLarge(f"argument {number + 1}", len(os.fsencode(argument)), "argument")


def _structured_files(attributes: dict[str, Any], outputs: Mapping[str, str]) -> dict[str, bytes]:
    """`__structuredAttrs`: the attributes as JSON, and as shell variables for bash; byte for byte as Nix writes them."""
    import json

    attributes["outputs"] = dict(outputs)
    lines: list[str] = []
    for name, value in sorted(attributes.items()):
        if name.replace("_", "a").isalnum() and not name[0].isdigit():
            declared = _declaration(name, value)
            if declared is not None:
                lines.append(declared)
    shell = "".join(line + "\n" for line in lines)
    return {
        ".attrs.json": os.fsencode(json.dumps(attributes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))),
        ".attrs.sh": os.fsencode(shell),
    }


def _declaration(name: str, value: object) -> str | None:
    if isinstance(value, list):
        words = [_word(item) for item in value]
        return None if None in words else f"declare -a {name}=({''.join([f'{word} ' for word in words])})"
    if isinstance(value, dict):
        pairs = [(key, _word(item)) for key, item in sorted(value.items())]
        if any(word is None for _, word in pairs):
            return None
        return f"declare -A {name}=({''.join([f'[{_quoted(key)}]={word} ' for key, word in pairs])})"
    word = _word(value)
    return None if word is None else f"declare {name}={word}"


def _word(value: object) -> str | None:
    match value:
        case str():
            return _quoted(value)
        case bool():
            return "1" if value else ""
        case None:
            return "''"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
