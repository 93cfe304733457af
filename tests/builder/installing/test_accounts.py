"""Numbers of accounts: the same packages give the same ones, and no two accounts one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.builder.installing.accounts import AccountFiles
from chx.ops.installed import AccountConflict, Package, WrongAttribute

names = st.sampled_from([f"{letter}{number}" for letter in "abc" for number in range(3)])
numbers = st.one_of(st.none(), st.none(), st.integers(98, 106))
lines = st.lists(
    st.tuples(names, st.integers(98, 106)), max_size=3, unique_by=(lambda line: line[0], lambda line: line[1])
)


def user(uid: int | None = None, **more: Any) -> dict[str, Any]:
    return {"uid": uid, "group": None, "groups": [], "home": "/h", "shell": "/s", "description": None, **more}


def group(gid: int | None = None, *members: str) -> dict[str, Any]:
    return {"gid": gid, "members": list(members)}


def package(title: str, users: dict[str, Any], groups: dict[str, Any] | None = None) -> Package:
    return Package(title, title, (), {"users": users, "groups": groups or {}})


def files(*packages: Package, passwd: bytes = b"", groups: bytes = b"") -> AccountFiles:
    return AccountFiles(passwd, groups, packages)


@given(st.dictionaries(names, numbers), st.dictionaries(names, numbers), lines, lines)
def test_no_two_accounts_have_one_number(
    users: dict[str, int | None],
    groups: dict[str, int | None],
    known: list[tuple[str, int]],
    listed: list[tuple[str, int]],
) -> None:
    passwd = "".join(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for name, uid in known).encode()
    group_file = "".join(f"{name}:x:{gid}:\n" for name, gid in listed).encode()
    packages = [
        package("p", {name: user(uid) for name, uid in users.items()}),
        package("q", {}, {name: group(gid) for name, gid in groups.items()}),
    ]
    try:
        found = files(*packages, passwd=passwd, groups=group_file)
    except AccountConflict:
        return
    accounts = found.accounts
    for given_numbers in ([one.uid for one in accounts.users], [one.gid for one in accounts.groups]):
        assert len(set(given_numbers)) == len(given_numbers)
    for name, uid in users.items():
        assert uid is None or found.uid(name) == uid
    for name, gid in groups.items():
        assert gid is None or found.gid(name) == gid
    for name, uid in known:
        assert found.uid(name) == uid
    gids = {one.gid for one in accounts.groups}
    assert all(one.gid in gids for one in accounts.users if one.name in users and one.name not in dict(known))
    # What is written is what a program reads, and it stays as it is.
    again = AccountFiles(found.passwd, found.group, ())
    assert again.accounts == accounts and (again.passwd, again.group) == (found.passwd, found.group)
    assert found.passwd.startswith(passwd)


@given(st.dictionaries(names, numbers, min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_packages_does_not_matter(users: dict[str, int | None], random: Any) -> None:
    packages = [package(name, {name: user(uid)}) for name, uid in users.items()]
    shuffled = random.sample(packages, len(packages))
    try:
        expected = files(*packages)
    except AccountConflict:
        with pytest.raises(AccountConflict):
            files(*shuffled)
        return
    found = files(*shuffled)
    assert (found.passwd, found.group) == (expected.passwd, expected.group)


def test_a_group_of_another_package_and_its_members() -> None:
    found = files(
        package("p", {"a": user(group="wheel", groups=["video"]), "b": user()}),
        package("q", {}, {"wheel": group(10, "b"), "video": group()}),
    )
    assert found.passwd.decode().splitlines()[1:] == ["b:*:100:100::/h:/s", "a:*:102:10::/h:/s"]
    assert found.group.decode().splitlines() == ["root:*:0:", "wheel:*:10:b", "b:*:100:", "video:*:101:a"]


@pytest.mark.parametrize(
    ("packages", "error", "said"),
    [
        ([package("p", {"a": user(group="no")})], WrongAttribute, "there is no group 'no'"),
        ([package("p", {"a": user(groups=["no"])})], WrongAttribute, "there is no group 'no'"),
        ([package("p", {}, {"a": group(None, "no")})], WrongAttribute, "there is no user 'no'"),
        ([package("p", {"a": user(5)}), package("q", {"b": user(5)})], AccountConflict, "number 5 is that of"),
        ([package("p", {"a": user(5)}), package("q", {"a": user(6)})], AccountConflict, "declare it differently"),
        ([package("p", {"a": user(0)})], AccountConflict, "the number 0 is that of 'a' as well"),
        ([package("p", {f"u{n}": user() for n in range(901)})], AccountConflict, "all numbers from 100 to 999 are taken"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_accounts_that_do_not_go_together(packages: list[Package], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        files(*packages)


def test_a_number_in_a_file_and_another_one_declared() -> None:
    with pytest.raises(AccountConflict, match="its number is 7, and 5 in a package's file"):
        files(package("p", {"a": user(7)}), passwd=b"a:x:5:5::/:/\n")


@pytest.mark.parametrize(
    "line",
    [
        b"no colons",
        b"a:b",
        b":x:1:1:::",
        b"a:x:-1:1:::",
        b"a:x:1e3:1:::",
        b"\xff:x:x:x:::",
        b"a:x:" + b"9" * 5000 + b":1:::",
    ],
)
def test_a_line_that_is_no_account_stays_and_is_none(line: bytes) -> None:
    found = files(package("p", {"a": user()}), passwd=line + b"\n")
    assert found.passwd.startswith(line + b"\n")
    assert [one.name for one in found.accounts.users] == ["a", "root"]
