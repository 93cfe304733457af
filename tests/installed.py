"""Check an installed chx: `python tests/installed.py`, by the Python that has it, wherever the tests themselves are not.

The runtime is compiled and without debugging information, the command is there and evaluates the bundled packages, and the
parser's table needs no lark. Ends with an error otherwise.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

DEBUGGING = (b".debug_info", b".debug_line", b".zdebug_info")
WITHOUT_LARK = "import sys; sys.modules['lark'] = None; from chx.cli import main; sys.exit(main(sys.argv[1:]))"


def main() -> None:
    """Raises AssertionError, ImportError, OSError."""
    here = Path(__file__).resolve().parents[1]
    sys.path[:] = [folder for folder in sys.path if Path(folder or ".").resolve() not in (here, here / "tests")]
    import chx
    from chx import native

    folder = Path(chx.__file__).parent
    assert folder != here, f"this is the checkout, and nothing installed: {folder}"
    assert native.is_compiled, f"{folder} has no compiled runtime"
    (runtime,) = folder.glob("_runtime*.so")
    content = runtime.read_bytes()
    assert not [name for name in DEBUGGING if name in content], f"{runtime} has debugging information"
    assert not [name for name in ("setup.py", "conftest.py") if (folder / name).exists()]

    command = Path(sysconfig.get_path("scripts"), "chx")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CHX_HOME": home}
        evaluation = ["eval", "-E", "(import <chx> { }).tinycc.pname"]
        for words in ([command, *evaluation], [sys.executable, "-c", WITHOUT_LARK, *evaluation]):
            run = subprocess.run(words, cwd="/", env=environment, capture_output=True, text=True)
            assert (run.returncode, run.stdout, run.stderr) == (0, '"tinycc"\n', ""), run
        version = subprocess.run(
            [command, "--version"], cwd="/", env=environment, capture_output=True, text=True
        ).stdout
    assert version.startswith(f"chx {chx.__version__} ({folder})\n"), version
    assert "compiled runtime" in version, version
    print(f"{version.strip()}\n{runtime.name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
