"""Errors of apk packages, indexes, keys and databases.

Each class has the values of its message as fields; `code` is stable.
"""

from __future__ import annotations

_LONGEST = 200


class ApkError(Exception):
    """Base of the errors of this room: a sentence, a stable code and what to try."""

    labels = ()
    frames = ()
    details = ()

    def __init__(self, message: str, hint: str | None = None, code: str = "P000") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return self.message


class BadVersion(ApkError):
    """A text that is no version of apk."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"'{_short(text)}' is not a version of apk",
            "write it as numbers with dots, perhaps a letter, _alpha _beta _pre _rc _cvs _svn _git _hg or _p with a number, and -rN, "
            "as in 1.2.3_git20240131-r0",
            "P001",
        )
        self.text = text


class BadName(ApkError):
    """A text that cannot be the name of a package."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"'{_short(text)}' cannot be the name of a package",
            "a name has letters, digits and . _ + - and begins with a letter or digit",
            "P002",
        )
        self.text = text


class BadDependency(ApkError):
    """A text that is no dependency; `reason` is a part of a sentence."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"'{_short(text)}' is no dependency: {reason}",
            "write it as NAME, NAME=VERSION, with < <= > >= or ~ in place of =, and ! before it for a conflict",
            "P003",
        )
        self.text = text
        self.reason = reason


class FileError(ApkError):
    """Something about one file; `place` is its name, `reason` a sentence without a full stop."""

    def __init__(self, place: str, reason: str, hint: str | None = None, code: str = "P010") -> None:
        super().__init__(f"'{_short(place)}': {reason}", hint, code)
        self.place = place
        self.reason = reason


class NotApk(FileError):
    """A file that is no package and no index of apk, or not of the kind that was asked for."""

    def __init__(self, place: str, reason: str = "it is not a file of apk") -> None:
        super().__init__(place, reason, code="P011")


class Unsupported(FileError):
    """A file of a version or with a compression that is not known here."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason, code="P012")


class Truncated(FileError):
    """A file that ends too early. `offset` counts the bytes of the unpacked container."""

    def __init__(self, place: str, offset: int) -> None:
        super().__init__(place, f"the file ends too early, at byte {offset} of what it holds", code="P013")
        self.offset = offset


class Damaged(FileError):
    """A file whose structure is wrong. `where` names the part."""

    def __init__(self, place: str, where: str, reason: str) -> None:
        super().__init__(place, f"{where}: {reason}", code="P014")
        self.where = where


class TooLarge(FileError):
    """A file that declares more than is read here."""

    def __init__(self, place: str, what: str, size: int, most: int) -> None:
        super().__init__(place, f"{what}: {size}, and at most {most} are read", code="P015")
        self.what = what
        self.size = size
        self.most = most


class HostileName(FileError):
    """A package with a file name that would leave the root, or deceive who reads it. The package is refused whole."""

    def __init__(self, place: str, path: str, reason: str) -> None:
        super().__init__(place, f"the path {_short(path)!r} {reason}", "do not install this package", "P016")
        self.path = path
        self.against = reason
        """The part of `reason` that says what is wrong with the path."""


class BadContent(FileError):
    """The content of a file of a package is not what the package says of it."""

    def __init__(self, place: str, path: str, reason: str) -> None:
        super().__init__(place, f"the content of '{_short(path)}' {reason}", code="P017")
        self.path = path


class BadValue(ApkError):
    """A value that cannot be written; `what` names it."""

    def __init__(self, what: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{what} {reason}", hint, "P020")
        self.what = what
        self.reason = reason


class BadKey(FileError):
    """A file that holds no key that apk can use."""

    def __init__(self, place: str, reason: str, hint: str | None = None) -> None:
        super().__init__(place, reason, hint, "P030")


class KeyExists(FileError):
    """A key would overwrite a file."""

    def __init__(self, place: str) -> None:
        super().__init__(
            place, "this file exists, and no key is written over a file", "choose another name, or move it away", "P031"
        )


class BadSignature(FileError):
    """A signature that is damaged, or not by the key that it names."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason, code="P032")


class Untrusted(FileError):
    """A file that no trusted key has signed."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            place, reason, "a repository has the public key in its directory `keys`: trust it with --keys", "P033"
        )


class BadLine(FileError):
    """A line of a text (an index of version 2, a database) that cannot be read. `line` counts from 1."""

    def __init__(self, place: str, line: int, reason: str) -> None:
        super().__init__(place, f"line {line}: {reason}", code="P040")
        self.line = line


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
