"""Worlds for evaluations: dictionaries, and real files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping

import pytest

from chx.evaluator import Evaluator, Options
from chx.lang import Source
from chx.store import Derivation, Digest, StorePath
from chx.store.digest import base32_encode


def _hash(data: bytes) -> str:
    return base32_encode(Digest.of(data).raw[:20])


class MemoryWorld:
    """Files in a dictionary; directories are what their paths imply."""

    current_system = "x86_64-linux"

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self.files = {path: text.encode() for path, text in (files or {}).items()}
        self.derivations: dict[str, Derivation] = {}
        self.texts: dict[str, tuple[bytes, list[str]]] = {}
        self.added: list[tuple[str, str]] = []
        self.traces: list[str] = []
        self.warnings: list[str] = []
        self.realised: list[list[tuple[str, ...]]] = []
        self.outputs: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.paths: list[tuple[str, str]] = []
        self.code: dict[str, bytes] = {}
        self.loads = 0

    def read_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]

    def read_dir(self, path: str) -> dict[str, str]:
        prefix = path.rstrip("/") + "/"
        result = {}
        for file in self.files:
            if file.startswith(prefix):
                name, slash, _ = file[len(prefix) :].partition("/")
                result[name] = "directory" if slash else "regular"
        return result

    def file_type(self, path: str) -> str | None:
        if path in self.files:
            return "regular"
        return "directory" if self.read_dir(path) else None

    def link_target(self, path: str) -> str:
        raise OSError(22, "Invalid argument", path)

    def resolve(self, path: str) -> str:
        if self.file_type(path) is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return path

    def add_path(
        self,
        path: str,
        name: str,
        filter: Callable[[str, str], bool] | None,
        recursive: bool,
        expected: tuple[str, bytes] | None,
    ) -> StorePath:
        kept = [
            file
            for file in sorted(self.files)
            if (file == path or file.startswith(path + "/")) and (filter is None or filter(file, "regular"))
        ]
        self.added.append((path, name))
        return StorePath(_hash(repr([(file, self.files[file]) for file in kept]).encode()), name)

    def add_text(self, name: str, content: bytes, references: Iterable[StorePath]) -> StorePath:
        path = StorePath(_hash(content), name)
        self.texts[str(path)] = (content, [str(reference) for reference in references])
        return path

    def write_derivation(self, derivation: Derivation) -> StorePath:
        path = StorePath(_hash(derivation.to_json()), f"{derivation.name}.drv")
        self.derivations[str(path)] = derivation
        return path

    def realise(self, context: Iterable[tuple[str, ...]]) -> Mapping[str, str]:
        self.realised.append(sorted(context))
        return self.outputs

    def physical(self, path: str) -> str:
        return path

    def allowed(self, path: str) -> bool:
        return not path.startswith("/forbidden")

    def search_path(self) -> list[tuple[str, str]]:
        return self.paths

    def bundled(self) -> list[tuple[str, str]]:
        return [("nix", "/bundled/nix")]

    def env(self, name: str) -> str:
        return self.environment.get(name, "")

    def trace(self, message: str) -> None:
        self.traces.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def lint(self, message: str) -> None:
        self.warnings.append(message)

    def load_code(self, key: str) -> bytes | None:
        found = self.code.get(key)
        self.loads += found is not None
        return found

    def save_code(self, key: str, data: bytes) -> None:
        self.code[key] = data


class DiskWorld(MemoryWorld):
    """Real files, read only."""

    def read_file(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def read_dir(self, path: str) -> dict[str, str]:
        return {name: self.file_type(f"{path}/{name}") or "unknown" for name in os.listdir(path)}

    def file_type(self, path: str) -> str | None:
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return None
        if stat.S_ISLNK(mode):
            return "symlink"
        return "directory" if stat.S_ISDIR(mode) else "regular"

    def link_target(self, path: str) -> str:
        return os.readlink(path)

    def resolve(self, path: str) -> str:
        return os.path.realpath(path, strict=True)


class Bench:
    """An evaluator and short ways to use it."""

    def __init__(self, world: MemoryWorld, **options: object) -> None:
        self.world = world
        self.evaluator = Evaluator(world, Options(**options))

    def value(self, text: str) -> object:
        return self.evaluator.eval_source(Source("«string»", text.encode().decode("latin-1"), "/base"))

    def show(self, text: str, strict: bool = True) -> str:
        shown = self.evaluator.print_value(self.value(text), strict=strict)
        return shown.encode("latin-1").decode()


@pytest.fixture
def bench() -> Bench:
    """An evaluator in a world without files."""
    return Bench(MemoryWorld())


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    """Makes an evaluator: `make_bench(files, option=...)`."""

    def make(files: Mapping[str, str] | None = None, **options: object) -> Bench:
        return Bench(MemoryWorld(files), **options)

    return make


@pytest.fixture
def disk_bench() -> Bench:
    """An evaluator that reads real files."""
    return Bench(DiskWorld())
