"""What the kernel's build is told by scripts: a configuration is what was asked for, and LLVM's programs have their names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
LINUX = TREE / "pkgs/linux"


def checked(tmp_path: Path, fragment: str, config: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "fragment").write_text(fragment)
    (tmp_path / "config").write_text(config)
    words = ["sh", str(LINUX / "check-config.sh"), "fragment", "config"]
    return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_a_configuration_with_every_line_is_taken(tmp_path: Path) -> None:
    fragment = '# Why.\nCONFIG_A=y\n\n# CONFIG_B is not set\n# CONFIG_C is not set\nCONFIG_D="console=ttyS0"\n'
    assert checked(tmp_path, fragment, 'CONFIG_D="console=ttyS0"\n# CONFIG_B is not set\nCONFIG_A=y\n').returncode == 0


@pytest.mark.parametrize(
    ("line", "config"),
    [
        ("CONFIG_A=y", "# CONFIG_A is not set"),
        ("CONFIG_A=y", "CONFIG_A=m"),
        ("CONFIG_A=y", "CONFIG_AA=y"),
        ("CONFIG_A=y", "CONFIG_B=y"),
        ("# CONFIG_A is not set", "CONFIG_A=y"),
        ('CONFIG_A="x"', 'CONFIG_A="xy"'),
    ],
)
def test_a_line_that_kconfig_dropped_is_told(tmp_path: Path, line: str, config: str) -> None:
    run = checked(tmp_path, f"CONFIG_Z=y\n{line}\n", f"CONFIG_Z=y\n{config}\n")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"the configuration of the kernel lacks:\n{line}\n"


def test_no_option_is_asked_for_twice() -> None:
    common = options((LINUX / "config/common").read_text())
    for file in sorted((LINUX / "config").iterdir()):
        assert file.name == "common" or (TREE / f"arch/{file.name}.nix").exists()
        own = options(file.read_text())
        assert len(own) == len(set(own)), file.name
        if file.name != "common":
            assert not set(own) & set(common), file.name


def options(text: str) -> list[str]:
    words = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(("CONFIG_", "# CONFIG_"))]
    return [word.partition("=")[0].partition(" ")[0] for word in words]


def test_the_macro_that_objtool_has_is_added_for_assembly_without_it(tmp_path: Path) -> None:
    header = tmp_path / "objtool.h"
    header.write_text(
        "#ifdef CONFIG_OBJTOOL\n#ifndef __ASSEMBLY__\n#else /* __ASSEMBLY__ */\n#endif\n"
        "#else /* !CONFIG_OBJTOOL */\n#ifndef __ASSEMBLY__\n#define A\n#else\n#define B\n#endif\n#endif\n"
    )
    words = ["sh", str(LINUX / "without-objtool.sh"), str(header)]
    subprocess.run(words, cwd=tmp_path, check=True)
    assert "#define A\n#else\n.macro VALIDATE_UNRET_BEGIN\n.endm\n#define B\n" in header.read_text()
    # A header of another form is no reason to go on.
    header.write_text("#define A\n")
    assert subprocess.run(words, cwd=tmp_path, check=False).returncode == 1
