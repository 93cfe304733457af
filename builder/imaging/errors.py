"""What keeps a root from becoming an image that a machine starts from. Each class has the values of its message as fields."""

from __future__ import annotations


class MachineImageError(Exception):
    """Base of all errors of this folder: a sentence, a stable code and what to try."""

    code = "I030"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PartMissing(MachineImageError):
    """No package of the root is the kernel, or another part that starts a machine."""

    code = "I031"

    def __init__(self, part: str, package: str) -> None:
        super().__init__(f"no package of the image has {part}", hint=f"name one next to the others, as '{package}'")
        self.part, self.package = part, package


class SeveralParts(MachineImageError):
    """Several packages of the root are the kernel, or another part that starts a machine."""

    code = "I032"

    def __init__(self, part: str, packages: tuple[str, ...]) -> None:
        super().__init__(
            f"{len(packages)} packages of the image have {part}: {', '.join(packages)}", hint="leave all but one out"
        )
        self.part, self.packages = part, packages


class PartNotInRoot(MachineImageError):
    """A package says that a file of it starts a machine, and has no such file."""

    code = "I033"

    def __init__(self, package: str, attribute: str, path: str) -> None:
        super().__init__(f"`{attribute}` of {package} is /{path}, and there is no such file")
        self.package, self.attribute, self.path = package, attribute, path


class NoInit(MachineImageError):
    """Nothing in the root is the first program of a system."""

    code = "I034"

    def __init__(self, path: str) -> None:
        super().__init__(f"the root has no {path}, which the kernel starts", hint="add an init, as 'base-minimal'")
        self.path = path


class DoesNotFit(MachineImageError):
    """A disk is smaller than what has to be on it; sizes in bytes."""

    code = "I035"

    def __init__(self, size: int, needed: int) -> None:
        super().__init__(
            f"the packages need a disk of {needed} bytes, and it is to have {size}",
            hint=f"--size {-(-needed // (1 << 20))}M, or more for what changes",
        )
        self.size, self.needed = size, needed


class MachineUnknown(MachineImageError):
    """There is no machine of the packages' architecture that disks can be made for."""

    code = "I036"

    def __init__(self, machine: str | None, known: tuple[str, ...]) -> None:
        what = (
            "the packages do not say which machine they are for"
            if machine is None
            else f"'{machine}' cannot start from a disk made here"
        )
        super().__init__(what, hint=f"machines that can: {', '.join(known)}")
        self.machine, self.known = machine, known
