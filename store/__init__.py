"""The store: immutable objects by content, and their metadata.

Terms: a *store object* is a *tree* (directory, file or symbolic link) under a name that follows from its content, its
*store path*. Its *manifest* lists the tree file by file. *References* are the objects whose hash parts occur in it,
*referrers* the inverse, the *closure* is everything reachable by references. An object is *valid* if it is registered.
A *derivation* describes a build; a *realisation* is a row of the *build trace*: an output of a *resolved derivation*.
*GC roots* are links that keep objects alive.

Names are loaded on first use: much code that uses store paths never opens a store.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .address import file_path, object_path
    from .collection import Collected, Dead, GcPlan, Policy, Root, StillUsed, find_roots, plan_gc
    from .derivation import (
        DIGEST_SIZES,
        Derivation,
        FixedOutput,
        HashAlgorithm,
        InvalidDerivation,
        output_object_name,
        output_placeholder,
        upstream_placeholder,
    )
    from .digest import BASE32_ALPHABET, Digest, base32_decode, base32_encode
    from .errors import (
        DamagedDatabase,
        DamagedRow,
        DatabaseFailure,
        ForeignScratch,
        InvalidHome,
        InvalidManifest,
        MissingFolder,
        NotValid,
        OutputCycle,
        PartialScratch,
        ReadOnlyHome,
        StoreError,
        StoreIO,
        TooDeep,
        UnsupportedFile,
    )
    from .following import BadLink, Followed, Follower, LinkOutOfStore, LinkToUnreferenced, references_reach
    from .keys import InvalidKey, Signer
    from .ledger import Fault, SignedRow, UnsoundLedger
    from .linking import disk_usage
    from .loss import Adopted, RowsLost, adopt, lost_objects, survey
    from .manifest import Entry, Kind, Manifest
    from .mending import LedgerRepair, mend_ledger
    from .path import HASH_LENGTH, STORE_DIR, InvalidStorePath, StorePath, check_name
    from .rebuild import Rebuilt, rebuild
    from .records import ObjectInfo, OutputDraft, Realisation
    from .removal import remove_tree, weight
    from .roots import LinkInTheWay
    from .rows import RowFault, check_rows, mend_object, mend_rows, neighbours, registered, report
    from .scratch import scratch_hash, scratch_path
    from .sharing import SharingPlan, plan_sharing
    from .store import Store
    from .transaction import Transaction
    from .tree import scan_tree
    from .verify import Problem
    from .witness import Witness

_ORIGINS = {
    "address": "file_path object_path",
    "collection": "Collected Dead GcPlan Policy Root StillUsed find_roots plan_gc",
    "derivation": "DIGEST_SIZES Derivation FixedOutput HashAlgorithm InvalidDerivation output_object_name"
    " output_placeholder upstream_placeholder",
    "digest": "BASE32_ALPHABET Digest base32_decode base32_encode",
    "errors": "DamagedDatabase DamagedRow DatabaseFailure ForeignScratch InvalidHome InvalidManifest MissingFolder NotValid"
    " OutputCycle PartialScratch ReadOnlyHome StoreError StoreIO TooDeep UnsupportedFile",
    "following": "BadLink Followed Follower LinkOutOfStore LinkToUnreferenced references_reach",
    "keys": "InvalidKey Signer",
    "ledger": "Fault SignedRow UnsoundLedger",
    "linking": "disk_usage",
    "loss": "Adopted RowsLost adopt lost_objects survey",
    "manifest": "Entry Kind Manifest",
    "mending": "LedgerRepair mend_ledger",
    "path": "HASH_LENGTH STORE_DIR InvalidStorePath StorePath check_name",
    "rebuild": "Rebuilt rebuild",
    "records": "ObjectInfo OutputDraft Realisation",
    "removal": "remove_tree weight",
    "roots": "LinkInTheWay",
    "rows": "RowFault check_rows mend_object mend_rows neighbours registered report",
    "scratch": "scratch_hash scratch_path",
    "sharing": "SharingPlan plan_sharing",
    "store": "Store",
    "transaction": "Transaction",
    "tree": "scan_tree",
    "verify": "Problem",
    "witness": "Witness",
}
_MODULES = {name: module for module, names in _ORIGINS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
    globals()[name] = value
    return value


__all__ = [
    "BASE32_ALPHABET",
    "DIGEST_SIZES",
    "HASH_LENGTH",
    "STORE_DIR",
    "Adopted",
    "BadLink",
    "Collected",
    "DamagedDatabase",
    "DamagedRow",
    "DatabaseFailure",
    "Dead",
    "Derivation",
    "Digest",
    "Entry",
    "Fault",
    "FixedOutput",
    "Followed",
    "Follower",
    "ForeignScratch",
    "GcPlan",
    "HashAlgorithm",
    "InvalidDerivation",
    "InvalidHome",
    "InvalidKey",
    "InvalidManifest",
    "InvalidStorePath",
    "Kind",
    "LedgerRepair",
    "LinkInTheWay",
    "LinkOutOfStore",
    "LinkToUnreferenced",
    "Manifest",
    "MissingFolder",
    "NotValid",
    "ObjectInfo",
    "OutputCycle",
    "OutputDraft",
    "PartialScratch",
    "Policy",
    "Problem",
    "ReadOnlyHome",
    "Realisation",
    "Rebuilt",
    "Root",
    "RowFault",
    "RowsLost",
    "SharingPlan",
    "SignedRow",
    "Signer",
    "StillUsed",
    "Store",
    "StoreError",
    "StoreIO",
    "StorePath",
    "TooDeep",
    "Transaction",
    "UnsoundLedger",
    "UnsupportedFile",
    "Witness",
    "adopt",
    "base32_decode",
    "base32_encode",
    "check_name",
    "check_rows",
    "disk_usage",
    "file_path",
    "find_roots",
    "lost_objects",
    "mend_ledger",
    "mend_object",
    "mend_rows",
    "neighbours",
    "object_path",
    "output_object_name",
    "output_placeholder",
    "plan_gc",
    "plan_sharing",
    "rebuild",
    "references_reach",
    "registered",
    "remove_tree",
    "report",
    "scan_tree",
    "scratch_hash",
    "scratch_path",
    "survey",
    "upstream_placeholder",
    "weight",
]
