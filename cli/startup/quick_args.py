"""Parse valid command lines without argparse.

Loading argparse takes as long as the rest of `chx eval -E '1 + 1'`. A command declares its options
through `add_argument` as usual; a `QuickParser` records them, and `QuickParser.read` parses the words.
It raises `NeedsArgparse` for anything else (help, an error, combined options, subcommands), and the
caller uses argparse; so there is one definition of options, and one source of messages.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class NeedsArgparse(Exception):
    """argparse has to parse this command line."""


class Arguments:
    """Values by name, as in `argparse.Namespace`."""

    def __init__(self, **found: Any) -> None:
        self.__dict__.update(found)


class _Option:
    """One option or positional argument."""

    def __init__(self, group: list[_Option] | None, names: tuple[str, ...], /, **how: Any) -> None:
        self.exclusive = group
        self.action = how.pop("action", "store")
        self.count = how.pop("nargs", None)
        self.default = how.pop("default", False if self.action == "store_true" else None)
        self.convert: Callable[[str], Any] | None = how.pop("type", None)
        self.choices = how.pop("choices", None)
        long = [name for name in names if name.startswith("--")]
        self.dest: str = how.pop("dest", None) or (long or names)[0].lstrip("-").replace("-", "_")
        how.pop("help", None)
        how.pop("metavar", None)
        plain = self.count is None or (self.count in ("?", "*") and not names[0].startswith("-"))
        if how or self.action not in ("store", "append", "store_true") or not (plain or type(self.count) is int):
            raise NeedsArgparse

    def value(self, word: str) -> Any:
        try:
            found = word if self.convert is None else self.convert(word)
        except Exception as error:
            raise NeedsArgparse from error
        if self.choices is not None and found not in self.choices:
            raise NeedsArgparse
        return found


class QuickParser:
    """The options of a command; replaces an `ArgumentParser` and its groups."""

    def __init__(self, of: QuickParser | None = None, exclusive: list[_Option] | None = None) -> None:
        self._options: dict[str, _Option] = {} if of is None else of._options
        self._positional: list[_Option] = [] if of is None else of._positional
        self._exclusive = exclusive

    def add_argument(self, *names: str, **how: Any) -> None:
        """Declare an option as in argparse. Raises `NeedsArgparse` for unsupported keywords."""
        taker = _Option(self._exclusive, names, **how)
        if names[0].startswith("-"):
            self._options.update(dict.fromkeys(names, taker))
        else:
            self._positional.append(taker)

    def add_argument_group(self, *title: str) -> QuickParser:
        return QuickParser(self, self._exclusive)

    def add_mutually_exclusive_group(self, required: bool = False) -> QuickParser:
        if required:
            raise NeedsArgparse
        return QuickParser(self, [])

    def __getattr__(self, name: str) -> Any:
        raise NeedsArgparse

    def read(self, words: list[str]) -> Arguments:
        """Parse words. Raises `NeedsArgparse`."""
        found = {taker.dest: taker.default for taker in self._options.values()}
        batches: list[list[str]] = []
        at, apart = 0, True
        while at < len(words):
            word = words[at]
            at += 1
            if not word.startswith("-") or word == "-":
                if apart:
                    batches.append([])
                    apart = False
                batches[-1].append(word)
                continue
            apart = True
            name, equals, rest = word.partition("=")
            taker = self._options.get(name)
            if taker is None or (equals and (not name.startswith("--") or taker.count or taker.action == "store_true")):
                raise NeedsArgparse
            if taker.exclusive is not None:
                taker.exclusive.append(taker)
                if len(taker.exclusive) > 1:
                    raise NeedsArgparse
            if taker.action == "store_true":
                found[taker.dest] = True
                continue
            count = taker.count or 1
            given = [rest] if equals else words[at : at + count]
            if not equals:
                at += count
                if len(given) < count or any(one.startswith("-") and one != "-" for one in given):
                    raise NeedsArgparse
            values: Any = [taker.value(one) for one in given]
            value = values if taker.count else values[0]
            found[taker.dest] = [*found[taker.dest], value] if taker.action == "append" else value
        self._place(batches, found)
        return Arguments(**found)

    def _place(self, batches: list[list[str]], found: dict[str, Any]) -> None:
        """Assign words that are not options to the positional arguments."""
        if len(batches) > 1:
            # argparse distributes such words by rules of its own.
            raise NeedsArgparse
        given = batches[0] if batches else []
        loose = [taker for taker in self._positional if taker.count is not None]
        spare = len(given) - (len(self._positional) - len(loose))
        if len(loose) > 1 or spare < 0 or (spare and not (loose and (loose[0].count == "*" or spare == 1))):
            raise NeedsArgparse
        at = 0
        for taker in self._positional:
            taking = 1 if taker.count is None else spare
            words = given[at : at + taking]
            at += taking
            if taker.count == "*":
                found[taker.dest] = (
                    [taker.value(word) for word in words] if words or taker.default is None else taker.default
                )
            else:
                found[taker.dest] = taker.value(words[0]) if words else taker.default
