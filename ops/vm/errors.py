"""What keeps a virtual machine from running, or ends it early. Each class has the values of its message as fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LINES = 20
"""Lines of the console that an error shows."""


class VmError(Exception):
    """Base of all errors of this folder: a sentence, a stable code, what to try, and lines to show before it."""

    code = "V001"
    labels = ()
    frames = ()

    def __init__(self, message: str, hint: str | None = None, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class EmulatorMissing(VmError):
    """The program that emulates the machine is not installed."""

    code = "V002"

    def __init__(self, program: str, packages: Mapping[str, str]) -> None:
        super().__init__(f"there is no '{program}', which the machine runs in", hint=_install(packages))
        self.program, self.packages = program, packages


class FirmwareMissing(VmError):
    """No UEFI firmware of the machine is installed; `places` are the files that were looked for."""

    code = "V003"

    def __init__(self, platform: str, places: Sequence[str], packages: Mapping[str, str]) -> None:
        if places:
            message = f"there is no UEFI firmware for {platform}: none of these files is here"
            super().__init__(message, hint=_install(packages), details=[f"  {place}" for place in places])
        else:
            super().__init__(f"{platform} has no UEFI firmware in qemu", hint="leave out --firmware")
        self.platform, self.places, self.packages = platform, tuple(places), packages


class UnknownPlatform(VmError):
    """No virtual machine is described for an architecture."""

    code = "V004"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no virtual machine for '{name}'", hint=f"there are: {', '.join(known)}")
        self.name, self.known = name, tuple(known)


class WrongOption(VmError):
    """An option that no machine, or not this one, can have."""

    code = "V005"


class EmulatorFailed(VmError):
    """qemu ended by itself with an error. `status` is that of a shell, `said` the last of what qemu printed. `is_early`:
    it had not made the machine.
    """

    code = "V006"

    def __init__(
        self, program: str, status: int, said: str, console: Sequence[str] = (), is_early: bool = True
    ) -> None:
        reason = said.strip() or "it said nothing"
        details = () if is_early else _shown(console)
        super().__init__(f"{program} failed (exit status {status}): {reason}", details=details)
        self.program, self.status, self.said, self.console = program, status, said, tuple(console)
        self.is_early = is_early


class TimeLimitReached(VmError):
    """A machine ran longer than it may; it was ended."""

    code = "V007"

    def __init__(self, seconds: float, console: Sequence[str]) -> None:
        super().__init__(
            f"the machine ran longer than {seconds:g} s, and was ended",
            hint="--time-limit SECONDS allows more",
            details=_shown(console),
        )
        self.seconds, self.console = seconds, tuple(console)


class NoStatus(VmError):
    """A machine ended before the command in it had ended. `how` says how, in the past tense."""

    code = "V008"

    def __init__(self, how: str, console: Sequence[str]) -> None:
        super().__init__(f"the machine {how} before its command had ended", details=_shown(console))
        self.how, self.console = how, tuple(console)


class KernelPanicked(VmError):
    """The kernel of a machine gave up."""

    code = "V009"

    def __init__(self, console: Sequence[str]) -> None:
        super().__init__("the kernel of the machine panicked", details=_shown(console))
        self.console = tuple(console)


class BadGuest(VmError):
    """A machine says something on a port of chx that no handover says."""

    code = "V010"


class CheckInterrupted(VmError):
    """A machine ended while it ran the check of a package, or took too long."""

    code = "V011"

    def __init__(self, package: str, reason: VmError) -> None:
        super().__init__(f"in the check of {package}: {reason.message}", reason.hint, reason.details)
        self.package, self.reason = package, reason


def _install(packages: Mapping[str, str]) -> str:
    named = [f"{distribution}'s {package}" for distribution, package in packages.items()]
    return f"install {', or '.join(named)}" if named else "this machine's distribution may have a package with it"


def _shown(console: Sequence[str]) -> list[str]:
    if not console:
        return ["the console was silent"]
    return ["the last lines of the console:", *(f"  {line}" for line in console[-_LINES:])]
