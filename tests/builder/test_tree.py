import json

import pytest

from chx.builder import Builder
from chx.builder.errors import ArchiveRefused, BadAttribute, InvalidInput
from chx.store import Derivation, output_placeholder


@pytest.fixture
def tree(store):
    def run(entries, *sources):
        text = entries if isinstance(entries, str) else json.dumps(entries)
        drv = store.add_derivation(
            Derivation("t", "builtin", "builtin:tree", env={"entries": text}, input_srcs=tuple(sources))
        )
        return Builder(store).realise([(drv, ("out",))])[drv, "out"]

    return run


def shown(store, path):
    return {entry.path: entry.kind for entry in store.manifest(path)}


def test_a_tree_from_data(store, tree):
    path = tree(
        [
            {"path": "bin", "kind": "symlink", "target": "usr/bin"},
            {"path": "etc/issue", "kind": "file", "content": "hello\n"},
            {"path": "usr/bin/run", "kind": "executable", "content": "#!/bin/sh\n"},
            {"path": "var/empty", "kind": "directory"},
        ]
    )
    kinds = {"bin": "l", "etc/issue": "f", "usr/bin/run": "x", "var/empty": "d"}
    assert shown(store, path).items() >= kinds.items()
    with open(store.physical(path) + "/etc/issue") as file:
        assert file.read() == "hello\n"


def test_sources_are_copied_and_texts_may_refer_to_the_output_and_to_inputs(store, tree):
    source = tree(
        [{"path": "d/x", "kind": "executable", "content": "1"}, {"path": "l", "kind": "symlink", "target": "d"}]
    )
    path = tree(
        [
            {"path": "all", "source": str(source)},
            {"path": "one", "kind": "file", "source": f"{source}/l/x"},
            {"path": "d", "kind": "directory", "source": f"{source}/d"},
            {"path": "self", "kind": "file", "content": output_placeholder("out")},
        ],
        source,
    )
    assert shown(store, path).items() >= {"all/l": "l", "all/d/x": "x", "one": "f", "d/x": "x"}.items()
    assert store.info(path).references == (path,)
    with open(store.physical(path) + "/self") as file:
        assert file.read() == str(path)


def test_a_source_must_be_declared(store, tree):
    secret = store.add_bytes(b"secret", "secret")
    with pytest.raises(InvalidInput, match="not among"):
        tree([{"path": "x", "source": str(secret)}])
    with pytest.raises(InvalidInput, match="not among"):
        tree([{"path": "x", "kind": "file", "source": "/etc/passwd"}])


def test_a_link_does_not_lead_out_of_the_inputs(store, tree):
    source = tree(
        [{"path": "etc", "kind": "symlink", "target": "/etc"}, {"path": "up", "kind": "symlink", "target": "../.."}]
    )
    for path in ("etc/passwd", "up/etc/passwd"):
        with pytest.raises(InvalidInput):
            tree([{"path": "x", "kind": "file", "source": f"{source}/{path}"}], source)


@pytest.mark.parametrize(
    "entries",
    [
        "{",
        {},
        ["x"],
        [{"kind": "file", "content": ""}],
        [{"path": "x", "kind": "pipe"}],
        [{"path": "x", "kind": "file"}],
        [{"path": "x"}],
        [{"path": "x", "kind": "symlink", "content": "y"}],
        [{"path": "x", "kind": "file", "content": 1}],
        [{"path": "x", "kind": "file", "content": "", "mode": "0644"}],
    ],
)
def test_entries_that_make_no_sense(tree, entries):
    with pytest.raises(BadAttribute):
        tree(entries)


@pytest.mark.parametrize("path", ["../x", "/x", "l/x"])
def test_paths_that_leave_the_tree(tree, path):
    with pytest.raises(ArchiveRefused):
        tree([{"path": "l", "kind": "symlink", "target": "/tmp"}, {"path": path, "kind": "file", "content": ""}])


DEEP = 200_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * DEEP, "levels"),
        ('[{"path": "a", "kind": ' + "[" * DEEP + "]" * DEEP + "}]", "levels"),
        (f"[{'9' * 5000}]", "digits"),
        ('["a"]', "a list of objects"),
        ("{}", "a list of objects"),
        ('[{"path": 1}]', "no path"),
        ('[{"path": "a", "kind": "file", "content": 1}]', "no string"),
        ('[{"path": "a", "kind": "file", "content": "\\ud800"}]', "half a character"),
        ('[{"path": "\\ud800", "kind": "directory"}]', "half a character"),
        ('[{"path": "a\\u0000", "kind": "directory"}]', "NUL"),
        ('[{"path": "a", "kind": "symlink", "target": "b\\u0000"}]', "NUL"),
        ('[{"path": "a", "kind": "\\u001b[2J"}]', "known are"),
    ],
    ids=range(12),
)
def test_a_description_that_is_wrong_is_refused(tree, text, message):
    with pytest.raises(BadAttribute, match=message) as caught:
        tree(text)
    assert caught.value.message.isprintable() and len(caught.value.message) < 500
