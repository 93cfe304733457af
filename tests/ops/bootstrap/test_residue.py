"""What is left of a seed is found: as a reference, as a way around stage 0, as a string."""

import json

from chx.ops.bootstrap import Package, SeedPart, find_residue, judge
from chx.store import Derivation, upstream_placeholder

from .conftest import ELF

MARK = "made by the compiler of Example 9.1"


def test_a_system_that_shares_nothing_with_its_seed_has_no_residue(world):
    chain = world.chain("s", MARK, {"p": world.tree("p", {"x": "0"})}, {"p": world.tree("p", {"x": "1"})})
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.holds
    assert found.shared == ()


def test_a_string_of_the_seeds_programs_that_no_source_holds_is_residue(world):
    # Copied, because what stands in the text of a derivation is accounted for.
    compiler = world.compiler("s", MARK)
    first = {"p": world.tree("p", {"x": "nothing to see"})}
    last = {"p": world.store.add_derivation(_copy_of(world, compiler))}
    chain = world.chain("s", MARK, first, last, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [echo.text for echo in found.echoes] == [MARK]
    assert not found.holds


def test_what_was_compiled_on_the_way_is_no_source(world):
    compiler = world.compiler("s", MARK)
    part = world.store.add_derivation(_copy_of(world, compiler))
    last = {"p": world.store.add_derivation(_copy_of(world, part))}
    chain = world.chain("s", MARK, {"p": world.tree("p", {"x": "nothing to see"})}, last, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [echo.text for echo in found.echoes] == [MARK]


def test_a_string_that_a_source_spells_out_is_accounted_for(world):
    compiler = world.compiler("s", MARK)
    stage = {"p": world.tree("p", {"x": f"{ELF}\0{MARK}\0"})}
    chain = world.chain("s", MARK, stage, stage, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert len(found.shared) == 1
    assert found.echoes == ()
    assert [item.file for item in found.prebuilt] == ["x"]


def test_machine_code_that_no_program_made_is_told_though_the_seed_has_none_of_it(world):
    chain = world.bootstrap("s", MARK, "0", "1")
    lone = {"q": Package(world.tree("q", {"usr/bin/q": f"{ELF}12345678"}), ("out",))}
    chain = chain._replace(stages=tuple({**stage, **lone} for stage in chain.stages))
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [item.file for item in found.prebuilt] == ["usr/bin/q"]
    assert not found.holds


def test_machine_code_in_a_source_accounts_for_nothing(world):
    """A "source" that is fetched may be the compiler of the seed."""
    compiler = world.compiler("s", MARK)
    source = world.compiler("source", MARK)
    first = world.tree("p", {"x": "0"}, compiler)
    copy = _copy_of(world, compiler, source)
    last = world.store.add_derivation(copy.replace(input_drvs={**copy.input_drvs, first: ("out",)}))
    chain = world.chain("s", MARK, {"p": first}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [item.file for item in found.survivors] == ["usr/bin/cc"]
    assert [echo.text for echo in found.echoes] == [MARK]


def test_a_reference_to_an_object_of_the_seed_is_residue(world):
    compiler = world.compiler("s", MARK)
    (path,) = world.realise(world.chain("s", MARK, {"p": compiler}))[0].last.values()
    last = world.tree("p", {"x": f"{path}/usr/bin/cc"}, compiler)
    chain = world.chain("s", MARK, {"p": world.tree("q", {})}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.references == (path,)


def test_a_way_to_the_seed_that_avoids_stage_0_is_shown_step_by_step(world):
    compiler = world.compiler("s", MARK)
    library = world.tree("library", {"l": "1"}, compiler)
    last = world.tree("program", {"x": "1"}, library)
    chain = world.chain("s", MARK, {"p": world.tree("p", {})}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [step.name for step in found.ways[0]] == ["program.drv", "library.drv", "s-compiler.drv"]


def test_a_way_through_stage_0_is_no_residue(world):
    compiler = world.compiler("s", MARK)
    first = world.tree("p", {"x": "0"}, compiler)
    last = world.tree("p", {"x": "1"}, first)
    chain = world.chain("s", MARK, {"p": first}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.ways == ()


def test_a_file_of_either_half_that_survives_is_residue_though_it_is_no_program_and_has_no_telling_string(world):
    shell = world.tree("shell", {"bin/sh": "exec /bin/other-shell"})
    first = world.tree("p", {"x": "0"}, shell)
    last = world.tree("p", {"usr/bin/sh": "exec /bin/other-shell"}, first)
    chain = world.chain("s", MARK, {"p": first}, {"p": last})._replace(userland=SeedPart((shell,)))
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert [(item.file, item.origin) for item in found.survivors] == [("usr/bin/sh", "bin/sh")]
    assert not found.holds


def test_an_archive_without_members_is_of_nobody(world):
    compiler = world.tree("s-compiler", {"usr/bin/cc": f"{ELF}{MARK}\0", "lib/libutil.a": "!<arch>\n"})
    first = world.tree("p", {"x": "0"}, compiler)
    last = world.tree("p", {"lib/libxnet.a": "!<arch>\n"}, first)
    chain = world.chain("s", MARK, {"p": first}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.holds


def test_a_file_of_the_seed_that_a_source_has_too_is_none(world):
    compiler = world.tree("s-compiler", {"usr/bin/cc": f"{ELF}{MARK}\0", "include/a.h": "#define A 12345678"})
    source = world.tree("source", {"src/a.h": "#define A 12345678"})
    first = world.tree("p", {"x": "0"}, compiler)
    last = world.tree("p", {"include/a.h": "#define A 12345678"}, first, source)
    chain = world.chain("s", MARK, {"p": first}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.survivors == () and found.holds


def test_the_name_of_a_source_file_in_an_archive_is_no_residue(world):
    name = "src/thread/x86_64/clone_of_a_thread.s"
    compiler = world.tree("s-compiler", {"usr/bin/cc": f"{ELF}{name}\0"})
    source = world.tree("source", {f"musl-1.2/{name}": "nop"})
    # Copied, because what stands in the text of a derivation is accounted for.
    copy = _copy_of(world, compiler)
    last = world.store.add_derivation(
        copy.replace(
            input_drvs={**copy.input_drvs, source: ("out",)},
            env={**copy.env, "source": upstream_placeholder(source, "out")},
        )
    )
    chain = world.chain("s", MARK, {"p": world.tree("p", {"x": "0"})}, {"p": last}, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert len(found.shared) == 1 and found.echoes == ()


def test_a_system_that_is_its_own_seed_is_accounted_for_by_a_chain_from_another_toolchain(world):
    foreign = world.compiler("t", "quite another compiler")
    others = world.chain(
        "t",
        "",
        {"p": (first := world.tree("p", {"x": "0"}, foreign))},
        {"p": world.store.add_derivation(_written_secretly(first))},
        foreign=foreign,
    )
    own = world.compiler("s", MARK)
    chain = world.chain(
        "s",
        MARK,
        {"p": (copy := world.store.add_derivation(_copy_of(world, own)))},
        {"p": world.store.add_derivation(_copy_of(world, own, copy))},
        foreign=own,
    )
    outcomes = world.realise(chain, others)
    (alone, _) = find_residue(world.store, [chain, others], outcomes)
    assert alone.survivors and alone.echoes
    (found, _) = find_residue(world.store, [chain, others], outcomes, [["s"], ["t"]])
    assert found.survivors == () and found.echoes == () and found.elsewhere == 2


def test_everything_must_hold_for_the_verdict_to_hold(world):
    chains = [world.bootstrap("s", MARK, "0", "1", "1"), world.bootstrap("t", "quite another compiler", "2", "1", "1")]
    assert judge(world.store, chains, world.realise(*chains)).holds
    (one,) = chains[:1]
    assert not judge(world.store, [one], world.realise(one)).holds
    moving = world.bootstrap("u", "a third compiler", "0", "1", "2")
    found = judge(world.store, [chains[0], moving], world.realise(chains[0], moving))
    assert (found.fixed_point, found.host_independence) == (False, False)


def _copy_of(world, compiler, *others):
    """A derivation whose output holds the compiler's file, though its text does not hold the compiler's strings."""
    placeholder = upstream_placeholder(compiler, "out")
    entries = [{"path": "usr/bin/cc", "kind": "file", "source": f"{placeholder}/usr/bin/cc"}]
    mentioned = " ".join(upstream_placeholder(other, "out") for other in others)
    return Derivation(
        "p",
        "builtin",
        "builtin:tree",
        env={"entries": json.dumps(entries), "inputs": mentioned},
        input_drvs=dict.fromkeys([compiler, *others], ("out",)),
    )


def _written_secretly(before):
    """A derivation that gives the file of the compiler too, and in whose text it cannot be found."""
    content = "".join(f"\\u{ord(letter):04x}" for letter in f"{ELF}\0{MARK}\0")
    entries = f'[{{"path": "usr/bin/cc", "kind": "file", "content": "{content}"}}]'
    mentioned = upstream_placeholder(before, "out")
    env = {"entries": entries, "inputs": mentioned}
    return Derivation("p", "builtin", "builtin:tree", env=env, input_drvs={before: ("out",)})
