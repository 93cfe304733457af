"""Make the packages of apk that a package and its metadata are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from ...apk.contents import Acl, Directory, File, Package
from ...apk.dependencies import Dependency
from ...apk.description import Info, Scripts
from ...store.checkpoint import checkpoint
from ..services.rendering import path_of
from .accounts import accounts_script, sysusers, tmpfiles
from .description import Alternative, BadDescription, Mode, Relations, Rule
from .scanning import relate, scan
from .splitting import MAIN, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .description import Description
    from .splitting import Item

EPOCH: Final = 1
"""The time of all files and packages, in seconds: that of objects in the store."""

_ROOT: Final = Mode(None, "root", "root")
_SHELL: Final = ("base-files", "cmd:sh")


class Made(NamedTuple):
    """A package, and where the content of its files is: a path on disk, or bytes, by path in the package."""

    package: Package
    content: Mapping[str, str | bytes]

    @property
    def file_name(self) -> str:
        return f"{self.package.info.name}-{self.package.info.version}.apk"


def make(described: Description, items: Iterable[Item], say: Callable[[str], None]) -> Iterator[Made]:
    """Return the package and its subpackages, in order of their names.

    `items` are the paths of all outputs; `say` takes a line about what is left out. Raises `BadDescription`, `ApkError`,
    `Collision`.
    """
    return iter(_Making(described, items, say).packages())


class _Making:
    def __init__(self, described: Description, items: Iterable[Item], say: Callable[[str], None]) -> None:
        self._described = described
        self._say = say
        self._parts = split(items, described.rules, described.has_root_links)
        self._rules = {rule.suffix: rule for rule in described.rules}
        for rule in described.rules:
            if rule.is_written and not self._parts.setdefault(rule.suffix, []) and (rule.paths or rule.links):
                patterns = ", ".join((*rule.paths, *rule.links))
                raise BadDescription(f"no path is like those of the subpackage '{rule.suffix}': {patterns}")
        for alternative in described.alternatives:
            suffix = _suffix(alternative)
            if suffix in self._parts:
                raise BadDescription(f"the alternative for '{alternative.path}' has the name of a subpackage")
        self._modes = dict(described.modes)

    def packages(self) -> list[Made]:
        described = self._described
        names = {suffix: self._name(suffix) for suffix in self._parts}
        findings = {suffix: scan(items, described.version, self._say) for suffix, items in self._parts.items()}
        depends = relate(findings, names, _places(self._parts), described.version)
        made = [
            self._package(suffix, names[suffix], items, findings[suffix].provides, depends[suffix])
            for suffix, items in self._parts.items()
        ]
        if self._modes:
            raise BadDescription(f"`modes` names '{min(self._modes)}', which no output has")
        made += [self._alternative(one) for one in described.alternatives]
        made.sort(key=lambda one: one.package.info.name)
        for one, other in pairwise(made):
            if one.package.info.name == other.package.info.name:
                raise BadDescription(f"two subpackages are called '{one.package.info.name}'")
        return made

    def _name(self, suffix: str) -> str:
        if suffix == MAIN:
            return self._described.name
        rule = self._rules.get(suffix)
        return rule.name if rule is not None and rule.name is not None else f"{self._described.name}-{suffix}"

    def _package(self, suffix: str, name: str, items: list[Item], provides: list[str], depends: list[str]) -> Made:
        described = self._described
        tree = _Tree(self._modes)
        for item in items:
            checkpoint()
            tree.add(item)
        rule = None if suffix == MAIN else self._rules.get(suffix, Rule(suffix))
        if rule is None:
            relations = described.relations
            self._add_data(tree)
        else:
            relations = self._relations_of(rule, tree.has_owners)
        scripts = Scripts()
        triggers: tuple[str, ...] = ()
        if rule is None:
            script = accounts_script(described)
            if script is not None:
                depends = [*depends, *_SHELL]
            trigger = described.trigger
            scripts = Scripts(
                pre_install=script, pre_upgrade=script, trigger=None if trigger is None else _script(trigger)
            )
            triggers = described.triggers if trigger is not None else ()
        directories, content, size = tree.finish()
        description = described.description or described.name
        if rule is not None and rule.description is not None:
            description = f"{description} ({rule.description})"
        info = self._info(
            name,
            description,
            relations._replace(
                depends=_without((*relations.depends, *depends), name), provides=(*relations.provides, *provides)
            ),
            size or int(bool(scripts.pre_install or scripts.trigger)),
        )
        return Made(Package(info, directories, scripts, triggers, described.replaces_priority), content)

    def _relations_of(self, rule: Rule, has_owners: bool) -> Relations:
        described, given = self._described, rule.relations
        parent = f"{described.name}={described.version}"
        depends = given.depends
        if rule.needs_parent or has_owners:
            depends = (*depends, parent)
        install_if = given.install_if
        if rule.install_with is not None and not install_if:
            install_if = (parent, rule.install_with)
        return given._replace(depends=depends, install_if=install_if)

    def _alternative(self, one: Alternative) -> Made:
        """Return the subpackage of an alternative: a link, which those of other packages may replace (one origin)."""
        described = self._described
        tree = _Tree({})
        above = "../" * one.path.count("/")
        tree.link(one.path, above + one.target)
        directories, content, size = tree.finish()
        provides = [f"alternative:{one.path}"]
        if one.path.startswith("usr/bin/"):
            provides.append(f"cmd:{one.path.removeprefix('usr/bin/')}")
        relations = Relations(
            depends=(f"{described.name}={described.version}",), provides=tuple(provides), provider_priority=one.priority
        )
        name = f"{described.name}-{_suffix(one)}"
        info = self._info(name, f"{described.description} (as {one.path})", relations, size)
        return Made(
            Package(replace(info, origin=f"alternative:{one.path}"), directories, Scripts(), (), one.priority), content
        )

    def _add_data(self, tree: _Tree) -> None:
        name = self._described.name
        for path, data in (
            (f"usr/lib/sysusers.d/{name}.conf", sysusers(self._described)),
            (f"usr/lib/tmpfiles.d/{name}.conf", tmpfiles(self._described)),
        ):
            if data and not tree.has(path):
                tree.write(path, data)
        for service, text in self._described.services.items():
            tree.write(path_of(service), text.encode())

    def _info(self, name: str, description: str, relations: Relations, size: int) -> Info:
        described = self._described
        return Info(
            name=name,
            version=described.version,
            description=description,
            arch=described.architecture,
            license=described.license,
            origin=described.name,
            maintainer=described.maintainer,
            url=described.url,
            build_time=EPOCH,
            installed_size=size,
            provider_priority=relations.provider_priority,
            depends=_dependencies(relations.depends),
            provides=_dependencies(relations.provides),
            replaces=_dependencies(relations.replaces),
            install_if=_dependencies(relations.install_if),
        )


class _Tree:
    """The directories of a package as they grow. Modes that are used are taken out of `modes`."""

    def __init__(self, modes: dict[str, Mode]) -> None:
        self._modes = modes
        self._files: dict[str, list[File]] = {"": []}
        self._content: dict[str, str | bytes] = {}
        self._size = 0
        self.has_owners = False

    def has(self, path: str) -> bool:
        return path in self._content

    def add(self, item: Item) -> None:
        entry = item.entry
        if entry.kind == "d":
            self._directory(item.path)
        elif entry.target is not None:
            self.link(item.path, entry.target)
        else:
            self._file(
                item.path, item.physical, entry.size, _digest(item.physical), 0o755 if entry.kind == "x" else 0o644
            )

    def write(self, path: str, data: bytes) -> None:
        self._file(path, data, len(data), hashlib.sha256(data).digest(), 0o644)

    def link(self, path: str, target: str) -> None:
        # A link has no mode, but that of the format.
        self._modes.pop(path, None)
        size = len(os.fsencode(target))
        self._add(path, File(_last(path), Acl(0o777, "root", "root"), size, EPOCH, None, target))

    def _file(self, path: str, content: str | bytes, size: int, digest: bytes, usual: int) -> None:
        self._add(path, File(_last(path), self._acl(path, usual), size, EPOCH, digest))
        self._content[path] = content
        self._size += size

    def _add(self, path: str, file: File) -> None:
        directory = path.rpartition("/")[0]
        self._directory(directory)
        self._files[directory].append(file)

    def _directory(self, path: str) -> None:
        while path not in self._files:
            self._files[path] = []
            path = path.rpartition("/")[0]

    def _acl(self, path: str, usual: int) -> Acl:
        mode = self._modes.pop(path, _ROOT)
        if (mode.user, mode.group) != ("root", "root"):
            self.has_owners = True
        return Acl(usual if mode.bits is None else mode.bits, mode.user, mode.group)

    def finish(self) -> tuple[tuple[Directory, ...], dict[str, str | bytes], int]:
        """Return the directories, the content of the files, and the installed size as apk counts it, in bytes."""
        if len(self._files) == 1 and not self._files[""] and "" not in self._modes:
            return (), {}, 0
        directories = tuple(
            Directory(
                path,
                self._acl(path, 0o755),
                tuple(sorted(self._files[path], key=lambda file: os.fsencode(file.name))),
            )
            for path in sorted(self._files, key=os.fsencode)
        )
        return directories, self._content, self._size or 1


def _places(parts: Mapping[str, list[Item]]) -> dict[str, str]:
    """Return which subpackage has a path: a file, a link, or a directory that is in no other."""
    places: dict[str, str | None] = {}
    for suffix, items in parts.items():
        for item in items:
            path = item.path
            while path and places.get(path, "") != suffix:
                # Of a directory that several have, nobody is asked.
                places[path] = None if path in places else suffix
                path = path.rpartition("/")[0]
    return {path: suffix for path, suffix in places.items() if suffix is not None}


def _digest(path: str) -> bytes:
    with open(os.fsencode(path), "rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _dependencies(texts: Iterable[str]) -> tuple[Dependency, ...]:
    return tuple(Dependency.parse(text) for text in dict.fromkeys(texts))


def _without(depends: Iterable[str], name: str) -> tuple[str, ...]:
    """Return dependencies but that on the package itself."""
    return tuple(one for one in depends if one.partition("=")[0] != name)


def _suffix(one: Alternative) -> str:
    return f"alternative-{one.path.rpartition('/')[2]}"


def _script(text: str) -> bytes:
    return (text if text.startswith("#!") else f"#!/bin/sh\n{text}").encode()


def _last(path: str) -> str:
    return path.rpartition("/")[2]
