"""What a package says to the maker of a root, held against its files and the other packages of its set."""

from __future__ import annotations

from typing import Any

import pytest

from chx.builder.lint import Declared, Subject, inspect
from chx.builder.lint.subject import promised

FILES = {"usr/bin/program": ("run", b"\x7f"), "usr/bin/link": ("link", "program")}
USER = {"uid": 101, "group": None, "groups": [], "home": "/", "shell": "/bin/sh", "description": None}
SERVICE = {"command": ["/usr/bin/program"], "stop": None, "user": "root"}
LINE = {"path": "/var/lib/x", "owner": "root:root"}


def mode(text: str | None = "4755", owner: str = "root:root") -> dict[str, Any]:
    return {"mode": text, "owner": owner}


def alternative(target: str, priority: int = 100) -> dict[str, Any]:
    return {"target": target, "priority": priority}


def found(subject: Subject) -> list[tuple[str, str]]:
    return [(finding.lint, finding.message) for finding in inspect(subject)]


# Lint, a part of its message, what trips it, what does not.
CASES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "a mode of nothing": (
        "modes",
        "no output has it",
        {"modes": {"usr/bin/doas": mode()}},
        {"modes": {"usr/bin/program": mode()}},
    ),
    "a mode of a link": (
        "modes",
        "it is a link to program",
        {"modes": {"usr/bin/link": mode()}},
        {"modes": {"usr/bin/link": mode(None)}},
    ),
    "a mode of a directory": (
        "modes",
        "no output has it",
        {"modes": {"usr/lib": mode()}},
        {"modes": {"usr/bin": mode()}},
    ),
    "an owner": (
        "owner",
        "names the user 'x', which nobody declares",
        {"modes": {"usr/bin/program": mode(owner="x:root")}},
        {"modes": {"usr/bin/program": mode(owner="x:x")}, "users": {"x": USER}},
    ),
    "a group": (
        "owner",
        "`tmpfiles` for /var/lib/x names the group 'x'",
        {"tmpfiles": [LINE | {"owner": "root:x"}]},
        {"tmpfiles": [LINE | {"owner": "root:x"}], "groups": {"x": {"gid": None, "members": []}}},
    ),
    "the group of a user in another one": (
        "owner",
        "names the group 'x'",
        {"users": {"x": USER | {"group": "root"}}, "tmpfiles": [LINE | {"owner": "x:x"}]},
        {"users": {"x": USER | {"group": "root"}}, "tmpfiles": [LINE | {"owner": "x:root"}]},
    ),
    "a group of a user": (
        "owner",
        "`users.x` names the group 'video'",
        {"users": {"x": USER | {"groups": ["video"]}}},
        {"users": {"x": USER | {"groups": ["root"]}}},
    ),
    "a member of a group": (
        "owner",
        "`groups.x` names the user 'y'",
        {"groups": {"x": {"gid": None, "members": ["y"]}}},
        {"groups": {"x": {"gid": None, "members": ["root"]}}},
    ),
    "the user of a service": (
        "owner",
        "`services.x` names the user 'x'",
        {"services": {"x": SERVICE | {"user": "x"}}},
        {"services": {"x": SERVICE}},
    ),
    "the program of a service": (
        "service",
        "`services.x.command` calls /usr/bin/other, which is neither in the package nor in `runtime`",
        {"services": {"x": SERVICE | {"command": ["/usr/bin/other"]}}},
        {"services": {"x": SERVICE | {"command": ["/bin/sh", "-c", "true"]}}},
    ),
    "what stops a service": (
        "service",
        "`services.x.stop` calls /usr/bin/other",
        {"services": {"x": SERVICE | {"stop": ["/usr/bin/other"]}}},
        {"services": {"x": SERVICE | {"command": None}}},
    ),
    "the interpreter of a trigger": (
        "trigger",
        "the trigger of /etc is run by /usr/bin/perl",
        {"triggers": {"/etc": "#!/usr/bin/perl -w\n"}},
        {"triggers": {"/etc": "true\n"}},
    ),
    "an alternative to nothing": (
        "alternative",
        "its alternative usr/bin/nvi is in no output",
        {"alternatives": {"usr/bin/vi": alternative("usr/bin/nvi")}},
        {},
    ),
    "an alternative in whose place is a file": (
        "alternative",
        "a file of the package is in its place",
        {"alternatives": {"usr/bin/link": alternative("usr/bin/program")}},
        {},
    ),
    "an alternative that has no rival": (
        "lonely-alternative",
        "no other package of the set",
        {"alternatives": {"usr/bin/ed": alternative("usr/bin/program")}},
        {},
    ),
    "an alternative that is as good as another": (
        "alternative-clash",
        "its alternative has the priority 7, as that in rival",
        {"alternatives": {"usr/bin/vi": alternative("usr/bin/program", 7)}},
        {"alternatives": {"usr/bin/vi": alternative("usr/bin/program", 8)}},
    ),
    "the number of a user": (
        "account-clash",
        "the uid 1 of 'x' is that of 'theirs' in rival",
        {"users": {"x": USER | {"uid": 1}}},
        {"users": {"x": USER | {"uid": 2}, "theirs": USER | {"uid": 1}}},
    ),
    "the number of a group": (
        "account-clash",
        "the gid 5 of 'x' is that of 'tty' in rival",
        {"groups": {"x": {"gid": 5, "members": []}}},
        {"groups": {"tty": {"gid": 5, "members": []}}},
    ),
    "a user with two faces": (
        "account-clash",
        "`users.theirs` says something else in rival",
        {"users": {"theirs": USER}},
        {"users": {"x": USER | {"uid": None}}},
    ),
    "a service of two": (
        "service-clash",
        "rival has a service 'web', too",
        {"services": {"web": SERVICE}},
        {"services": {"mail": SERVICE}},
    ),
    "a pattern": (
        "update-check",
        "is no regular expression",
        {"updateCheck": {"pattern": "x-(.*"}},
        {"updateCheck": {"pattern": "x-(?:a|b)(.*)"}},
    ),
    "a pattern without a group": (
        "update-check",
        "has 0 groups",
        {"updateCheck": {"pattern": "x-.*"}},
        {"updateCheck": {"pattern": None}},
    ),
}
RIVAL = Declared(
    "rival",
    {
        "users": {"theirs": USER | {"uid": 1}},
        "groups": {"tty": {"gid": 5, "members": []}},
        "services": {"web": SERVICE},
        "alternatives": {"usr/bin/vi": alternative("usr/bin/nvi", 7)},
    },
)


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_found_and_what_does_is_left_alone(package, case: str) -> None:
    lint, message, wrong, right = CASES[case]
    about = {"promised": promised(["/bin/sh"]), "others": (RIVAL,)}
    (one, text) = next(
        one for one in found(package(out=FILES, about={**about, "installation": wrong})) if one[0] == lint
    )
    assert one == lint and message in text
    assert found(package(out=FILES, about={**about, "installation": right})) == []


def test_accounts_may_be_those_of_what_it_runs_with(package) -> None:
    said = {"modes": {"usr/bin/program": mode(owner="x:x")}}
    assert [lint for lint, _ in found(package(out=FILES, about={"installation": said}))] == ["owner", "owner"]
    about = {"installation": said, "runtime_installations": ({"users": {"x": USER}},)}
    assert found(package(out=FILES, about=about)) == []


def test_a_set_id_bit_may_be_that_of_any_output(package) -> None:
    about = {"installation": {"modes": {"usr/lib/x": mode()}}}
    assert found(package(out=FILES, devel={"usr/lib/x": b""}, about=about)) == []


def test_what_cannot_be_read_is_an_error(package) -> None:
    assert found(package(out=FILES, about={"installation_problem": "it is wrong"})) == [("installation", "it is wrong")]
