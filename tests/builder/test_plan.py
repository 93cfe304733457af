import pytest

from chx.builder.errors import InvalidInput
from chx.builder.planning import Lane, plan, recall
from chx.builder.resolution import resolve
from chx.store import Derivation, Realisation, StorePath


def names(steps) -> list[str]:
    return [step.path.name.removesuffix(".drv") for step in steps]


@pytest.fixture
def add(store, uses):
    """Adds a derivation that needs others; `was` records an output for it."""

    def make(name, *needs, builder="/b", fixed=None):
        return store.add_derivation(Derivation(name, "s", builder, fixed=fixed, **uses(*needs)))

    return make


@pytest.fixture
def remember(store):
    known = {}

    def make(drv, content):
        object_path = store.add_bytes(content, store.derivation(drv).name)
        resolved = resolve(store.derivation(drv), known)
        store.record([Realisation(resolved.resolved_digest(), "out", object_path, drv, 0.0, 1.0)])
        known[drv, "out"] = object_path
        return object_path

    return make


def test_inputs_come_first(store, add):
    a = add("a")
    b = add("b", a)
    c = add("c", a, b)
    made = plan(store, [(c, ("out",))])
    assert names(made.steps) == ["a", "b", "c"]
    assert [step.is_certain for step in made.steps] == [True, False, False]
    assert made.steps[2].needs == tuple(sorted((a, b)))
    assert not made.reused


def test_what_the_trace_knows_is_no_step(store, add, remember):
    a = add("a")
    b = add("b", a)
    c = add("c", b)
    at_a, at_b = remember(a, b"a"), remember(b, b"b")
    made = plan(store, [(c, ("out",))])
    assert names(made.steps) == ["c"] and made.steps[0].is_certain
    assert made.reused == {(b, "out"): at_b}
    assert plan(store, [(b, ("out",)), (a, ("out",))]).reused == {(b, "out"): at_b, (a, "out"): at_a}


def test_a_target_needs_no_inputs_that_are_gone(store, add, remember, monkeypatch):
    """The objects of build inputs may be collected; the trace still tells what they were."""
    a = add("a")
    b = add("b", a)
    gone, at_b = remember(a, b"a"), remember(b, b"b")
    valid = store.is_valid
    monkeypatch.setattr(type(store), "is_valid", lambda self, path: path != gone and valid(path))
    made = plan(store, [(b, ("out",))])
    assert made.steps == () and made.reused == {(b, "out"): at_b}
    c = add("c", a)
    assert names(plan(store, [(c, ("out",))]).steps) == ["a", "c"]


def test_how_a_fixed_output_was_made_does_not_matter(store, add, promise):
    a = add("a")
    f = add("f", a, fixed=promise(b"f"))
    c = add("c", f)
    assert names(plan(store, [(c, ("out",))]).steps) == ["a", "f", "c"]
    there = store.add_bytes(b"f", "f")
    store.record_fixed_output("f", promise(b"f"), there)
    made = plan(store, [(c, ("out",))])
    assert names(made.steps) == ["c"] and made.reused == {(f, "out"): there}


def test_downloads_have_a_lane_of_their_own(store, add, promise):
    f = add("f", builder="builtin:fetch", fixed=promise(b"f"))
    made = plan(store, [(add("c", f), ("out",))])
    assert names(made.fetches) == ["f"] and names(made.builds) == ["c"]
    assert made.steps[0].lane is Lane.FETCH


def test_targets_are_built_again_if_asked(store, add, remember):
    a = add("a")
    b = add("b", a)
    at_a, _ = remember(a, b"a"), remember(b, b"b")
    made = plan(store, [(b, ("out",))], rebuild=True)
    assert names(made.steps) == ["b"] and made.reused == {(a, "out"): at_a}


def test_outputs_and_derivations_that_do_not_exist_are_named(store, add):
    a = add("a")
    with pytest.raises(InvalidInput, match="dev"):
        plan(store, [(a, ("dev",))])
    with pytest.raises(InvalidInput, match="none"):
        plan(store, [(StorePath("0" * 32, "none.drv"), ("out",))])


def test_a_chain_deeper_than_python_recurses(store, add):
    last = add("d0")
    with store.transaction():
        for number in range(1, 1500):
            last = add(f"d{number}", last)
    assert len(plan(store, [(last, ("out",))]).steps) == 1500


def test_recalling_tells_outputs_without_deciding(store, add, remember):
    a = add("a")
    b = add("b", a)
    c = add("c", b)
    at_a, at_b = remember(a, b"a"), remember(b, b"b")
    found = recall(store, [c])
    assert set(found.derivations) == {a, b, c}
    assert found.outputs == {(a, "out"): at_a, (b, "out"): at_b}
