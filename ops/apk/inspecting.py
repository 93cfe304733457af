"""What is in packages and indexes of apk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...apk.errors import ApkError, NotApk
from ...apk.formats import open_index, open_package
from ...apk.index import SignedIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...apk.contents import Acl, Package
    from ...apk.description import Info
    from ...apk.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Shown:
    """A package (`package` is not None) or an index: what it says, its identity, and who says that he has signed it."""

    file: str
    identity: str
    """In hexadecimal; empty of an index of version 2, which has none."""
    signers: tuple[str, ...]
    """The ids of the keys, in hexadecimal; their names in version 2."""
    infos: tuple[Info, ...]
    """Of the package, or of all packages of the index."""
    package: Package | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON types."""
        data: dict[str, Any] = {"file": self.file, "identity": self.identity, "signers": list(self.signers)}
        if self.package is None:
            return {**data, "kind": "index", "packages": [info_data(info) for info in self.infos]}
        scripts = {} if self.package.scripts is None else self.package.scripts.present()
        return {
            **data,
            "kind": "package",
            **info_data(self.infos[0]),
            "files": list(_files(self.package)),
            "scripts": {name: text.decode("utf-8", "replace") for name, text in scripts.items()},
            "triggers": list(self.package.triggers),
        }


def inspect_file(path: str) -> Shown:
    """Read what a package or an index says of itself, of either version. Raises `ApkError`, OSError."""
    try:
        with open_package(path) as reader:
            return Shown(path, reader.identity.hex(), _ids(reader), (reader.package.info,), reader.package)
    except ApkError as error:
        try:
            index = open_index(path)
        except ApkError:
            raise error from None
        identity = index.identity.hex() if isinstance(index, SignedIndex) else ""
        return Shown(path, identity, _ids(index), index.index.packages)


def verify_file(path: str, trusted: Sequence[PublicKey]) -> PublicKey:
    """Check all of a package or an index, and return the trusted key that has signed it. Raises `ApkError`, OSError."""
    try:
        with open_package(path) as reader:
            key = reader.verify_signature(trusted)
            reader.verify()
            return key
    except NotApk as error:
        try:
            index = open_index(path)
        except NotApk:
            raise error from None
        return index.verify_signature(trusted)


def info_data(info: Info) -> dict[str, Any]:
    """Return the metadata of a package as JSON types; what is not there is left out."""
    fields = {
        "name": info.name,
        "version": info.version,
        "architecture": info.arch,
        "description": info.description,
        "license": info.license,
        "origin": info.origin,
        "maintainer": info.maintainer,
        "url": info.url,
        "commit": info.repo_commit.hex(),
        "buildTime": info.build_time,
        "installedSize": info.installed_size,
        "fileSize": info.file_size,
        "providerPriority": info.provider_priority,
        "depends": list(map(str, info.depends)),
        "provides": list(map(str, info.provides)),
        "replaces": list(map(str, info.replaces)),
        "installIf": list(map(str, info.install_if)),
        "recommends": list(map(str, info.recommends)),
        "tags": list(info.tags),
    }
    return {name: value for name, value in fields.items() if value not in ("", None, [])}


def _files(package: Package) -> Iterator[dict[str, Any]]:
    for directory in package.directories:
        yield {"path": directory.path, "kind": "directory", **_acl(directory.acl)}
        for file in directory.files:
            entry: dict[str, Any] = {"path": directory.path_of(file), **_acl(file.acl)}
            if file.link_target is not None:
                yield {**entry, "kind": "link", "target": file.link_target}
            elif file.device is not None:
                yield {**entry, "kind": file.device.kind}
            else:
                digest = None if file.sha256 is None else file.sha256.hex()
                more = {} if file.hard_link is None else {"hardLink": file.hard_link}
                yield {**entry, "kind": "file", "size": file.size, "sha256": digest, **more}


def _acl(acl: Acl) -> dict[str, Any]:
    data: dict[str, Any] = {"mode": f"{acl.mode:04o}", "owner": f"{acl.user}:{acl.group}"}
    if acl.xattrs:
        data["xattrs"] = {name.decode("utf-8", "replace"): value.hex() for name, value in acl.xattrs}
    return data


def _ids(signed: Any) -> tuple[str, ...]:
    return tuple(one.key_id.hex() if hasattr(one, "key_id") else str(one.key_name) for one in signed.signatures)
