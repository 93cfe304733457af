"""Fixed points and agreement are calculated from store paths alone."""

from hypothesis import given
from hypothesis import strategies as st

from chx.ops.bootstrap import Outcome, agreement, fixed_point, rows
from chx.store import STORE_DIR, StorePath


def path(letter: str) -> StorePath:
    return StorePath.parse(f"{STORE_DIR}/{letter * 32}-x")


def outcome(seed: str, *stages: str) -> Outcome:
    """`outcome("a", "xy", "xz")`: two stages of the items `0` and `1`, a letter for each content."""
    return Outcome(seed, tuple({str(n): path(letter) for n, letter in enumerate(stage)} for stage in stages))


def test_a_stage_that_all_later_ones_equal_is_the_fixed_point():
    assert fixed_point(outcome("s", "ab", "ac", "ac", "ac")).stage == 1


def test_a_last_stage_that_differs_from_the_one_before_is_no_fixed_point_and_names_what_moves():
    found = fixed_point(outcome("s", "ab", "ac", "ad"))
    assert found.holds is False
    assert (found.stage, found.period, found.moving) == (None, None, ("1",))


def test_a_stage_that_was_there_before_tells_the_period():
    assert fixed_point(outcome("s", "a", "b", "a", "b")).period == 2
    assert fixed_point(outcome("s", "c", "a", "b", "d", "a")).period == 3


def test_an_item_that_appears_or_disappears_moves():
    found = fixed_point(Outcome("s", ({"x": path("a")}, {"x": path("a"), "y": path("b")})))
    assert found.moving == ("y",)


def test_one_stage_shows_nothing():
    assert fixed_point(outcome("s", "a")).holds is None


def apart(*outcomes: Outcome):
    """Compare the outcomes of seeds of which each is a toolchain of its own."""
    return agreement(outcomes, tuple((outcome.seed,) for outcome in outcomes))


def test_one_seed_shows_no_independence():
    assert apart(outcome("s", "a", "a")).holds is None


def test_seeds_agree_if_their_last_stages_are_equal_whatever_came_before():
    assert apart(outcome("s", "a", "x"), outcome("t", "b", "x")).holds is True


def test_seeds_of_one_toolchain_show_no_independence_however_many_they_are():
    same = [outcome(seed, "a", "x") for seed in "stu"]
    assert agreement(same, (("s", "t", "u"),)).holds is None
    assert agreement(same, ()).holds is None
    assert agreement(same, None).holds is None
    assert agreement(same, (("s", "t"), ("u",))).holds is True


def test_seeds_of_one_toolchain_that_differ_do_not_agree():
    assert agreement([outcome("s", "a", "x"), outcome("t", "a", "y")], (("s", "t"),)).holds is False


def test_the_camps_of_a_dissent_stand_from_the_largest_to_the_smallest():
    found = apart(outcome("evil", "kx"), outcome("a", "ky"), outcome("b", "ky"))
    assert found.camps == (("a", "b"), ("evil",))
    (dissent,) = found.dissents
    assert found.holds is False
    assert dissent.item == "1"
    assert dissent.camps == ((path("y"), ("a", "b")), (path("x"), ("evil",)))


def test_an_item_that_one_seed_lacks_is_a_dissent():
    found = apart(Outcome("a", ({"x": path("a")},)), Outcome("b", ({},)))
    assert dict(found.dissents[0].camps) == {path("a"): ("a",), None: ("b",)}


def test_a_row_agrees_from_the_first_stage_from_which_on_all_seeds_do():
    found = {
        row.item: row.agreed_from
        for row in rows([outcome("s", "aab", "cab", "cad"), outcome("t", "abb", "cbb", "cbb")])
    }
    assert found == {"0": 0, "1": None, "2": None}


def test_a_row_that_agrees_and_then_differs_again_does_not_agree():
    (row,) = rows([outcome("s", "a", "a"), outcome("t", "a", "b")])
    assert row.agreed_from is None


letters = st.text("abcd", min_size=1, max_size=3)


@given(st.lists(letters, min_size=2, max_size=5))
def test_repeating_the_last_stage_makes_a_fixed_point_at_or_before_it(stages):
    found = fixed_point(outcome("s", *stages, stages[-1]))
    assert found.stage is not None and found.stage < len(stages)
    assert len({*map(str, outcome("s", *stages, stages[-1]).stages[found.stage :])}) == 1


@given(st.lists(st.text("ab", min_size=2, max_size=2), min_size=2, max_size=4))
def test_seeds_agree_exactly_if_no_two_last_stages_differ(lasts):
    found = apart(*(outcome(str(n), "aa", last) for n, last in enumerate(lasts)))
    assert found.holds is (len(set(lasts)) == 1)
    for dissent in found.dissents:
        assert sorted(seed for _, seeds in dissent.camps for seed in seeds) == [str(n) for n in range(len(lasts))]
