"""The store beside Nix's: importing, and asking.

`python bench/store.py [--chx PROGRAM] [--nix-store PROGRAM] [--rounds N] [--folder DIR]`. Both import the same
trees, which change a little before each run so that nothing is known already; runs alternate, and medians of wall
time of whole processes are compared. Where Nix keeps its store is taken from its own variables. The last rows
are chx alone, inside one process: closures and plans of stores of synthetic objects.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def use_checkout() -> None:
    spec = importlib.util.spec_from_file_location(
        "chx", os.path.join(ROOT, "__init__.py"), submodule_search_locations=[ROOT]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chx"] = module
    spec.loader.exec_module(module)


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def run(*command: str, home: str) -> str:
    environment = {**os.environ, "CHX_HOME": home}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def large_file(path: str, size: int) -> None:
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "big") + block[8:])


def small_files(path: str, count: int) -> None:
    choice = random.Random(1)
    for number in range(count):
        folder = f"{path}/d{number // 100}"
        if number % 100 == 0:
            os.makedirs(folder)
        with open(f"{folder}/file{number}", "wb") as file:
            file.write(choice.randbytes(choice.randrange(200, 4000)))


def change(path: str) -> None:
    """Make a tree another one, so that no store knows it."""
    if os.path.isdir(path):
        path += "/d0/file0"
    with open(path, "r+b") as file:
        file.write(os.urandom(16))


def compare(
    title: str, chx: Callable[[], object], nix: Callable[[], object], rounds: int, before: Callable[[], None]
) -> str:
    ours, theirs = [], []
    for _ in range(rounds):
        before()
        os.sync()
        ours.append(milliseconds(chx))
        os.sync()
        theirs.append(milliseconds(nix))
    one, other = statistics.median(ours), statistics.median(theirs)
    return f"| {title} | {one:.0f} | {other:.0f} | {one / other:.2f} |"


def synthetic(home: str, count: int) -> None:
    """Rows without files, each with up to five references."""
    from chx.store import Digest, Store

    choice = random.Random(7)
    with Store.open(home) as store, store.transaction():
        store._database.execute_many(
            "INSERT INTO objects (id, base, tree, size, self, registered) VALUES (?, ?, ?, ?, 0, 1)",
            (
                (number, f"{str(Digest.of(b'%d' % number))[:32].replace('e', 'z')}-n{number}", b"\0" * 32, 1)
                for number in range(1, count + 1)
            ),
        )
        store._database.execute_many(
            "INSERT OR IGNORE INTO refs VALUES (?, ?)",
            (
                (number, max(1, number - 1 - choice.randrange(50) * (step > 0)))
                for number in range(2, count + 1)
                for step in range(5)
            ),
        )


def alone(folder: str) -> list[str]:
    import gc

    from chx.store import Store, plan_gc

    gc.disable()
    rows = []
    home = f"{folder}/synthetic"
    synthetic(home, 10_000)
    with Store.open(home) as store:
        Store.is_valid = Store._is_registered  # type: ignore[method-assign]
        top = store.in_order()[-1]
        taken = statistics.median(milliseconds(lambda: store.closure([top])) for _ in range(5))
        rows.append(f"| closure of {len(store.closure([top]))} objects | {taken:.0f} | | |")
    home = f"{folder}/large"
    synthetic(home, 100_000)
    with Store.open(home) as store:
        taken = statistics.median(milliseconds(lambda: plan_gc(store)) for _ in range(3))
        rows.append(f"| GC plan over {len(plan_gc(store).dead)} objects | {taken:.0f} | | |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chx", default=shutil.which("chx") or "chx")
    parser.add_argument("--nix-store", default=shutil.which("nix-store") or "nix-store")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    arguments = parser.parse_args()
    use_checkout()
    from chx.store import remove_tree

    folder = tempfile.mkdtemp(dir=arguments.folder)
    home = f"{folder}/home"
    chx, nix = arguments.chx, arguments.nix_store
    try:
        print("| ms wall | chx | nix-store | ratio |\n|---|---|---|---|", flush=True)
        large, small = f"{folder}/large-file", f"{folder}/small-files"
        large_file(large, 1 << 30)
        small_files(small, 10_000)
        for title, path, rounds in (
            ("import a file of 1 GiB", large, arguments.rounds),
            ("import a tree of 10,000 small files", small, arguments.rounds),
        ):

            def clean() -> None:
                change(path)  # noqa: B023
                run(chx, "gc", home=home)
                run(nix, "--gc", home=home)

            print(
                compare(
                    title,
                    lambda: run(chx, "store", "add", path, home=home),  # noqa: B023
                    lambda: run(nix, "--add", path, home=home),  # noqa: B023
                    rounds,
                    clean,
                ),
                flush=True,
            )
        ours, theirs = run(chx, "store", "add", small, home=home).strip(), run(nix, "--add", small, home=home).strip()
        print(
            compare(
                "path-info of one object (`nix-store -q --references`)",
                lambda: run(chx, "store", "path-info", ours, home=home),
                lambda: run(nix, "-q", "--references", theirs, home=home),
                4 * arguments.rounds,
                lambda: None,
            ),
            flush=True,
        )
        for row in alone(folder):
            print(row, flush=True)
    finally:
        remove_tree(os.fsencode(folder))


if __name__ == "__main__":
    main()
