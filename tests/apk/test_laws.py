"""Laws of version 3: what is read is what was written, and writing it again gives the same bytes."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.apk import Index, Package, index_entry, pack, read_index, read_package, sort_tree, write_index, write_package
from chx.apk.compression import Compression

from .packages import opener, packages

METHODS = ["none", "deflate", "deflate:1", "zstd", "zstd:3"]
settings.register_profile(
    "packages", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def without_identity(package: Package) -> Package:
    return replace(package, info=replace(package.info, hashes=b"", installed_size=None))


@settings.get_profile("packages")
@given(packages(), st.sampled_from(METHODS))
def test_write_read_write_is_a_fixed_point(case: tuple[Package, dict[str, bytes]], method: str) -> None:
    package, contents = case
    out = io.BytesIO()
    identity = write_package(out, package, opener(contents), compression=method)
    reader = read_package(io.BytesIO(out.getvalue()))
    assert (reader.identity, reader.compression, reader.signatures) == (identity, method, ())
    assert without_identity(reader.package) == package
    found = {directory.path_of(file): b"".join(pieces) for directory, file, pieces in reader.contents()}
    assert {path: data for path, data in found.items() if data} == {
        path: data for path, data in contents.items() if data
    }
    again = io.BytesIO()
    assert write_package(again, reader.package, opener(contents), compression=method) == identity
    assert again.getvalue() == out.getvalue()


@settings.get_profile("packages")
@given(packages(), st.sampled_from(METHODS), st.sampled_from(METHODS))
def test_packing_again_gives_what_writing_gives(
    case: tuple[Package, dict[str, bytes]], first: str, second: str
) -> None:
    package, contents = case
    one, two, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_package(one, package, opener(contents), compression=first)
    write_package(two, package, opener(contents), compression=second)
    one.seek(0)
    pack(one, packed, second)
    assert packed.getvalue() == two.getvalue()


@settings.get_profile("packages")
@given(st.lists(packages(), max_size=4), st.sampled_from(["sha256", "sha256-160"]))
def test_an_index_is_a_fixed_point_and_sorted(cases: list[tuple[Package, dict[str, bytes]]], kind: str) -> None:
    entries = []
    for package, contents in cases:
        out = io.BytesIO()
        write_package(out, package, opener(contents))
        out.seek(0)
        entry = index_entry(out, kind)
        assert entry.file_size == len(out.getvalue())
        entries.append(replace(entry, unique_id=b""))
    out = io.BytesIO()
    write_index(out, Index("d", tuple(entries)))
    found = read_index(io.BytesIO(out.getvalue())).index
    assert sorted(found.packages, key=repr) == sorted(entries, key=repr)
    names = [info.name.encode() for info in found.packages]
    assert names == sorted(names)
    again, thrice = io.BytesIO(), io.BytesIO()
    write_index(again, found)
    write_index(thrice, read_index(io.BytesIO(again.getvalue())).index)
    assert again.getvalue() == thrice.getvalue()


@settings.get_profile("packages")
@given(packages(), st.randoms())
def test_a_tree_in_any_order_can_be_sorted(case: tuple[Package, dict[str, bytes]], random) -> None:  # type: ignore[no-untyped-def]
    directories = [replace(one, files=tuple(random.sample(one.files, len(one.files)))) for one in case[0].directories]
    random.shuffle(directories)
    assert sort_tree(directories) == case[0].directories


@given(packages())
@settings.get_profile("packages")
def test_only_the_head_of_a_package_is_read_for_an_index(case: tuple[Package, dict[str, bytes]]) -> None:
    package, contents = case
    out = io.BytesIO()
    write_package(out, package, opener(contents))
    data = out.getvalue()
    size = int.from_bytes(data[8:12], "little") & 0x3FFFFFFF
    head = 8 + size + (-size & 7)
    assert index_entry(io.BytesIO(data[:head] + b"\xff" * (len(data) - head))) == index_entry(io.BytesIO(data))


@pytest.mark.parametrize("text", [*METHODS, "deflate:9", "zstd:22"])
def test_compressions_have_one_text(text: str) -> None:
    assert str(Compression.parse(text)) == text
