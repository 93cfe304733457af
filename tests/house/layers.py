"""Check the arrows between the rooms with import-linter, whatever the checkout is called.

import-linter imports the package by name; a link to the checkout gives it one.
"""

import os
import subprocess
import sys
import tempfile


def main() -> int:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(root, os.path.join(folder, "chx"))
        program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename=sys.argv[1], cache_dir=None))"
        environment = {**os.environ, "PYTHONPATH": folder}
        command = [sys.executable, "-c", program, os.path.join(root, "pyproject.toml")]
        return subprocess.run(command, cwd=folder, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
