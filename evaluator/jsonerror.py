"""Errors of JSON texts, in the words of the library that Nix uses.

Python's `json` reads texts, because it is fast. If it refuses one, or finds something that cannot become a value, this
reader reads the text again, as nlohmann's does: with a lexer that counts positions, and a parser that knows which
tokens may follow.
"""

from __future__ import annotations

from .errors import InvalidText, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Never

_SPACE: Final = " \t\n\r"
_DIGITS: Final = "0123456789"
_NAMES: Final = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI", "DLE",
    "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
_SHORT: Final = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r"}
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_STRING: Final = "string literal"
_NUMBER: Final = "number literal"
_END: Final = "end of input"
_VALUE: Final = "'[', '{', or a literal"
_ERROR: Final = "<parse error>"


class _Broken(Exception):
    """Result of the lexer."""


def complain(text: str) -> None:
    """Raise the error of a text (a byte string); return if nothing is wrong with it."""
    _Parser(text).parse()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.total = self.column = self.lines = 0
        self._again = False
        self.current = ""
        self._read: list[str] = []
        self._value: list[str] = []

    def get(self) -> str:
        """Return the next character; empty at the end."""
        self.total += 1
        self.column += 1
        if self._again:
            self._again = False
        else:
            self.current = self._text[self._at : self._at + 1]
            self._at += 1
        if self.current:
            self._read.append(self.current)
        if self.current == "\n":
            self.lines += 1
            self.column = 0
        return self.current

    def _unget(self) -> None:
        self._again = True
        self.total -= 1
        if self.column == 0:
            self.lines -= self.lines > 0
        else:
            self.column -= 1
        if self.current:
            self._read.pop()

    def _reset(self) -> None:
        self._read = [self.current]

    def read(self) -> str:
        """Return the text since the last string or number began."""
        return "".join(f"<U+{ord(c):04X}>" if c < " " else c for c in self._read)

    def token(self) -> str:
        """Return the kind of the next token."""
        if self.total == 0 and self._text.startswith("\xef\xbb\xbf"):
            for _ in range(3):
                self.get()
        while self.get() and self.current in _SPACE:
            pass
        c = self.current
        if not c or c == "\0":
            return _END
        if c in "[]{}:,":
            return f"'{c}'"
        if c in _LITERALS:
            for wanted in _LITERALS[c][1:]:
                if self.get() != wanted:
                    raise _Broken("invalid literal")
            return f"{_LITERALS[c]} literal"
        if c == '"':
            self._string()
            return _STRING
        if c == "-" or c in _DIGITS:
            self._number()
            return _NUMBER
        raise _Broken("invalid literal")

    def _digits(self) -> None:
        while self.get() and self.current in _DIGITS:
            pass

    def _is_digit(self) -> bool:
        return self.current != "" and self.current in _DIGITS

    def _number(self) -> None:
        self._reset()
        if self.current == "-":
            self.get()
            if not self._is_digit():
                raise _Broken("invalid number; expected digit after '-'")
        if self.current == "0":
            self.get()
        else:
            self._digits()
        whole = True
        if self.current == ".":
            whole = False
            self.get()
            if not self._is_digit():
                raise _Broken("invalid number; expected digit after '.'")
            self._digits()
        if self.current in ("e", "E"):
            whole = False
            self.get()
            if self.current in ("+", "-"):
                self.get()
                if not self._is_digit():
                    raise _Broken("invalid number; expected digit after exponent sign")
            elif not self._is_digit():
                raise _Broken("invalid number; expected '+', '-', or digit after exponent")
            self._digits()
        self._unget()
        self._check_number("".join(self._read), whole)

    def _check_number(self, text: str, whole: bool) -> None:
        if whole and len(text) <= 20 and 2**63 <= int(text) < 2**64:
            raise InvalidText(f"unsigned json number {int(text)} outside of Nix integer range")
        if float(text) in (float("inf"), -float("inf")):
            raise InvalidText(f"[json.exception.out_of_range.406] number overflow parsing '{text}'")

    def _string(self) -> None:
        self._reset()
        self._value = []
        while self.get() != '"':
            c = self.current
            if not c:
                raise _Broken("invalid string: missing closing quote")
            if c == "\\":
                self._escape()
            elif c < " ":
                number = ord(c)
                short = f" or \\{_SHORT[number]}" if number in _SHORT else ""
                raise _Broken(
                    f"invalid string: control character U+{number:04X} ({_NAMES[number]}) must be escaped to "
                    f"\\u{number:04X}{short}"
                )
            else:
                self._value.append(c)
                if c > "\x7f":
                    self._continue(ord(c))
        value = "".join(self._value)
        if "\0" in value:
            shown = readable(value).replace("\0", "␀")
            raise InvalidText(
                f"input string '{shown}' cannot be represented as Nix string because it contains null bytes"
            )

    def _escape(self) -> None:
        c = self.get()
        if c != "u":
            if not c or c not in '"\\/bfnrt':
                raise _Broken("invalid string: forbidden character after backslash")
            self._value.append(_ESCAPED.get(c, c))
            return
        point = self._code_point()
        if 0xD800 <= point <= 0xDBFF:
            low = self._code_point() if self.get() == "\\" and self.get() == "u" else 0
            if not 0xDC00 <= low <= 0xDFFF:
                raise _Broken("invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF")
        elif 0xDC00 <= point <= 0xDFFF:
            raise _Broken("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF")
        else:
            self._value.append(chr(point).encode().decode("latin-1"))

    def _code_point(self) -> int:
        result = 0
        for _ in range(4):
            c = self.get()
            if not c or c not in "0123456789abcdefABCDEF":
                raise _Broken("invalid string: '\\u' must be followed by 4 hex digits")
            result = result * 16 + int(c, 16)
        return result

    def _continue(self, first: int) -> None:
        """Read the bytes after the first of a character in UTF-8."""
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            count = 1
        elif 0xE0 <= first <= 0xEF:
            count = 2
            low, high = (0xA0 if first == 0xE0 else low), (0x9F if first == 0xED else high)
        elif 0xF0 <= first <= 0xF4:
            count = 3
            low, high = (0x90 if first == 0xF0 else low), (0x8F if first == 0xF4 else high)
        else:
            raise _Broken("invalid string: ill-formed UTF-8 byte")
        for _ in range(count):
            c = self.get()
            if not c or not low <= ord(c) <= high:
                raise _Broken("invalid string: ill-formed UTF-8 byte")
            low, high = 0x80, 0xBF
            self._value.append(c)


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = _Lexer(text)
        self._token = ""
        self._broken = ""

    def parse(self) -> None:
        """Read the whole text."""
        open_brackets: list[str] = []
        self._next()
        while True:
            if self._value(open_brackets):
                continue
            while open_brackets:
                closing, context = ("']'", "array") if open_brackets[-1] == "[" else ("'}'", "object")
                token = self._next()
                if token == "','":
                    self._next()
                    if context == "object":
                        self._key()
                    break
                if token != closing:
                    self._refuse(context, closing)
                open_brackets.pop()
            else:
                if self._next() != _END:
                    self._refuse("value", _END)
                return

    def _value(self, open_brackets: list[str]) -> bool:
        """Begin a value at the current token; return True if another begins within it."""
        token = self._token
        if token == "'{'":
            if self._next() == "'}'":
                return False
            open_brackets.append("{")
            self._key()
            return True
        if token == "'['":
            if self._next() == "']'":
                return False
            open_brackets.append("[")
            return True
        if token == _ERROR:
            self._refuse("value", "")
        if token == _END and self._lexer.total == 1:
            self._raise(
                "attempting to parse an empty input; check that your input string or stream contains the expected JSON"
            )
        if not token.endswith("literal"):
            self._refuse("value", _VALUE)
        return False

    def _key(self) -> None:
        if self._token != _STRING:
            self._refuse("object key", _STRING)
        if self._next() != "':'":
            self._refuse("object separator", "':'")
        self._next()

    def _next(self) -> str:
        try:
            self._token = self._lexer.token()
        except _Broken as error:
            self._token = _ERROR
            self._broken = str(error)
        return self._token

    def _refuse(self, context: str, expected: str) -> Never:
        found = f"unexpected {self._token}"
        if self._token == _ERROR:
            found = f"{self._broken}; last read: '{readable(self._lexer.read())}'"
        self._raise(f"syntax error while parsing {context} - {found}" + (f"; expected {expected}" if expected else ""))

    def _raise(self, what: str) -> Never:
        lexer = self._lexer
        raise InvalidText(
            f"[json.exception.parse_error.101] parse error at line {lexer.lines + 1}, column {lexer.column}: {what}"
        )
