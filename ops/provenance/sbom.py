"""Write an origin as a CycloneDX bill of materials, with the format's own library.

The document is reproducible: it has no timestamp, and its serial number follows from the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from ... import __version__
from ...store.package_names import split_name
from ..errors import RequestError

if TYPE_CHECKING:
    from ...store import Derivation, Store, StorePath
    from .origin import Origin

_ALGORITHMS = {"md5": "MD5", "sha1": "SHA_1", "sha256": "SHA_256", "sha512": "SHA_512", "blake3": "BLAKE3"}
_NAMES_SHOWN = 8


class Image(NamedTuple):
    """An image that packages are in: its name, and the digest of its manifest (`sha256:...`)."""

    name: str
    digest: str


def to_cyclonedx(store: Store, origin: Origin, image: Image | None = None) -> str:
    """Return a CycloneDX document as JSON. Its main component is the built derivation, or else `image`.

    Of several derivations that are no image, it is a component that stands for all of them.

    Raises `RequestError` if the library is not installed.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.output.json import JsonV1Dot6
    except ModuleNotFoundError as error:
        raise RequestError(
            "chx sbom needs the Python package 'cyclonedx-python-lib'", hint="pip install cyclonedx-python-lib"
        ) from error
    outputs = sorted(map(str, origin.outputs.values()))
    starts = sorted(origin.starts())
    name = "\n".join(map(str, starts)) if image is None else image.digest
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, "\n".join((name, *outputs))))
    metadata: Any = bom.metadata
    metadata.timestamp = None
    work = _Document(store, origin)
    is_one = image is None and len(starts) == 1
    main = work.package(origin.path, is_main=True) if is_one else work.image(image) if image else work.several(starts)
    bom.metadata.component = main
    bom.metadata.tools.components.add(work.tool())
    for path in origin.parts():
        if not is_one or path != origin.path:
            bom.components.add(work.part(path))
    for path in work.others:
        bom.components.add(work.object(path))
    for path, component in work.components.items():
        bom.register_dependency(component, [work.components[inner] for inner in work.needs(path)])
    if not is_one:
        inside = [work.components[path] for path in (*starts, *work.others)]
        bom.register_dependency(main, inside)
    return str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"


class _Document:
    def __init__(self, store: Store, origin: Origin) -> None:
        self.components: dict[StorePath, Any] = {}
        self._store = store
        self._origin = origin
        parts = origin.parts()
        self._closure = frozenset(store.closure(origin.outputs.values()))
        given = {output for path in parts for output in origin.outputs_of(path).values()}
        self.others = sorted(self._closure - given)
        """Referenced objects that are no outputs of parts: texts of the expression, or local trees."""

    def tool(self) -> Any:
        from cyclonedx.model.component import Component, ComponentType

        return Component(name="chx", version=__version__, type=ComponentType.APPLICATION)

    def part(self, path: StorePath) -> Any:
        """Add a part: a source if it is a fixed output, else a package."""
        derivation = self._origin.derivations[path]
        return self.package(path) if derivation.fixed is None else self._source(path, derivation)

    def package(self, path: StorePath, is_main: bool = False) -> Any:
        from cyclonedx.model.component import Component, ComponentScope, ComponentType

        name = split_name(self._origin.derivations[path].name)
        runtime = any(output in self._closure for output in self._origin.outputs_of(path).values())
        component = Component(
            name=name.package,
            version=name.version or None,
            type=ComponentType.APPLICATION if is_main else ComponentType.LIBRARY,
            bom_ref=str(path),
            # Build-time only: the built outputs do not refer to it.
            scope=None if is_main else ComponentScope.REQUIRED if runtime else ComponentScope.EXCLUDED,
            properties=self._properties(path),
        )
        self.components[path] = component
        return component

    def image(self, image: Image) -> Any:
        from cyclonedx.model import HashAlgorithm, HashType
        from cyclonedx.model.component import Component, ComponentType

        digest = image.digest.removeprefix("sha256:")
        return Component(
            name=image.name,
            version=image.digest,
            type=ComponentType.CONTAINER,
            bom_ref=image.digest,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )

    def several(self, paths: list[StorePath]) -> Any:
        """Return the component that stands for several derivations. It has no place of its own in the store."""
        from cyclonedx.model.component import Component, ComponentType

        names = [path.name.removesuffix(".drv") for path in paths]
        shown = names if len(names) <= _NAMES_SHOWN else [*names[:_NAMES_SHOWN], f"{len(names) - _NAMES_SHOWN} more"]
        reference = uuid5(NAMESPACE_URL, "\n".join(map(str, paths)))
        return Component(name=", ".join(shown), type=ComponentType.APPLICATION, bom_ref=f"chx:packages:{reference}")

    def _properties(self, path: StorePath) -> Iterable[Any]:
        from cyclonedx.model import Property

        yield Property(name="chx:derivation", value=str(path))
        for output, found in self._origin.outputs_of(path).items():
            yield Property(name=f"chx:output:{output}", value=str(found))
            if self._store.is_valid(found):
                yield Property(name=f"chx:digest:{output}", value=f"blake3:{self._store.info(found).tree_digest}")

    def _source(self, path: StorePath, derivation: Derivation) -> Any:
        from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
        from cyclonedx.model.component import Component, ComponentScope, ComponentType

        assert derivation.fixed is not None
        urls = list(dict.fromkeys(f"{derivation.env.get('url', '')} {derivation.env.get('urls', '')}".split()))
        digest = derivation.fixed.digest.hex()
        # The hash of a tree is that of its NAR, so that it is the hash of no file.
        is_file = derivation.fixed.mode == "flat"
        hashes = [HashType(alg=HashAlgorithm[_ALGORITHMS[derivation.fixed.algorithm]], content=digest)]
        purl = _package_url(urls)
        component = Component(
            name=purl.name if purl is not None else derivation.name,
            version=purl.version if purl is not None else None,
            type=ComponentType.FILE,
            bom_ref=str(path),
            scope=ComponentScope.EXCLUDED,
            purl=purl,
            hashes=hashes if is_file else [],
            external_references=[
                ExternalReference(
                    type=ExternalReferenceType.DISTRIBUTION, url=XsUri(url), hashes=hashes if is_file else []
                )
                for url in urls
            ],
            properties=[
                Property(name="chx:derivation", value=str(path)),
                Property(name="chx:hash", value=f"{derivation.fixed.algorithm}:{digest} ({derivation.fixed.mode})"),
            ],
        )
        self.components[path] = component
        return component

    def object(self, path: StorePath) -> Any:
        """Add a store object without further metadata."""
        from cyclonedx.model import Property
        from cyclonedx.model.component import Component, ComponentScope, ComponentType

        digest = f"blake3:{self._store.info(path).tree_digest}"
        properties = [Property(name="chx:object", value=str(path)), Property(name="chx:digest", value=digest)]
        self.components[path] = component = Component(
            name=path.name,
            type=ComponentType.DATA,
            bom_ref=str(path),
            scope=ComponentScope.REQUIRED,
            properties=properties,
        )
        return component

    def needs(self, path: StorePath) -> list[StorePath]:
        """Return the components that one is built from or refers to."""
        if path not in self._origin.derivations:
            return []
        outputs = [output for output in self._origin.outputs_of(path).values() if self._store.is_valid(output)]
        referred = {reference for output in outputs for reference in self._store.info(output).references}
        return [*self._origin.needs(path), *sorted(referred & set(self.others))]


def _package_url(urls: list[str]) -> Any:
    """Return the package URL of a file of a package archive or index; None for any other file."""
    from urllib.parse import unquote

    from packageurl import PackageURL

    scheme, _, rest = (urls[0] if urls else "").partition(":")
    file = unquote(rest.rpartition("/")[2])
    if scheme == "debian" and file.endswith(".deb") and file.count("_") == 2:
        name, version, architecture = file.removesuffix(".deb").split("_")
        return PackageURL("deb", "debian", name, version, {"arch": architecture})
    if scheme == "pypi" and "==" in rest:
        name, _, version = rest.lstrip("/").partition("/")[0].partition("==")
        return PackageURL("pypi", None, name.lower().replace("_", "-"), version)
    return None
