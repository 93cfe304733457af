"""Type-check the package under its name `chx`, whatever the checkout is called.

`python tests/mypy_check.py [ROOM...]`: only errors in the named rooms count.
Mypy wants the folder of a package to carry the package's name; a link does that.
"""

import os
import subprocess
import sys
import tempfile


def main(rooms: list[str]) -> int:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(root, os.path.join(folder, "chx"))
        command = [
            sys.executable, "-m", "mypy", "--config-file", os.path.join(root, "pyproject.toml"),
            "--cache-dir", os.path.join(root, ".mypy_cache"),
        ]  # fmt: skip
        command += ["-p", "chx"]
        run = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE)
    lines = run.stdout.splitlines()
    if rooms:
        lines = [
            line for line in lines if line.startswith(tuple(f"chx/{room}/" for room in rooms)) and ": error:" in line
        ]
        print("\n".join(lines) or "no errors in " + ", ".join(rooms))
        return bool(lines)
    print("\n".join(lines))
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
