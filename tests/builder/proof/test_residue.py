"""What is left of a seed is found: as a reference, as a way around stage 0, as a string."""

import json

from chx.builder.proof import find_residue, judge
from chx.store import Derivation, upstream_placeholder

MARK = "made by the compiler of Example 9.1"


def test_a_system_that_shares_nothing_with_its_seed_has_no_residue(world):
    chain = world.chain("s", MARK, {"p": world.tree("p", {"x": "0"})}, {"p": world.tree("p", {"x": "1"})})
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.holds
    assert found.shared == 0


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
    stage = {"p": world.tree("p", {"x": f"\x7fELF\0{MARK}\0"})}
    chain = world.chain("s", MARK, stage, stage, foreign=compiler)
    (found,) = find_residue(world.store, [chain], world.realise(chain))
    assert found.shared == 1
    assert found.echoes == ()
    assert found.holds


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


def test_everything_must_hold_for_the_verdict_to_hold(world):
    same = {"p": world.tree("p", {"x": "1"})}
    chains = [world.chain("s", MARK, same, same), world.chain("t", "quite another compiler", same, same)]
    assert judge(world.store, chains, world.realise(*chains)).holds
    (one,) = chains[:1]
    assert not judge(world.store, [one], world.realise(one)).holds
    moving = world.chain("t", "quite another compiler", same, {"p": world.tree("p", {"x": "2"})})
    found = judge(world.store, [chains[0], moving], world.realise(chains[0], moving))
    assert (found.fixed_point, found.agreement.holds) == (False, False)


def _copy_of(world, compiler):
    """A derivation whose output holds the compiler's file, though its text does not hold the compiler's strings."""
    placeholder = upstream_placeholder(compiler, "out")
    entries = [{"path": "usr/bin/cc", "kind": "file", "source": f"{placeholder}/usr/bin/cc"}]
    return Derivation(
        "p", "builtin", "builtin:tree", env={"entries": json.dumps(entries)}, input_drvs={compiler: ("out",)}
    )
