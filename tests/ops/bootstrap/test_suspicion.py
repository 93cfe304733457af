"""What stage 0 shows by itself."""

from chx.ops.bootstrap import judge

from .conftest import ELF


def grown(world, seed, mark, *programs, foreign=None):
    compiler = before = foreign or world.compiler(seed, mark)
    stages = []
    for content in programs:
        before = world.tree("cc", {"usr/bin/cc": ELF + content}, before)
        stages.append({"cc": before})
    return world.chain(seed, mark, *stages, foreign=compiler)


def found(world, *chains):
    return judge(world.store, chains, world.realise(*chains))


def test_honest_compilers_are_not_suspected(world):
    verdicts = found(world, grown(world, "s", "one", "a", "z", "z"), grown(world, "t", "two", "b", "z", "z"))
    assert verdicts.suspicions == ()
    assert verdicts.host_independence is True


def test_unrelated_compilers_that_make_the_same_program_are(world):
    verdicts = found(world, grown(world, "s", "one", "a", "z", "z"), grown(world, "t", "two", "a", "z", "z"))
    assert [(it.kind, it.item, it.seeds) for it in verdicts.suspicions] == [("twins", "cc", ("s", "t"))]
    assert verdicts.agreement.holds is True
    assert verdicts.host_independence is None and not verdicts.holds


def test_a_stage_0_that_is_at_rest_already_is_suspected_and_the_majority_does_not_matter(world):
    chains = [grown(world, "s", "one", "evil", "evil", "evil"), grown(world, "t", "two", "evil2", "evil", "evil")]
    verdicts = found(world, *chains, grown(world, "honest", "three", "b", "z", "z"))
    assert verdicts.agreement.camps == (("s", "t"), ("honest",))
    assert [(it.kind, it.seeds) for it in verdicts.suspicions] == [("at-rest", ("s",))]


def test_a_system_that_is_its_own_seed_may_be_at_rest(world):
    own = world.tree("own", {"usr/bin/cc": ELF + "z"})
    verdicts = found(world, grown(world, "self", "", "z", "z", foreign=own), grown(world, "t", "two", "b", "z"))
    assert verdicts.suspicions == ()


def test_a_package_that_another_compiler_misled_differs_by_equal_sources_and_recipe(world):
    chains = []
    for seed, tool in (("s", "1"), ("t", "2")):
        chain = grown(world, seed, f"compiler {seed}", seed, "z")
        stages = []
        for number, stage in enumerate(chain.stages):
            # What it comes out as depends on the compiler: here by its text, elsewhere by what the compiler does.
            text = tool if number == 0 else "same"
            stages.append(
                {
                    **stage,
                    "tool": stage["cc"]._replace(derivation=world.tree("tool", {"x": text}, stage["cc"].derivation)),
                }
            )
        chains.append(chain._replace(stages=tuple(stages)))
    verdicts = found(world, *chains)
    assert verdicts.suspicions == (), "another text is another recipe"


def test_what_no_verdict_depends_on_is_not_in_the_document():
    from chx.ops.bootstrap.suspicion import Suspicion
    from chx.ops.bootstrap.writing import suspicions_data

    told = [Suspicion("misled", "tool", ("s", "t")), Suspicion("twins", "cc", ("s", "t"))]
    assert suspicions_data(told) == [{"kind": "twins", "item": "cc", "seeds": ["s", "t"]}]
