"""The evaluator as other rooms use it."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError, to_python


def test_functions_are_called_with_named_arguments(bench) -> None:
    evaluator = bench.evaluator
    function = bench.value("{ a, b ? 2, ... }@all: [ a b (all ? c) ]")
    called = evaluator.auto_call(function, {"a": 1, "c": 3})
    assert evaluator.print_value(called, strict=True) == "[ 1 2 true ]"
    strict = evaluator.auto_call(bench.value("{ a }: a"), {"a": 1, "c": 3})
    assert strict == 1
    assert evaluator.auto_call(5, {"a": 1}) == 5
    functor = bench.value("{ __functor = self: { x ? 7 }: x; }")
    assert evaluator.auto_call(functor, {}) == 7
    with pytest.raises(EvalError) as caught:
        evaluator.auto_call(function, {})
    assert caught.value.message == "cannot evaluate a function that has an argument without a value ('a')"


@pytest.mark.parametrize(
    ("path", "shown"),
    [("a.b", "[ 1 2 ]"), ("a.b.1", "2"), ('"x.y".z', "3"), ("f.g", "4"), ("", None)],
)
def test_attribute_paths(bench, path: str, shown: str | None) -> None:
    value = bench.value('{ a.b = [ 1 2 ]; "x.y".z = 3; f = { n ? 4 }: { g = n; }; }')
    found = bench.evaluator.select_attr_path(value, path)
    if shown is not None:
        assert bench.evaluator.print_value(found, strict=True) == shown


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("a.c", "attribute 'c' in selection path 'a.c' not found", "did you mean b?"),
        ("a.lenght", "attribute 'lenght' in selection path 'a.lenght' not found", "did you mean length?"),
        ("a.b.c", "the expression selected by the selection path 'a.b.c' should be a set but is a list", None),
        ("a.b.5", "list index 5 in selection path 'a.b.5' is out of range", None),
    ],
)
def test_attribute_paths_that_lead_nowhere(bench, path: str, message: str, hint: str | None) -> None:
    value = bench.value("{ a = { b = [ 1 ]; length = 1; }; }")
    with pytest.raises(EvalError) as caught:
        bench.evaluator.select_attr_path(value, path)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_values_become_python_objects(bench) -> None:
    value = bench.value('{ a = [ 1 2.5 true null ]; b = "é${"x"}"; c = ./p; }')
    assert to_python(bench.evaluator, value) == {"a": [1, 2.5, True, None], "b": "éx", "c": "/base/p"}
    with pytest.raises(EvalError):
        to_python(bench.evaluator, bench.value("x: x"))


def test_printers(bench) -> None:
    evaluator = bench.evaluator
    value = bench.value('{ a = 1 + 1; s = "x\\n"; }')
    assert evaluator.to_json(value) == '{"a":2,"s":"x\\n"}'
    assert evaluator.to_raw(bench.value('"a" + "b"')) == "ab"
    assert evaluator.type_name(value) == "set"
    assert evaluator.attr_names(value) == ["a", "s"]
    assert evaluator.call(bench.value("a: b: a - b"), 5, 3) == 2


def test_xml_tells_places(disk_bench, tmp_path) -> None:
    file = tmp_path / "a.nix"
    file.write_text("{\n  b = { x, ... }@y: x;\n  a = [ 1 ];\n}\n")
    value = disk_bench.evaluator.eval_file(str(file))
    assert disk_bench.evaluator.to_xml(value, strict=True) == (
        "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <attrs>\n"
        f'    <attr column="3" line="3" name="a" path="{file}">\n      <list>\n        <int value="1" />\n'
        "      </list>\n    </attr>\n"
        f'    <attr column="3" line="2" name="b" path="{file}">\n      <function column="7" line="2" path="{file}">\n'
        '        <attrspat ellipsis="1" name="y">\n          <attr name="x" />\n        </attrspat>\n'
        "      </function>\n    </attr>\n  </attrs>\n</expr>\n"
    )


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("builtins.unsafeGetAttrPos \"a\" s", (2, 3)),
        ("builtins.unsafeGetAttrPos \"b\" s", (3, 3)),
        ("builtins.unsafeGetAttrPos \"b\" (s // { c = 1; })", (3, 3)),
        ("builtins.unsafeGetAttrPos \"a\" ({ a = 0; } // s)", (2, 3)),
        ("builtins.unsafeGetAttrPos \"a\" (builtins.removeAttrs s [ \"b\" ])", (2, 3)),
        ("builtins.unsafeGetAttrPos \"x\" (builtins.functionArgs s.f)", (4, 9)),
    ],
)  # fmt: skip
def test_attributes_know_where_they_are_defined(make_bench, expression: str, place: tuple[int, int]) -> None:
    text = "let s = {\n  a = 1;\n  inherit b;\n  f = { x ? 1 }: x;\n}; b = 2; in " + expression
    text = text.replace("inherit b", "b = 2")
    bench = make_bench({"/base/a.nix": text})
    value = to_python(bench.evaluator, bench.evaluator.eval_file("/base/a.nix"))
    assert (value["line"], value["column"], value["file"]) == (*place, "/base/a.nix")


def test_entering_again_from_a_callback_works(make_bench) -> None:
    bench = make_bench({"/base/a/b": ""})
    world = bench.world
    original = world.add_path

    def add_path(*arguments):
        assert bench.evaluator.type_name(1) == "int"
        return original(*arguments)

    world.add_path = add_path
    assert "/chx/store/" in bench.show('"${./a}"')


def test_builtins_tell_the_truth(bench) -> None:
    assert bench.show("builtins ? map && builtins ? fetchGit && builtins.builtins ? length") == "true"
    names = to_python(bench.evaluator, bench.value("builtins.attrNames builtins"))
    for name in names:
        bench.value(f'builtins."{name}"')
    assert bench.show("[ builtins.nixVersion builtins.storeDir builtins.langVersion builtins.currentSystem ]") == (
        '[ "2.34.0" "/chx/store" 6 "x86_64-linux" ]'
    )
