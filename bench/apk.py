"""Packages and indexes of apk, beside the client if `CHX_APK` names one.

`python bench/apk.py [--files 5000] [--packages 3000] [--rounds 3] [--profile]`. Processor time of this process, or of the client, best of
the rounds, which alternate. A tree is scanned, hashed and written as a package; an index is made of packages on the disk; small packages
are written and each signed by RSA. The client scans and hashes, too.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENT = os.environ.get("CHX_APK")


def use_checkout() -> None:
    spec = importlib.util.spec_from_file_location(
        "chx", os.path.join(ROOT, "__init__.py"), submodule_search_locations=[ROOT]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chx"] = module
    spec.loader.exec_module(module)


def make_tree(path: str, count: int) -> None:
    """Files of 940 bytes on average, a hundred in each folder."""
    choice = random.Random(1)
    for number in range(count):
        folder = f"{path}/usr/share/demo/d{number // 100:03}"
        if number % 100 == 0:
            os.makedirs(folder)
        with open(f"{folder}/file{number}.txt", "wb") as file:
            words = [b"%x" % choice.getrandbits(24) for _ in range(choice.randrange(268))]
            file.write(b" ".join(words))


def scan(chx: Any, root: str) -> tuple[Any, ...]:
    """Directories and files of a tree in the order of a package, with their hashes."""
    directories = []
    waiting = [""]
    folder_acl, acls = chx.Acl(0o755), {}
    while waiting:
        path = waiting.pop()
        prefix = f"{path}/" if path else ""
        files = []
        with os.scandir(f"{root}/{path}") as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(prefix + entry.name)
                    continue
                found = entry.stat(follow_symlinks=False)
                digest = sha256(content(entry.path)).digest()
                mode = found.st_mode & 0o7777
                acl = acls.get(mode) or acls.setdefault(mode, chx.Acl(mode))
                files.append(chx.File(entry.name, acl, found.st_size, 1, digest))
        directories.append(chx.Directory(path, folder_acl, tuple(files)))
    return tuple(chx.sort_tree(directories))


def write(chx: Any, root: str, out: str, compression: str) -> None:
    package = chx.Package(chx.Info("demo", "1-r0", arch="x86_64"), scan(chx, root))
    with open(out, "wb") as file:
        chx.write_package(file, package, lambda path: content(f"{root}/{path}"), compression=compression)


def content(path: str) -> bytes:
    """The bytes of a file of a tree, all of which are small."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def write_small(chx: Any, folder: str, count: int, signers: tuple[Any, ...]) -> None:
    text = b"#!/bin/sh\nexit 0\n"
    acl = chx.Acl(0o755)
    depends = tuple(map(chx.Dependency.parse, ("so:libc.so", "zlib>=1.2")))
    for number in range(count):
        name = f"demo{number:04}"
        info = chx.Info(
            name, f"1.{number}-r0", description="a demo", arch="x86_64", license="MIT", origin=name, depends=depends,
            provides=(chx.Dependency.parse(f"cmd:{name}=1.{number}-r0"),),
        )  # fmt: skip
        file = chx.File(name, acl, len(text), 1, sha256(text).digest())
        tree = (chx.Directory("", acl), chx.Directory("usr", acl), chx.Directory("usr/bin", acl, (file,)))
        with open(f"{folder}/{info.full_name}.apk", "wb") as out:
            chx.write_package(out, chx.Package(info, tree), lambda path: text, signers=signers)


def write_index(chx: Any, folder: str, out: str) -> None:
    entries = [chx.index_entry(f"{folder}/{name}") for name in sorted(os.listdir(folder))]
    with open(out, "wb") as file:
        chx.write_index(file, chx.Index("demo", tuple(entries)))


def processor(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def of_client(*words: str) -> float:
    """Processor time of a run of the client."""
    assert CLIENT
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([CLIENT, *words], env={**os.environ, "SOURCE_DATE_EPOCH": "1"}, capture_output=True)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=5000)
    options.add_argument("--packages", type=int, default=3000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--profile", action="store_true", help="where the time of writing without compression goes")
    chosen = options.parse_args()
    use_checkout()
    import chx.apk as room

    with tempfile.TemporaryDirectory() as folder:
        tree, small, signed = (f"{folder}/{name}" for name in ("tree", "small", "signed"))
        for path in (tree, small, signed):
            os.mkdir(path)
        make_tree(tree, chosen.files)
        key = room.generate(f"{folder}/key", bits=2048)
        os.mkdir(f"{folder}/keys")
        os.link(f"{folder}/key.pub", f"{folder}/keys/key.pub")
        write_small(room, small, chosen.packages, (key,))
        out = f"{folder}/out"
        if chosen.profile:
            import cProfile

            cProfile.runctx("write(room, tree, out, 'none')", {**globals(), **locals()}, {}, sort="tottime")
            cProfile.runctx(
                "write_small(room, signed, chosen.packages, (key,))", {**globals(), **locals()}, {}, sort="tottime"
            )
            cProfile.runctx("write_index(room, small, out)", {**globals(), **locals()}, {}, sort="tottime")
            return
        mkpkg = ("mkpkg", "-I", "name:demo", "-I", "version:1-r0", "-I", "arch:x86_64", "-F", tree, "-o", out, "-c")
        packages = [f"{small}/{name}" for name in sorted(os.listdir(small))]
        rows: list[tuple[str, Callable[[], object], tuple[str, ...] | None]] = [
            *[
                (
                    f"{chosen.files} files, {method}",
                    lambda method=method: write(room, tree, out, method),
                    (*mkpkg, method),
                )
                for method in ("none", "deflate", "zstd")
            ],
            ("of that: scanning and SHA-256", lambda: scan(room, tree), None),
            (
                f"index of {chosen.packages} packages",
                lambda: write_index(room, small, out),
                ("--keys-dir", f"{folder}/keys", "mkndx", "-d", "demo", "-c", "none", "-o", out, *packages),
            ),
            (f"{chosen.packages} packages, RSA 2048", lambda: write_small(room, signed, chosen.packages, (key,)), None),
        ]
        times: dict[str, list[tuple[float, float | None]]] = {}
        for _ in range(chosen.rounds):
            for name, work, words in rows:
                times.setdefault(name, []).append((processor(work), of_client(*words) if CLIENT and words else None))
        print("| CPU seconds, best | chx | client | ratio |\n|---|---|---|---|")
        for name, found in times.items():
            mine = min([one for one, _ in found])
            theirs = min([other for _, other in found if other is not None], default=None)
            print(
                f"| {name} | {mine:.3f} | {theirs:.3f} | {mine / theirs:.1f} |"
                if theirs
                else f"| {name} | {mine:.3f} | | |"
            )


if __name__ == "__main__":
    main()
