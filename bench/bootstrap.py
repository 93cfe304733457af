"""What a bootstrap costs beside the same recipes run by hand in bubblewrap.

    python bench/bootstrap.py [--seeds debian-gcc,debian-clang,zig] [--stages 3] [--home DIR]

Seeds and sources are fetched and unpacked first, outside of the measurement. Then `chx bootstrap` runs as a
user would run it. After it, every recipe of every stage is run by hand: the same script, in the same root,
with bwrap alone, one after the other; nothing is hashed, scanned or registered. The sum of these is what a
person with a shell script would wait for. Last, the bootstrap is repeated with nothing to do.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def use_checkout() -> None:
    spec = importlib.util.spec_from_file_location("chx", f"{ROOT}/__init__.py", submodule_search_locations=[ROOT])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chx"] = module
    spec.loader.exec_module(module)


def chx(*words: str) -> float:
    """Run a command; wall seconds."""
    started = time.monotonic()
    run = subprocess.run([sys.executable, ROOT, *words], capture_output=True, text=True)
    seconds = time.monotonic() - started
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    return seconds


def prepare(seeds: list[str], stages: int) -> None:
    """Fetch and unpack everything that is no package of a stage."""
    expression = f"""
      with import <chx> {{ }};
      map (seed: seeds.${{seed}}.rootfs) [ {" ".join(f'"{seed}"' for seed in seeds)} ]
      ++ map (package: package.src) (builtins.attrValues bootstrap.tiny.{seeds[0]}.stage0.packages)
    """
    print(f"fetching and unpacking: {chx('build', '--no-out-link', '-E', expression):.1f} s", flush=True)


def recipes(store, session, seeds: list[str], stages: int):
    """Every resolved derivation of every stage, in order."""
    from chx.builder.planning import recall
    from chx.builder.resolution import resolve
    from chx.ops.bootstrap.plan import chains_of

    arguments = argparse.Namespace(
        file=None, expr=None, attributes=[], attr=[], arg=[], argstr=[], include=[], max_call_depth=None
    )
    described = chains_of(session, arguments, "tiny", seeds, stages)
    session.world.commit()
    for item in described:
        for number, stage in enumerate(item.chain.stages):
            for name, package in stage.items():
                found = recall(store, [package.derivation])
                yield (
                    f"{item.chain.seed} {number} {name}",
                    resolve(found.derivations[package.derivation], found.outputs),
                )


def by_hand(store, derivation, bwrap: str, cores: int) -> float:
    """Run one recipe with bwrap alone; wall seconds of the process."""
    from chx.builder.compose import compose_root
    from chx.builder.environment import build_environment
    from chx.builder.inputs import rootfs_inputs, visible_objects
    from chx.builder.resolution import with_outputs
    from chx.builder.sandbox import Bind, SandboxSpec, bwrap_arguments
    from chx.store import STORE_DIR, output_object_name, scratch_path

    scratch = {name: scratch_path(name, output_object_name(derivation.name, name)) for name in derivation.outputs}
    ready = with_outputs(derivation, scratch)
    root = compose_root(store, rootfs_inputs(ready))
    folder = store.temporary("by-hand")
    for name in ("build", "tmp", "store"):
        os.mkdir(f"{folder}/{name}")
    binds = [
        Bind(f"{folder}/build", "/build", writable=True),
        Bind(f"{folder}/tmp", "/tmp", writable=True),
        Bind(f"{folder}/store", STORE_DIR, writable=True),
        *(Bind(store.physical(path), str(path)) for path in visible_objects(store, ready)),
    ]
    environment = build_environment(ready, scratch, cores).variables
    spec = SandboxSpec((ready.builder, *ready.args), root=root, binds=tuple(binds), env=environment)
    started = time.monotonic()
    run = subprocess.run([bwrap, *bwrap_arguments(spec)], capture_output=True, text=True)
    seconds = time.monotonic() - started
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    shutil.rmtree(folder)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="debian-gcc,debian-clang,zig")
    parser.add_argument("--stages", type=int, default=3)
    parser.add_argument("--home", help="the store (default: a new one, which fetches some 260 MB)")
    options = parser.parse_args()
    seeds = options.seeds.split(",")
    home = options.home or tempfile.mkdtemp(prefix="chx-bench-")
    os.environ["CHX_HOME"] = home
    words = ["bootstrap", "tiny", "--seeds", options.seeds, "--stages", str(options.stages)]

    prepare(seeds, options.stages)
    whole = chx(*words)
    print(f"chx {' '.join(words)}: {whole:.1f} s", flush=True)

    use_checkout()
    from chx.builder.bubblewrap import find_bwrap
    from chx.ops.session import Session

    cores = len(os.sched_getaffinity(0))
    total = 0.0
    with Session() as session:
        store = session.store
        for label, derivation in recipes(store, session, seeds, options.stages):
            seconds = by_hand(store, derivation, find_bwrap(), cores)
            total += seconds
            print(f"  by hand: {label:<32} {seconds:6.2f} s", flush=True)
    print(f"the same recipes by hand: {total:.1f} s in all; chx takes {whole / total:.2f} of it")
    again = [chx(*words) for _ in range(11)]
    print(f"nothing to do: {statistics.median(again) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
