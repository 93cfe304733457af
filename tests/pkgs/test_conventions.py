"""What `mkDerivation` takes: styles, hooks, sub-outputs, checks; and that docs/packages.md tells it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.builder.lint import LINTS
from chx.evaluator import EvalError

from ..builder.conftest import programs_root
from .conftest import PROGRAMS

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "packages.md").read_text()

# Every tool that a style calls tells how it was called.
TOOLS = """
  builtins.listToAttrs (map (name: {
    name = "usr/bin/${name}";
    value = "echo \\"${name} $*\\" >> /build/said\\n";
  }) [ "ar" "autoreconf" "make" "cmake" "ctest" "muon" "ranlib" ])
  // { "usr/bin/python3" = "case $1 in -c) echo /usr/lib/python ;; *) echo \\"python3 $*\\" >> /build/said ;; esac"; }
  // { "usr/bin/cc" = "echo \\"cc $*\\" >> /build/said; echo made > program\\n"; }
"""
SAID = 'mkdir -p "$out/usr/share"; cp /build/said "$out/usr/share/"'


def files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_symlink() or not path.is_dir()}


def rows(title: str) -> Iterator[list[str]]:
    """The rows of the table below a heading, without its head."""
    section = DOCUMENT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


VARIABLES = "CC=cc CXX=c++ AR=ar RANLIB=ranlib CFLAGS=-O2 LDFLAGS=-static"
AUTOCONF = (
    "--build=ours --host=theirs --prefix=/usr --sbindir=/usr/bin --libdir=/usr/lib --sysconfdir=/etc --localstatedir=/var"
    " --mandir=/usr/share/man --infodir=/usr/share/info --disable-shared --enable-static --disable-nls"
    " --disable-dependency-tracking --flag"
)
CMAKE = (
    "cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_SBINDIR=bin"
    " -DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=OFF -DCMAKE_EXE_LINKER_FLAGS=-static"
    " -DCMAKE_AR=/usr/bin/ar -DCMAKE_RANLIB=/usr/bin/ranlib --flag"
)
MADE = ["make -j1 M=1", "make check M=1", "make install DESTDIR=OUT M=1"]
STYLES = {
    "configure": ["configure --prefix=/usr --flag", *MADE],
    "autoconf": [f"configure {AUTOCONF}", *MADE],
    "make": [
        f"make -j1 {VARIABLES} M=1",
        f"make check {VARIABLES} M=1",
        f"make install DESTDIR=OUT PREFIX=/usr prefix=/usr {VARIABLES} M=1",
    ],
    "cmake": [
        CMAKE,
        "cmake --build build --parallel 1 -- M=1",
        "ctest --test-dir build --output-on-failure",
        "cmake --install build",
    ],
    "meson": [
        "muon setup -Dprefix=/usr -Dlibdir=lib -Dsbindir=bin -Dsysconfdir=/etc -Dlocalstatedir=/var -Dbuildtype=plain"
        " -Ddefault_library=static --flag build",
        "muon -C build samu -j 1 M=1",
        "muon -C build test",
        "muon -C build install",
    ],
    "python": ["python3 -m compileall -q --invalidation-mode unchecked-hash -s OUT OUT/usr/lib/python"],
    "command": ["cc -O2 -static -o program a.c b.c -lm"],
}


@pytest.mark.sandbox
@pytest.mark.parametrize("style", STYLES)
def test_a_style_calls_its_build_system(build, style: str) -> None:
    outputs = build(
        f"""{{
      style = "{style}";
      rootfs = [ programs (written ({TOOLS})) ];
      src = written {{ configure = "echo \\"configure $*\\" >> /build/said\\n"; "a.c" = ""; "b.c" = ""; }};
      configureFlags = [ "--flag" ];
      makeFlags = [ "M=1" ];
      CFLAGS = "-O2";
      LDFLAGS = "-static";
      program = "program";
      libs = "-lm";
      modules = "a.c";
      buildAndHost = {{ build = "ours"; host = "theirs"; }};
      doCheck = true;
      postInstall = {SAID!r};
    }}""".replace("'", "''")
    )
    said = (outputs["out"] / "usr/share/said").read_text().replace("/chx/store/" + outputs["out"].name, "OUT")
    assert said.splitlines() == STYLES[style]
    if style == "command":
        assert (outputs["out"] / "usr/bin/program").read_text() == "made\n"


SAYING = f"""
      src = written {{ configure = "echo \\"$PWD configure $*\\" >> /build/said\\n"; }};
      buildAndHost = {{ build = "ours"; host = "theirs"; }};
      rootfs = [ programs (written ({TOOLS})) ];
      postInstall = {SAID!r};
"""


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (
            'style = "make"; makeVariables = [ "CC" ]; CC = "cc -x y";',
            ["make -j1 CC=cc -x y", "make install DESTDIR=OUT PREFIX=/usr prefix=/usr CC=cc -x y"],
        ),
        ('style = "make"; makeVariables = [ ];', ["make -j1", "make install DESTDIR=OUT PREFIX=/usr prefix=/usr"]),
        (
            'style = "make"; makeVariables = [ ]; makeFlags = [ "A=$CC $(X)" "B=$$C" ]; CC = "cc x";',
            ["make -j1 A=cc x $(X) B=$C", "make install DESTDIR=OUT PREFIX=/usr prefix=/usr A=cc x $(X) B=$C"],
        ),
        (
            'configureFlags = [ "X=$AR" ]; buildDirectory = "apart"; configureScript = "configure";',
            ["/build/source/apart configure --prefix=/usr X=ar", "make -j1", "make install DESTDIR=OUT"],
        ),
        (
            'style = "autoconf"; autoreconf = true;',
            [
                "autoreconf -f -i",
                f"/build/source configure {AUTOCONF.removesuffix(' --flag')}",
                "make -j1",
                "make install DESTDIR=OUT",
            ],
        ),
    ],
)
def test_a_style_can_be_told_more(build, attributes: str, said: list[str]) -> None:
    outputs = build(f"{{ {attributes} {SAYING} }}".replace("'", "''"))
    told = (outputs["out"] / "usr/share/said").read_text().replace("/chx/store/" + outputs["out"].name, "OUT")
    assert [line.rstrip() for line in told.splitlines()] == said


def test_a_style_that_is_not_there_is_an_error(evaluate) -> None:
    with pytest.raises(
        EvalError, match="style 'autotools'; there are autoconf, cmake, command, configure, make, meson, python"
    ):
        evaluate('(set.mkDerivation { pname = "x"; version = "1"; style = "autotools"; }).drvPath')


@pytest.mark.sandbox
def test_hooks_run_before_and_after_their_phases_in_one_shell(build) -> None:
    phases = ["Unpack", "Patch", "Configure", "Build", "Check", "Install", "Split", "Fixup"]
    hooks = "".join(f'pre{phase} = "say pre{phase}"; post{phase} = "say post{phase}";' for phase in phases)
    own = "".join(f'{phase.lower()}Phase = "say {phase}";' for phase in phases[1:-1] if phase != "Install")
    outputs = build(
        f"""{{
      {own}
      unpackPhase = "say Unpack";
      {hooks.replace('"say preUnpack"', "''said=; say() { said=$said,$1; }; say preUnpack''")}
      installPhase = "say Install";
      fixupPhase = "say Fixup";
      doCheck = true;
      outputs = [ "out" "more" ];
      postFixup = "say postFixup; mkdir $out $more; echo $said > $out/said";
    }}""".replace('postFixup = "say postFixup";', "", 1)
    )
    order = [word for phase in phases for word in (f"pre{phase}", phase, f"post{phase}")]
    assert (outputs["out"] / "said").read_text().strip() == "," + ",".join(order)


def test_hooks_are_nothing_to_a_package_that_has_none(evaluate) -> None:
    """What says something of a package changes nothing that is built."""
    plain, told = evaluate(
        """
      let package = set.mkDerivation { pname = "x"; version = "1"; };
      in [ package (set.mkDerivation {
        pname = "x"; version = "1";
        style = "configure"; runtime = [ "/bin/sh" ]; libraries = [ ]; lints.waive.fhs = "why"; canRun = true;
        meta = { description = "d"; homepage = "https://example.org/"; license = "MIT"; };
      }) ]
    """.replace("[ package (", "map (package: package.drvPath) [ package (")
    )
    assert plain == told


@pytest.mark.parametrize(("name", "is_wrong"), [("preInstal", True), ("postfixup", False), ("postBuild", False)])
def test_a_hook_that_is_spelt_wrong_is_an_error(evaluate, name: str, is_wrong: bool) -> None:
    text = f'(set.mkDerivation {{ pname = "x"; version = "1"; {name} = ""; }}).drvPath'
    if is_wrong:
        with pytest.raises(EvalError, match=f"'x-1' has `{name}`, and there is no such phase; there are pre"):
            evaluate(text)
    else:
        evaluate(text)


@pytest.mark.sandbox
@pytest.mark.parametrize("runs", [True, False])
def test_checks_are_left_out_where_what_was_built_does_not_run(build, runs: bool) -> None:
    outputs = build(
        f"""{{
      style = "command";
      buildPhase = "";
      doCheck = true;
      canRun = {str(runs).lower()};
      checkPhase = "touched=yes";
      installPhase = "mkdir $out; echo ''${{touched-no}} > $out/touched";
    }}""".replace("''$", "\\$")
    )
    assert (outputs["out"] / "touched").read_text() == ("yes\n" if runs else "no\n")
    assert ("checkPhase is left out: what was built does not run" in outputs["log"].read_text()) is not runs


@pytest.mark.sandbox
def test_libraries_are_merged_into_the_root(build) -> None:
    outputs = build("""{
      libraries = [ (written { "usr/include/x.h" = "x\\n"; }) ];
      style = "command";
      buildPhase = "";
      installPhase = "mkdir $out; cp /usr/include/x.h $out/";
    }""")
    assert (outputs["out"] / "x.h").read_text() == "#!/bin/sh\nx\n"


@pytest.mark.sandbox
def test_libraries_for_another_machine_are_merged_into_its_root(build) -> None:
    outputs = build("""{
      sysroot = "usr/other";
      libraries = [ (written { "usr/include/x.h" = "x\\n"; }) (written { "usr/include/y.h" = "y\\n"; }) ];
      style = "command";
      buildPhase = "";
      installPhase = "mkdir $out; cp /usr/other/usr/include/*.h $out/; test ! -e /usr/include";
    }""")
    assert files(outputs["out"]) == {"x.h", "y.h"}


INSTALLED = {
    "out": {"usr/bin/x", "usr/lib/libx.so.1", "usr/share/x/data", "etc/x", "bin", "lib"},
    "devel": {
        "usr/bin/x-config",
        "usr/include/x/x.h",
        "usr/lib/crtx.o",
        "usr/lib/libx.so",
        "usr/lib/pkgconfig/x.pc",
        "usr/share/man/man3/x.3",
    },
    "static": {"usr/lib/libx.a", "usr/lib/deep/liby.a"},
    "doc": {"usr/share/doc/x/README", "usr/share/man/man1/x.1"},
}
INSTALL = """
  unpackPhase = "mkdir work; cd work";
  configurePhase = "";
  buildPhase = "";
  installPhase = ''
    for file in FILES; do
      mkdir -p "$out/''${file%/*}"
      echo text > "$out/$file"
    done
    ln -s libx.so.1 "$out/usr/lib/libx.so"
    mkdir -p "$out/usr/share/empty"
  '';
"""


@pytest.mark.sandbox
@pytest.mark.parametrize("chosen", [("devel", "static", "doc"), ("static",), ("devel", "doc")])
def test_files_go_to_the_outputs_that_a_package_has(build, chosen: tuple[str, ...]) -> None:
    made = sorted(set().union(*INSTALLED.values()) - {"usr/lib/libx.so", "bin", "lib"})
    listed = " ".join(f'"{name}"' for name in ("out", *chosen))
    outputs = build("{" + INSTALL.replace("FILES", " ".join(made)) + f"outputs = [ {listed} ]; }}")
    for name in chosen:
        assert files(outputs[name]) == INSTALLED[name]
    left = set().union(*(names for name, names in INSTALLED.items() if name not in chosen))
    assert files(outputs["out"]) == left
    # A folder that held nothing before is not one that was emptied.
    assert (outputs["out"] / "usr/share/empty").is_dir()
    assert (outputs["out"] / "usr/include").is_dir() is ("devel" not in chosen)


def test_outputs_without_a_rule_are_an_error(evaluate) -> None:
    for outputs, message in (
        ('[ "out" "lib" ]', "no rule for what goes to the output 'lib'; there are rules for dbg, static, devel, doc"),
        ('[ "devel" "out" ]', 'begins with "out", and not with "devel"'),
    ):
        with pytest.raises(EvalError, match=message):
            evaluate(f'(set.mkDerivation {{ pname = "x"; version = "1"; outputs = {outputs}; }}).drvPath')
    evaluate('(set.mkDerivation { pname = "x"; version = "1"; outputs = [ "out" "lib" ]; splitPhase = ""; }).drvPath')


@pytest.mark.sandbox
@pytest.mark.skipif(not (shutil.which("cc") and shutil.which("objcopy")), reason="needs a C compiler and objcopy")
def test_debugging_information_goes_to_dbg(build, chx, tmp_path: Path) -> None:
    from chx.store.difference.elf import sections

    root = tmp_path / "root"
    programs_root(str(root), [*PROGRAMS, "objcopy"])
    (root / "program.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-g", "-o", "program", "program.c"], cwd=root, check=True)
    outputs = build(
        """{
          unpackPhase = "mkdir work; cd work";
          configurePhase = "";
          buildPhase = "";
          outputs = [ "out" "dbg" ];
          installPhase = "mkdir -p $out/usr/bin; cp /program /program.c $out/usr/bin/";
        }""",
        root=root,
    )
    assert files(outputs["out"]) == {"bin", "usr/bin/program", "usr/bin/program.c"}
    assert files(outputs["dbg"]) == {"usr/lib/debug/usr/bin/program.debug"}
    program = {section.name for section in sections((outputs["out"] / "usr/bin/program").read_bytes())}
    assert ".debug_info" not in program and ".gnu_debuglink" in program
    detached = (outputs["dbg"] / "usr/lib/debug/usr/bin/program.debug").read_bytes()
    assert ".debug_info" in {section.name for section in sections(detached)}


def test_the_table_of_attributes_is_that_of_the_function(evaluate) -> None:
    taken = evaluate('builtins.functionArgs (import <chx/lib/mk-derivation.nix> { system = ""; })')
    conventions = '(import <chx/lib/conventions.nix> { name = "x"; arguments = { }; })'
    known = evaluate(f"with {conventions}; hooks ++ installed ++ told")
    told = {name: row[2] for row in rows("What `mkDerivation` takes") for name in named(row[0])}
    assert set(told) == {*taken, *known, "src"}
    required = {name for name, default in told.items() if default == "required"}
    # Those that a package forgets have an error of their own in place of a value.
    for name in ("pname", "version"):
        with pytest.raises(EvalError, match=f"`{name}`"):
            given = {"pname", "version"} - {name}
            words = " ".join(f'{other} = "x";' for other in given)
            evaluate(f"(set.mkDerivation {{ {words} }}).drvPath")
        required.remove(name)
    assert required == {name for name, has_default in taken.items() if not has_default}


def test_the_table_of_meta_is_that_of_the_check(evaluate) -> None:
    text = '(set.mkDerivation { pname = "x"; version = "1"; meta.wrong = 1; }).meta'
    with pytest.raises(EvalError) as error:
        evaluate(text)
    known = error.value.message.rpartition("there are ")[2].split(", ")
    told = {named(row[0])[0]: "optional" in row[1] for row in rows("`meta`")}
    assert sorted(told) == sorted(known)
    assert [name for name, is_optional in told.items() if is_optional] == ["origin", "maintainers"]


def test_the_table_of_styles_is_that_of_the_file(evaluate) -> None:
    styles = evaluate(
        'import <chx/lib/styles.nix> { pname = "x"; buildAndHost = { build = "x"; host = "x"; }; autoreconf = true; }'
    )
    told = {named(row[0])[0]: row[1:] for row in rows("Styles")}
    assert sorted(told) == sorted(styles)
    phases = ("configurePhase", "buildPhase", "checkPhase", "installPhase")
    for name, cells in told.items():
        for phase, cell in zip(phases, cells):
            assert (cell == "nothing") is (styles[name][phase] == ""), (name, phase)
            for word in re.findall(r"^`([^` ]+)", cell):
                assert word in styles[name][phase].replace("{CC:-cc}", "CC"), (name, phase)


def test_the_table_of_sub_outputs_is_that_of_the_rules(evaluate) -> None:
    told = {named(row[0])[0]: set(named(row[1])) for row in rows("Sub-outputs")}
    script = evaluate('import <chx/lib/sub-outputs.nix> [ "out" "dbg" "static" "devel" "doc" ]')
    moved: dict[str, set[str]] = {}
    for output, path in re.findall(r"^ *move(?:_links)? (\w+) (\S+)$", script, re.MULTILINE):
        moved.setdefault(output, set()).add(path)
    moved["static"] = set(re.findall(r"-name '(\S+)'", script))
    assert told.pop("dbg") >= moved.pop("dbg")
    assert told == moved


def test_the_table_of_lints_is_theirs() -> None:
    assert [tuple(row) for row in rows("Lints")] == [
        (f"`{lint.name}`", str(lint.severity), lint.what, lint.advice) for lint in LINTS
    ]


def test_the_tables_of_what_roots_are_made_with_are_those_of_the_reader(evaluate) -> None:
    text = """(set.mkDerivation {
      pname = "x"; version = "1"; modes."usr/x".mode = "4755"; users.x = { }; groups.x = { }; updateCheck = { };
      tmpfiles = [ { type = "d"; path = "/x"; } ]; services.x.command = "/x"; alternatives."usr/x".target = "usr/y";
    }).installation"""
    said = evaluate(text)
    told: dict[str, set[str]] = {}
    for row in rows("What roots are made with"):
        told.setdefault(named(row[0])[0].split(".")[0].split(" ")[0], set()).update(named(row[1]))
    assert sorted(told) == sorted(said)
    for attribute, value in said.items():
        one = value[0] if isinstance(value, list) else value
        if isinstance(one, dict) and attribute != "updateCheck":
            one = next(iter(one.values()), None)
        if isinstance(one, dict):
            assert told[attribute] >= set(one), attribute
