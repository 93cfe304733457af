"""From attributes to derivations."""

from __future__ import annotations

import json

import pytest

from chx.evaluator import ContextString, EvalError
from chx.store import Derivation, StorePath, output_placeholder, upstream_placeholder

BASE = 'name = "n"; builder = "/bin/sh"; system = "x86_64-linux";'


def instantiate(bench, attributes: str) -> Derivation:
    value = bench.value(f"(derivation {{ {BASE} {attributes} }}).drvPath")
    return bench.world.derivations[value.text]


def test_attributes_become_the_environment(bench) -> None:
    derivation = instantiate(bench, 'a = "x"; b = [ "p" 1 true false null [ "q" ] ]; c = 1.5; args = [ "-c" "echo" ];')
    assert derivation.name == "n"
    assert derivation.system == "x86_64-linux"
    assert derivation.builder == "/bin/sh"
    assert derivation.args == ("-c", "echo")
    assert derivation.outputs == ("out",)
    assert derivation.env == {
        "a": "x",
        "b": "p 1 1   q",
        "builder": "/bin/sh",
        "c": "1.500000",
        "name": "n",
        "out": output_placeholder("out"),
        "system": "x86_64-linux",
    }


def test_outputs_keep_their_order_and_get_placeholders(bench) -> None:
    derivation = instantiate(bench, 'outputs = [ "dev" "out" ];')
    assert derivation.outputs == ("dev", "out")
    assert derivation.env["dev"] == output_placeholder("dev")
    assert derivation.env["outputs"] == "dev out"


def test_an_output_path_is_a_placeholder_with_context(bench) -> None:
    value = bench.value(f'(derivation {{ {BASE} outputs = [ "out" "dev" ]; }}).dev.outPath')
    assert isinstance(value, ContextString)
    ((kind, path, output),) = value.context
    assert (kind, output) == ("output", "dev")
    assert value.text == upstream_placeholder(StorePath.parse(path), "dev")


def test_what_a_string_refers_to_becomes_an_input(make_bench) -> None:
    bench = make_bench({"/base/src.c": "int x;"})
    derivation = instantiate(
        bench,
        f'src = ./src.c; dep = derivation {{ {BASE} outputs = [ "out" "dev" ]; }}; '
        f'dev = "${{(derivation {{ {BASE} outputs = [ "out" "dev" ]; }}).dev}}/include"; file = builtins.toFile "f" "t";',
    )
    ((path, outputs),) = derivation.input_drvs.items()
    assert outputs == ("dev", "out")
    assert derivation.env["dep"] == upstream_placeholder(path, "out")
    assert derivation.env["dev"] == upstream_placeholder(path, "dev") + "/include"
    assert [source.name for source in derivation.input_srcs] and {s.name for s in derivation.input_srcs} == {
        "src.c",
        "f",
    }


def test_rootfs_stays_out_of_the_environment_but_is_an_input(make_bench) -> None:
    bench = make_bench({"/base/tree/a": ""})
    derivation = instantiate(bench, f"rootfs = [ (derivation {{ {BASE} }}) ./tree ];")
    ((path, outputs),) = derivation.input_drvs.items()
    assert outputs == ("out",)
    assert derivation.rootfs is not None
    assert derivation.rootfs[0] == upstream_placeholder(path, "out")
    assert derivation.rootfs[1].endswith("-tree")
    assert "rootfs" not in derivation.env
    assert instantiate(bench, "").rootfs is None
    assert instantiate(bench, "rootfs = [ ];").rootfs == ()


def test_a_derivation_path_refers_to_the_file(bench) -> None:
    derivation = instantiate(bench, f"d = (derivation {{ {BASE} }}).drvPath;")
    assert [source.name for source in derivation.input_srcs] == ["n.drv"]
    assert not derivation.input_drvs


@pytest.mark.parametrize(
    ("attributes", "algorithm", "digest", "mode"),
    [
        ('outputHash = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";', "sha256", "ba7816bf", "flat"),
        ('outputHashAlgo = "sha256"; outputHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";',
         "sha256", "ba7816bf", "flat"),
        ('outputHashAlgo = "sha256"; outputHashMode = "recursive"; '
         'outputHash = "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s";', "sha256", "ba7816bf", "recursive"),
        ('outputHashMode = "nar"; outputHash = "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";', "sha1", "a9993e36", "recursive"),
        ('outputHash = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";',
         "blake3", "6437b3ac", "flat"),
    ],
)  # fmt: skip
def test_fixed_outputs(bench, attributes: str, algorithm: str, digest: str, mode: str) -> None:
    fixed = instantiate(bench, attributes).fixed
    assert fixed is not None
    assert (fixed.algorithm, fixed.digest.hex()[:8], fixed.mode) == (algorithm, digest, mode)


def test_nulls_can_be_left_out(bench) -> None:
    assert "a" not in instantiate(bench, "__ignoreNulls = true; a = null;").env
    assert instantiate(bench, "a = null;").env["a"] == ""


def test_text_that_is_not_utf8_survives(bench) -> None:
    assert instantiate(bench, 'a = "é";').env["a"] == "é"


def test_structured_attributes_become_one_text(make_bench) -> None:
    bench = make_bench({"/base/src.c": "int x;"})
    derivation = instantiate(
        bench,
        '__structuredAttrs = true; __ignoreNulls = true; gone = null; list = [ 1 1.5 true null ]; set.a.b = "ü"; '
        f'dep = derivation {{ {BASE} }}; src = ./src.c; outputs = [ "out" "dev" ]; args = [ "-c" 1 ]; '
        'self = builtins.placeholder "dev";',
    )
    ((path, outputs),) = derivation.input_drvs.items()
    assert outputs == ("out",)
    assert derivation.args == ("-c", "1")
    assert derivation.builder == "/bin/sh"
    assert sorted(derivation.env) == ["__json", "dev", "out"]
    (source,) = derivation.input_srcs
    assert json.loads(derivation.env["__json"]) == {
        "builder": "/bin/sh",
        "dep": upstream_placeholder(path, "out"),
        "list": [1, 1.5, True, None],
        "name": "n",
        "outputs": ["out", "dev"],
        "self": output_placeholder("dev"),
        "set": {"a": {"b": "ü"}},
        "src": str(source),
        "system": "x86_64-linux",
    }


def test_rules_that_structured_attributes_disable_are_told(bench) -> None:
    instantiate(bench, "__structuredAttrs = true; allowedReferences = [ ]; outputChecks.out.maxSize = 1;")
    (warning,) = bench.world.warnings
    assert "use 'outputChecks.<output>.allowedReferences' instead" in warning


def test_an_attribute_that_says_no_is_an_attribute(bench) -> None:
    assert instantiate(bench, "__structuredAttrs = false;").env["__structuredAttrs"] == ""


def test_an_empty_hash_stands_for_one_that_the_build_will_tell(bench) -> None:
    fixed = instantiate(bench, 'outputHash = ""; outputHashAlgo = "sha256";').fixed
    assert fixed is not None and fixed.digest == bytes(32)
    assert "found empty hash, assuming 'sha256-AAAA" in bench.world.warnings[0]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("__structuredAttrs = 1;", "expected a Boolean but found an integer: 1"),
        ('__structuredAttrs = true; outputs = "out";', 'expected a list but found a string: "out"'),
        ("__structuredAttrs = true; a = x: x;", "cannot convert a function to JSON"),
        ('__structuredAttrs = true; outputHash = "foo"; outputHashAlgo = "sha256";',
         "hash 'foo' has wrong length for hash algorithm 'sha256'"),
        ('__json = "[1,]";', "cannot process __json attribute: [json.exception.parse_error.101] parse error at line 1, "
         "column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', or a literal"),
        ("__contentAddressed = 1;", "expected a Boolean but found an integer: 1"),
        ("__impure = true;", "experimental Nix feature 'impure-derivations' is disabled; chx does not have it"),
        ('outputHash = "";', "empty hash requires explicit hash algorithm"),
        ('outputs = [ "out" "out" ];', "duplicate derivation output 'out'"),
        ('outputHash = "x"; outputHashAlgo = "sha256";', "hash 'x' has wrong length for hash algorithm 'sha256'"),
        ('outputs = [ "a" "b" ]; outputHash = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";',
         "multiple outputs are not supported in fixed-output derivations"),
        ("rootfs = 1;", "expected a list but found an integer: 1"),
    ],
)  # fmt: skip
def test_what_makes_no_derivation_is_refused(bench, attributes: str, message: str) -> None:
    with pytest.raises(EvalError) as caught:
        instantiate(bench, attributes)
    assert caught.value.message == message


def test_the_set_of_a_derivation(bench) -> None:
    shown = bench.show(
        f'let d = derivation {{ {BASE} outputs = [ "out" "dev" ]; a = 1; }}; '
        "in [ d.type d.outputName d.dev.outputName (builtins.length d.all) d.drvAttrs.a d.dev.a (d == d.out) "
        "(d == d.dev) (builtins.isAttrs d.dev.out.dev) ]"
    )
    assert shown == '[ "derivation" "out" "dev" 2 1 1 true false true ]'


def test_fetchurl_is_the_path_of_a_fixed_output(bench) -> None:
    text = (
        '(builtins.fetchurl { url = "https://example.org/a.tar.gz"; '
        'sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; })'
    )
    assert bench.show(f"builtins.typeOf {text}") == '"string"'
    assert bench.show(f"(builtins.head (builtins.attrValues (builtins.getContext {text}))).outputs") == '[ "out" ]'
    (derivation,) = bench.world.derivations.values()
    assert derivation.builder == "builtin:fetch"
    assert derivation.name == "a.tar.gz"
    assert derivation.env["url"] == "https://example.org/a.tar.gz"
    assert derivation.fixed is not None and derivation.fixed.mode == "flat"


def test_toFile_refuses_to_refer_to_derivations(bench) -> None:
    with pytest.raises(EvalError, match="may not reference derivations"):
        bench.show(f'builtins.toFile "a" "${{derivation {{ {BASE} }}}}"')


def test_context_follows_strings_through_builtins(bench) -> None:
    d = f"(derivation {{ {BASE} }})"
    for expression in (
        f'builtins.substring 0 3 "${{{d}}}"',
        f'builtins.replaceStrings [ "a" ] [ "${{{d}}}" ] "bab"',
        f'builtins.concatStringsSep "${{{d}}}" [ "a" ]',
        f"toString [ {d} ]",
        f"builtins.toJSON {{ a = {d}; }}",
        f'baseNameOf "${{{d}}}/a"',
        f'builtins.appendContext "a" (builtins.getContext "${{{d}}}")',
    ):
        assert bench.show(f"builtins.hasContext ({expression})") == "true", expression
    assert bench.show(f'builtins.hasContext (builtins.unsafeDiscardStringContext "${{{d}}}")') == "false"
    assert bench.show(f'builtins.hasContext (builtins.head (builtins.split "x" "${{{d}}}"))') == "false"


def test_names_of_attributes_may_not_refer_to_the_store(bench) -> None:
    with pytest.raises(EvalError, match="is not allowed to refer to a store path"):
        bench.show(f'{{ }}."${{derivation {{ {BASE} }}}}"')


def test_the_interface_finds_derivations(bench) -> None:
    value = bench.value(f"{{ a = derivation {{ {BASE} }}; b = 1; c = {{ recurseForDerivations = true; "
                        f'd = derivation {{ {BASE} outputs = [ "x" ]; }}; }}; }}')  # fmt: skip
    found = bench.evaluator.derivations(value)
    assert [outputs for _, outputs in found] == [("out",), ("x",)]
    assert bench.evaluator.derivation_of(bench.evaluator.select(value, "a")) == found[0]
    assert bench.evaluator.derivation_of(1) is None
