"""Turn freshly built trees into objects: compute names, settle references, rewrite hashes.

An output's name depends on its content; its content contains its own name and those of sibling outputs that it refers
to. So outputs are settled in the order of their references to each other. In each, the scratch hashes of the others are
replaced, then it is hashed with `SELF` for its own, and then its own is replaced.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .address import object_path
from .closure import Cycle, dependencies_first
from .errors import OutputCycle
from .manifest import Manifest
from .refscan import Scanner
from .rewrite import Rewriter, refuse_literal
from .scratch import SELF
from .tree import TreeWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .digest import Digest
    from .path import StorePath
    from .records import OutputDraft


class Settled(NamedTuple):
    """A tree at `root`, ready to be moved to its store path.

    The files `own` contain the scratch hash until `complete` has been applied.
    """

    output: str
    root: bytes
    path: StorePath
    tree_digest: Digest
    references: tuple[StorePath, ...]
    self_reference: bool
    manifest: Manifest
    scratch: str = ""
    own: frozenset[str] = frozenset()


def complete(item: Settled) -> Settled:
    """Replace the scratch hash by the object's own hash."""
    if not item.own:
        return item
    entries = Rewriter(item.scratch, item.path.hash).tree(item.root, list(item.manifest), item.own)
    return item._replace(manifest=Manifest(tuple(entries)), own=frozenset())


def settle_outputs(
    drafts: Sequence[OutputDraft], candidates: Mapping[str, StorePath], is_valid: Callable[[StorePath], bool]
) -> list[Settled]:
    """Bring the drafts of one derivation into final form, in the order in which they can be registered.

    `candidates` are the paths that may be referred to, by hash part. If an object is
    valid already its draft is not completed, since it is hardly going to be needed.
    """
    scratches = {draft.scratch: draft for draft in drafts}
    tracked = {*scratches, SELF}
    scanner = Scanner(candidates, tracked)
    walks = {}
    for draft in drafts:
        walk = TreeWalk(os.fsencode(draft.source), scanner, tracked=tracked, normalise=True, output=draft.output)
        walk.run()
        if SELF not in scratches:
            refuse_literal(draft.output, walk.where)
        walks[draft.output] = walk

    settled: dict[str, Settled] = {}
    for output in _order(drafts, walks, scratches):
        draft = next(draft for draft in drafts if draft.output == output)
        others = {
            scratch: settled[other.output].path for scratch, other in scratches.items() if other.output in settled
        }
        settled[output] = _settle(draft, walks[output], candidates, others, is_valid)
    return list(settled.values())


def _order(
    drafts: Sequence[OutputDraft], walks: Mapping[str, TreeWalk], scratches: Mapping[str, OutputDraft]
) -> list[str]:
    references = {
        output: sorted({scratches[s].output for found in walk.where.values() for s in found if s in scratches})
        for output, walk in walks.items()
    }
    try:
        return dependencies_first(sorted(references), references)
    except Cycle as cycle:
        ring = tuple(map(str, cycle.nodes))
        by_output = {draft.output: draft.scratch for draft in drafts}
        files = []
        for output, following in zip(ring, (*ring[1:], ring[0])):
            path = min(path for path, found in walks[output].where.items() if by_output[following] in found)
            files.append(f"{output}:/{path}")
        raise OutputCycle(ring, tuple(files)) from None


def _settle(
    draft: OutputDraft,
    walk: TreeWalk,
    candidates: Mapping[str, StorePath],
    others: Mapping[str, StorePath],
    is_valid: Callable[[StorePath], bool],
) -> Settled:
    root, entries = walk.root, walk.entries
    where = walk.where
    references = {candidates[found] for found in walk.found if found in candidates}
    for scratch, other in others.items():
        paths = {path for path, found in where.items() if scratch in found}
        if paths:
            references.add(other)
            rewriter = Rewriter(scratch, other.hash)
            entries = rewriter.tree(root, entries, paths)
            where = {rewriter.text(path): found for path, found in where.items()}

    own = {path for path, found in where.items() if draft.scratch in found}
    hashed = entries
    if own and draft.scratch != SELF:
        hashed = Rewriter(draft.scratch, SELF).as_if(root, entries, own)
    digest = Manifest(tuple(hashed)).tree_digest
    path = object_path(digest, draft.name, references, self_reference=bool(own))
    manifest = Manifest(tuple(entries))
    chosen = tuple(sorted(references))
    settled = Settled(draft.output, root, path, digest, chosen, bool(own), manifest, draft.scratch, frozenset(own))
    return settled if own and is_valid(path) else complete(settled)
