"""Texts that others wrote are read within bounds, or refused in words."""

from __future__ import annotations

import json
import threading

import pytest

from chx.store import Derivation, InvalidDerivation, StoreError, StorePath
from chx.store.foreign import DEEPEST, MOST_KEY_PARTS, Unreadable, parse_json, parse_toml
from chx.store.ledger import parse_rows

DEEP = 200_000
NINES = "9" * 5000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * DEEP + "]" * DEEP, rf"more than {DEEPEST} levels \(line 1, column {DEEPEST + 1}\)"),
        ("\n" + '{"a":' * DEEP + "1" + "}" * DEEP, rf"more than {DEEPEST} levels \(line 2"),
        ("[" * DEEP, "levels"),
        (f"[{NINES}]", "too many digits"),
        (f"[-{NINES}]", "too many digits"),
        ("[1e999]", "too large"),
        ("[NaN]", "NaN is no JSON"),
        ("[-Infinity]", "-Infinity is no JSON"),
        ("[1,", r"Expecting value \(line 1, column 4\)"),
        ("", "Expecting value"),
        (b"\xff\xfe\xff", "decode"),
    ],
    ids=range(11),
)
def test_what_is_no_json_is_refused(text: bytes | str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        parse_json(text)


def test_brackets_in_strings_are_no_levels() -> None:
    value = ['[{"\\' * DEEP, {"[": "{"}]
    assert parse_json(json.dumps(value)) == value
    level = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_json(level)) == level


def test_deep_json_is_refused_in_a_thread_while_the_limit_on_recursion_is_high() -> None:
    import sys

    found: list[object] = []

    def read() -> None:
        try:
            parse_json("[" * DEEP)
        except Unreadable as error:
            found.append(error.reason)

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10 * DEEP)
    try:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(before)
    assert found == [f"it has more than {DEEPEST} levels"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a = {NINES}", "too many digits"),
        (f"a = 0x{NINES}{NINES}", None),
        ("a = [", "Invalid value"),
        ("a.b" * DEEP + " = 1", None),
        (".".join(["a"] * DEEP) + " = 1", f"more than {MOST_KEY_PARTS} parts"),
        (b"a = '\xff'", "decode"),
    ],
)
def test_what_is_no_toml_is_refused(text: bytes | str, message: str | None) -> None:
    if message is None and isinstance(text, str) and text.startswith("a = 0x"):
        assert parse_toml(text)["a"] > 0
        return
    with pytest.raises(Unreadable, match=message):
        parse_toml(text)


def test_rows_that_are_no_rows_are_refused() -> None:
    for text in ("[" * DEEP, f"[{NINES}]", '[{"format": "chx realisation 2"}]', "{}", "[1]"):
        with pytest.raises(ValueError):
            parse_rows(text.encode())


GOOD = Derivation("x", "s", "b", ("a",), {"v": "w"}, input_srcs=(StorePath("a" * 32, "src"),))
WRONG = {
    "name": [1, None, "", "../x", "a b", ["x"], "\0"],
    "system": [1, None, {}],
    "builder": [1, None, "a\0b", "\ud800"],
    "args": [1, "text", {"a": "b"}, [1], [None], ["\0"], [["a"]]],
    "env": [1, "text", ["a"], {"a": 1}, {"a": None}, {"a": ["b"]}, {"a": "\0"}, {"\ud800": "a"}],
    "outputs": [1, "out", [], [1], ["out", "out"], {"out": 1}, ["../x"]],
    "fixed": [
        1,
        [],
        "sha256",
        {},
        {"algorithm": "md6", "digest": "", "mode": "flat"},
        {"algorithm": "md5", "digest": "zz", "mode": "flat"},
        {"algorithm": "md5", "digest": "00", "mode": "flat"},
        {"algorithm": "md5", "digest": "00" * 16, "mode": "x"},
        {"algorithm": ["md5"], "digest": "00" * 16, "mode": "flat"},
    ],
    "inputDrvs": [
        1,
        [],
        {"x": ["out"]},
        {f"/chx/store/{'a' * 32}-x.drv": "out"},
        {f"/chx/store/{'a' * 32}-x.drv": [1]},
    ],
    "inputSrcs": [1, "x", ["x"], [1], {"a": 1}],
    "rootfs": [1, "x", [1]],
    "version": [2, "1", None, True, 1.0],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_each_field_of_a_derivation_has_its_type(field: str, value: object) -> None:
    data = GOOD.to_dict()
    assert Derivation.from_json(json.dumps(data).encode()) == GOOD
    data[field] = value
    with pytest.raises(InvalidDerivation) as caught:
        Derivation.from_json(json.dumps(data).encode())
    assert caught.value.code in ("S020", "S021")


@pytest.mark.parametrize("field", sorted(GOOD.to_dict()))
def test_a_field_of_a_derivation_may_not_be_missing(field: str) -> None:
    data = GOOD.to_dict()
    del data[field]
    with pytest.raises(InvalidDerivation, match=field):
        Derivation.from_json(json.dumps(data).encode())


@pytest.mark.parametrize("data", [b"", b"garbage", b"[]", b"1", b"null", b"[" * DEEP, b"\xff", f"[{NINES}]".encode()])
def test_a_stored_derivation_that_is_garbage_is_named(store, data: bytes) -> None:
    path = store.add_bytes(data, "x.drv", ())
    with pytest.raises(StoreError) as caught:
        store.derivation(path)
    assert caught.value.message.startswith(f"'{store.physical(path)}' is not a derivation: ")
    assert caught.value.code == "S020"
