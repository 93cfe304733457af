"""`chx pkgs lint`: build packages and look at what came out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ...arch import Profile
from ...builder import plan
from ...builder.lint import LINTS, Output, Subject, Target, inspect, lint_called
from ...evaluator import to_python
from ...ops.packages.catalogue import Catalogue, is_derivation
from ...ops.packages.facts import attribute_of, meta_of
from ..options.building import options_of
from ..options.evaluation import open_session, request_of
from ..options.reporting import reporter_of
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import Page, count
from ..render.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder.lint import Finding, Subject, Target
    from ...evaluator import Evaluator, Value
    from ...ops.packages.catalogue import Package
    from ...store import Store, StorePath

    Realised = Mapping[tuple[StorePath, str], StorePath]


class _Job(NamedTuple):
    """A package to be looked at, and what has to be built for that."""

    package: Package
    derivation: StorePath
    outputs: tuple[str, ...]
    runtime: tuple[tuple[StorePath, str], ...]
    promised: frozenset[str]

    def targets(self) -> list[tuple[StorePath, tuple[str, ...]]]:
        return [(self.derivation, self.outputs), *((path, (output,)) for path, output in self.runtime)]


class Report(NamedTuple):
    """The findings for one package."""

    name: str
    outputs: dict[str, str]
    findings: list[Finding]


def lint(arguments: argparse.Namespace) -> int:
    if arguments.list:
        return _list(arguments)

    with open_session(arguments) as session:
        store = session.store
        catalogue = Catalogue(session, request_of(arguments))
        jobs = [_job(catalogue, package) for package in catalogue.chosen(arguments.names)]
        session.world.commit()
        if arguments.built:
            jobs = _built(store, jobs)
        targets = [target for job in jobs for target in job.targets()]
        realised = session.realise(targets, options_of(arguments), reporter_of(arguments))
        reports = [_look(catalogue, store, job, realised) for job in jobs]
    if arguments.json:
        _put_json(reports)
    else:
        _draw(reports)
    return int(any(finding.counts for report in reports for finding in report.findings))


def _job(catalogue: Catalogue, package: Package) -> _Job:
    from ...builder.lint.subject import promised

    evaluator = catalogue.evaluator
    found = evaluator.derivation_of(package.value)
    assert found is not None
    runtime: list[tuple[StorePath, str]] = []
    paths: list[str] = []
    for value in _runtime(evaluator, package):
        if is_derivation(evaluator, value):
            needed = evaluator.derivation_of(value)
            assert needed is not None
            runtime += [(needed[0], output) for output in needed[1]]
        else:
            paths.append(evaluator.to_raw(value))
    outputs = tuple(attribute_of(evaluator, package, "outputs") or ("out",))
    return _Job(package, found[0], outputs, tuple(runtime), promised(paths))


def _runtime(evaluator: Evaluator, package: Package) -> list[Value]:
    if "runtime" not in evaluator.attr_names(package.value):
        return []
    return [evaluator.force(one) for one in evaluator.elements(evaluator.select(package.value, "runtime"))]


def _built(store: Store, jobs: Sequence[_Job]) -> list[_Job]:
    """Those for which nothing has to be done."""
    ready = [job for job in jobs if not plan(store, job.targets()).steps]
    left = [job.package.attribute or job.package.name for job in jobs if job not in ready]
    if left:
        say(f"left out, because they are not built: {', '.join(left)}")
    return ready


def _look(catalogue: Catalogue, store: Store, job: _Job, realised: Realised) -> Report:
    paths = {name: realised[job.derivation, name] for name in job.outputs}
    subject = _subject(catalogue, store, job, paths, [realised[one] for one in job.runtime])
    name = job.package.attribute or job.package.name
    return Report(name, {output: str(path) for output, path in paths.items()}, inspect(subject))


def _subject(
    catalogue: Catalogue, store: Store, job: _Job, paths: Mapping[str, StorePath], runtime: Sequence[StorePath]
) -> Subject:
    evaluator, package = catalogue.evaluator, job.package
    meta, problem = meta_of(evaluator, package)
    return Subject(
        package.name,
        tuple(Output(name, store.manifest(path), store.physical(path)) for name, path in paths.items()),
        _target(catalogue, package),
        meta,
        problem,
        tuple(store.manifest(path) for path in runtime),
        job.promised,
        (attribute_of(evaluator, package, "lints") or {}).get("waive", {}),
    )


def _target(catalogue: Catalogue, package: Package) -> Target | None:
    """The machine that the package, or else its set, is for."""
    evaluator = catalogue.evaluator
    for value in (package.value, catalogue.set):
        if "profile" in evaluator.attr_names(value):
            profile = Profile.of(to_python(evaluator, evaluator.select(value, "profile")))
            return Target(profile.name, profile.elf)
    return None


def _put_json(reports: Sequence[Report]) -> None:
    from dataclasses import asdict

    findings = [finding for report in reports for finding in report.findings]
    put_json(
        {
            "packages": [
                {"name": report.name, "outputs": report.outputs, "findings": [asdict(one) for one in report.findings]}
                for report in reports
            ],
            **_counts(findings),
        }
    )


def _counts(findings: Sequence[Finding]) -> dict[str, Any]:
    waived = sum(finding.waived is not None for finding in findings)
    errors = sum(finding.counts for finding in findings)
    return {"errors": errors, "warnings": len(findings) - waived - errors, "waived": waived}


def _draw(reports: Sequence[Report]) -> None:
    page = Page(Style(sys.stdout))
    advised: set[str] = set()
    for report in reports:
        tally = _counts(report.findings)
        told = [count(tally["errors"], "error"), count(tally["warnings"], "warning")]
        said = ", ".join(text for text in told if not text.startswith("0 ")) or "ok"
        waived = f" ({tally['waived']} waived)" if tally["waived"] else ""
        page.strong(f"{report.name}: {said}{waived}", 0)
        for finding in report.findings:
            where = "" if finding.output in ("", "out") else f"{finding.output}: "
            place = where + (f"{finding.path}: " if finding.path else "")
            if finding.waived is not None:
                page.dim(f"waived[{finding.lint}] {place}{finding.message}; {finding.waived}")
                continue
            page.line(f"{finding.severity}[{finding.lint}] {place}{finding.message}")
            known = lint_called(finding.lint)
            if known is not None and finding.lint not in advised:
                advised.add(finding.lint)
                page.dim(f"= {known.advice}", 2)
    tally = _counts([finding for report in reports for finding in report.findings])
    page.line(
        f"{count(len(reports), 'package')}: {count(tally['errors'], 'error')},"
        f" {count(tally['warnings'], 'warning')}, {tally['waived']} waived",
        0,
    )
    page.write()


def _list(arguments: argparse.Namespace) -> int:
    if arguments.json:
        keys = ("name", "severity", "what", "advice")
        put_json([{key: str(getattr(one, key)) for key in keys} for one in LINTS])
        return 0
    for one in LINTS:
        put(f"{one.name} ({one.severity})\n  {one.what}\n  = {one.advice}\n")
    return 0
