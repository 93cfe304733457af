"""Build packages and lint their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...arch import Profile
from ...builder import plan
from ...builder.lint import Declared, Output, Subject, Target, inspect
from ...builder.lint.subject import promised
from ...evaluator import to_python
from ..settings import configured
from .base import Rule
from .catalogue import Catalogue, Package, is_derivation
from .facts import attribute_of, installation_of, meta_of, packages_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...builder import BuildOptions
    from ...builder.lint import Finding
    from ...store import StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session


class PackageReport(NamedTuple):
    """The findings for one package; `outputs` are its store objects by output name."""

    name: str
    outputs: dict[str, StorePath]
    findings: list[Finding]


class Tally(NamedTuple):
    """Numbers of findings."""

    errors: int
    warnings: int
    waived: int


class Linted(NamedTuple):
    """The reports of all packages that were linted; `not_built` are names of packages left out for `only_built`.

    `broken` are names of packages that were asked for as a part of a set, and cannot be built in it, with the reasons.
    """

    reports: list[PackageReport]
    not_built: list[str]
    broken: dict[str, str]

    @property
    def findings(self) -> list[Finding]:
        return [finding for report in self.reports for finding in report.findings]

    @property
    def holds(self) -> bool:
        """Whether no package has an error that it does not waive."""
        return not any(finding.counts for finding in self.findings)


class _Job(NamedTuple):
    """A package to lint, and the derivations that linting it needs."""

    package: Package
    derivation: StorePath
    outputs: tuple[str, ...]
    runtime: tuple[tuple[StorePath, str], ...]
    runtime_installations: tuple[Mapping[str, Any], ...]
    promised: frozenset[str]

    @property
    def name(self) -> str:
        return self.package.attribute or self.package.name

    def targets(self) -> list[tuple[StorePath, tuple[str, ...]]]:
        return [(self.derivation, self.outputs), *((path, (output,)) for path, output in self.runtime)]


def lint(
    session: Session,
    request: Request,
    names: Sequence[str] = (),
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    *,
    only_built: bool = False,
) -> Linted:
    """Build packages of the set that `request` names, all without `names`, and lint their outputs.

    `only_built` leaves out packages that are not built yet. Without `options` those of chx.toml count. Raises
    `RequestError`, `LangError`, `EvalError`, `BuildError`.
    """
    catalogue = Catalogue(session, request)
    packages, broken = catalogue.buildable(names)
    jobs = [_job(catalogue, package) for package in packages]
    session.world.commit()
    not_built = []
    if only_built:
        not_built = [job for job in jobs if plan(session.store, job.targets()).steps]
        jobs = [job for job in jobs if job not in not_built]
    targets = [target for job in jobs for target in job.targets()]
    built = session.realise(targets, options or configured(), reporter or session.reporter)
    declared = [
        Declared(package.name, installation_of(catalogue.evaluator, package)[0]) for package in catalogue.packages
    ]
    rule = Rule.of(catalogue)
    reports = [_report(session, catalogue, job, built, declared, rule) for job in jobs]
    return Linted(reports, [job.name for job in not_built], broken)


def tally(findings: Iterable[Finding]) -> Tally:
    """Count findings by what they mean for the exit status."""
    found = list(findings)
    waived = sum(finding.waived is not None for finding in found)
    errors = sum(finding.counts for finding in found)
    return Tally(errors, len(found) - waived - errors, waived)


def _job(catalogue: Catalogue, package: Package) -> _Job:
    evaluator = catalogue.evaluator
    found = evaluator.derivation_of(package.value)
    assert found is not None
    runtime: list[tuple[StorePath, str]] = []
    installations: list[Mapping[str, Any]] = []
    paths: list[str] = []
    for value in packages_in(evaluator, package, "runtime"):
        if is_derivation(evaluator, value):
            needed = evaluator.derivation_of(value)
            assert needed is not None
            runtime += [(needed[0], output) for output in needed[1]]
            installations.append(installation_of(evaluator, Package("", None, value))[0])
        else:
            paths.append(evaluator.to_raw(value))
    outputs = tuple(attribute_of(evaluator, package, "outputs") or ("out",))
    return _Job(package, found[0], outputs, tuple(runtime), tuple(installations), promised(paths))


def _report(
    session: Session,
    catalogue: Catalogue,
    job: _Job,
    built: Mapping[tuple[StorePath, str], StorePath],
    declared: Sequence[Declared],
    rule: Rule | None,
) -> PackageReport:
    store, evaluator, package = session.store, catalogue.evaluator, job.package
    paths = {output: built[job.derivation, output] for output in job.outputs}
    meta, problem = meta_of(evaluator, package)
    in_base = rule is not None and package.name in rule.names
    breaches: list[str] = []
    if rule is not None and in_base:
        breaches = rule.breaches(package) + rule.traces(session, paths.values())
    installation, installation_problem = installation_of(evaluator, package)
    subject = Subject(
        package.name,
        tuple(Output(name, store.manifest(path), store.physical(path)) for name, path in paths.items()),
        _target(catalogue, package),
        meta,
        problem,
        tuple(store.manifest(built[one]) for one in job.runtime),
        job.promised,
        (attribute_of(evaluator, package, "lints") or {}).get("waive", {}),
        installation,
        installation_problem,
        job.runtime_installations,
        # A package of another set is the same one.
        tuple(other for other in declared if other.name != package.name and other.installation),
        in_base,
        tuple(breaches),
    )
    return PackageReport(job.name, paths, inspect(subject))


def _target(catalogue: Catalogue, package: Package) -> Target | None:
    """Return the architecture of the package, else of its set; None if neither has one."""
    evaluator = catalogue.evaluator
    for value in (package.value, catalogue.set):
        if "profile" in evaluator.attr_names(value):
            profile = Profile.of(to_python(evaluator, evaluator.select(value, "profile")))
            return Target(profile.name, profile.elf)
    return None
