"""`chx sandbox`: check whether sandboxes can be made on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..builder import (
    NOEXEC,
    BuildError,
    SandboxRefused,
    apparmor_profile,
    explain_refusal,
    find_bubblewrap,
    read_facts,
    try_sandbox,
)
from ..ops.errors import RequestError
from ..signatures import home
from .output import put

if TYPE_CHECKING:
    import argparse

    from ..builder import Facts

CHECK = """\
Make an empty sandbox as builds do. If the machine refuses it, print the cause, what to
do, and the facts that were looked at; then the exit status is 1.
"""
APPARMOR = """\
Print an AppArmor profile that lets the bubblewrap in use make user namespaces, for
machines with kernel.apparmor_restrict_unprivileged_userns=1 (Ubuntu). To install it:
chx sandbox apparmor | sudo tee /etc/apparmor.d/chx-bwrap, then
sudo apparmor_parser -r /etc/apparmor.d/chx-bwrap
"""


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = sub.add_parser("check", help="make a sandbox, or explain why that fails", description=CHECK)
    check.add_argument("--json", action="store_true", help="print JSON")
    profile = sub.add_parser("apparmor", help="print an AppArmor profile for bubblewrap", description=APPARMOR)
    profile.add_argument("program", nargs="?", metavar="PROGRAM", help="a bwrap (default: the one that chx uses)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "check":
        return _check(arguments.json)
    program = arguments.program or find_bubblewrap(home()).path
    try:
        put(apparmor_profile(program))
    except ValueError as error:
        raise RequestError(f"there is no profile for '{program}': {error}") from None
    return 0


def _check(as_json: bool) -> int:
    facts = read_facts(home=home())
    name = path = said = None
    refusal: BuildError | None = None
    try:
        chosen = find_bubblewrap(home())
        name, path = chosen.name, chosen.path
        said = try_sandbox(path)
        if said is not None:
            refusal = explain_refusal(said, path, home())
        elif facts.is_noexec:
            refusal = SandboxRefused("", NOEXEC)
    except BuildError as error:
        refusal = error
    except OSError as error:
        said = error.strerror or str(error)
    works = said is None and refusal is None
    reason = None if works else refusal.message if refusal is not None else "bubblewrap fails for an unknown reason"
    advice = [] if refusal is None or refusal.hint is None else refusal.hint.split("\n")
    if as_json:
        put(_json(name, path, works, said, refusal, facts))
        return not works
    lines = [f"bubblewrap  {name} ({path})" if name else "bubblewrap  none"]
    lines.append(f"sandbox     {'works' if works else 'refused'}")
    if reason is not None:
        lines += ["", reason, *(f"  = {line}" for line in advice)]
        if refusal is None and said:
            lines.append(f"  = bubblewrap said: {said}")
    rows = described(facts)
    width = max(map(len, rows))
    lines += ["", *(f"{label:<{width}}  {value}" for label, value in rows.items())]
    put("\n".join(lines) + "\n")
    return not works


def described(facts: Facts) -> dict[str, str]:
    """Return what was looked at, as label and text."""
    limits = " ".join(f"{name}={value}" for name, value in facts.limits)
    restriction = "for programs without a profile" if facts.apparmor_restricts else "no"
    seccomp = "none" if not facts.filtered else "a filter" + (" that refuses unshare" if facts.refuses_unshare else "")
    return {
        "kernel": facts.version or "unknown",
        "user": str(facts.uid),
        "container": facts.container or "none known",
        "chroot": {True: "yes", False: "no", None: "unknown"}[facts.chrooted],
        "/proc": "missing"
        if not facts.has_proc
        else f"covered: {' '.join(facts.covered)}"
        if facts.covered
        else "whole",
        "file system of CHX_HOME": "noexec" if facts.is_noexec else "programs can be started from it",
        "user namespaces": "yes" if facts.has_user_namespaces else "not in this kernel",
        "limits of namespaces": limits or "unknown",
        "unprivileged_userns_clone": "1 or not there" if facts.unprivileged_clone else "0",
        "restricted by AppArmor": restriction,
        "security label": facts.label or "none",
        "system call filter": seccomp,
        "no_new_privs": "yes" if facts.no_new_privileges else "no",
        "capabilities": f"{facts.effective:016x}" + (f", ambient {facts.ambient:016x}" if facts.ambient else ""),
    }


def _json(
    name: str | None, path: str | None, works: bool, said: str | None, refusal: BuildError | None, facts: Facts
) -> str:
    import json
    from dataclasses import asdict

    found = refusal.diagnosis if isinstance(refusal, SandboxRefused) else None
    data = {
        "bubblewrap": name,
        "path": path,
        "works": works,
        "said": said,
        "cause": found.cause if found is not None else refusal.code if refusal is not None else None,
        "reason": found.reason if found is not None else refusal.message if refusal is not None else None,
        "advice": list(found.advice)
        if found is not None
        else [refusal.hint]
        if refusal is not None and refusal.hint
        else [],
        "facts": {**asdict(facts), "limits": dict(facts.limits)},
    }
    return json.dumps(data, indent=2) + "\n"
