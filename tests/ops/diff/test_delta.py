"""Delta debugging, by its law: the set that is found has the effect, and no item of it can be left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chx.ops.diff.delta import smallest_set


@given(st.integers(1, 40), st.data())
def test_the_set_has_the_effect_and_nothing_can_be_left_out(number: int, data: st.DataObject) -> None:
    items = range(number)
    causes = data.draw(st.sets(st.sampled_from(items), min_size=1))
    tried: list[frozenset[int]] = []

    def has_effect(subset: tuple[int, ...]) -> bool:
        tried.append(frozenset(subset))
        return causes <= set(subset)

    assert set(smallest_set(items, has_effect)) == causes
    assert len(tried) == len(set(tried))


@given(st.integers(1, 12), st.sets(st.frozensets(st.integers(0, 11))))
def test_effects_that_other_items_undo_still_give_a_minimal_set(number: int, effects: set[frozenset[int]]) -> None:
    items = tuple(range(number))
    effects = {one for one in effects if one} | {frozenset(items)}
    found = frozenset(smallest_set(items, lambda subset: frozenset(subset) in effects))
    assert found in effects
    assert not any(found - {item} in effects for item in found)


def test_one_cause_among_many_needs_few_trials() -> None:
    count = 0

    def has_effect(subset: tuple[int, ...]) -> bool:
        nonlocal count
        count += 1
        return 700 in subset

    assert smallest_set(range(1000), has_effect) == (700,)
    assert count <= 2 * 10
