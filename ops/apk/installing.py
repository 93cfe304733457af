"""Install packages from a repository into a new root."""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ...apk.dependencies import Dependency
from ...apk.errors import FileError, Untrusted
from ...apk.formats import open_index
from ...apk.index import SignedIndex
from ...apk.installed import (
    InstalledPackage,
    InstalledScript,
    Triggers,
    installed_package,
    write_installed,
    write_scripts,
    write_triggers,
    write_world,
)
from ...apk.package import read_package
from ...builder.bubblewrap import find_bwrap
from ...store.checkpoint import checkpoint
from ..errors import RequestError
from .extraction import Tree
from .repository import architectures_of, index_of, package_files
from .solving import Pool, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...apk.contents import Acl, Package
    from ...apk.description import Info
    from ...apk.keys import PublicKey

_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY: Final = 65534
_SCRIPT: Final = ".apk-script"


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed, in this order; `ran` are the scripts that were run, as PACKAGE.KIND."""

    directory: str
    packages: tuple[Info, ...]
    ran: tuple[str, ...]


def install(
    directory: str,
    names: Sequence[str],
    repository: str,
    trusted: Sequence[PublicKey],
    *,
    architecture: str | None = None,
    runs_scripts: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Installed:
    """Install packages and what they need into a directory that is empty or not there.

    `names` are dependencies, such as `zlib>=1.2`. The index must be signed by one of `trusted`. `say` takes what scripts
    print. The directory appears whole or not at all. Raises `RequestError`, `ApkError`, OSError.
    """
    _check_target(directory)
    world = [Dependency.parse(name) for name in names]
    place = f"{repository}/{_architecture(repository, architecture)}"
    index = open_index(index_of(place))
    if not isinstance(index, SignedIndex):
        raise RequestError(f"'{repository}' is of version 2, and roots are installed from version 3")
    index.verify_signature(trusted)
    infos = solve(Pool(index.index.packages), world)
    target = os.path.abspath(directory)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.new")
    try:
        work = _Work(temporary, place, trusted, runs_scripts, say)
        for info in infos:
            checkpoint()
            work.install(info)
        work.finish(world, os.path.basename(place))
        os.makedirs(directory, exist_ok=True)
        os.rmdir(directory)
        os.rename(temporary, target)
    except BaseException:
        _remove(temporary)
        raise
    return Installed(directory, tuple(infos), tuple(work.ran))


def _check_target(directory: str) -> None:
    if os.path.islink(directory):
        raise RequestError(f"'{directory}' is a link", hint="name the directory itself, or a new one")
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise RequestError(f"'{directory}' is no directory", hint="name a new directory")
    if os.path.isdir(directory) and os.listdir(directory):
        raise RequestError(f"'{directory}' is there and not empty", hint="name a new directory")


def _architecture(repository: str, wanted: str | None) -> str:
    known = architectures_of(repository)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted in known:
        return wanted
    if not known:
        hint = "it is a part of one: name the directory that it is in" if package_files(repository) else None
        raise RequestError(f"'{repository}' is no repository", hint=hint)
    what = "has several architectures" if wanted is None else f"has nothing for '{wanted}'"
    raise RequestError(f"'{repository}' {what}", hint=f"choose one of {', '.join(known)} with --arch")


class _Work:
    def __init__(
        self, top: str, place: str, trusted: Sequence[PublicKey], runs_scripts: bool, say: Callable[[str], None]
    ) -> None:
        self._top = top
        self._place = place
        self._trusted = trusted
        self._runs_scripts = runs_scripts
        self._say = say
        self._tree = Tree(top, changes_owners=os.geteuid() == 0)
        self._packages: list[tuple[Package, bytes]] = []
        self.ran: list[str] = []

    def install(self, info: Info) -> None:
        """Install one package, after its script `pre-install`."""
        path = f"{self._place}/{info.full_name}.apk"
        with open(path, "rb") as file:
            reader = read_package(file, path)
            package = reader.package
            # With 20 bytes of identity only, the client wants a signature as well.
            if len(info.hashes) != 32 or reader.identity != info.hashes:
                if len(info.hashes) == 32 or reader.identity[: len(info.hashes)] != info.hashes:
                    raise FileError(path, "the package is not the one that the index names")
                try:
                    reader.verify_signature(self._trusted)
                except Untrusted as error:
                    raise Untrusted(path, f"the index names it by 20 bytes only, and {error.reason}") from error
            scripts = package.scripts
            if scripts is not None and scripts.pre_install:
                self._run(package, "pre-install", scripts.pre_install, info.version)
            places = {one.path: self._tree.directory(info, one) for one in package.directories}
            for one, found, chunks in reader.contents():
                self._tree.file(package, places[one.path], found, chunks)
        # Only the index knows the size of the file.
        sized = replace(package, info=replace(package.info, file_size=info.file_size))
        self._packages.append((sized, reader.identity))

    def finish(self, world: Sequence[Dependency], architecture: str) -> None:
        """Run what comes after all packages, and write the database."""
        for package, _ in self._packages:
            if package.scripts is not None and package.scripts.post_install:
                self._run(package, "post-install", package.scripts.post_install, package.info.version)
        for package, _ in self._packages:
            directories = self._matching(package.triggers)
            if package.scripts is not None and package.scripts.trigger and directories:
                self._run(package, "trigger", package.scripts.trigger, *directories)
        users, groups = self._numbers("etc/passwd"), self._numbers("etc/group")

        def ids(acl: Acl) -> tuple[int, int]:
            return users.get(acl.user, _NOBODY), groups.get(acl.group, _NOBODY)

        self._write_database(world, architecture, ids)
        self._tree.finish(users, groups)

    def _matching(self, patterns: Sequence[str]) -> list[str]:
        """Return the directories that a trigger is for, as the client passes them."""
        wanted = [pattern.removeprefix("+").strip("/").split("/") for pattern in patterns]
        return [
            f"/{path}"
            for path, owned in sorted(self._tree.entries.items())
            if owned.file is None
            and any(
                len(parts) == len(one) and all(map(fnmatch.fnmatchcase, parts, one))
                for parts in [path.split("/")]
                for one in wanted
            )
        ]

    def _numbers(self, path: str) -> dict[str, int]:
        """Return the numbers of the accounts in a file of the root."""
        numbers = {"root": 0}
        for line in self._tree.read(path).decode("utf-8", "surrogateescape").split("\n"):
            name, *fields = line.split(":")
            if len(fields) > 1 and fields[1].isascii() and fields[1].isdecimal() and len(fields[1]) < 10:
                numbers.setdefault(name, int(fields[1]))
        return numbers

    def _run(self, package: Package, kind: str, text: bytes, *arguments: str) -> None:
        """Run a script with the root as `/`. Raises `RequestError` if it fails."""
        what = f"{package.info.full_name}.{kind}"
        if not self._runs_scripts:
            self._say(f"{what} is not run")
            return
        script = f"{_SCRIPT}-{os.urandom(8).hex()}"
        self._tree.write(script, text, 0o755)
        mounts = ["--dev", "/dev"] if os.path.isdir(f"{self._top}/dev") else []
        command = [
            find_bwrap(), "--unshare-all", "--uid", "0", "--gid", "0", "--die-with-parent", "--new-session", "--clearenv",
            "--setenv", "PATH", _PATH, "--bind", self._top, "/", *mounts, "--chdir", "/", f"/{script}", *arguments,
        ]  # fmt: skip
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        finally:
            with self._tree.parent(script) as (folder, name), suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode:
            raise RequestError(
                f"the script {what} ended with status {done.returncode}: {said}",
                hint="it runs in the root as far as it is installed; --no-scripts leaves it out",
            )
        if said:
            self._say(f"{what}: {said}")
        self.ran.append(what)

    def _write_database(
        self, world: Sequence[Dependency], architecture: str, ids: Callable[[Acl], tuple[int, int]]
    ) -> None:
        installed: list[InstalledPackage] = []
        scripts: list[InstalledScript] = []
        triggers: list[Triggers] = []
        for package, identity in self._packages:
            installed.append(installed_package(package, identity, ids))
            present = {} if package.scripts is None else package.scripts.present()
            scripts += [
                InstalledScript(package.info.full_name, identity[:20], kind, text) for kind, text in present.items()
            ]
            if package.triggers:
                triggers.append(Triggers(identity[:20], package.triggers))
        database = self._tree.resolve("lib/apk/db")
        self._tree.make_directories(database)
        for name, data in (
            ("installed", write_installed(installed)),
            ("triggers", write_triggers(triggers)),
            ("scripts.tar.gz", write_scripts(scripts)),
        ):
            self._tree.write(f"{database}/{name}", data)
        settings = self._tree.resolve("etc/apk")
        keys = self._tree.resolve("etc/apk/keys")
        self._tree.make_directories(settings)
        self._tree.make_directories(keys)
        self._tree.write(f"{settings}/world", write_world(sorted(world, key=str)))
        self._tree.write(f"{settings}/arch", f"{architecture}\n".encode())
        for number, key in enumerate(self._trusted):
            earlier = self._trusted[:number]
            if all(one.key_id != key.key_id for one in earlier):
                is_taken = any(one.name == key.name for one in earlier)
                name = f"{key.key_id.hex()[:8]}-{key.name}" if is_taken else key.name
                self._tree.write(f"{keys}/{name}", key.to_pem())


def _remove(top: str) -> None:
    """Remove a root whose directories may not be writable."""
    if os.path.lexists(top):
        for folder, _, _ in os.walk(top):
            os.chmod(folder, 0o755)
        shutil.rmtree(top)
