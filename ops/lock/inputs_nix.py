"""Generate the expression of the argument `inputs` from a lock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .trees import target_of

if TYPE_CHECKING:
    from .document import LockedInput

_HEAD = """\
let
  input = object: about: inputs:
    let
      outPath = builtins.storePath object;
      value = import outPath;
    in
    about // {
      inherit inputs outPath;
      outputs =
        if builtins.isFunction value
        then value (builtins.intersectAttrs (builtins.functionArgs value) { inherit inputs; })
        else value;
    };
"""


def inputs_expression(inputs: Mapping[str, LockedInput]) -> str:
    """Return an expression whose value is the argument `inputs`, as a byte string. Raises `LockError`."""
    trees = sorted(name for name, item in inputs.items() if item.object is not None)
    numbers = {name: number for number, name in enumerate(trees)}

    def those_of(prefix: str) -> str:
        pairs = [
            f"{_string(name[len(prefix) :])} = i{numbers[target_of(inputs, name)]};"
            for name in sorted(inputs)
            if name.startswith(prefix) and "/" not in name[len(prefix) :]
        ]
        return "{ " + "".join(pair + " " for pair in pairs) + "}"

    lines = []
    for name in trees:
        item = inputs[name]
        about = f"hash = {_string(item.hash)};"
        if item.revision is not None:
            about += f" revision = {_string(item.revision)};"
        lines.append(f'  i{numbers[name]} = input "{item.object}" {{ {about} }} {those_of(name + "/")};\n')
    return f"{_HEAD}{''.join(lines)}in\n{those_of('')}\n"


def _string(text: str) -> str:
    return json.dumps(text).replace("${", "\\${")
