"""What seeds share is computed from what they consist of; their names are no evidence."""

import json
from dataclasses import replace

import pytest

from chx.ops.bootstrap import SeedPart, judge, kinship_of
from chx.ops.bootstrap.kinship import Makeup, Program, is_program, role_of
from chx.store import Derivation

from .conftest import ELF

GCC = Program(b"1" * 32, "compiler", "usr/libexec/cc1")
AS = Program(b"2" * 32, "assembler", "usr/bin/as")
CLANG = Program(b"3" * 32, "compiler", "usr/bin/clang")


def makeup(seed: str, *programs: Program, files=()) -> Makeup:
    return Makeup(seed, {f"sha256:{name}": name for name in files}, {}, programs)


def test_a_seed_under_two_names_is_one_toolchain():
    found = kinship_of([makeup("gcc", GCC, AS), makeup("alias", GCC, AS)])
    assert found.toolchains == (("gcc", "alias"),)


def test_a_wrapper_and_a_program_more_make_no_other_toolchain():
    extra = Program(b"9" * 32, "compiler", "usr/bin/mine")
    assert kinship_of([makeup("gcc", GCC, AS), makeup("wrapped", GCC, AS, extra)]).toolchains == (("gcc", "wrapped"),)


def test_a_shared_assembler_is_told_and_makes_two_compilers_no_less_two():
    found = kinship_of([makeup("gcc", GCC, AS), makeup("pcc", CLANG, AS)])
    assert found.toolchains == (("gcc",), ("pcc",))
    assert found.common is not None and found.common.programs == (("assembler", "usr/bin/as"),)


def test_a_compiler_under_another_name_or_in_the_userland_of_the_other_seed_is_the_same():
    renamed = makeup("renamed", CLANG, GCC._replace(role="assembler", path="usr/bin/cc1-as"))
    assert kinship_of([makeup("gcc", GCC), renamed]).toolchains == (("gcc", "renamed"),)
    beside = replace(makeup("beside", CLANG), companions=frozenset([GCC.digest]))
    assert kinship_of([makeup("gcc", GCC), beside]).toolchains == (("gcc", "beside"),)
    assert kinship_of([beside, makeup("gcc", GCC)]).toolchains == (("beside", "gcc"),)


@pytest.mark.parametrize(
    ("start", "answer"),
    [
        (ELF.encode(), True),
        (ELF.encode()[:-2] + b"\3\0", True),
        (ELF.encode()[:-2] + b"\1\0", False),
        (ELF.encode()[:-2] + b"\0\2", False),
        (ELF.encode()[:5] + b"\2" + ELF.encode()[6:-2] + b"\0\2", True),
        (ELF.encode()[:-1], False),
        (b"#!/bin/sh and more", False),
    ],
)
def test_a_program_is_an_elf_file_that_can_be_run_or_loaded(start, answer):
    assert is_program(start) is answer


def test_a_compiler_that_is_not_executable_is_one(world):
    """A dynamic loader can be told to run it."""
    entries = [{"path": "usr/lib/cc1", "kind": "file", "content": f"{ELF}one\0"}]
    plain = world.store.add_derivation(
        Derivation("plain-compiler", "builtin", "builtin:tree", env={"entries": json.dumps(entries)})
    )
    chain = world.chain("s", "", {"p": world.tree("p", {"x": "0"}, plain)}, foreign=plain)
    other = world.chain(
        "t", "", {"p": world.tree("p", {"x": "1"}, tree := world.tree("cc", {"cc": f"{ELF}one\0"}))}, foreign=tree
    )
    found = judge(world.store, [chain, other], world.realise(chain, other))
    assert found.kinship.toolchains == (("s", "t"),)


def test_seeds_that_are_related_through_a_third_are_one():
    both = makeup("both", GCC, CLANG)
    assert kinship_of([makeup("gcc", GCC), makeup("clang", CLANG), both]).toolchains == (("gcc", "clang", "both"),)


def test_a_seed_without_a_compiler_counts_as_none():
    assert kinship_of([makeup("gcc", GCC), makeup("scripts"), makeup("binutils", AS)]).toolchains == (("gcc",),)


def test_what_all_and_what_two_share_is_named():
    found = kinship_of([makeup("a", files="xyz"), makeup("b", files="xy"), makeup("c", files="xq")])
    assert found.common is not None and found.common.files == ("x",)
    assert [(pair.seeds, pair.files) for pair in found.pairs] == [
        (("a", "b"), ("x", "y")),
        (("a", "c"), ("x",)),
        (("b", "c"), ("x",)),
    ]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("usr/bin/as", "assembler"),
        ("usr/bin/x86_64-linux-gnu-as", "assembler"),
        ("usr/bin/ld.bfd", "linker"),
        ("usr/bin/ld.lld-16", "linker"),
        ("usr/bin/lld", "linker"),
        ("usr/bin/llvm-ar", "archiver"),
        ("usr/bin/llvm-ar-16", "archiver"),
        ("usr/bin/x86_64-linux-gnu-ranlib", "archiver"),
        ("usr/bin/objcopy", "tool"),
        ("usr/lib/libbfd-2.40.so", "tool"),
        ("usr/bin/gcc", "compiler"),
        ("usr/libexec/gcc/cc1plus", "compiler"),
        ("usr/bin/tcc", "compiler"),
        ("usr/bin/clang-16", "compiler"),
        ("usr/bin/anything", "compiler"),
        ("usr/bin/canvas", "compiler"),
    ],
)
def test_what_has_no_known_name_is_a_compiler(path, role):
    assert role_of(path) == role


def test_an_alias_of_a_seed_shows_no_independence(world):
    one = world.bootstrap("s", "the compiler of Example", "0", "1", "1")
    alias = one._replace(seed="alias")
    found = judge(world.store, [one, alias], world.realise(one, alias))
    assert found.host_independence is None
    assert not found.holds
    assert found.kinship.toolchains == (("s", "alias"),)


def test_captured_trees_are_compared_too(world):
    compiler = world.compiler("s", "the compiler of Example")
    chain = world.bootstrap("s", "the compiler of Example", "0", "1")
    ((path,),) = [set(chain.toolchain.objects(*_known(world, chain)))]
    captured = chain._replace(seed="t", toolchain=SeedPart((), (path,)))
    found = judge(world.store, [chain, captured], world.realise(chain, captured))
    assert compiler in chain.toolchain.derivations
    assert found.kinship.common is not None and found.kinship.common.trees == ("s-compiler",)
    assert found.kinship.toolchains == (("s", "t"),)


def _known(world, chain):
    from chx.builder import recall

    world.realise(chain)
    found = recall(world.store, chain.seed_derivations)
    return found.derivations, found.outputs


def test_a_seed_that_another_one_made_counts_as_no_toolchain(world):
    def chain(seed, compiler, *contents):
        before, stages = compiler, []
        for content in contents:
            before = world.tree("cc", {"usr/bin/cc": ELF + content}, before)
            stages.append({"cc": before})
        return world.chain(seed, "", *stages, foreign=compiler)

    one = chain("s", world.compiler("s", "one"), "a", "z", "z")
    own = chain("self", world.tree("own", {"usr/bin/cc": ELF + "z"}), "z", "z", "z")
    found = judge(world.store, [one, own], world.realise(one, own))
    assert found.kinship.toolchains == (("s",),)
    assert found.agreement.dissents == () and found.host_independence is None
