"""What keeps packages from being installed together. Each class has the values of its message as fields."""

from __future__ import annotations


class InstallationError(Exception):
    """Base of all errors of this folder: a sentence, a stable code and what to try."""

    code = "I010"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FilesConflict(InstallationError):
    """Two packages have different things at one path."""

    code = "I011"

    def __init__(self, path: str, first: str, second: str, reason: str) -> None:
        super().__init__(
            f"'/{path}' is in two packages: {reason}\n  {first}\n  {second}" if first != second
            else f"'/{path}' of {first}: {reason}",
            hint="leave one of the two packages out" if first != second else None,
        )  # fmt: skip
        self.path, self.first, self.second, self.reason = path, first, second, reason


class MachinesDiffer(InstallationError):
    """Packages for different machines are to be in one root."""

    code = "I012"

    def __init__(self, first: str, machine: str, second: str, other: str) -> None:
        super().__init__(f"{first} is for {machine}, and {second} is for {other}", hint="a root is for one machine")
        self.first, self.machine, self.second, self.other = first, machine, second, other


class AccountConflict(InstallationError):
    """Accounts of packages do not go together, or not with those in a package's /etc/passwd or /etc/group."""

    code = "I013"

    def __init__(self, name: str, packages: tuple[str, ...], reason: str) -> None:
        super().__init__(f"the account '{name}' of {' and '.join(packages)}: {reason}")
        self.name, self.packages, self.reason = name, packages, reason


class WrongAttribute(InstallationError):
    """What a package says to the maker of a root does not fit what is in the root."""

    code = "I014"

    def __init__(self, package: str, attribute: str, reason: str) -> None:
        super().__init__(f"`{attribute}` of {package} cannot be applied: {reason}")
        self.package, self.attribute, self.reason = package, attribute, reason
