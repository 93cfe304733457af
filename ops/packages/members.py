"""The members of a package set, one by one: an error in one of them hides no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...evaluator import to_python
from ..errors import RequestError
from ..failure import Failure
from ..instantiation import evaluate_request
from ..paths import PKGS, is_there
from ..select import locate
from ..sources import byte_string
from ..targets import Target
from ..text import readable
from .catalogue import is_derivation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...evaluator import Value
    from ..lock.project import Project
    from ..request import Request
    from ..session import Session

_DEEPEST = 16
"""Limit of nested sets, since a set may contain itself."""


class Member(NamedTuple):
    """A package of a set, by attribute path.

    Either `target` is its derivation; or `broken` is why the package says that it cannot be built; or `error` is why
    its evaluation failed.
    """

    attribute: str
    target: Target | None = None
    broken: str | None = None
    error: Failure | None = None


class Members(NamedTuple):
    """The packages of a request, in order of their names, and the project of the expression, if any."""

    members: tuple[Member, ...]
    project: Project | None


def members_of(session: Session, request: Request, part: str | None = None) -> Members:
    """Instantiate every package of the sets that a request names, or of the whole expression.

    With `part`, instantiate the derivation in that attribute of each package instead; what has none is passed over in
    a set, and an error where it is asked for by its name.

    A set stands for the derivations in it, and for those in inner sets with `recurseForDerivations`; the bundled set for
    each of its packages in one place (`pkgs/lib/catalogue.nix`). Raises `RequestError`, `EvalError`, `LangError`,
    `LockError` if the set itself cannot be evaluated.
    """
    if request.target is not None:
        names = [f"cross.{request.target}.{name}" for name in request.attributes] or [f"cross.{request.target}"]
        request = request.with_attributes(*names).replace(target=None)
    if not request.has_source:
        # As in `locate`, but that without attributes and ./default.nix the bundled set is meant.
        here = not request.attributes and is_there("default.nix")
        request = request.replace(file="." if here else locate(session, request.with_attributes("name")).file)
    evaluated = evaluate_request(session, request)
    work = _Members(session, part)
    for selected in evaluated.selected:
        if evaluated.located.is_bundled_set and not selected.attribute:
            work.add_catalogue(selected.value)
        else:
            work.add(selected.attribute, lambda selected=selected: selected.value, 0)  # type: ignore[misc]
    session.world.commit()
    return Members(tuple(work.found.values()), evaluated.project)


class _Members:
    def __init__(self, session: Session, part: str | None) -> None:
        self._session = session
        self._part = part
        self._evaluator = session.evaluator
        self.found: dict[str, Member] = {}

    def add(self, attribute: str, value_of: Callable[[], Value], depth: int) -> None:
        """Add a package, or those in a set."""
        with _Errors(self.found, attribute):
            evaluator = self._evaluator
            value = value_of()
            if is_derivation(evaluator, value):
                self._add_package(attribute, value, is_named=not depth)
            elif evaluator.type_name(value) == "set" and depth < _DEEPEST and (not depth or self._recurses(value)):
                for name, inner in self._inside(value):
                    self.add(f"{attribute}.{name}" if attribute else name, inner, depth + 1)

    def add_catalogue(self, value: Value) -> None:
        """Add the packages of the bundled set."""
        evaluator = self._evaluator
        function = evaluator.import_path(byte_string(f"{PKGS}/lib/catalogue.nix"))
        for item in evaluator.elements(evaluator.call(function, value)):
            name = readable(evaluator.to_raw(evaluator.select(item, "name")))
            with _Errors(self.found, name):
                place = evaluator.select(item, "attribute")
                attribute = name if place is None else readable(evaluator.to_raw(place))
                self._add_package(attribute, evaluator.select(item, "package"), is_named=False)

    def _add_package(self, attribute: str, value: Value, is_named: bool) -> None:
        if self._part is None or self._part in self._evaluator.attr_names(value):
            self.found[attribute] = self._package(attribute, value)
        elif is_named:
            what = f"'{attribute}'" if attribute else "the expression"
            raise RequestError(f"{what} has no `{self._part}`: it is no package that mkDerivation of a set gave")

    def _package(self, attribute: str, value: Value) -> Member:
        evaluator = self._evaluator
        if "broken" in evaluator.attr_names(value):
            reason = to_python(evaluator, evaluator.select(value, "broken"))
            if reason not in (None, False):
                return Member(attribute, broken="it is broken" if reason is True else readable(str(reason)))
        if self._part is not None:
            value = evaluator.select(value, self._part)
        (found,) = evaluator.named_derivations(value, attribute)
        return Member(attribute, Target(found[0], found[1], tuple(found[2])))

    def _recurses(self, value: Value) -> bool:
        evaluator = self._evaluator
        names = evaluator.attr_names(value)
        return "recurseForDerivations" in names and evaluator.select(value, "recurseForDerivations") is True

    def _inside(self, value: Value) -> Iterator[tuple[str, Callable[[], Value]]]:
        for name in self._evaluator.attr_names(value):
            yield readable(name), lambda name=name: self._evaluator.select(value, name)  # type: ignore[misc]


class _Errors:
    """Context manager that makes an error the result of a member."""

    def __init__(self, found: dict[str, Member], attribute: str) -> None:
        self._found = found
        self._attribute = attribute

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception) or not isinstance(error, Failure) or not self._attribute:
            return False
        self._found[self._attribute] = Member(self._attribute, error=error)
        return True
