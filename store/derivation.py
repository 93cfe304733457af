"""Derivations: descriptions of builds, as canonical JSON.

Strings hold ordinary text; bytes that are not UTF-8 are surrogate escapes, and JSON's `\\udcXX` keeps them, so the form
is lossless.

Outputs that do not exist yet are written as *placeholders*: an output of the derivation itself as
`output_placeholder(name)` (the result of `builtins.placeholder`, equal to Nix's), an output of another derivation as
`upstream_placeholder(path, name)`. Resolving replaces both.
"""

from __future__ import annotations

from ..frozen import Frozen
from ..native import native
from .digest import Digest, base32_encode, blake3_of
from .errors import StoreError
from .path import StorePath, check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final, Literal

    HashAlgorithm = Literal["md5", "sha1", "sha256", "sha512", "blake3"]
else:
    HashAlgorithm = str

DIGEST_SIZES: Final[Mapping[str, int]] = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "blake3": 32}
_RESOLVED_DOMAIN: Final = b"chx resolved derivation 1\0"


_NOTHING: Final[Mapping[Any, Any]] = {}

PLACEHOLDER_OF_OUT: Final = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"
"""`output_placeholder("out")`: nearly every derivation needs it, and computing it would load another module."""


class InvalidDerivation(StoreError):
    """A text that is not a derivation."""


def _sha256(data: bytes) -> bytes:
    # hashlib loads OpenSSL, which takes longer than hashing all names of a package set.
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256
    digest: bytes = sha256(data).digest()
    return digest


def output_placeholder(output: str) -> str:
    """Return the placeholder of the derivation's own output: `/` and 52 base-32 characters."""
    if output == "out":
        return PLACEHOLDER_OF_OUT
    return "/" + base32_encode(_sha256(f"nix-output:{output}".encode(errors="surrogateescape")))


@native
def upstream_placeholder(derivation: StorePath, output: str) -> str:
    """Return the placeholder of an output of another derivation: `/` and 52 base-32 characters."""
    text = f"chx-upstream-output:{derivation.base}:{output}"
    return "/" + base32_encode(blake3_of(text.encode(errors="surrogateescape")))


def output_object_name(name: str, output: str) -> str:
    """Return the name of the store object for an output: `name` for `out`, `name-output` for others."""
    return name if output == "out" else f"{name}-{output}"


def _find_encoder() -> Callable[[str], str]:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json.encoder import encode_basestring_ascii
    return encode_basestring_ascii


quoted: Final = _find_encoder()
"""Encodes a text as JSON, in ASCII."""


def _texts(texts: Iterable[str]) -> str:
    return f"[{','.join([quoted(text) for text in texts])}]"


class FixedOutput(Frozen):
    """The content that a fixed-output derivation promises.

    `mode` is `flat` (the bytes of one file) or `recursive` (the NAR of a tree).
    """

    algorithm: HashAlgorithm
    digest: bytes
    mode: Literal["flat", "recursive"]


class Derivation(Frozen):
    """A build step.

    `outputs` keeps the declared order; the first is the default output.
    `input_drvs` maps derivations to the outputs that are used. `rootfs`, if not
    None, lists store paths or placeholders whose trees are merged into `/`; it is
    not part of `env`, so that what the build sees does not depend on their hashes.
    """

    name: str
    system: str
    builder: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = _NOTHING
    outputs: tuple[str, ...] = ("out",)
    fixed: FixedOutput | None = None
    input_drvs: Mapping[StorePath, tuple[str, ...]] = _NOTHING
    input_srcs: tuple[StorePath, ...] = ()
    rootfs: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types; inverse of `from_dict`."""
        result: dict[str, Any] = {
            "args": list(self.args),
            "builder": self.builder,
            "env": dict(self.env),
            "inputDrvs": {str(p): sorted(o) for p, o in self.input_drvs.items()},
            "inputSrcs": sorted(map(str, self.input_srcs)),
            "name": self.name,
            "outputs": list(self.outputs),
            "system": self.system,
            "version": 1,
        }
        if self.fixed is not None:
            result["fixed"] = {
                "algorithm": self.fixed.algorithm,
                "digest": self.fixed.digest.hex(),
                "mode": self.fixed.mode,
            }
        if self.rootfs is not None:
            result["rootfs"] = list(self.rootfs)
        return result

    def to_json(self) -> bytes:
        """Return the canonical form: sorted keys, no white space, ASCII."""
        return canonical_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Derivation:
        """Decode a derivation. Raises `InvalidDerivation` unless `data` has this version and every field its type."""
        from .foreign import Unreadable, parse_json

        try:
            raw = parse_json(data)
        except Unreadable as error:
            raise InvalidDerivation(f"not a derivation: it is no JSON: {error}", code="S020") from error
        if type(raw) is not dict:
            raise InvalidDerivation("not a derivation: it is no JSON object", code="S020")
        version = raw.get("version")
        if version != 1 or type(version) is not int:
            if type(version) is int:
                reason = f"derivation has format version {version}, this chx reads version 1"
                raise InvalidDerivation(reason, code="S021")
            raise InvalidDerivation("not a derivation: 'version' is no number", code="S020")
        fixed, rootfs = raw.get("fixed"), raw.get("rootfs")
        try:
            return cls(
                name=_text_in(raw, "name"),
                system=_text_in(raw, "system"),
                builder=_text_in(raw, "builder"),
                args=_texts_in(raw, "args"),
                env=_env_in(raw),
                outputs=_outputs_in(raw),
                fixed=None if fixed is None else _fixed_of(_object_in(raw, "fixed")),
                input_drvs={
                    StorePath.parse(path): _list_of(outputs, "inputDrvs")
                    for path, outputs in _object_in(raw, "inputDrvs").items()
                },
                input_srcs=tuple(map(StorePath.parse, _texts_in(raw, "inputSrcs"))),
                rootfs=None if rootfs is None else _texts_in(raw, "rootfs"),
            )
        except StoreError as error:
            raise InvalidDerivation(f"not a derivation: {error.message}", code="S020") from error

    @property
    def is_resolved(self) -> bool:
        """Whether every input is a store path."""
        return not self.input_drvs

    def resolved_digest(self) -> Digest:
        """Return the key of the build trace. ValueError while inputs are derivations."""
        if self.input_drvs:
            raise ValueError("only a resolved derivation has a resolved digest")
        return Digest.of(_RESOLVED_DOMAIN + self.to_json())


def _text_in(data: dict[str, Any], name: str) -> str:
    return _texts_of((data.get(name),), name)[0]


def _texts_in(data: dict[str, Any], name: str) -> tuple[str, ...]:
    return _list_of(data.get(name), name)


def _list_of(found: Any, name: str) -> tuple[str, ...]:
    if type(found) is not list:
        raise StoreError(f"'{name}' is no list")
    return _texts_of(found, name)


def _object_in(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    if type(found) is not dict:
        raise StoreError(f"'{name}' is no object")
    return found


def _texts_of(found: Iterable[Any], name: str) -> tuple[str, ...]:
    texts = tuple(found)
    for text in texts:
        # No program can be given a NUL in an argument or variable.
        if type(text) is not str or "\0" in text:
            raise StoreError(f"'{name}' is missing, or not text")
        try:
            text.isascii() or text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise StoreError(f"'{name}' holds half a character") from None
    return texts


def _env_in(data: dict[str, Any]) -> dict[str, str]:
    found = _object_in(data, "env")
    _texts_of(found, "env")
    _texts_of(found.values(), "env")
    return found


def _outputs_in(data: dict[str, Any]) -> tuple[str, ...]:
    name, outputs = _text_in(data, "name"), _texts_in(data, "outputs")
    if not outputs or len(set(outputs)) != len(outputs):
        raise StoreError("'outputs' is empty or names one twice")
    for output in outputs:
        check_name(output_object_name(name, output))
    return outputs


def _fixed_of(data: dict[str, Any]) -> FixedOutput:
    algorithm, digits, mode = (_text_in(data, name) for name in ("algorithm", "digest", "mode"))
    size = DIGEST_SIZES.get(algorithm)
    if size is None or mode not in ("flat", "recursive"):
        raise StoreError("'fixed' promises no hash that there is")
    try:
        digest = bytes.fromhex(digits)
    except ValueError:
        raise StoreError("the digest in 'fixed' is not hexadecimal") from None
    if len(digest) != size:
        raise StoreError(f"the digest in 'fixed' has {len(digest)} bytes, {algorithm} has {size}")
    return FixedOutput(algorithm, digest, mode)  # type: ignore[arg-type]


@native
def canonical_json(derivation: Derivation) -> bytes:
    """Return the text of `Derivation.to_json`."""
    # Written by hand: loading `json` takes longer than writing a package set, and its encoder twice as long as this.
    inputs = sorted([(str(path), sorted(outputs)) for path, outputs in derivation.input_drvs.items()])
    parts = [
        '{"args":', _texts(derivation.args), ',"builder":', quoted(derivation.builder), ',"env":{',
        ",".join([f"{quoted(name)}:{quoted(text)}" for name, text in sorted(derivation.env.items())]), "}",
    ]  # fmt: skip
    if derivation.fixed is not None:
        algorithm, digest, mode = derivation.fixed
        parts.append(f',"fixed":{{"algorithm":"{algorithm}","digest":"{digest.hex()}","mode":"{mode}"}}')
    parts += (
        ',"inputDrvs":{', ",".join([f"{quoted(path)}:{_texts(outputs)}" for path, outputs in inputs]),
        '},"inputSrcs":', _texts(sorted(map(str, derivation.input_srcs))), ',"name":', quoted(derivation.name),
        ',"outputs":', _texts(derivation.outputs),
    )  # fmt: skip
    if derivation.rootfs is not None:
        parts += (',"rootfs":', _texts(derivation.rootfs))
    parts += (',"system":', quoted(derivation.system), ',"version":1}')
    return "".join(parts).encode("ascii")
