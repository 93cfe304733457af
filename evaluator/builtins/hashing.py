"""Hashes."""

from __future__ import annotations

from .. import session
from ..errors import MissingAttribute, readable
from ..hashes import Hash, check_algorithm, digest_of, parse_hash
from ..values import Slot
from .arguments import attrs, plain_string, string, value


def hash_string(algorithm: Slot, argument: Slot) -> str:
    """`hashString algorithm s`, in base 16."""
    name = check_algorithm(plain_string(algorithm))
    return digest_of(name, string(argument).encode("latin-1")).hex()


def hash_file(algorithm: Slot, path: Slot) -> str:
    """`hashFile algorithm path`, in base 16."""
    from .files import existing_path

    name = check_algorithm(plain_string(algorithm))
    found = existing_path(value(path))
    return digest_of(name, session.world().read_file(found)).hex()


def convert_hash(argument: Slot) -> str:
    """`convertHash { hash, toHashFormat, hashAlgo ? null }`."""
    given = attrs(argument)
    if "hash" not in given:
        raise MissingAttribute("hash", [])
    text = plain_string(given["hash"])
    algorithm = plain_string(given["hashAlgo"]) if "hashAlgo" in given else None
    if "toHashFormat" not in given:
        raise MissingAttribute("toHashFormat", [])
    wanted = plain_string(given["toHashFormat"])
    found: Hash = parse_hash(text, algorithm)
    return found.text(readable(wanted))
