"""`--overlay FILE`: packages added and replaced on the command line."""

from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_an_overlay_of_the_command_line_adds_and_replaces(chx: Run, work: Path) -> None:
    folder = work / 'a"${b} ö\udcff\t'
    folder.mkdir()
    (folder / "one.nix").write_text('final: prev: { zlib = prev.zlib.overrideAttrs { version = "9"; }; }')
    (work / "two.nix").write_text('final: prev: { mine = "mine with ${final.zlib.name}"; }')
    words = ("--overlay", folder / "one.nix", "--overlay", "two.nix")
    run = chx("eval", "-f", "<chx>", "-A", "tiny.mine", "--raw", *words)
    assert run.stdout == "mine with zlib-9", run.stderr
    run = chx("pkgs", "show", "zlib", *words)
    assert run.returncode == 0 and run.stdout.startswith("zlib 9"), run.stderr


def test_what_takes_no_overlay_says_so(chx: Run, work: Path) -> None:
    (work / "one.nix").write_text("final: prev: { }")
    run = chx("eval", "-E", "{ a ? 1 }: a", "--overlay", "one.nix")
    assert run.returncode == 1 and "the expression takes no overlays" in run.stderr
    run = chx("eval", "-f", "<chx>", "-A", "zlib.name", "--overlay", "two.nix")
    assert run.returncode == 1 and f"there is no overlay '{work}/two.nix'" in run.stderr


def test_what_an_overlay_adds_is_listed_and_found(chx: Run, work: Path) -> None:
    (work / "one.nix").write_text(
        """final: prev: {
          mine = final.callPackage ({ mkDerivation }: mkDerivation {
            pname = "mine"; version = "1"; installPhase = "";
            meta = { description = "thing of my own"; homepage = "https://x.org/"; license = "MIT"; };
          }) { };
          text = "no package";
        }"""
    )
    words = ("--overlay", "one.nix")
    plain, listed = chx("pkgs", "list").stdout.splitlines(), chx("pkgs", "list", *words).stdout.splitlines()
    (more,) = set(listed) - set(plain)
    assert more.split()[:3] == ["mine", "1", "MIT"]
    assert len(listed) == len(plain) + 1
    assert chx("pkgs", "search", "of my own", *words).stdout.split()[0] == "mine"
