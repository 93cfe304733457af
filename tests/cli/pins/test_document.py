"""The lock's text: the same for the same lock, one thing on a line, and refused if it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chx.ops.lock.document import Lock, LockedInput, Pin, PinnedOutput, Source, read_lock, write_lock
from chx.ops.lock.errors import LockError
from chx.ops.lock.manifest import Declared, read_declared
from chx.store import StorePath

PATH = StorePath("0" * 32, "x")
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
PLACES = st.one_of(
    st.builds(lambda text: Declared(path=text), NAMES),
    st.builds(lambda text, ref: Declared(git=text, ref=ref), NAMES, st.none() | NAMES),
)
INPUTS = st.one_of(
    st.builds(lambda name: LockedInput(Declared(follows=name)), NAMES),
    st.builds(lambda place, url, text: LockedInput(place, url, None, text, PATH), PLACES, st.none() | NAMES, NAMES),
)
OUTPUTS = st.dictionaries(NAMES, st.builds(PinnedOutput, st.just(PATH), NAMES, st.integers(0, 1 << 50)), max_size=2)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    sources = draw(st.dictionaries(NAMES, st.builds(Source, NAMES, st.lists(NAMES, max_size=2).map(tuple)), max_size=3))
    seeds = draw(st.dictionaries(NAMES, st.dictionaries(NAMES, NAMES, max_size=2), max_size=2))
    pin = Pin(PATH, draw(st.none() | NAMES), draw(OUTPUTS), tuple(sorted(sources)), tuple(sorted(seeds)))
    pins = {name: {"x86_64-linux": pin} for name in draw(st.lists(NAMES, min_size=1, max_size=2))}
    return Lock("default.nix", draw(st.dictionaries(NAMES, INPUTS, max_size=3)), pins, sources, seeds)


@settings(deadline=None)
@given(lock=locks())
def test_what_is_written_is_read(lock: Lock, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("lock") / "chx.lock"
    assert write_lock(str(place), lock)
    assert read_lock(str(place)) == lock
    assert not write_lock(str(place), lock)


@settings(deadline=None)
@given(lock=locks())
def test_the_text_does_not_depend_on_the_order_of_anything(lock: Lock) -> None:
    def turned(mapping):  # type: ignore[no-untyped-def]
        return dict(reversed(list(mapping.items())))

    other = Lock(lock.expression, turned(lock.inputs), turned(lock.pins), turned(lock.sources), turned(lock.seeds))
    assert other.to_text() == lock.to_text()


def test_what_no_pin_names_is_not_kept() -> None:
    lock = Lock(sources={"old": Source("sha256-x")}, seeds={"old": {"url": "sha256-x"}})
    assert json.loads(lock.to_text())["sources"] == {} == json.loads(lock.to_text())["seeds"]


DAMAGED = [
    ("{", "chx.lock:1:2' is no lock"),
    ("[]", "its format is None"),
    ('{"format": "chx lock 9"}', "its format is 'chx lock 9'"),
    ('{"format": "chx lock 1"}', "'expression' is missing"),
    ('{"format": "chx lock 1", "expression": "x", "inputs": {"a": {"from": {}}}}', "names no place"),
    ('{"format": "chx lock 1", "expression": "x", "inputs": {"a": {"from": {"port": "x"}}}}', "port"),
    ('{"format": "chx lock 1", "expression": "x", "inputs": 1}', "damaged"),
    ('{"format": "chx lock 1", "expression": "x", "inputs": {}, "pins": {"a": {"s": {"derivation": "x"}}}}', "damaged"),
    ("[" * 100000, "no lock"),
    ("\x00", "no lock"),
]


@pytest.mark.parametrize(("text", "told"), DAMAGED)
def test_a_damaged_lock_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "chx.lock").write_text(text)
    with pytest.raises(LockError) as caught:
        read_lock(str(tmp_path / "chx.lock"))
    assert told in caught.value.message


def test_where_an_input_comes_from(tmp_path: Path) -> None:
    (tmp_path / "chx.toml").write_text(
        """
        [inputs]
        tree = "./tree"
        archive = "https://example.org/a.tar.gz"
        git = "git+https://example.org/a.git?ref=main"
        [inputs.table]
        git = "https://example.org/b.git"
        rev = "0000000000000000000000000000000000000000"
        inputs = { one = { follows = "tree" }, two = "../two" }
        """
    )
    found = read_declared(str(tmp_path))
    assert found["tree"] == Declared(path="./tree")
    assert found["archive"] == Declared(url="https://example.org/a.tar.gz")
    assert found["git"] == Declared(git="https://example.org/a.git", ref="main")
    assert found["git"].fetch_url == "git+https://example.org/a.git?ref=main"
    assert found["table"].fetch_url == f"git+https://example.org/b.git?rev={'0' * 40}"
    assert found["table"].overrides == {"one": Declared(follows="tree"), "two": Declared(path="../two")}
    assert read_declared(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[inputs]\na = 1", "inputs.a"),
        ("[inputs]\na = {}", "has to name one place"),
        ('[inputs]\na = { path = "x", url = "https://x" }', "has to name one place"),
        ('[inputs]\na = { path = "x", ref = "y" }', "'ref'"),
        ('[inputs]\na = "ftp://x/y"', "kind that is not known"),
        ('[inputs]\na = { git = "../x" }', "is no URL"),
        ('[inputs]\n"a b" = "./x"', "no name for an input"),
        ('[inputs]\n"a/b" = "./x"', "no name for an input"),
        ("inputs = 3", "not a table"),
        ("[inputs]\na = ?\n", "line 2"),
        ('[inputs]\na = { path = "x", inputs = 1 }', "inputs.a.inputs"),
    ],
)
def test_a_place_that_is_none(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "chx.toml").write_text(text)
    with pytest.raises(LockError) as caught:
        read_declared(str(tmp_path))
    assert told in caught.value.message


def test_the_example_of_the_manual_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs/lock.md").read_text()
    block = text[text.index("    [inputs]\n") : text.index("| form |")]
    (tmp_path / "chx.toml").write_text("\n".join(line[4:] for line in block.splitlines()))
    found = read_declared(str(tmp_path))
    assert sorted(found) == ["game", "tool", "words", "zoo"] and sorted(found["tool"].overrides) == ["words", "zoo"]
