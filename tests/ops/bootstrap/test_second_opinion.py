"""The second opinion (docs/proofs/check_proof.py), which knows nothing of chx, judges as chx does."""

import ast
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.ops.bootstrap import ProofRefused
from chx.ops.bootstrap.document import read, sign
from chx.ops.bootstrap.kinship import role_of
from chx.store import OutputDraft, StorePath, scratch_hash
from chx.store.keys import Signer

from .conftest import ELF
from .forgeries import FORGERIES, HOLDS, resigned, with_a_part

PROOFS = Path(__file__).resolve().parents[3] / "docs" / "proofs"
SCRIPT = PROOFS / "check_proof.py"
TITLES = ["form", "signature", "names", "wholeness", "shape", "seeds", "verdicts", "trees"]
LONGEST = 315


def loaded():
    specification = importlib.util.spec_from_file_location("check_proof", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


CHECKER = loaded()


def run(*arguments):
    """The script as a process of its own: exit status, and what it says by title."""
    # Without the checkout and its packages on the way.
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, cwd="/", timeout=300
    )
    assert done.stderr == "", done.stderr
    answers = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert list(answers) == TITLES
    return done.returncode, answers


def said(tmp_path, text: bytes, *arguments):
    file = tmp_path / "proof.json"
    file.write_bytes(text)
    return run(file, *arguments)


def accepts(text: bytes) -> bool:
    """Whether the second opinion has nothing against a document. In this process: any other exception is a defect."""
    try:
        return len(list(CHECKER.opinion(text, None))) == len(TITLES)
    except (ValueError, RecursionError, InvalidSignature):
        return False


def chx_accepts(text: bytes) -> bool:
    try:
        read(text, "f")
    except ProofRefused:
        return False
    return True


def signed(world, document) -> bytes:
    return sign(document, Signer(world.store.home)).encode()


def grown(world, seed, *programs, foreign=None, dev=""):
    """A chain whose package is a program in each stage, beside a text that the stage's program makes."""
    before = foreign or world.compiler(seed, f"the compiler of {seed}")
    chain, stages = before, []
    for content in programs:
        before = world.tree("cc", {"usr/bin/cc": ELF + content}, before)
        stages.append({"cc": before, "text": world.tree("text", {"x": dev or content}, before)})
    return world.chain(seed, "", *stages, foreign=chain)


def bootstraps(world):
    """Documents of several kinds, and what they show."""
    alike = grown(world, "t", "b", "z", "z")
    own = world.tree("own", {"usr/bin/cc": ELF + "z", "usr/bin/ld": ELF + "linker", "usr/bin/nm": ELF + "nm"})
    other = world.tree("other", {"usr/bin/tcc": ELF + "tcc", "usr/bin/ld": ELF + "linker", "usr/bin/ar": ELF + "nm"})
    return {
        "independent": [grown(world, "s", "a", "z", "z"), alike],
        "of-one-seed": [alike],
        "of-one-stage": [grown(world, "s", "a"), grown(world, "t", "a")],
        "twins": [grown(world, "s", "a", "z", "z"), grown(world, "t", "a", "z", "z")],
        "at-rest": [grown(world, "s", "z", "z", "z"), alike],
        "moving": [grown(world, "s", "a", "b", "c"), alike],
        "misled": [grown(world, "s", "a", "z", "z", dev="1"), grown(world, "t", "b", "z", "z", dev="2")],
        "descendant": [grown(world, "own", "z", "z", "z", foreign=own), alike],
        "three": [
            grown(world, "s", "a", "z", "z"),
            alike,
            grown(world, "u", "c", "z", "z", foreign=other),
            grown(world, "v", "d", "z", "z", foreign=own),
        ],
        "relatives": [
            grown(world, "s", "a", "z", "z", foreign=other),
            grown(world, "t", "b", "z", "z", foreign=world.tree("copy", {"bin/ld": ELF + "tcc", "bin/cc": ELF + "1"})),
        ],
    }


KINDS = ["independent", "of-one-seed", "of-one-stage", "twins", "at-rest", "moving", "misled", "descendant", "three"]
KINDS += ["relatives"]


def test_it_is_one_short_file_that_needs_nothing_of_chx():
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= LONGEST
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module)
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == {"blake3", "cryptography"}
    assert "__import__" not in text and "importlib" not in text and "exec(" not in text


def test_it_has_nothing_against_a_good_proof(tmp_path, proved):
    status, answers = said(tmp_path, proved[0])
    assert status == 0
    assert answers["trees"].startswith("not checked")
    assert all(answers[title].startswith("ok: ") for title in TITLES[:-1])
    assert answers["verdicts"] == f"ok: the proof claims {HOLDS}"


@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_on_what_a_bootstrap_shows(tmp_path, world, kind):
    document, _ = world.prove(*bootstraps(world)[kind])
    text = signed(world, document)
    assert chx_accepts(text)
    status, answers = said(tmp_path, text)
    assert status == 0, answers
    assert answers["verdicts"] == f"ok: the proof claims {document['shows']}"


def test_bootstraps_are_of_all_kinds(world):
    documents = {kind: world.prove(*chains)[0] for kind, chains in bootstraps(world).items()}
    assert list(documents) == KINDS
    suspected = {kind: {it["kind"] for it in document["suspicions"]} for kind, document in documents.items()}
    assert suspected["twins"] == {"twins"} and suspected["at-rest"] == {"at-rest"}
    assert documents["three"]["shared"]["pairs"] and documents["three"]["shared"]["pairs"][-1]["programs"]
    assert documents["descendant"]["toolchains"] == [["t"]]
    assert documents["relatives"]["toolchains"] == [["s", "t"]]
    shown = {document["shows"] for document in documents.values()}
    assert any("failed" in it and "could not be shown" not in it for it in shown)
    assert any("fixed point and host independence could not be shown" in it for it in shown)


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_it_refuses_each_forgery(tmp_path, world, proved, change):
    status, answers = said(tmp_path, resigned(world, proved[0], change))
    assert status == 1
    wrong = [title for title in TITLES if answers[title].startswith("WRONG: ")]
    assert len(wrong) == 1 and wrong != ["signature"]
    assert all(answers[title] == "not checked" for title in TITLES[TITLES.index(wrong[0]) + 1 :])


def test_it_refuses_what_was_changed_after_it_was_signed(tmp_path, proved):
    status, answers = said(tmp_path, proved[0].replace(b'"set": "set"', b'"set": "other"'))
    assert status == 1
    assert answers["signature"] == "WRONG: it was changed after it was signed"


FIXED = {"algorithm": "sha256", "digest": "00" * 32, "mode": "flat"}
PARTS = [
    ({"fixed": FIXED}, ["out"]),
    ({"fixed": FIXED, "env": {"urls": " a\n b ", "url": "c"}}, ["out"]),
    ({"fixed": FIXED, "env": {"url": "c"}}, ["out"]),
    ({"fixed": {**FIXED, "algorithm": "sha1"}}, ["out"]),
    ({"fixed": {**FIXED, "digest": "AA" * 32}}, ["out"]),
    ({"fixed": FIXED, "outputs": ["dev"]}, ["dev"]),
    ({"outputs": ["out", "dev"]}, ["out"]),
    ({"outputs": ["out", "a b"]}, ["out"]),
    ({"outputs": ["out", "out"]}, ["out"]),
    ({"outputs": ["dev", "out"]}, ["out", "dev"]),
    ({"system": "x86_64-linux"}, ["out"]),
    ({"rootfs": ["/"]}, ["out"]),
    ({"rootfs": None}, ["out"]),
    ({"version": 2}, ["out"]),
    ({"version": True}, ["out"]),
    ({"args": "text"}, ["out"]),
    ({"env": {"name": "\udcff"}}, ["out"]),
    ({"env": {"name": "\udc7f"}}, ["out"]),
    ({"env": {"\ud800": ""}}, ["out"]),
    ({"args": ["\0"]}, ["out"]),
    ({"name": "n" * 207}, ["out"]),
    ({"inputSrcs": ["/chx/store/" + "0" * 32 + "-x"]}, ["out"]),
    ({}, []),
]


@pytest.mark.parametrize(("change", "outputs"), PARTS, ids=[f"{change}"[:60] for change, _ in PARTS])
def test_it_agrees_on_derivations(world, proved, change, outputs):
    text = resigned(world, proved[0], lambda document: with_a_part(document, change, outputs))
    assert accepts(text) == chx_accepts(text)


def test_it_agrees_on_derivations_that_are_good(world, proved):
    for part in PARTS[:3]:
        text = resigned(world, proved[0], partial(with_a_part, change=part[0], outputs=part[1]))
        assert accepts(text) and chx_accepts(text)


def places(value, way=()):
    """The ways to all values in a document."""
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, it in inner:
        yield from places(it, (*way, key))


def at(document, way):
    for key in way:
        document = document[key]
    return document


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_agrees_on_damaged_documents(world, proved, data):
    """Of values that are replaced, taken away, or put in the place of others, and signed."""
    document = json.loads(proved[0])
    del document["signature"]
    for _ in range(data.draw(st.integers(1, 2))):
        ways = [way for way in places(document) if way]
        # By the top field first, since most values are in few of them.
        top = data.draw(st.sampled_from(sorted({way[0] for way in ways})))
        way = data.draw(st.sampled_from([way for way in ways if way[0] == top]))
        *outer, key = way
        act = data.draw(st.sampled_from(["replace", "remove", "copy", "double"]))
        place = at(document, outer)
        if act == "remove":
            del place[key]
        elif act == "replace":
            place[key] = data.draw(
                JUNK | st.lists(JUNK, max_size=2) | st.dictionaries(st.text(max_size=3), JUNK, max_size=2)
            )
        elif act == "double" and isinstance(place, list):
            place.insert(key, place[key])
        else:
            same = [it for it in ways if type(at(document, it)) is type(place[key])]
            place[key] = json.loads(json.dumps(at(document, data.draw(st.sampled_from(same)))))
    try:
        text = signed(world, {"shows": None, **document} if "shows" not in document else document)
    except (ValueError, TypeError):
        return
    assert accepts(text) == chx_accepts(text)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_agrees_on_damaged_bytes(proved, data):
    text = bytearray(proved[0])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    assert accepts(bytes(text)) == chx_accepts(bytes(text))


GARBAGE = [
    b"", b"\0\xff", b"[]", b"{}", b"null", b'"text"', b"[" * 200_000, b'{"a":' * 200_000, b"1" * 5000, b"\xef\xbb\xbf{}",
    b'{"format": "chx bootstrap proof 2"}', b'{"format": "chx bootstrap proof 1"}', b'{"format": ["x"]}',
    b'{"format": 1, "format": 2}',
]  # fmt: skip


@pytest.mark.parametrize("text", GARBAGE, ids=[repr(text[:40]) for text in GARBAGE])
def test_garbage_is_told_in_one_line(tmp_path, text):
    status, answers = said(tmp_path, text)
    assert status == 1 and answers["form"].startswith("WRONG: ")


def test_a_key_that_stands_twice_is_refused_wherever_it_is(proved):
    text = proved[0].decode()
    for field in ("suspicions", "toolchains", "verdicts"):
        document = json.loads(text)
        empty = {"suspicions": "[]", "toolchains": "[]", "verdicts": "null"}[field]
        document[field] = "HERE"
        twice = json.dumps(document).replace('"HERE"', '{"a": 1, "a": 2}')
        assert not accepts(twice.encode()) and not chx_accepts(twice.encode()), empty


def test_a_file_that_is_missing_is_told_in_one_line(tmp_path):
    status, answers = run(tmp_path / "none")
    assert status == 1 and "No such file" in answers["form"]
    status, answers = run(tmp_path)
    assert status == 1 and "directory" in answers["form"]


def test_what_a_document_says_cannot_write_on_a_terminal(tmp_path, world, proved):
    def change(document):
        document["\x1b[2J"] = "\x1b]0;title\7"

    file = tmp_path / "proof.json"
    file.write_bytes(resigned(world, proved[0], change))
    done = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, timeout=300)
    assert done.returncode == 1 and re.fullmatch(rb"[ -~\n]*", done.stdout) and not done.stderr


@pytest.mark.parametrize("file", sorted(PROOFS.glob("*.json")), ids=lambda file: file.name)
def test_it_judges_the_published_proofs(file):
    form = json.loads(file.read_bytes())["format"]
    status, answers = run(file)
    if form == "chx bootstrap proof 2":
        assert status == 0, answers
    else:
        assert answers["form"] == "WRONG: it is no proof of format 2"


def test_trees_are_compared(tmp_path, world, proved):
    store = Path(world.store.home) / "store"
    document = json.loads(proved[0])
    status, answers = said(tmp_path, proved[0], "--trees", store)
    assert status == 0
    assert (
        answers["trees"] == f"ok: {len(document['objects'])} of {len(document['objects'])} objects, with their programs"
    )
    path = random.Random(1).choice(sorted(it for it in document["objects"] if it.endswith("-compiler")))
    file = store / StorePath.parse(path).base / "usr/bin/cc"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    os.chmod(file.parent, 0o755)
    os.chmod(file, 0o755)
    file.write_bytes(content)
    status, answers = said(tmp_path, proved[0], "--trees", store)
    assert status == 1
    assert answers["trees"].startswith("WRONG: ") and path in answers["trees"]


def test_trees_that_are_not_there_are_not_checked(tmp_path, proved):
    status, answers = said(tmp_path, proved[0], "--trees", tmp_path)
    assert status == 0 and answers["trees"].startswith("not checked")


def test_programs_that_a_document_invents_are_found_in_trees(tmp_path, world, proved):
    def change(document):
        for path, it in document["objects"].items():
            if path.endswith("-compiler"):
                it["programs"] = {"usr/bin/cc": "0" * 63 + ("1" if "s-compiler" in path else "2")}

    text = resigned(world, proved[0], change)
    assert chx_accepts(text), "nothing but a tree can tell"
    assert said(tmp_path, text)[0] == 0
    status, answers = said(tmp_path, text, "--trees", Path(world.store.home) / "store")
    assert status == 1 and answers["trees"].startswith("WRONG: programs of ")


def tree_of(store, path):
    programs = {}
    own = path.hash.encode() if path in store.info(path).references else CHECKER.SELF
    return CHECKER.tree_digest(CHECKER.read_tree(os.fsencode(store.physical(path)), own, programs)), programs


def test_trees_of_all_kinds_have_the_digest_that_the_store_has(tmp_path, store):
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a.b").write_bytes(b"after a/b, though '.' sorts before '/'")
    (tree / "a" / "b" / "c").write_bytes(b"")
    (tree / "a" / "link").symlink_to("/nowhere")
    (tree / "folder").symlink_to("a")
    (tree / os.fsdecode(b"\xff\n")).write_bytes(ELF.encode() + b"1")
    (tree / "program").write_bytes(ELF.encode() + b"1")
    (tree / "object").write_bytes(ELF.encode().replace(b"\2\0", b"\1\0"))
    os.chmod(tree / "program", 0o755)
    path = store.add_tree(str(tree), "tree")
    digest, programs = tree_of(store, path)
    assert digest == str(store.info(path).tree_digest)
    assert [*programs.values()] == ["program"]
    for name, target in (("dangling", "/nowhere"), ("folder", str(tree))):
        (tmp_path / name).symlink_to(target)
        link = store.add_tree(str(tmp_path / name), name)
        assert tree_of(store, link)[0] == str(store.info(link).tree_digest)


@given(st.from_regex(CHECKER.ROLE.pattern, fullmatch=True) | st.text(alphabet="asldrnmgp-.0123456789/\n", max_size=12))
@settings(max_examples=300, deadline=None)
def test_roles_follow_from_names_as_in_chx(name):
    found = CHECKER.ROLE.fullmatch(name.rpartition("/")[2])
    assert ((found.lastgroup or "tool") if found else "compiler") == role_of(name)


def test_the_own_hash_of_a_tree_is_replaced_wherever_it_stands(tmp_path, store):
    own = scratch_hash("out")
    assert own.encode() == CHECKER.SELF
    tree = Path(store.home) / "tmp" / "draft"
    (tree / own).mkdir(parents=True)
    (tree / "file").write_bytes(f"/chx/store/{own}-draft".encode())
    (tree / own / "link").symlink_to(f"/chx/store/{own}-draft/file")
    for name in ("0", "zz", "m"):
        (tree / name).write_bytes(ELF.encode() + b"the same in all")
    path = store.add_outputs([OutputDraft("out", "draft", str(tree), own)], [], None)["out"]
    assert path in store.info(path).references
    digest, programs = tree_of(store, path)
    assert digest == str(store.info(path).tree_digest)
    assert [*programs.values()] == ["0"]
