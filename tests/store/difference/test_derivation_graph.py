"""Derivations and graphs of them compared: root causes alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chx.store import Derivation, Digest, FixedOutput, StorePath, base32_encode, upstream_placeholder
from chx.store.difference import Cause, aspects, compare_derivations, compare_graphs, split_name


def path_of(name: str, content: bytes) -> StorePath:
    return StorePath(base32_encode(Digest.of(content).raw[:20]), name)


class Graph:
    """Derivations without a store; each is named by its content, as there."""

    def __init__(self) -> None:
        self.known: dict[StorePath, Derivation] = {}

    def add(self, name: str, *inputs: StorePath, rootfs: bool = False, sources=(), **more) -> StorePath:
        texts = [upstream_placeholder(path, "out") for path in inputs]
        env = {**{f"input{number}": text for number, text in enumerate(texts)}, **more.pop("env", {})}
        if rootfs:
            env, more["rootfs"] = {}, tuple(texts)
        drv = Derivation(
            name, "s", "/b", env=env, input_drvs=dict.fromkeys(inputs, ("out",)), input_srcs=tuple(sources), **more
        )
        path = path_of(name + ".drv", drv.to_json())
        self.known[path] = drv
        return path

    def compare(self, before: StorePath, after: StorePath, **more) -> tuple[Cause, ...]:
        return compare_graphs(self.known.__getitem__, [(before, after)], **more).causes


def attributes(cause: Cause) -> list[tuple[str, str | None, str | None]]:
    return [(change.attribute, change.before, change.after) for change in cause.own.attributes]


def test_names_are_split_as_nix_does() -> None:
    assert split_name("hello-2.10") == ("hello", "2.10")
    assert split_name("gcc-wrapper") == ("gcc-wrapper", "")
    assert split_name("a-b-1-c") == ("a-b", "1-c")
    assert split_name("x-") == ("x-", "")


def test_a_graph_does_not_differ_from_itself() -> None:
    graph = Graph()
    top = graph.add("top", graph.add("a"))
    assert graph.compare(top, top) == ()


def test_only_the_root_cause_is_told_with_the_chain_to_it() -> None:
    graph = Graph()
    one, other = (
        graph.add("top-1", graph.add("middle-1", graph.add("base-1", env={"flags": flags}), rootfs=True))
        for flags in ("-O1", "-O2")
    )
    (cause,) = graph.compare(one, other)
    assert cause.chain == ("top-1", "middle-1", "base-1")
    assert attributes(cause) == [("env.flags", "-O1", "-O2")]
    assert cause.has_effect


def test_the_shortest_chain_is_told_and_each_cause_once() -> None:
    graph = Graph()

    def top(flags: str) -> StorePath:
        base = graph.add("base", env={"flags": flags})
        return graph.add("top", graph.add("middle", base), base)

    (cause,) = graph.compare(top("1"), top("2"))
    assert cause.chain == ("top", "base")


def test_another_version_is_the_same_input() -> None:
    graph = Graph()
    one, other = (graph.add("top", graph.add(f"zlib-{version}")) for version in ("1.2", "1.3"))
    (cause,) = graph.compare(one, other)
    assert cause.chain == ("top", "zlib-1.3")
    assert attributes(cause) == [("name", "zlib-1.2", "zlib-1.3")]


def test_inputs_of_other_names_in_the_same_variable_are_the_same_input() -> None:
    graph = Graph()
    one, other = (graph.add("top", graph.add(name)) for name in ("source", "checkout"))
    (cause,) = graph.compare(one, other)
    assert cause.chain == ("top", "checkout")


def test_inputs_of_one_name_are_matched_by_where_they_are_used() -> None:
    graph = Graph()
    first, second, third = (graph.add("source", env={"x": x}) for x in "123")

    def top(**used: StorePath) -> StorePath:
        env = {name: upstream_placeholder(path, "out") for name, path in used.items()}
        drv = Derivation("top", "s", "/b", env=env, input_drvs=dict.fromkeys(used.values(), ("out",)))
        path = path_of("top.drv", drv.to_json())
        graph.known[path] = drv
        return path

    (cause,) = graph.compare(top(a=first, b=second), top(a=third, b=second))
    assert attributes(cause) == [("env.x", "1", "3")]


def test_inputs_that_come_and_go_are_causes() -> None:
    graph = Graph()
    a, b, c = graph.add("a"), graph.add("b"), graph.add("c")
    (cause,) = graph.compare(graph.add("top", a, b, rootfs=True), graph.add("top", a, c, rootfs=True))
    assert [(item.name, item.is_added, item.roles) for item in cause.own.inputs] == [
        ("b", False, ("rootfs",)),
        ("c", True, ("rootfs",)),
    ]


def test_the_order_of_a_rootfs_counts() -> None:
    graph = Graph()
    a, b = graph.add("a"), graph.add("b")
    (cause,) = graph.compare(graph.add("top", a, b, rootfs=True), graph.add("top", b, a, rootfs=True))
    assert attributes(cause) == [("rootfs", "${a}\n${b}", "${b}\n${a}")]


def test_sources_that_changed_are_told() -> None:
    graph = Graph()
    one, other = path_of("fix.patch", b"1"), path_of("fix.patch", b"2")
    before, after = (graph.add("top", sources=[path], env={"patches": str(path)}) for path in (one, other))
    (cause,) = graph.compare(before, after)
    assert [(source.before, source.after) for source in cause.own.sources] == [(one, other)]
    assert not cause.own.attributes


def test_how_a_promised_content_is_fetched_has_no_effect() -> None:
    graph = Graph()
    fixed = FixedOutput("sha256", b"\0" * 32, "flat")
    one, other = (graph.add("top", graph.add("file", env={"url": url}, fixed=fixed)) for url in ("a", "b"))
    (cause,) = graph.compare(one, other)
    assert not cause.has_effect


def test_what_lies_behind_an_equal_output_has_no_effect_unless_it_is_reached_otherwise() -> None:
    graph = Graph()

    def top(flags: str, direct: bool) -> StorePath:
        base = graph.add("base", env={"flags": flags})
        return graph.add("top", graph.add("middle", base), *([base] if direct else []))

    def same(before: StorePath, after: StorePath, output: str) -> bool:
        return before.name == "middle.drv"

    (cause,) = graph.compare(top("1", False), top("2", False), same_output=same)
    assert not cause.has_effect
    (cause,) = graph.compare(top("1", True), top("2", True), same_output=same)
    assert cause.has_effect


def test_args_are_compared_one_by_one() -> None:
    before = Derivation("x", "s", "/b", ("-c", "one\ntwo"))
    after = Derivation("x", "s", "/b", ("-c", "one\n2"))
    (change,) = compare_derivations(before, after).attributes
    assert (change.attribute, change.before, change.after) == ("args[1]", "one\ntwo", "one\n2")


def test_what_the_environment_repeats_is_told_once() -> None:
    before, after = (Derivation("x", "s", b, env={"builder": b}) for b in ("/a", "/b"))
    assert [change.attribute for change in compare_derivations(before, after).attributes] == ["builder"]


def test_thousands_of_derivations_are_compared_once_each() -> None:
    graph = Graph()

    def top(flags: str) -> StorePath:
        layers = [graph.add("n0", env={"flags": flags}), graph.add("m0")]
        for number in range(1, 1500):
            layers = [graph.add(f"n{number}", *layers[-2:]), *layers[-1:]]
            layers.reverse()
        return graph.add("top", *layers)

    found = compare_graphs(graph.known.__getitem__, [(top("1"), top("2"))])
    assert len(found.causes) == 1 and found.compared <= 1501


@given(st.data())
def test_the_causes_are_what_was_changed_and_nothing_else(data: st.DataObject) -> None:
    """In any graph: of the derivations that the top reaches exactly those that were changed, seen from both sides."""
    edges = [
        data.draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        for number in range(data.draw(st.integers(1, 9)))
    ]
    changed = data.draw(st.sets(st.integers(0, len(edges) - 1)))
    graph = Graph()
    as_rootfs = data.draw(st.booleans())

    def top(flags: str) -> StorePath:
        paths: list[StorePath] = []
        for number, inputs in enumerate(edges):
            more = {"args": (flags if number in changed else "same",)}
            paths.append(graph.add(f"n{number}", *(paths[i] for i in sorted(inputs)), rootfs=as_rootfs, **more))
        return paths[-1]

    one, other = top("1"), top("2")
    reached = {len(edges) - 1}
    for number in reversed(range(len(edges))):
        if number in reached:
            reached |= edges[number]
    wanted = sorted(f"n{number}" for number in changed & reached)
    for pair in ((one, other), (other, one)):
        causes = graph.compare(*pair)
        assert sorted(cause.chain[-1] for cause in causes) == wanted
        assert all(cause.chain[0] == f"n{len(edges) - 1}" for cause in causes)


FLAGS = st.dictionaries(st.sampled_from("abc"), st.text("xy", max_size=2), max_size=3)


@given(FLAGS, FLAGS)
def test_comparing_the_other_way_swaps_the_sides(one: dict[str, str], other: dict[str, str]) -> None:
    before, after = (Derivation("x", "s", "/b", env=env) for env in (one, other))
    there = {(c.attribute, c.before, c.after) for c in compare_derivations(before, after).attributes}
    back = {(c.attribute, c.after, c.before) for c in compare_derivations(after, before).attributes}
    assert there == back == {(f"env.{k}", one.get(k), other.get(k)) for k in one | other if one.get(k) != other.get(k)}


@given(FLAGS, FLAGS)
def test_all_aspects_together_lead_to_the_other_derivation(one: dict[str, str], other: dict[str, str]) -> None:
    """Taking one aspect after the other from the second derivation ends in it."""
    current, goal = (Derivation("x", "s", "/b", env=env) for env in (one, other))
    for _ in range(len(one | other)):
        found = aspects(current, goal)
        current = found[0].derivation if found else current
    assert current == goal


def test_an_aspect_takes_one_thing_and_leaves_the_rest() -> None:
    graph = Graph()
    old, new = graph.add("dep-1"), graph.add("dep-2")
    before, after = (
        graph.known[graph.add("top", dep, env={"flags": flags, "inc": upstream_placeholder(dep, "out") + "/" + flags})]
        for dep, flags in ((old, "1"), (new, "2"))
    )
    found = {aspect.name: aspect for aspect in aspects(before, after)}
    assert set(found) == {"env.flags", "env.inc", "input dep"}
    assert found["env.inc"].derivation.env["inc"] == upstream_placeholder(old, "out") + "/2"
    assert found["env.inc"].derivation.input_drvs == {old: ("out",)}
    swapped = found["input dep"].derivation
    assert swapped.env == {**after.env, "flags": "1", "inc": upstream_placeholder(new, "out") + "/1"}
    assert swapped.input_drvs == {new: ("out",)}
    assert found["input dep"].inputs == ((old, "out"), (new, "out"))


def test_an_input_that_is_new_comes_with_the_attribute_that_names_it() -> None:
    graph = Graph()
    a, b = graph.add("a"), graph.add("b")
    before, after = (graph.known[graph.add("top", *inputs, rootfs=True)] for inputs in ((a,), (a, b)))
    (aspect,) = aspects(before, after)
    assert aspect.name == "rootfs" and aspect.derivation == after
    (aspect,) = aspects(after, before)
    assert aspect.name == "rootfs" and aspect.derivation == before
