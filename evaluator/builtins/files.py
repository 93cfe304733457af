"""Builtins on paths and files."""

from __future__ import annotations

from .. import session
from ..coerce import canonical, coerce_to_path, coerce_to_string
from ..context import Context
from ..errors import EvalError, FileUnavailable, InvalidContext, MissingAttribute, Thrown, readable
from ..force import force_slot
from ..operators import call2
from ..storename import check, store_name
from ..values import MISSING, ContextString, Path, Slot, Value, make_string, names, string_text
from .arguments import attrs, boolean, function, items, plain_string, string, string_with_context, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...store import StorePath
    from ..world import FileKind


def realised(text: str, context: Context) -> str:
    """A path text with what its context refers to built and put in."""
    wanted = [element for element in context if element[0] == "output"]
    if not wanted:
        return text
    for placeholder, path in session.world().realise(wanted).items():
        text = text.replace(placeholder, path)
    return text


def checked_path(found: Value) -> str:
    """An absolute path that may be read, from a path or a string."""
    text, context = coerce_to_path(found)
    if context:
        text = canonical(realised(text, context))
    world = session.world()
    if not world.allowed(text):
        raise FileUnavailable(f"access to absolute path '{readable(text)}' is forbidden in pure evaluation mode")
    return text


def existing_path(found: Value) -> str:
    """Like `checked_path`, with an error if the path does not exist."""
    text = checked_path(found)
    if session.world().file_type(text) is None:
        raise FileUnavailable(f"path '{readable(text)}' does not exist")
    return text


def import_(path: Slot) -> Value:
    """`import path`."""
    return session.evaluator().import_path(existing_path(value(path)))


def scoped_import(scope: Slot, path: Slot) -> Value:
    """`scopedImport scope path`: the names in `scope` are bound around the file."""
    text = checked_path(value(path))
    bound = attrs(scope)
    if session.world().file_type(text) is None:
        raise FileUnavailable(f"path '{readable(text)}' does not exist")
    return session.evaluator().import_path(text, bound)


def read_file(path: Slot) -> Value:
    """`readFile path`; what a file in the store mentions of the store becomes context."""
    text = existing_path(value(path))
    content = session.world().read_file(text)
    if b"\0" in content:
        raise FileUnavailable(f"the contents of the file '{readable(text)}' cannot be represented as a Nix string")
    result = content.decode("latin-1")
    if _STORE_PREFIX in result and session.world().resolve(text).startswith(_STORE_PREFIX):
        return make_string(result, _mentioned(result))
    return result


_STORE_PREFIX = "/chx/store/"
_HASH = 32
"""Number of characters of the hash in a store path, after which a name follows."""
_BASE_32 = frozenset("0123456789abcdfghijklmnpqrsvwxyz")
_MOST_LINKS = 64


def _mentioned(text: str) -> Context:
    """The store objects whose paths occur in a text."""
    import re

    found: set[tuple[str, ...]] = set()
    for path in set(re.findall(rf"{_STORE_PREFIX}[0-9a-z]{{32}}-[0-9A-Za-z+\-._?=]+", text)):
        if session.world().file_type(path) is not None:
            found.add(("path", path))
    return frozenset(found)


def read_dir(path: Slot) -> dict[str, Slot]:
    """`readDir path`."""
    text = existing_path(value(path))
    return dict(session.world().read_dir(text))


def read_file_type(path: Slot) -> str:
    """`readFileType path`."""
    text = existing_path(value(path))
    return session.world().file_type(text) or "unknown"


def path_exists(path: Slot) -> bool:
    """`pathExists path`; a trailing slash asks for a directory."""
    found = value(path)
    text = checked_path(found)
    world = session.world()
    try:
        kind = world.file_type(text)
    except FileUnavailable:
        # Behind a link that must not be followed.
        return False
    if kind is None or not (string_text(found) or "").endswith(("/", "/.")):
        return kind is not None
    try:
        return world.file_type(world.resolve(text)) == "directory"
    except (OSError, FileUnavailable):
        return False


def base_name_of(argument: Slot) -> Value:
    """`baseNameOf x`."""
    text, context = coerce_to_string(value(argument), copy=False)
    if text.endswith("/") and len(text) > 1:
        text = text[:-1]
    return make_string(text.rpartition("/")[2], context)


def dir_of(argument: Slot) -> Value:
    """`dirOf x`: a path for a path, a string for a string."""
    found = value(argument)
    if type(found) is Path:
        return Path(found.text.rpartition("/")[0] or "/")
    text, context = coerce_to_string(found, copy=False)
    head, slash, _ = text.rpartition("/")
    if not slash:
        return make_string(".", context)
    return make_string(head or "/", context)


def to_path(argument: Slot) -> Value:
    """`toPath s`: an absolute path as a string."""
    text, context = coerce_to_path(value(argument))
    return make_string(text, context)


def store_path(path: Slot) -> Value:
    """`storePath path`: a string that refers to a store object that exists."""
    from .context import is_store_path

    text, context = coerce_to_path(value(path))
    if not is_store_path(text) and session.world().file_type(text) is not None:
        text = _target(text)
    top = "/".join(text.split("/")[:4])
    if not is_store_path(top):
        raise _no_object(text, top)
    if session.world().file_type(text) is None:
        raise FileUnavailable(f"path '{readable(text)}' does not exist")
    return make_string(text, context | {("path", top)})


def _no_object(text: str, top: str) -> FileUnavailable:
    """Return the error for a path that is not below an object, whose first three components are `top`."""
    base = readable(top.removeprefix(_STORE_PREFIX))
    if not top.startswith(_STORE_PREFIX) or not base:
        return FileUnavailable(f"path '{readable(text)}' is not in the Nix store")
    if len(base) <= _HASH:
        return FileUnavailable(f"'{base}' is too short to be a valid store path")
    wrong = next((c for c in base[:_HASH] if c not in _BASE_32), None)
    if wrong is not None:
        return FileUnavailable(f"store path '{base}' contains illegal base-32 character '{wrong}'")
    if base[_HASH] == "-":
        try:
            check(base[_HASH + 1 :])
        except FileUnavailable as error:
            return FileUnavailable(f"path '{base}' is not a valid store path: {error.message}", hint=error.hint)
    return FileUnavailable(f"path '{base}' is not a valid store path: there is no '-' after its hash")


def _target(text: str) -> str:
    """Return where the links of a path lead, to what is not there as well. Raises for links in a circle."""
    world = session.world()
    try:
        return world.resolve(text)
    except (OSError, FileUnavailable):
        found = text
        for _ in range(_MOST_LINKS):
            if world.file_type(found) != "symlink":
                return found
            link = world.link_target(found)
            found = canonical(link if link.startswith("/") else f"{found.rpartition('/')[0]}/{link}")
        raise


def get_env(name: Slot) -> str:
    """`getEnv name`; empty in pure evaluation."""
    return session.world().env(plain_string(name))


def to_file(name: Slot, content: Slot) -> Value:
    """`toFile name s`: a store object with that content."""
    from ...store.path import StorePath

    wanted = plain_string(name)
    text, context = string_with_context(content)
    references: list[StorePath] = []
    for element in sorted(context):
        if element[0] != "path":
            mark = f"!{element[2]}!" if element[0] == "output" else "="
            raise InvalidContext(
                f"files created by builtins.toFile may not reference derivations, but {readable(wanted)} references "
                f"{mark}{element[1].rpartition('/')[2]}"
            )
        references.append(StorePath.parse(element[1]))
    check(wanted)
    added = str(session.world().add_text(wanted, text.encode("latin-1"), references))
    return ContextString(added, frozenset((("path", added),)))


def _added(path: StorePath) -> Value:
    text = str(path)
    return ContextString(text, frozenset((("path", text),)))


def _predicate(test: Slot) -> object:
    called = function(test)

    def keep(path: str, kind: FileKind) -> bool:
        return boolean(call2(called, path, kind))

    return keep


def filter_source(test: Slot, path: Slot) -> Value:
    """`filterSource f path`."""
    text = checked_path(value(path))
    keep = _predicate(test)
    world = session.world()
    if world.file_type(text) is None:
        raise FileUnavailable(f"path '{readable(text)}' does not exist")
    return _added(world.add_path(_followed(text), store_name(text), keep, True, None))  # type: ignore[arg-type]


def _followed(text: str) -> str:
    """Return the path to copy: the target if the path itself is a link. The world follows links in parent directories."""
    world = session.world()
    return world.resolve(text) if world.file_type(text) == "symlink" else text


def path(argument: Slot) -> Value:
    """`path { path, name ? baseNameOf path, filter ? , recursive ? true, sha256 ? }`."""
    from ..hashes import parse_hash

    given = attrs(argument)
    text: str | None = None
    name: str | None = None
    keep: object = None
    recursive = True
    expected: tuple[str, bytes] | None = None
    for key in names(given):
        slot = given[key]
        if key == "path":
            text = existing_path(force_slot(slot))
        elif key == "name":
            name = plain_string(slot)
        elif key == "filter":
            keep = _predicate(slot)
        elif key == "recursive":
            recursive = boolean(force_slot(slot))
        elif key == "sha256":
            found = parse_hash(plain_string(slot), "sha256")
            expected = (found.algorithm, found.digest)
        else:
            raise EvalError(f"unsupported argument '{readable(key)}' to 'builtins.path'")
    if text is None:
        raise EvalError("missing required 'path' attribute in the first argument to 'builtins.path'")
    if name is None:
        name = store_name(text)
    check(name)
    return _added(session.world().add_path(_followed(text), name, keep, recursive, expected))  # type: ignore[arg-type]


def find_file(search_path: Slot, name: Slot) -> Value:
    """`findFile searchPath name`, what `<name>` means."""
    entries: list[tuple[str, str]] = []
    for slot in items(search_path):
        entry = attrs(slot)
        prefix = string(entry["prefix"]) if "prefix" in entry else ""
        location = entry.get("path", MISSING)
        if location is MISSING:
            raise MissingAttribute("path", names(entry))
        text, context = coerce_to_string(force_slot(location), copy=False)
        entries.append((prefix, realised(text, context)))
    wanted = plain_string(name)
    world = session.world()
    for prefix, text in (*entries, *world.bundled()):
        if prefix and wanted != prefix and not wanted.startswith(f"{prefix}/"):
            continue
        rest = wanted[len(prefix) :].lstrip("/") if prefix else wanted
        candidate = canonical(f"{text}/{rest}" if rest else text)
        if world.file_type(candidate) is not None:
            return Path(candidate)
    # As in Nix, `tryEval` can test whether a name exists.
    raise Thrown(
        f"file '{readable(wanted)}' was not found in the Nix search path (add it using $NIX_PATH or -I)",
        hint="add it with -I NAME=PATH",
    )
