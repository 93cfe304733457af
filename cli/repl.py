"""`chx repl`: evaluate expressions at a prompt."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING

from ..evaluator import describe_builtin, recursion
from ..lang import ParseError
from ..ops.errors import RequestError
from ..ops.select import in_search_path
from ..ops.session import Session
from ..ops.sources import byte_string, expression_file, source_of_request
from ..signatures import home
from .options import evaluation, language
from .output import OutputFailed, finish, put, tell
from .progress.late import LateReporter
from .render.errors import report
from .replcompletion import Completer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..ops.session import Session

DESCRIPTION = """\
Read expressions and print their values; `NAME = EXPR` binds a name. An expression
goes on in the next line until it is whole. Lines that start with a colon are
commands, `:?` lists them. Works in a pipe, too.
"""

HELP = """\
EXPR              print the value of an expression, one level deep
NAME = EXPR       bind a name; several as in a set: a = 1; inherit (s) b;
:p EXPR           print the whole value
:t EXPR           print its type
:b EXPR           build the derivations that it gives
:l FILE           bring the attributes of a file's value into scope
:a EXPR           bring the attributes of a set into scope
:r                read the files again
:doc BUILTIN      tell what a built-in function does
:te               show the whole way to an error, or no longer
:q                end
"""

PROMPT: Final = "chx> "
CONTINUATION: Final = "...> "
_BINDING: Final = re.compile(r"\s*([a-zA-Z_][a-zA-Z0-9_'-]*)\s*=(?!=)(.*)", re.DOTALL)
_INHERIT: Final = re.compile(r"\s*inherit\b")
_KEYWORDS: Final = frozenset({"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"})


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="bring the attributes of FILE into scope")
    group = parser.add_argument_group("what to evaluate")
    group.add_argument("-E", "--expr", metavar="EXPR", help="bring the attributes of EXPR into scope")
    evaluation.configure_evaluation(parser)
    language.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    from .main import Ended

    recursion.stop_when_interrupted = True
    reporter = LateReporter()
    with Session(exact=True, reporter=reporter, **language.session_options(arguments, reporter)) as session:
        repl = Repl(session, arguments)
        repl.begin(arguments.files, arguments.expr)
        reader = _Reader(repl) if sys.stdin.isatty() else _Lines()
        while True:
            try:
                line = reader.read(PROMPT)
                if line is None:
                    break
                if not repl.enter(line, lambda: reader.read(CONTINUATION)):
                    break
            except KeyboardInterrupt as interrupt:
                if isinstance(interrupt, Ended):
                    raise
                tell("\ninterrupted\n")
        reader.close()
    return 0


class _Lines:
    """Reads lines from a pipe or file."""

    def read(self, prompt: str) -> str | None:
        line = sys.stdin.buffer.readline()
        return os.fsdecode(line) if line else None

    def close(self) -> None:
        pass


class _Reader(_Lines):
    """Reads lines from a terminal, with history and completion."""

    def __init__(self, repl: Repl) -> None:
        self._readline: Any = None
        self._history = os.path.join(home(), "repl-history")
        try:
            import readline
        except ImportError:
            return

        self._readline = readline
        readline.set_completer_delims(" \t\n`!@#$%^&*()=+[{]}\\|;'\",<>?")
        readline.set_completer(Completer(repl.session, repl.names).complete)
        readline.parse_and_bind("tab: complete")
        readline.set_history_length(2000)
        try:
            readline.read_history_file(self._history)
        except OSError:
            # There is no history yet.
            return

    def read(self, prompt: str) -> str | None:
        finish()
        try:
            return input(prompt) + "\n"
        except EOFError:
            put("\n")
            return None

    def close(self) -> None:
        if self._readline is None:
            return
        try:
            os.makedirs(os.path.dirname(self._history), exist_ok=True)
            self._readline.write_history_file(self._history)
        except OSError:
            # Failing to save the history is no error.
            return


class Repl:
    """The scope of a prompt, and its commands."""

    def __init__(self, session: Session, arguments: argparse.Namespace) -> None:
        self.session = session
        self.scope: dict[str, Any] = {}
        self._arguments = arguments
        self._loaded: list[str] = []
        self._show_trace: bool = arguments.show_trace
        self._given = dict(arguments.argstr)

    def names(self) -> dict[str, Any]:
        """Return the variables in scope."""
        return self.scope

    def begin(self, files: list[str], text: str | None) -> None:
        """Load the files and the expression of the command line."""
        for file in files:
            self._guarded(lambda file=file: self._load(file))  # type: ignore[misc]
        if text is not None:
            self._guarded(lambda: self._add(self._slot(text)))

    def enter(self, line: str, more: Callable[[], str | None]) -> bool:
        """Carry out a line; return False if it ends the prompt."""
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            return True
        if stripped in (":q", ":quit"):
            return False
        self._guarded(lambda: self._command(stripped, more) if stripped[0] == ":" else self._evaluate(line, more))
        return True

    def _guarded(self, action: Callable[[], None]) -> None:
        """Carry out an action; report its errors and go on."""
        try:
            action()
            finish()
        except Exception as error:
            if isinstance(error, OutputFailed):
                raise
            finish()
            report(error, (), self._show_trace)

    def _command(self, line: str, more: Callable[[], str | None]) -> None:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word in (":?", ":h", ":help"):
            put(HELP)
        elif word in (":r", ":reload"):
            self._reload()
        elif word in (":te", ":trace-enable"):
            self._show_trace = not self._show_trace
            put(f"the whole way to an error is {'' if self._show_trace else 'no longer '}shown\n")
        elif word not in _WITH_ARGUMENT:
            raise RequestError(f"there is no command '{word}'", hint=":? lists the commands")
        elif not rest:
            raise RequestError(f"'{word}' needs an argument", hint=":? lists the commands and their arguments")
        elif word in (":l", ":load"):
            self._load(rest)
        elif word == ":doc":
            self._document(rest)
        else:
            slot = self._whole(rest, more)
            if word in (":p", ":print"):
                put(self.session.evaluator.show_deep(slot) + "\n")
            elif word in (":t", ":type"):
                put(f"{self.session.evaluator.describe(slot)}\n")
            elif word in (":a", ":add"):
                self._add(slot)
            else:
                self._build(slot)

    def _evaluate(self, line: str, more: Callable[[], str | None]) -> None:
        if _INHERIT.match(line):
            self._bind_all(line)
            return
        binding = _BINDING.match(line)
        if binding and binding[1] not in _KEYWORDS:
            try:
                slot = self._whole(binding[2], more, binding=True)
            except ParseError as error:
                if error.unexpected != ";":
                    raise
                self._bind_all(line)
                return
            self.scope = {**self.scope, binding[1]: slot}
            return
        put(self.session.evaluator.format_one_level(self._whole(line, more)) + "\n")

    def _bind_all(self, line: str) -> None:
        """Bind the attributes of a line written as in a set: `a = 1; b = 2;`, `inherit (s) a b`."""
        evaluator = self.session.evaluator
        value = evaluator.force(self._slot(f"{{ {line.strip().removesuffix(';')}; }}"))
        self.scope = {**self.scope, **{name: value[name] for name in evaluator.attr_names(value)}}

    def _whole(self, text: str, more: Callable[[], str | None], binding: bool = False) -> Any:
        """Return the thunk of an expression that following lines may continue."""
        while True:
            try:
                return self._slot(text.rstrip().removesuffix(";") if binding else text)
            except ParseError as error:
                line = more() if error.unexpected == "" else None
                if line is None or not line.strip():
                    raise
                text += line

    def _slot(self, text: str) -> Any:
        return self.session.evaluator.suspend(source_of_request(None, text), self.scope)

    def _load(self, file: str) -> None:
        evaluator = self.session.evaluator
        path = expression_file(os.path.expanduser(in_search_path(self.session, file)))
        given = {name: evaluator.string(byte_string(text)) for name, text in self._given.items()}
        self._add(evaluator.auto_call(evaluator.eval_file(byte_string(path)), given))
        if file not in self._loaded:
            self._loaded.append(file)

    def _reload(self) -> None:
        self.session.evaluator.forget_files()
        for file in self._loaded:
            self._load(file)

    def _add(self, slot: Any) -> None:
        evaluator = self.session.evaluator
        value = evaluator.force(slot)
        names = evaluator.attr_names(value)
        self.scope = {**self.scope, **{name: value[name] for name in names}}
        put(f"added {len(names)} variable{'s' if len(names) != 1 else ''}\n")

    def _build(self, slot: Any) -> None:

        evaluator = self.session.evaluator
        found = evaluator.derivations(slot)
        if not found:
            raise RequestError(f"it is {evaluator.describe(slot)} and not a derivation, nor is there one in it")
        self.session.world.commit()
        built = self.session.realise([(derivation, tuple(outputs)) for derivation, outputs in found])
        for derivation, outputs in found:
            for output in outputs:
                put(f"{output} -> {self.session.store.physical(built[derivation, output])}\n")

    def _document(self, name: str) -> None:
        text = describe_builtin(name.removeprefix("builtins.").removeprefix("__"))
        if text is None:
            raise RequestError(f"'{name}' is no built-in function")
        put(text + "\n")


_WITH_ARGUMENT: Final = frozenset({":p", ":print", ":t", ":type", ":a", ":add", ":b", ":build", ":l", ":load", ":doc"})
