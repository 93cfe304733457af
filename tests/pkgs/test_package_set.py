"""Package sets as fixed points: callPackage, override, overrideAttrs, overlays, sets within sets."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from chx.evaluator import EvalError, to_python
from chx.lang import Source
from chx.ops.session import Session

ROOT = Path(__file__).resolve().parents[2]
SETS = {
    "here": "p",
    "tiny": "p.tiny",
    "chimera": "p.chimera",
    "cross": "p.cross.aarch64",
    "cross by chimera": "p.chimera.cross.riscv64",
}
OVERLAY = """
final: prev: {
  zlib = prev.zlib.overrideAttrs (old: { version = "9.9"; });
  mine = final.callPackage ({ mkDerivation, zlib, ncurses }: mkDerivation {
    pname = "mine"; version = "1"; libraries = [ zlib ncurses ]; installPhase = "";
  }) { };
}
"""


@pytest.fixture(scope="module")
def value(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Evaluates an expression in which `p` is the bundled set."""
    patch = pytest.MonkeyPatch()
    patch.setenv("CHX_HOME", str(tmp_path_factory.mktemp("home")))

    with Session() as session:

        def evaluate(text: str, arguments: str = "{ }"):  # type: ignore[no-untyped-def]
            whole = f"let p = import <chx> {arguments}; in {text}"
            return to_python(session.evaluator, session.evaluator.eval_source(Source("«test»", whole, "/")))

        yield evaluate
    patch.undo()


@pytest.mark.parametrize("where", SETS.values(), ids=SETS)
def test_a_package_gets_the_packages_that_it_asks_for(value, where: str) -> None:  # type: ignore[no-untyped-def]
    text = f"({where}.callPackage ({{ mkDerivation, ncurses, zlib }}: [ ncurses.pname zlib.pname ]) {{ }})"
    assert value(text) == ["ncurses", "zlib"]


@pytest.mark.parametrize("where", SETS.values(), ids=SETS)
def test_an_overlay_changes_a_package_for_all_that_are_built_with_it(value, where: str) -> None:  # type: ignore[no-untyped-def]
    text = f"""
      let q = import <chx> {{ overlays = [ ({OVERLAY}) ]; }}; old = {where}; new = {where.replace("p.", "q.", 1) if "." in where else "q"}; in
      {{
        name = new.zlib.name;
        changed = new.mandoc.drvPath != old.mandoc.drvPath;
        same = new.hello.drvPath == old.hello.drvPath;
        mine = map (library: library.name) new.mine.libraries;
      }}
    """
    found = value(text)
    assert found["name"] == "zlib-9.9"
    assert found["changed"]
    # What the stages of chimera built is built once more in its last one, so that overlays can change it.
    assert found["same"] or where == "p.chimera"
    assert found["mine"][0] == "zlib-9.9"


def test_no_overlay_changes_a_bootstrap(value) -> None:  # type: ignore[no-untyped-def]
    text = f"""
      let q = import <chx> {{ overlays = [ ({OVERLAY}) ]; }};
      paths = s: builtins.mapAttrs (_: package: package.drvPath) s.bootstrap.chimera.debian-gcc.stage1.packages;
      in paths p == paths q
    """
    assert value(text) is True


def test_overlays_come_one_after_the_other_and_see_the_end(value) -> None:  # type: ignore[no-untyped-def]
    assert value("(p.extend (f: o: { a = f.b; b = 1; })).a") == 1
    assert value("((p.extend (f: o: { a = [ 1 ]; })).extend (f: o: { a = o.a ++ [ 2 ]; })).a") == [1, 2]


def test_a_package_is_overridden_by_its_arguments_and_by_its_attributes(value) -> None:  # type: ignore[no-untyped-def]
    assert value("(p.mandoc.override { zlib = p.xz; }).drvPath != p.mandoc.drvPath")
    assert value("(p.mandoc.override (old: { inherit (old) zlib; })).drvPath == p.mandoc.drvPath")
    assert value('(p.hello.overrideAttrs { version = "3"; }).name') == "hello-3"
    assert value('(p.hello.overrideAttrs (final: prev: { version = "3"; pname = final.version; })).name') == "3-3"
    both = '(p.mandoc.overrideAttrs (old: { version = old.version + "x"; })).override { zlib = p.xz; }'
    assert value(f"({both}).name == p.mandoc.name + ''x'' && ({both}).drvPath != p.mandoc.drvPath")
    assert value('((p.hello.overrideAttrs { version = "3"; }).overrideAttrs { pname = "h"; }).name') == "h-3"


def test_several_packages_of_one_function_and_sets_within_sets(value) -> None:  # type: ignore[no-untyped-def]
    several = '(p.callPackages ({ mkDerivation }: { x = mkDerivation { pname = "x"; version = "1"; }; }) { })'
    assert value(f"{several}.x.name") == "x-1"
    inner = "p.makeScope (s: { inner = 3; two = s.callPackage ({ inner, zlib }: [ inner zlib.pname ]) { }; })"
    assert value(f"({inner}).two") == [3, "zlib"]
    assert value("p.newScope { extra = 1; } ({ extra, zlib }: [ extra zlib.pname ]) { }") == [1, "zlib"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("ncurse", "'ncurse'; did you mean 'ncurses'?"),
        ("zlbi", "'zlbi'; did you mean 'zlib'?"),
        ("frobnicate", "'frobnicate'"),
    ],
)
def test_what_nobody_provides_is_told_with_its_file(value, tmp_path: Path, asked: str, said: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "mine.nix"
    file.write_text(f"{{ mkDerivation, {asked}, other ? 1 }}: other")
    with pytest.raises(EvalError) as caught:
        value(f"p.tiny.callPackage {file} {{ }}")
    assert str(caught.value.message).endswith(f"the package in {file} asks for what is not in the set: {said}")


def test_a_folder_is_a_package_and_nothing_lists_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "pkgs", tmp_path / "pkgs")
    (tmp_path / "arch").symlink_to(ROOT / "arch")
    (tmp_path / "pkgs" / "mine").mkdir()
    (tmp_path / "pkgs" / "mine" / "package.nix").write_text(
        '{ mkDerivation, zlib }: mkDerivation { pname = "mine"; version = zlib.version; }'
    )
    text = (
        f"with import {tmp_path}/pkgs {{ }}; map (set: set.mine.pname) [ {{ inherit mine; }} tiny chimera cross.ppc64 ]"
    )
    with Session() as session:
        found = to_python(session.evaluator, session.evaluator.eval_source(Source("«test»", text, "/")))
    assert found == ["mine"] * 4


@pytest.mark.parametrize(
    ("attribute", "meant"),
    [
        ("configureFlag = [ ];", "configureFlags"),
        ("patch = ./x;", "patches"),
        ('buildphase = "";', "buildPhase"),
        ('build_phase = "";', "buildPhase"),
        ("buildInputs = [ ];", "libraries"),
        ("nativeBuildInputs = [ ];", "tools"),
        ("Version = 1;", "version"),
    ],
)
def test_an_attribute_that_is_nearly_one_of_mkderivation_is_refused(value, attribute: str, meant: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EvalError) as caught:
        value(f'(p.tiny.mkDerivation {{ pname = "mine"; version = "1"; {attribute} }}).drvPath')
    name = attribute.partition(" ")[0]
    assert f"the package 'mine-1' has `{name}`, which means nothing; `{meant}` does" in str(caught.value.message)


@pytest.mark.parametrize("attribute", ["CONFIGUREFLAGS = 1;", "myVariable = 1;", "source = 1;", "target = 1;"])
def test_other_attributes_are_variables(value, attribute: str) -> None:  # type: ignore[no-untyped-def]
    assert value(f'(p.tiny.mkDerivation {{ pname = "mine"; version = "1"; {attribute} }}).drvPath != ""')


BROKEN = """{{ mkDerivation }}: mkDerivation {{
  pname = "mine"; version = "1"; installPhase = ""; {attributes}
}}"""


@pytest.mark.parametrize(
    ("where", "attributes", "reason"),
    [
        ("p", "", None),
        ("p", 'broken = "no";', "no"),
        ("p", "broken = true;", "it is broken"),
        ("p", "broken = false;", None),
        ("p", 'platforms = [ "ppc64" ];', "it is for ppc64, not for x86_64"),
        ("p.cross.ppc64", 'platforms = [ "ppc64" ];', None),
        ("p", 'languages = [ "c++" ];', None),
        ("p.tiny", 'languages = [ "c++" ];', "it is written in C++, and the set has no compiler for that"),
        ("p.chimera", 'languages = [ "c++" ];', None),
        (
            "p.tiny",
            "libraries = [ p.tiny.ninja ];",
            "it needs ninja: it is written in C++, and the set has no compiler for that",
        ),
        ("p", 'tools = [ (p.zlib.overrideAttrs { broken = "no"; }) ];', "it needs zlib: no"),
    ],
)
def test_a_package_says_where_it_cannot_be_built(value, where: str, attributes: str, reason: str | None) -> None:  # type: ignore[no-untyped-def]
    package = f"({where}.callPackage ({BROKEN.format(attributes=attributes)}) {{ }})"
    assert value(f"{package}.broken") == reason
    if reason is None:
        assert value(f"{package}.drvPath").endswith("-mine-1.drv")
    else:
        for way in ("drvPath", "outPath", "out"):
            with pytest.raises(EvalError, match=re.escape(f"cannot be built in this set: {reason}")) as caught:
                value(f"{package}.{way}")
            assert "the package 'mine-1'" in str(caught.value)


def test_what_is_known_to_be_broken_is_built_if_somebody_says_so(value) -> None:  # type: ignore[no-untyped-def]
    package = f"(p.callPackage ({BROKEN.format(attributes=chr(98) + 'roken = true;')}) {{ }})"
    assert value(f"({package}.overrideAttrs {{ broken = null; }}).drvPath").endswith("-mine-1.drv")


def test_the_toolchain_is_told(value) -> None:  # type: ignore[no-untyped-def]
    assert value(
        'map (set: "${set.toolchain.compiler} ${set.toolchain.libc}") [ p p.tiny p.chimera p.cross.aarch64 p.chimera.cross.riscv64 ]'
    ) == [
        "gcc glibc",
        "tcc musl",
        "clang musl",
        "clang musl",
        "clang musl",
    ]


def test_tools_and_what_they_need_join_the_root_and_so_do_libraries_of_libraries(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        of = package: map (tree: tree.pname or "?") (builtins.filter (tree: tree ? pname) package.container);
        make = arguments: p.mkDerivation ({ version = "1"; installPhase = ""; } // arguments);
        script = make { pname = "script"; runtime = [ "/bin/sh" p.lua ]; };
        first = make { pname = "first"; outputs = [ "out" "devel" ]; };
        second = make { pname = "second"; libraries = [ first ]; };
        user = make { pname = "user"; tools = [ script ]; libraries = [ second ]; };
        inputs = builtins.attrNames (builtins.getContext (builtins.concatStringsSep " " (map toString user.drvAttrs.rootfs)));
        has = name: builtins.any (input: builtins.match ".*-${name}-[^/]*[.]drv" input != null) inputs;
      in map has [ "script" "lua" "second" "first" "zlib" ]
    """
    assert value(text) == [True, True, True, True, False]


def test_tools_of_a_cross_set_run_on_the_machine_that_builds(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        c = p.cross.aarch64;
        user = c.mkDerivation { pname = "user"; version = "1"; installPhase = ""; tools = [ c.lua ]; libraries = [ c.zlib ]; };
      in {
        tool = builtins.getContext (toString user.drvAttrs.rootfs) ? ${builtins.unsafeDiscardStringContext p.lua.drvPath};
        strange = (builtins.tryEval (c.mkDerivation {
          pname = "user"; version = "1"; installPhase = ""; tools = [ (c.lua.overrideAttrs { pname = "nothing"; }) ];
        }).drvPath).success;
        where = user.drvAttrs.PKG_CONFIG_SYSROOT_DIR;
        same = c.buildPackages.zlib.drvPath == p.zlib.drvPath;
      }
    """
    assert value(text) == {"tool": True, "strange": False, "where": "/usr/aarch64-linux-musl", "same": True}


def test_a_cross_build_of_a_program_in_c_needs_no_library_of_cxx(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        c = p.cross.aarch64;
        make = more: c.mkDerivation ({ pname = "user"; version = "1"; installPhase = ""; } // more);
        trees = package: builtins.concatMap (tree: map (part: part.pname or "?") (tree.trees or [ ])) package.container;
        needs = package: builtins.elem "libcxx" (trees (package // { container = package.drvAttrs.rootfs; }));
      in map needs [ (make { }) (make { languages = [ "c++" ]; }) c.zlib c.ninja ]
    """
    assert value(text) == [False, True, False, True]


def test_a_package_chooses_its_hardening(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        flags = more: (p.cross.aarch64.mkDerivation ({ pname = "x"; version = "1"; installPhase = ""; } // more)).drvAttrs.CFLAGS;
        has = flag: text: builtins.match ".*${flag}.*" text != null;
      in [
        (has "_FORTIFY_SOURCE" (flags { })) (has "_FORTIFY_SOURCE" (flags { hardening.fortify = false; }))
        (has "stack-protector" (flags { hardening.fortify = false; }))
        (has "-flto" (flags { })) (has "-flto" (flags { lto = true; }))
      ]
    """
    assert value(text) == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ('"--a" "b=c"', "--a b=c"),
        ('"CC=$CC"', '"CC=$CC"'),
        ('"CC=\\${CC} -x" "y"', '"CC=${CC} -x" y'),
        ('"a b"', '"a b"'),
        ('"L=$(X)" "$$HOME" "$1" "$"', '"L=\\$(X)" "\\$HOME" "\\$1" "\\$"'),
        ('"quo\\"te" "back\\\\slash" "`id`" "\'" "*"', '"quo\\"te" "back\\\\slash" "\\`id\\`" "\'" "*"'),
        ('""', '""'),
    ],
)
def test_words_of_flags_as_text_for_a_shell(value, words: str, shown: str) -> None:  # type: ignore[no-untyped-def]
    text = f'(p.mkDerivation {{ pname = "x"; version = "1"; makeFlags = [ {words} ]; }}).drvAttrs.makeFlags'
    said = value(text)
    assert (" ".join(said) if isinstance(said, list) else said) == shown


def test_a_word_of_flags_that_names_a_package_depends_on_it(value) -> None:  # type: ignore[no-untyped-def]
    """A word that is quoted for the shell keeps what its text refers to."""
    word = 'makeFlags = [ "CFLAGS=$CFLAGS -I${p.bzip2}/usr/include" ];'
    text = f'(p.mkDerivation {{ pname = "x"; version = "1"; byPath = [ p.bzip2 ]; {word} }}).drvAttrs.makeFlags'
    said, named = value(
        f"[ (builtins.attrNames (builtins.getContext ({text}))) (builtins.unsafeDiscardStringContext p.bzip2.drvPath) ]"
    )
    assert said == [named]


def test_flags_of_a_package_are_added_to_those_of_its_set(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        flags = set: more: (set.mkDerivation ({ pname = "x"; version = "1"; installPhase = ""; } // more)).drvAttrs;
        added = flags p { toolFlags.CFLAGS = [ "-DX" "-DY" ]; toolFlags.CPPFLAGS = [ "-I." ]; };
        changed = (p.zlib.overrideAttrs { toolFlags.CFLAGS = [ "-O3" ]; }).drvAttrs;
        cross = flags p.cross.aarch64 { toolFlags.LDFLAGS = [ "-s" ]; };
      in [ added.CFLAGS added.CPPFLAGS added.LDFLAGS changed.CFLAGS (cross.LDFLAGS == "${(flags p.cross.aarch64 { }).LDFLAGS} -s") ]
    """
    assert value(text) == ["-O2 -DX -DY", " -I.", "-static", "-O2 -O3", True]


def test_a_configure_of_autoconf_is_told_to_link_statically_behind_libtool(value) -> None:  # type: ignore[no-untyped-def]
    text = """
      let
        script = set: more: builtins.elemAt (set.mkDerivation ({
          pname = "x"; version = "1"; installPhase = ""; style = "autoconf";
        } // more)).drvAttrs.args 2;
        has = text: builtins.match ".*LDFLAGS=\\"[$]LDFLAGS --static\\" ./configure --build.*" (builtins.replaceStrings [ "\\n" ] [ " " ] text) != null;
      in map has [ (script p { }) (script p.tiny { }) (script p.cross.aarch64 { }) (script p { LDFLAGS = "-s"; }) ]
    """
    assert value(text) == [True, False, False, False]
