"""A bootstrap has a shape, and what has not is none."""

import pytest

from chx.ops.bootstrap import Package, ShapeRefused, check_shape, everything_below
from chx.store import Derivation, upstream_placeholder

MARK = "the compiler of Example"


def refused(world, *chains, of=None):
    with pytest.raises(ShapeRefused) as caught:
        check_shape("the set 'x'", chains, everything_below(world.store, of or chains))
    return caught.value


def accepted(world, *chains):
    check_shape("the set 'x'", chains, everything_below(world.store, chains))


def test_stages_that_are_made_with_each_other_are_a_bootstrap(world):
    accepted(world, world.bootstrap("s", MARK, "0", "1", "1"), world.bootstrap("t", "another compiler", "2", "1", "1"))


def test_one_stage_is_one(world):
    accepted(world, world.bootstrap("s", MARK, "0"))


def test_what_is_made_of_sources_alone_may_be_the_same_in_every_stage(world):
    chain = world.bootstrap("s", MARK, "0", "1")
    headers = Package(world.tree("headers", {"a.h": "1"}), ("out",))
    accepted(world, chain._replace(stages=tuple({**stage, "headers": headers} for stage in chain.stages)))


def test_a_stage_of_sources_alone_is_none(world):
    chain = world.bootstrap("s", MARK, "0")
    headers = Package(world.tree("p", {"a.h": "1"}), ("out",))
    error = refused(world, chain._replace(stages=(*chain.stages, {"p": headers}, {"p": headers})))
    assert error.flaws == (
        "s: nothing in stage 1 is made with stage 0",
        "s: nothing in stage 2 is made with stage 1",
    )


def test_two_outputs_cannot_have_one_name(world):
    chain = world.bootstrap("s", MARK, "0")
    package = chain.stages[0]["p"]
    both = {"p": package._replace(outputs=("out", "dev")), "p.dev": package}
    assert "stage 0 has more than one 'p.dev'" in refused(world, chain._replace(stages=(both,))).message
    twice = {"p": package._replace(outputs=("out", "out"))}
    assert "stage 0 has more than one 'p'" in refused(world, chain._replace(stages=(twice,))).message


def test_a_stage_that_ignores_the_one_before_is_none(world):
    compiler = world.compiler("s", MARK)
    same = {"p": world.tree("p", {"x": "1"}, compiler)}
    error = refused(world, world.chain("s", MARK, same, same, same, foreign=compiler))
    assert "'p' of stage 1 is that of stage 0: it does not depend on the stage before it" in error.message


def test_one_package_that_depends_on_the_stage_before_does_not_excuse_the_others(world):
    chain = world.bootstrap("s", MARK, "0", "1", "1")
    fixed = Package(world.tree("q", {"x": "1"}, *chain.toolchain.derivations), ("out",))
    error = refused(world, chain._replace(stages=tuple({**stage, "q": fixed} for stage in chain.stages)))
    assert "'q' of stage 1 is that of stage 0" in error.message


def test_a_stage_that_reaches_the_seed_by_itself_is_none(world):
    compiler = world.compiler("s", MARK)
    first = world.tree("p", {"x": "0"}, compiler)
    error = refused(
        world,
        world.chain("s", MARK, {"p": first}, {"p": world.tree("p", {"x": "1"}, first, compiler)}, foreign=compiler),
    )
    assert "'p' of stage 1 reaches the seed without stage 0: s-compiler.drv" in error.message


def test_a_stage_that_is_made_with_an_earlier_one_than_the_last_is_none(world):
    compiler = world.compiler("s", MARK)
    first = world.tree("p", {"x": "0"}, compiler)
    second = world.tree("p", {"x": "1"}, first)
    third = world.tree("p", {"x": "2"}, first, second)
    error = refused(world, world.chain("s", MARK, {"p": first}, {"p": second}, {"p": third}, foreign=compiler))
    assert "without stage 1" in error.message


def test_a_stage_0_without_the_seed_is_none(world):
    chain = world.chain("s", MARK, {"p": world.tree("p", {"x": "0"})})
    assert "nothing in stage 0 is made with the toolchain of the seed" in refused(world, chain).message


def test_a_stage_0_that_is_made_with_another_seed_is_none(world):
    other = world.bootstrap("t", "another compiler", "0")
    compiler = world.compiler("s", MARK)
    mixed = world.tree("p", {"x": "0"}, compiler, *other.toolchain.derivations)
    error = refused(world, world.chain("s", MARK, {"p": mixed}, foreign=compiler), other)
    assert "stage 0 is made with t-compiler.drv, which is of another seed" in error.message


def test_the_last_stage_of_one_chain_may_be_the_seed_of_another(world):
    chain = world.bootstrap("s", MARK, "0", "1", "1")
    (last,) = (package.derivation for package in chain.stages[-1].values())
    first = world.tree("p", {"x": "1"}, last)
    own = world.chain("self", MARK, {"p": first}, {"p": world.tree("p", {"x": "1"}, first)}, foreign=last)
    accepted(world, chain._replace(stages=chain.stages[:2]), own)
    accepted(
        world,
        chain,
        own._replace(
            stages=(*own.stages, {"p": Package(world.tree("p", {"x": "1"}, own.stages[1]["p"].derivation), ("out",))})
        ),
    )


def test_an_output_that_is_used_and_not_listed_is_told(world):
    """Nothing would compare it between seeds, and the next stage would be made with it."""
    chain = world.bootstrap("s", MARK, "0")
    plain = world.store.derivation(chain.stages[0]["p"].derivation)
    both = world.store.add_derivation(plain.replace(outputs=("out", "tools")))
    last = world.store.add_derivation(
        Derivation(
            "p",
            "builtin",
            "builtin:tree",
            env={"entries": "[]", "inputs": upstream_placeholder(both, "tools")},
            input_drvs={both: ("out", "tools")},
        )
    )
    stages = ({"p": Package(both, ("out",))}, {"p": Package(last, ("out",))})
    error = refused(world, chain._replace(stages=stages))
    assert error.flaws == ("s: the output 'tools' of p.drv is used, and no stage lists it",)
    tools = Package(both, ("tools",))
    accepted(world, chain._replace(stages=({**stages[0], "tools": tools}, {**stages[1], "tools": stages[1]["p"]})))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda chain: chain._replace(stages=()), "it has no stage"),
        (lambda chain: chain._replace(stages=({}, *chain.stages[1:])), "stage 0 has no package"),
        (lambda chain: chain._replace(stages=chain.stages[:1]), "t has 1 stages, s has 2"),
        (
            lambda chain: chain._replace(stages=tuple({"q": stage["p"]} for stage in chain.stages)),
            "only one of them has p, q in stage 0",
        ),
        (
            lambda chain: chain._replace(stages=({"p": Package(chain.stages[0]["p"].derivation, ())}, chain.stages[1])),
            "'p' of stage 0 has no output",
        ),
    ],
)
def test_numbers_agree_and_are_not_zero(world, change, said):
    one, other = world.bootstrap("s", MARK, "0", "1"), world.bootstrap("t", "another compiler", "0", "1")
    assert said in refused(world, one, change(other), of=[one, other]).message


def test_no_seed_is_no_bootstrap(world):
    assert "it has no seed" in refused(world).message
