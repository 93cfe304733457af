"""Checks of packages (`checks.boot`), one after the other in one machine, told apart by what the machine writes:

    begin N          the check number N begins
    |TEXT            it, or what it started, wrote a line
    end N STATUS     it has ended

A check has no input, and both of its outputs are one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import BadGuest, CheckInterrupted, NoStatus, TimeLimitReached
from .handover import PLACE, Handover, HandoverFile
from .sessions import run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...builder.installing.values import InstalledRoot
    from .sessions import Runner
    from .specification import VirtualMachine

_LONGEST_LINE: Final = 1 << 12
_MOST_LINES: Final = 200
"""Lines of a check that are kept, the last ones."""

# Its shell may have no other program: the system is what is checked.
_SCRIPT: Final = """\
#!/bin/sh
number=0
while [ "$number" -lt @count@ ]; do
	echo "begin $number"
	{
		/bin/sh -e "@place@/check-$number" </dev/null 2>&1
		echo "$?" >"@place@/status"
	} | while IFS= read -r line || [ -n "$line" ]; do
		printf '|%s\\n' "$line"
	done
	read -r status <"@place@/status"
	echo "end $number $status"
	number=$((number + 1))
done
"""


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a package, whose name and version are `package`."""

    package: str
    script: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended: its status, as a shell has it, and the last lines that it wrote."""

    check: Check
    status: int
    lines: tuple[str, ...]


def checks_of(root: InstalledRoot) -> list[Check]:
    """Return the checks of the packages of a root, in the order of their names."""
    found = [(one.title, one.installation.get("checks", {}).get("boot")) for one in root.packages]
    return [Check(title, script) for title, script in found if script is not None]


def checks_handover(checks: Sequence[Check], mark: str, place: str = PLACE) -> Handover:
    """Return the handover of checks; `place` is where the machine finds it."""
    script = _SCRIPT.replace("@count@", str(len(checks))).replace("@place@", place)
    files = [
        HandoverFile(f"check-{number}", False, check.script.encode("utf-8", "surrogateescape"))
        for number, check in enumerate(checks)
    ]
    return Handover(script, mark, tuple(files))


def run_checks(
    machine: VirtualMachine,
    runner: Runner,
    checks: Sequence[Check],
    mark: str,
    finished: Callable[[CheckResult], object] = lambda result: None,
) -> list[CheckResult]:
    """Run a machine that was given the handover of checks; `finished` is called with each result, when it is there.

    Raises as `run_command`, and `CheckInterrupted` if the machine ends in a check.
    """
    report = CheckReport(checks, finished)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        run_command(machine, runner, mark, (null, report.add, report.add))
    except (NoStatus, TimeLimitReached) as error:
        if report.current is None:
            raise
        raise CheckInterrupted(report.current.package, error) from error
    finally:
        os.close(null)
    if len(report.results) != len(checks):
        raise BadGuest(f"the machine told of {len(report.results)} checks, and there are {len(checks)}")
    return report.results


class CheckReport:
    """Reads what a machine writes of checks. `current` is the one that runs."""

    def __init__(self, checks: Sequence[Check], finished: Callable[[CheckResult], object]) -> None:
        self._checks, self._finished = checks, finished
        self._rest = b""
        self._lines: list[str] = []
        self.current: Check | None = None
        self.results: list[CheckResult] = []

    def add(self, data: bytes) -> None:
        """Add what was written. Raises `BadGuest`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        # Of a line without an end, what is too long is not kept.
        self._rest = self._rest[:_LONGEST_LINE]
        for line in lines:
            self._heed(line[:_LONGEST_LINE].decode("utf-8", "replace"))

    def _heed(self, line: str) -> None:
        number = len(self.results)
        if line.startswith("|"):
            self._lines.append(line[1:])
            del self._lines[:-_MOST_LINES]
        elif line == f"begin {number}" and number < len(self._checks) and self.current is None:
            self.current, self._lines = self._checks[number], []
        elif line.startswith(f"end {number} ") and self.current is not None:
            status = line.rpartition(" ")[2]
            if not (status.isascii() and status.isdigit() and len(status) <= 3):
                raise BadGuest(f"the machine gave {status!r} as the status of the check of {self.current.package}")
            result = CheckResult(self.current, int(status), tuple(self._lines))
            self.current = None
            self.results.append(result)
            self._finished(result)
        else:
            raise BadGuest(f"the machine wrote {line[:80]!r} in place of what checks gave")
