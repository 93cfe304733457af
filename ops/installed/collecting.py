"""Find the packages of a request, build them and what they need where they run, and install them into one root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...builder.installing.assembling import assemble
from ...builder.installing.errors import MachinesDiffer
from ...builder.installing.values import Package
from ...evaluator import to_python
from ..building import build_instantiated
from ..containers import check_tree, follow_object_link
from ..instantiation import Instantiated, evaluate_request, targets_of
from ..packages.catalogue import is_derivation
from ..settings import configured
from ..sources import byte_string
from ..targets import object_named
from ..text import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...builder import BuildOptions
    from ...builder.installing.values import InstalledRoot
    from ...evaluator import Evaluator, Value
    from ...store import StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session


def install_root(
    session: Session,
    request: Request,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    notices: Reporter | None = None,
) -> InstalledRoot:
    """Build what a request names and what its packages need where they run (`runtime`), and install it into one root.

    Objects and results without metadata are installed as they are. `options`, `reporter` and `notices`: as in `build`.
    Protects the objects from garbage collection. Raises what `build` raises, `RequestError` for an object that is no
    tree, and what `assemble` raises.
    """
    return assemble(session.store, built_packages(session, request, options, reporter, notices))


def built_packages(
    session: Session,
    request: Request,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    notices: Reporter | None = None,
) -> list[Package]:
    """Build the packages of a request and those that they need where they run. Raises as `install_root`."""
    options = options or configured()
    reporter = reporter or session.reporter
    found = _objects(session, request, options, reporter)
    if request.needs_evaluation:
        found += _packages(session, request.replace(objects=()), options, reporter, notices or reporter)
    distinct: dict[tuple[StorePath, ...], Package] = {}
    for package in found:
        for path in package.objects:
            session.store.claim(path)
            check_tree(session.store, path)
        distinct.setdefault(package.objects, package)
    packages = list(distinct.values())
    _check_machines(packages)
    return packages


def _objects(session: Session, request: Request, options: BuildOptions, reporter: Reporter) -> list[Package]:
    """Return the named objects, and the outputs of named derivations, in order."""
    store = session.store
    objects, targets = [], []
    for word in request.objects:
        path = object_named(store, word)
        if path.is_derivation:
            targets.append((path, store.derivation(path).outputs))
        else:
            objects.append(path)
    if targets:
        made = session.realise(targets, options, reporter)
        objects += [made[derivation, output] for derivation, outputs in targets for output in outputs]
    trees = [follow_object_link(store, path) for path in objects]
    return [Package(path.name, "", (path,), {}) for path in dict.fromkeys(trees)]


class _Found:
    """A package as a value: its attribute path, its derivation and its outputs."""

    __slots__ = ("attribute", "derivation", "outputs", "value")

    def __init__(self, attribute: str, value: Value, derivation: StorePath, outputs: tuple[str, ...]) -> None:
        self.attribute = attribute
        self.value = value
        self.derivation = derivation
        self.outputs = outputs


def _packages(
    session: Session, request: Request, options: BuildOptions, reporter: Reporter, notices: Reporter
) -> list[Package]:
    evaluator = session.evaluator
    evaluated = evaluate_request(session, request)
    targets = targets_of(session, evaluated.selected)
    asked = []
    for selected in evaluated.selected:
        for path, derivation, outputs in evaluator.named_derivations(selected.value, ""):
            value = evaluator.select_attr_path(selected.value, byte_string(path), {}) if path else selected.value
            attribute = ".".join(filter(None, (selected.attribute, path)))
            asked.append(_Found(attribute, value, derivation, tuple(outputs)))
    companions = _companions(evaluator, asked)
    facts = {id(one): _facts(evaluator, one) for one in (*asked, *companions)}
    session.world.commit()

    is_bundled = evaluated.located.is_bundled_set and not request.has_arguments
    found = Instantiated(targets, evaluated.project, is_bundled)
    outputs_of = dict(build_instantiated(session, request, found, options, reporter, notices).outputs)
    if companions:
        outputs_of.update(session.realise([(one.derivation, one.outputs) for one in companions], options, reporter))
    packages = []
    for one in (*asked, *companions):
        paths = [outputs_of[one.derivation, output] for output in one.outputs]
        trees = tuple(dict.fromkeys(follow_object_link(session.store, path) for path in paths))
        whole = set(one.outputs) == set(session.store.derivation(one.derivation).outputs)
        packages.append(
            Package(objects=trees, is_requested=one in asked, is_whole=whole, attribute=one.attribute, **facts[id(one)])
        )
    return packages


def _companions(evaluator: Evaluator, asked: Sequence[_Found]) -> list[_Found]:
    """Return the packages that packages need where they run, and what those need, each once."""
    seen = {one.derivation for one in asked}
    found: list[_Found] = []
    pending = [one.value for one in asked][::-1]
    while pending:
        for value in _runtime(evaluator, pending.pop()):
            if not is_derivation(evaluator, value):
                continue
            derived = evaluator.derivation_of(value)
            assert derived is not None
            derivation, outputs = derived
            if derivation not in seen:
                seen.add(derivation)
                found.append(_Found("", value, derivation, tuple(outputs)))
                pending.append(value)
    return found


def _runtime(evaluator: Evaluator, value: Value) -> list[Value]:
    if "runtime" not in evaluator.attr_names(value):
        return []
    return [evaluator.force(one) for one in evaluator.elements(evaluator.select(value, "runtime"))]


def _facts(evaluator: Evaluator, one: _Found) -> dict[str, Any]:
    """Return the fields of a package that its value has. Raises `EvalError` for metadata that is wrong."""
    names = set(evaluator.attr_names(one.value))
    installation = evaluator.select(one.value, "installation") if "installation" in names else None
    title = readable(evaluator.to_raw(evaluator.select(one.value, "name"))) if "name" in names else ""
    needs = [
        readable(evaluator.to_raw(value)).strip("/")
        for value in _runtime(evaluator, one.value)
        if not is_derivation(evaluator, value)
    ]
    machine = None
    if "profile" in names:
        machine = readable(evaluator.to_raw(evaluator.select(evaluator.select(one.value, "profile"), "name")))
    return {
        "title": title or one.derivation.name.removesuffix(".drv"),
        "installation": to_python(evaluator, installation) if installation is not None else {},
        "needs": tuple(needs),
        "machine": machine,
    }


def _check_machines(packages: Sequence[Package]) -> None:
    known = [package for package in packages if package.machine is not None]
    for package in known:
        if package.machine != known[0].machine:
            raise MachinesDiffer(known[0].title, str(known[0].machine), package.title, str(package.machine))
