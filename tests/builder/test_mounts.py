"""No link of a root leads bubblewrap, or chx, out of the sandbox while it is set up."""

from __future__ import annotations

import os

import pytest

from chx.builder import Bind, Builder, BuildOptions, ContainerOptions, SandboxSpec, enter, open_container, with_network
from chx.builder.errors import MountBehindLink, MountPointRefused
from chx.builder.mounts import settle_mounts
from chx.builder.sandbox import Link, Overlay, Scratch


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    for name in ("dev", "proc", "etc", "usr/bin", "chx/store"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/hosts").write_text("")
    (folder / "bin").symlink_to("usr/bin")
    return folder


def settle(root, *binds):
    settle_mounts(SandboxSpec(("x",), root=None if root is None else str(root), binds=binds))


def test_a_place_that_is_a_link_or_behind_one_is_refused_by_name(root, tmp_path):
    (root / "etc/resolv.conf").symlink_to("/oldroot/tmp/x")
    (root / "run").symlink_to("../oldroot/run")
    for target, link, text in (
        ("/etc/resolv.conf", "/etc/resolv.conf", "/oldroot/tmp/x"),
        ("/run/file", "/run", "../oldroot/run"),
        ("/bin/deep/file", "/bin", "usr/bin"),
    ):
        with pytest.raises(MountBehindLink) as caught:
            settle(root, Bind(str(root / "etc/hosts"), target))
        assert (caught.value.point, caught.value.link, caught.value.target) == (target, link, text)
        assert caught.value.code == "B032" and link in caught.value.message and "exclude" in caught.value.hint
    for place in ("dev", "proc"):
        (root / place).rmdir()
        (root / place).symlink_to("/oldroot")
        with pytest.raises(MountBehindLink, match=f"/{place}"):
            settle(root)
        (root / place).unlink()
        (root / place).mkdir()


def test_links_that_bubblewrap_makes_itself_are_links_too(root):
    hosts = str(root / "etc/hosts")
    for target in ("/dev/stdin", "/dev/fd/5", "/proc/self/fd/1", "/new/link/file"):
        with pytest.raises(MountBehindLink):
            settle(None, Link("/oldroot/etc", "/new/link"), Bind(hosts, target))
    for target in ("/proc/1/root", "/proc/2", "/a/../b", "relative", "/a//b"):
        with pytest.raises(MountPointRefused):
            settle(None, Bind(hosts, target))
    settle(None, Link("/oldroot/etc", "/new/link"), Bind(hosts, "/new/other"), Bind(hosts, "/dev/other"))
    with pytest.raises(MountPointRefused, match="nothing yet"):
        settle(root, Link("x", "/etc/hosts"))


def test_what_is_missing_is_made_where_the_build_may_write_and_refused_elsewhere(root, tmp_path):
    folder, file = str(root / "etc"), str(root / "etc/hosts")
    with pytest.raises(MountPointRefused, match="no '/usr/new'"):
        settle(root, Bind(folder, "/usr/new/deep"))
    with pytest.raises(MountPointRefused, match="'/etc/hosts' is a file"):
        settle(root, Bind(folder, "/etc/hosts"))
    with pytest.raises(MountPointRefused, match="is a folder"):
        settle(root, Bind(file, "/usr"))
    assert sorted(os.listdir(root / "usr")) == ["bin"]
    own = tmp_path / "own"
    own.mkdir()
    (own / "there").mkdir()
    mounts = (Bind(str(own), "/chx/store", writable=True), Bind(folder, "/chx/store/a/b"), Bind(file, "/chx/store/c"))
    settle(root, *mounts)
    assert (own / "a/b").is_dir() and (own / "c").read_bytes() == b""
    settle(root, *mounts)
    (own / "out").symlink_to(tmp_path)
    with pytest.raises(MountBehindLink):
        settle(root, mounts[0], Bind(file, "/chx/store/out/planted"))
    assert not (tmp_path / "planted").exists()
    # The same folder, seen read-only.
    with pytest.raises(MountPointRefused, match="no '/chx/store/d'"):
        settle(root, Bind(str(own), "/chx/store"), Bind(file, "/chx/store/d"))
    settle(root, Scratch("/usr"), Bind(file, "/usr/new/file"))


def test_an_overlay_is_looked_through(root, tmp_path):
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    upper.mkdir()
    (lower / "folder").mkdir(parents=True)
    (lower / "link").symlink_to("/oldroot")
    overlay = Overlay(str(lower), str(upper), str(tmp_path / "work"), "/chx/store")
    hosts = Bind(str(root / "etc/hosts"), "/chx/store/folder/new")
    settle(root, overlay, hosts)
    assert (upper / "folder/new").is_file() and not (lower / "folder/new").exists()
    with pytest.raises(MountBehindLink):
        settle(root, overlay, Bind(str(root / "etc"), "/chx/store/link/x"))


@pytest.fixture
def hostile(store, tmp_path):
    """Adds a tree whose `etc/resolv.conf` leads to a file of the machine that is not there; the object."""

    def make(link: str, target: str):
        tree = tmp_path / f"hostile-{link.replace('/', '-')}"
        (tree / link).parent.mkdir(parents=True)
        (tree / link).symlink_to(target)
        return store.add_tree(str(tree), "hostile")

    return make


@pytest.mark.sandbox
@pytest.mark.parametrize("link", ["etc/resolv.conf", "etc"])
def test_a_build_makes_nothing_on_the_machine(store, script, hostile, promise, tmp_path, monkeypatch, link):
    planted = tmp_path / ("planted" if link != "etc" else "resolv.conf")
    monkeypatch.setenv("CHX_PASTA", "/nonexistent")
    root = hostile(link, f"/oldroot{planted if link != 'etc' else tmp_path}")
    drv = store.add_derivation(script(": > $out", rootfs=(str(root),), input_srcs=(root,), fixed=promise(b"")))
    with pytest.raises(MountBehindLink, match="/oldroot"):
        Builder(store).realise([(drv, ("out",))])
    assert not planted.exists()


@pytest.mark.sandbox
@pytest.mark.parametrize("link", ["etc/resolv.conf", "home"])
def test_a_container_makes_nothing_on_the_machine(store, shell, hostile, tmp_path, link):
    planted = tmp_path / "planted"
    planted.mkdir()
    target = f"/oldroot{planted}" + ("/file" if link != "home" else "")
    trees = [shell, hostile(link, target)]
    with (
        pytest.raises(MountBehindLink, match="/oldroot"),
        open_container(store, trees, ContainerOptions(("/bin/sh", "-c", ":"), network=True)) as spec,
    ):
        enter(with_network(spec))
    assert os.listdir(planted) == []


@pytest.mark.sandbox
def test_an_input_that_is_a_link_shows_the_link_and_not_where_it_leads(store, script, recorder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("KEPT FROM YOU")
    for target in (str(secret), f"/oldroot{secret}"):
        recorder.events.clear()
        made = store.add_derivation(script(f"ln -s {target} $out", name="link"))
        path = Builder(store).realise([(made, ("out",))])[made, "out"]
        text = "ls -l $input; cat $input || echo nothing; : > $out"
        drv = store.add_derivation(script(text, name="user", input_srcs=(path,), env={"input": str(path)}))
        Builder(store, BuildOptions(), recorder).realise([(drv, ("out",))])
        assert f"-> {target}" in recorder.text and "nothing" in recorder.text
        assert "KEPT" not in recorder.text


@pytest.mark.sandbox
def test_an_input_that_is_a_link_to_another_input_leads_there(store, script, recorder):
    made = store.add_derivation(script("mkdir $out; echo hi > $out/file", name="tree"))
    tree = Builder(store).realise([(made, ("out",))])[made, "out"]
    made = store.add_derivation(script("ln -s $tree $out", name="link", input_srcs=(tree,), env={"tree": str(tree)}))
    link = Builder(store).realise([(made, ("out",))])[made, "out"]
    drv = store.add_derivation(
        script("cat $link/file; : > $out", name="user", input_srcs=(link,), env={"link": str(link)})
    )
    Builder(store, BuildOptions(), recorder).realise([(drv, ("out",))])
    assert recorder.text == "hi"
