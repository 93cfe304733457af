import json

import pytest

from chx.builder.environment import build_environment
from chx.builder.errors import BadAttribute, EnvironmentTooLarge
from chx.store import Derivation, FixedOutput

OUTPUTS = {"out": "/chx/store/scratch-x"}


def variables(derivation, **host):
    return build_environment(derivation, OUTPUTS, 3, host).variables


def test_what_every_build_is_given():
    assert variables(Derivation("x", "s", "b", env={"name": "x"}), LANG="de_DE") == {
        "PATH": "/path-not-set",
        "HOME": "/homeless-shelter",
        "NIX_STORE": "/chx/store",
        "NIX_BUILD_CORES": "3",
        "NIX_BUILD_TOP": "/build",
        "TMPDIR": "/build",
        "TEMPDIR": "/build",
        "TMP": "/build",
        "TEMP": "/build",
        "PWD": "/build",
        "NIX_LOG_FD": "2",
        "TERM": "xterm-256color",
        "SOURCE_DATE_EPOCH": "315532800",
        "name": "x",
        "out": "/chx/store/scratch-x",
    }


def test_a_derivation_may_set_defaults_and_not_what_describes_the_sandbox():
    own = variables(
        Derivation("x", "s", "b", env={"PATH": "/p", "HOME": "/h", "SOURCE_DATE_EPOCH": "7", "TMPDIR": "/t"})
    )
    assert (own["PATH"], own["HOME"], own["SOURCE_DATE_EPOCH"], own["TMPDIR"]) == ("/p", "/h", "7", "/build")


def test_a_rootfs_has_programs_at_the_usual_place():
    assert variables(Derivation("x", "s", "b", rootfs=()))["PATH"] == "/usr/bin:/bin"


def test_long_values_are_passed_in_files():
    prepared = build_environment(
        Derivation("x", "s", "b", env={"passAsFile": "text", "text": "x" * 200000}), OUTPUTS, 1
    )
    assert prepared.variables["textPath"] == "/build/.attr-text"
    assert "text" not in prepared.variables
    assert prepared.files == {".attr-text": b"x" * 200000}


def test_a_value_that_the_kernel_cannot_pass_is_named():
    with pytest.raises(EnvironmentTooLarge, match="text") as caught:
        variables(Derivation("x", "s", "b", env={"text": "x" * 200000}))
    assert "passAsFile" in caught.value.hint
    with pytest.raises(EnvironmentTooLarge, match="argument 2"):
        variables(Derivation("x", "s", "b", ("", "x" * 200000)))


def test_only_a_fixed_output_sees_variables_of_the_host():
    env = {"impureEnvVars": "http_proxy none"}
    fixed = FixedOutput("sha256", b"\0" * 32, "flat")
    seen = variables(Derivation("x", "s", "b", env=env, fixed=fixed), http_proxy="p", SECRET="s")
    assert seen["http_proxy"] == "p" and seen["none"] == "" and "SECRET" not in seen
    assert "http_proxy" not in variables(Derivation("x", "s", "b", env=env), http_proxy="p")


def test_structured_attributes_come_in_files():
    attributes = {"list": ["a b", "c'd"], "flag": True, "number": 3, "map": {"k": "v"}, "deep": [[1]], "none": None}
    prepared = build_environment(Derivation("x", "s", "b", env={"__json": json.dumps(attributes)}), OUTPUTS, 1)
    assert prepared.variables["NIX_ATTRS_SH_FILE"] == "/build/.attrs.sh"
    assert "__json" not in prepared.variables
    assert json.loads(prepared.files[".attrs.json"]) == {**attributes, "outputs": OUTPUTS}
    assert prepared.files[".attrs.sh"].decode().split("\n") == [
        "declare flag=1",
        "declare -a list=('a b' 'c'\\''d' )",
        "declare -A map=(['k']='v' )",
        "declare none=''",
        "declare number=3",
        "declare -A outputs=(['out']='/chx/store/scratch-x' )",
        "",
    ]


@pytest.mark.parametrize(
    "env",
    [
        {"exportReferencesGraph": "graph /chx/store/x"},
        {"__json": json.dumps({"exportReferencesGraph": {"graph": ["/chx/store/x"]}})},
    ],
)
def test_a_graph_of_references_is_refused_by_name(env):
    with pytest.raises(BadAttribute, match="'exportReferencesGraph' of b: chx does not support it"):
        variables(Derivation("x", "s", "b", env=env))


def test_an_empty_graph_of_references_is_none():
    assert variables(Derivation("x", "s", "b", env={"exportReferencesGraph": ""}))["exportReferencesGraph"] == ""
