"""Compare derivations, trees, files and collections of objects; the results are values, and nothing is printed.

`compare_objects` and `compare_contents` read a store; the rest works on values alone. Terms: a *cause* is a pair of
derivations that differ in themselves; a *label* names corresponding inputs; a *masked* text has labels in place of
inputs.
"""

from ..package_names import PackageName, split_name
from .aspects import Aspect, aspects, combined, exchanged
from .classes import classes
from .content import (
    ArchiveChange,
    BinaryChange,
    Content,
    ElfChange,
    HashChange,
    MemberChange,
    PackedChange,
    PartChange,
    TextChange,
    compare_bytes,
)
from .derivation_graph import Cause, GraphDifference, compare_graphs
from .derivations import (
    AttributeChange,
    InputChange,
    OwnDifference,
    SourceChange,
    attributes_of,
    compare_derivations,
)
from .files import FileChange, compare_manifests, without_parents
from .matching import Input, Matching, Pair, inputs_of, match, roles
from .objects import (
    ContentChange,
    ObjectDifference,
    compare_all_contents,
    compare_contents,
    compare_objects,
)
from .packages import (
    ClosureDifference,
    Package,
    PackageChange,
    VersionChange,
    compare_closures,
    compare_packages,
    packages_of,
    version_changes,
)
from .text import diff_lines, line_diff

__all__ = [
    "ArchiveChange",
    "Aspect",
    "AttributeChange",
    "BinaryChange",
    "Cause",
    "ClosureDifference",
    "Content",
    "ContentChange",
    "ElfChange",
    "FileChange",
    "GraphDifference",
    "HashChange",
    "Input",
    "InputChange",
    "Matching",
    "MemberChange",
    "ObjectDifference",
    "OwnDifference",
    "Package",
    "PackageChange",
    "PackageName",
    "PackedChange",
    "Pair",
    "PartChange",
    "SourceChange",
    "TextChange",
    "VersionChange",
    "aspects",
    "attributes_of",
    "classes",
    "combined",
    "compare_all_contents",
    "compare_bytes",
    "compare_closures",
    "compare_contents",
    "compare_derivations",
    "compare_graphs",
    "compare_manifests",
    "compare_objects",
    "compare_packages",
    "diff_lines",
    "exchanged",
    "inputs_of",
    "line_diff",
    "match",
    "packages_of",
    "roles",
    "split_name",
    "version_changes",
    "without_parents",
]
