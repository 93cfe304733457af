"""Orders in graphs of references."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeVar

    Node = TypeVar("Node")


class Cycle(Exception):
    """`nodes` form a cycle: each refers to the next and the last to the first."""

    def __init__(self, nodes: list[object]) -> None:
        self.nodes = nodes


def dependencies_first(roots: Iterable[Node], references: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """Return all nodes reachable from `roots`, dependencies first.

    The order follows from the orders of `roots` and `references` alone. A node that
    refers to itself is no cycle; others raise `Cycle`.
    """
    result: list[Node] = []
    done: set[Node] = set()
    open_nodes: dict[Node, None] = {}
    for root in roots:
        if root in done:
            continue
        open_nodes[root] = None
        stack = [(root, iter(references.get(root, ())))]
        while stack:
            node, rest = stack[-1]
            for reference in rest:
                if reference in done or reference == node:
                    continue
                if reference in open_nodes:
                    ring = list(open_nodes)
                    raise Cycle(list(ring[ring.index(reference) :]))
                open_nodes[reference] = None
                stack.append((reference, iter(references.get(reference, ()))))
                break
            else:
                stack.pop()
                del open_nodes[node]
                done.add(node)
                result.append(node)
    return result
