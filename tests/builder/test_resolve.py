from chx.builder.resolution import resolve, with_outputs
from chx.store import Derivation, StorePath, output_placeholder, upstream_placeholder

A = StorePath("a" * 32, "a.drv")
B = StorePath("b" * 32, "b.drv")
OUT = StorePath("0" * 32, "a")
DEV = StorePath("1" * 32, "a-dev")
SOURCE = StorePath("2" * 32, "source")


def test_placeholders_are_replaced_everywhere_and_inputs_become_sources():
    out, dev = upstream_placeholder(A, "out"), upstream_placeholder(A, "dev")
    drv = Derivation(
        "x",
        "s",
        f"{out}/bin/sh",
        (f"-I{dev}/include", "plain"),
        {"both": f"{out}:{dev}", "own": output_placeholder("out")},
        input_drvs={A: ("out", "dev")},
        input_srcs=(SOURCE,),
        rootfs=(out,),
    )
    resolved = resolve(drv, {(A, "out"): OUT, (A, "dev"): DEV})
    assert resolved.builder == f"{OUT}/bin/sh"
    assert resolved.args == (f"-I{DEV}/include", "plain")
    assert resolved.env["both"] == f"{OUT}:{DEV}"
    assert resolved.env["own"] == output_placeholder("out")
    assert resolved.rootfs == (str(OUT),)
    assert resolved.input_srcs == (OUT, DEV, SOURCE)
    assert resolved.is_resolved


def test_two_derivations_with_equal_inputs_resolve_to_one():
    def use(path):
        return Derivation("x", "s", "b", env={"i": upstream_placeholder(path, "out")}, input_drvs={path: ("out",)})

    one, other = use(A), use(B)
    assert one != other
    assert resolve(one, {(A, "out"): OUT}).resolved_digest() == resolve(other, {(B, "out"): OUT}).resolved_digest()


def test_the_order_of_sources_does_not_matter():
    one = Derivation("x", "s", "b", input_srcs=(OUT, SOURCE))
    other = Derivation("x", "s", "b", input_srcs=(SOURCE, OUT))
    assert resolve(one, {}) == resolve(other, {})


def test_own_outputs_become_paths():
    drv = Derivation(
        "x", "s", "b", (output_placeholder("dev") + "/x",), {"o": output_placeholder("out")}, ("out", "dev")
    )
    done = with_outputs(drv, {"out": "/chx/store/o", "dev": "/chx/store/d"})
    assert done.args == ("/chx/store/d/x",) and done.env["o"] == "/chx/store/o"
