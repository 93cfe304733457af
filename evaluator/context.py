"""String contexts: what a string refers to.

| element                  | means                                             | as Nix writes it |
|--------------------------|---------------------------------------------------|------------------|
| `("path", p)`            | the store object `p`                              | `p`              |
| `("drv", p)`             | the derivation `p` and all it was made from       | `=p`             |
| `("output", p, name)`    | an output of the derivation `p`                   | `!name!p`        |
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TypeAlias


Element: TypeAlias = tuple[str, ...]
Context: TypeAlias = frozenset[Element]

EMPTY: Final[Context] = frozenset()


def show_element(element: Element) -> str:
    """Return an element for an error message."""
    if element[0] == "drv":
        return f"{element[1]} (deep)"
    if element[0] == "output":
        return f"{element[1]}^{element[2]}"
    return element[1]
