"""What belongs to a chain beside its packages."""

from chx.builder import recall
from chx.ops.bootstrap import made_on_the_way
from chx.ops.bootstrap.replaying import everything


def test_parts_are_told_from_sources_and_are_replayed_with_the_packages(world):
    compiler = world.compiler("s", "made by the compiler of Example 9.1")
    source = world.tree("source", {"x": "1"})
    first_part = world.tree("first-part", {"x": "2"}, compiler, source)
    first = world.tree("p", {"x": "3"}, first_part)
    # Its own parts are built with a package of the stage before.
    part = world.tree("part", {"x": "4"}, first, source)
    last = world.tree("p", {"x": "5"}, part, source)
    chain = world.chain("s", "", {"p": first}, {"p": last}, foreign=compiler)
    world.realise(chain)
    assert made_on_the_way(chain, recall(world.store, [first, last]).derivations) == {first_part, part}
    # And so are the seed, and the sources that packages are made of.
    assert set(everything(world.store, [chain])) == {
        (path, ("out",)) for path in (first, last, first_part, part, compiler, source)
    }
