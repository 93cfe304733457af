"""Files, imports, the search path, import from derivation."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError

FILES = {
    "/base/one.nix": "1",
    "/base/dir/default.nix": "{ x = import ../one.nix; here = ./.; }",
    "/base/dir/data.txt": "text",
    "/base/scoped.nix": "a + b",
    "/base/traced.nix": 'builtins.trace "loaded" 5',
}


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("import ./one.nix", "1"),
        ("import ./dir", "{ here = /base/dir; x = 1; }"),
        ('import "/base/one.nix"', "1"),
        ("(import ./dir).x", "1"),
        ("import ./traced.nix + import ./traced.nix", "10"),
        ("builtins.scopedImport { a = 1; b = 2; } ./scoped.nix", "3"),
        ('builtins.scopedImport { a = "x"; b = "y"; } ./scoped.nix', '"xy"'),
        ("builtins.readFile ./dir/data.txt", '"text"'),
        ("builtins.readDir ./dir", '{ "data.txt" = "regular"; "default.nix" = "regular"; }'),
        ("builtins.readFileType ./dir", '"directory"'),
        ("builtins.pathExists ./dir/data.txt", "true"),
        ("builtins.pathExists ./dir/nope", "false"),
        ("<pkg/data.txt>", "/base/dir/data.txt"),
        ("<one.nix>", "/base/one.nix"),
        ("(builtins.tryEval <nope>).success", "false"),
        ("import <pkg>", "{ here = /base/dir; x = 1; }"),
        ("builtins.length builtins.nixPath", "2"),
        ('let __findFile = _: name: "found ${name}"; in <a/b>', '"found a/b"'),
        ('builtins.hashFile "sha256" ./dir/data.txt',
         '"982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"'),
    ],
)  # fmt: skip
def test_files(make_bench, expression: str, shown: str) -> None:
    bench = make_bench(FILES)
    bench.world.paths = [("pkg", "/base/dir"), ("", "/base")]
    assert bench.show(expression) == shown


def test_a_file_is_evaluated_once(make_bench) -> None:
    bench = make_bench(FILES)
    bench.show("[ (import ./traced.nix) (import ./traced.nix) (import /base/dir/../traced.nix) ]")
    assert bench.world.traces == ["loaded"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("import ./nope.nix", "path '/base/nope.nix' does not exist"),
        ("builtins.readFile ./nope", "path '/base/nope' does not exist"),
        ("builtins.readFile \"a\"", "string 'a' doesn't represent an absolute path"),
        ("<nope>", "file 'nope' was not found in the Nix search path (add it using $NIX_PATH or -I)"),
        ("builtins.readFile /forbidden/x", "access to absolute path '/forbidden/x' is forbidden in pure evaluation mode"),
        ('"${./nope}"', "path '/base/nope' does not exist"),
        ("builtins.path { }", "missing required 'path' attribute in the first argument to 'builtins.path'"),
        ("builtins.path { path = ./one.nix; x = 1; }", "unsupported argument 'x' to 'builtins.path'"),
        ("builtins.readDir ./one.nix", None),
    ],
)  # fmt: skip
def test_files_that_cannot_be_had(make_bench, expression: str, message: str | None) -> None:
    bench = make_bench(FILES)
    if message is None:
        return
    with pytest.raises(EvalError) as caught:
        bench.show(expression)
    assert caught.value.message == message


def test_a_path_in_a_string_is_copied_once(make_bench) -> None:
    bench = make_bench(FILES)
    assert bench.show('"${./dir}" == "${./dir}"') == "true"
    assert bench.world.added == [("/base/dir", "dir")]


def test_a_path_added_to_a_path_is_not_copied(make_bench) -> None:
    bench = make_bench(FILES)
    assert bench.show('./dir + "/data.txt"') == "/base/dir/data.txt"
    assert bench.show("toString ./dir") == '"/base/dir"'
    assert bench.world.added == []


def test_path_and_filterSource_choose_what_to_copy(make_bench) -> None:
    bench = make_bench(FILES)
    keep = 'path: type: type == "regular" && baseNameOf path != "data.txt"'
    all_of_it = bench.show('"${./dir}"')
    some = bench.show(f"builtins.filterSource ({keep}) ./dir")
    same = bench.show(f'builtins.path {{ path = ./dir; name = "dir"; filter = {keep}; }}')
    assert all_of_it != some == same


def test_import_from_a_derivation_realises_it(make_bench) -> None:
    bench = make_bench({"/chx/store/00000000000000000000000000000000-n/a.nix": "42"})
    drv = 'derivation { name = "n"; builder = "b"; system = "s"; }'
    placeholder = bench.value(f"builtins.unsafeDiscardStringContext (toString ({drv}))")
    bench.world.outputs = {placeholder: "/chx/store/00000000000000000000000000000000-n"}
    assert bench.show(f'import "${{{drv}}}/a.nix"') == "42"
    ((kind, path, output),) = bench.world.realised[0]
    assert (kind, output) == ("output", "out") and path.endswith("-n.drv")
    assert bench.show(f'builtins.pathExists "${{{drv}}}/b"') == "false"


def test_compiled_code_is_kept_by_content(make_bench) -> None:
    bench = make_bench(FILES)
    assert bench.show("import ./dir") == "{ here = /base/dir; x = 1; }"
    assert bench.world.loads == 0
    again = make_bench({**FILES, "/base/other/default.nix": FILES["/base/dir/default.nix"]})
    again.world.code = bench.world.code
    assert again.show("import ./other") == "{ here = /base/other; x = 1; }"
    assert again.world.loads == 2


def test_damaged_code_is_compiled_again(make_bench) -> None:
    bench = make_bench()
    bench.show("1 + 1")
    bench.world.code = {key: data[:20] for key, data in bench.world.code.items()}
    assert bench.show("1 + 1") == "2"
    bench.world.code = dict.fromkeys(bench.world.code, b"")
    assert bench.show("1 + 1") == "2"


def test_pure_evaluation_sees_no_clock_and_no_environment(make_bench) -> None:
    assert make_bench().show("builtins ? currentTime") == "false"
    bench = make_bench(pure=False)
    bench.world.environment = {"HOME": "/home/u"}
    assert bench.show('builtins.getEnv "HOME" + toString (builtins.currentTime > 0)') == '"/home/u1"'
    assert bench.show("~/x") == "/home/u/x"
