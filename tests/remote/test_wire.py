"""Messages have the bytes that the interface definitions give them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.remote.wire import MESSAGES, METHODS, encode, new, parse, unpack

from .encoding import digest, field

HASH = "ab" * 32
DIGEST = digest(HASH, 7)
SECOND = field(1, 1)


def _unpacked(packed: Any, name: str) -> Any:
    found = unpack(packed, name)
    assert found is not None
    return found


def _digest() -> Any:
    return new("Digest", hash=HASH, size_bytes=7)


def test_a_digest_is_these_bytes() -> None:
    assert encode(_digest()) == b"\x0a\x40" + b"ab" * 32 + b"\x10\x07"


def test_an_action_is_these_bytes() -> None:
    action = new(
        "Action",
        command_digest=_digest(),
        input_root_digest=_digest(),
        timeout=new("Duration", seconds=300),
        do_not_cache=True,
        salt=b"\0\xff",
        platform=new("Platform", properties=[new("Property", name="ISA", value="x86-64")]),
    )
    platform = field(1, field(1, "ISA") + field(2, "x86-64"))
    by_hand = (
        field(1, DIGEST)
        + field(2, DIGEST)
        + field(6, b"\x08\xac\x02")
        + field(7, 1)
        + field(9, b"\0\xff")
        + field(10, platform)
    )
    assert encode(action) == by_hand


def test_a_command_is_these_bytes() -> None:
    command = new(
        "Command",
        arguments=["tool/launch", "spec"],
        environment_variables=[new("EnvironmentVariable", name="A", value="b")],
        output_paths=["report", "store"],
        platform=new("Platform"),
        working_directory="w",
        output_directory_format=2,
    )
    by_hand = (
        field(1, "tool/launch")
        + field(1, "spec")
        + field(2, field(1, "A") + field(2, "b"))
        + field(5, b"")
        + field(6, "w")
        + field(7, "report")
        + field(7, "store")
        + field(9, 2)
    )
    assert encode(command) == by_hand


def test_a_directory_is_these_bytes() -> None:
    properties = new(
        "NodeProperties",
        properties=[new("NodeProperty", name="n", value="v")],
        mtime=new("Timestamp", seconds=1, nanos=2),
        unix_mode=new("UInt32Value", value=0o555),
    )
    directory = new(
        "Directory",
        files=[new("FileNode", name=b"\xff", digest=_digest(), is_executable=True, node_properties=properties)],
        directories=[new("DirectoryNode", name=b"d", digest=_digest())],
        symlinks=[new("SymlinkNode", name=b"l", target=b"/t")],
        node_properties=properties,
    )
    described = field(1, field(1, "n") + field(2, "v")) + field(2, SECOND + field(2, 2)) + field(3, b"\x08\xed\x02")
    file = field(1, b"\xff") + field(2, DIGEST) + field(4, 1) + field(6, described)
    by_hand = (
        field(1, file)
        + field(2, field(1, "d") + field(2, DIGEST))
        + field(3, field(1, "l") + field(2, "/t"))
        + field(5, described)
    )
    assert encode(directory) == by_hand


def test_requests_are_these_bytes() -> None:
    execute = new(
        "ExecuteRequest",
        instance_name="main",
        skip_cache_lookup=True,
        action_digest=_digest(),
        digest_function=9,
        inline_stdout=True,
    )
    assert encode(execute) == field(1, "main") + field(3, 1) + field(6, DIGEST) + field(9, 9) + field(10, 1)
    missing = new("FindMissingBlobsRequest", instance_name="main", blob_digests=[_digest()], digest_function=9)
    assert encode(missing) == field(1, "main") + field(2, DIGEST) + field(3, 9)
    update = new(
        "BatchUpdateBlobsRequest",
        instance_name="main",
        requests=[new("UpdateRequest", digest=_digest(), data=b"content")],
        digest_function=9,
    )
    assert encode(update) == field(1, "main") + field(2, field(1, DIGEST) + field(2, "content")) + field(5, 9)
    read = new("BatchReadBlobsRequest", instance_name="main", digests=[_digest()], digest_function=9)
    assert encode(read) == field(1, "main") + field(2, DIGEST) + field(4, 9)
    write = new("WriteRequest", resource_name="r", write_offset=1, finish_write=True, data=b"d")
    assert encode(write) == field(1, "r") + field(2, 1) + field(3, 1) + field(10, "d")
    assert encode(new("ReadRequest", resource_name="r", read_offset=1, read_limit=2)) == field(1, "r") + field(
        2, 1
    ) + field(3, 2)
    assert encode(new("WaitExecutionRequest", name="n")) == encode(new("CancelOperationRequest", name="n"))


def test_an_answer_to_execute_is_read_from_these_bytes() -> None:
    directory = field(1, "store") + field(3, DIGEST) + field(4, 1) + field(5, DIGEST)
    result = field(3, directory) + field(4, 3) + field(5, "log") + field(9, field(1, "worker 7"))
    response = field(1, result) + field(2, 1) + field(3, field(1, 4) + field(2, "late")) + field(5, "words")
    packed = field(1, "type.googleapis.com/build.bazel.remote.execution.v2.ExecuteResponse") + field(2, response)
    metadata = field(1, "type.googleapis.com/build.bazel.remote.execution.v2.ExecuteOperationMetadata") + field(
        2, field(1, 3) + field(2, DIGEST)
    )
    operation = parse("Operation", field(1, "op") + field(2, metadata) + field(3, 1) + field(5, packed))
    assert (operation.name, operation.done, operation.WhichOneof("result")) == ("op", True, "response")
    assert _unpacked(operation.metadata, "ExecuteOperationMetadata").stage == 3
    assert unpack(operation.metadata, "ExecuteResponse") is None
    answer = _unpacked(operation.response, "ExecuteResponse")
    assert (answer.status.code, answer.status.message, answer.message, answer.cached_result) == (
        4,
        "late",
        "words",
        True,
    )
    assert (answer.result.exit_code, answer.result.stdout_raw) == (3, b"log")
    assert answer.result.execution_metadata.worker == "worker 7"
    (output,) = answer.result.output_directories
    assert (output.path, output.tree_digest.hash, output.root_directory_digest.size_bytes) == (b"store", HASH, 7)


def test_of_the_result_of_an_operation_there_is_one() -> None:
    operation = parse("Operation", field(4, field(1, 14)) + field(5, field(1, "x")))
    assert operation.WhichOneof("result") == "response"


def test_capabilities_are_read_from_these_bytes() -> None:
    cache = field(1, b"\x09\x01") + field(2, field(1, 1)) + field(4, 4_193_280) + field(5, 2) + field(6, b"\x00\x01")
    execution = field(1, 1) + field(2, 1) + field(4, "mtime") + field(4, "unix_mode") + field(5, b"\x01\x09")
    version = field(1, 2) + field(2, 3)
    answer = parse(
        "ServerCapabilities", field(1, cache) + field(2, execution) + field(4, field(1, 2)) + field(5, version)
    )
    assert list(answer.cache_capabilities.digest_functions) == [9, 1]
    assert answer.cache_capabilities.action_cache_update_capabilities.update_enabled
    assert answer.cache_capabilities.max_batch_total_size_bytes == 4_193_280
    assert answer.cache_capabilities.symlink_absolute_path_strategy == 2
    assert list(answer.execution_capabilities.supported_node_properties) == ["mtime", "unix_mode"]
    assert (answer.low_api_version.major, answer.high_api_version.minor) == (2, 3)


def test_names_that_are_not_utf_8_are_read() -> None:
    data = field(3, field(1, b"\xff\xfe") + field(2, b"\x80"))
    (link,) = parse("Directory", data).symlinks
    assert (link.name, link.target) == (b"\xff\xfe", b"\x80")


def test_what_newer_servers_add_is_passed_over() -> None:
    parsed = parse("Digest", DIGEST + field(15, "new") + field(16, 3))
    assert (parsed.hash, parsed.size_bytes) == (HASH, 7)


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, field(1, b"\xff")])
def test_bytes_that_are_no_message_are_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is no Digest"):
        parse("Digest", data)


def test_an_any_with_a_broken_message_is_an_error() -> None:
    packed = new("Any", type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\x0a")
    with pytest.raises(ValueError, match="it is no RetryInfo"):
        unpack(packed, "RetryInfo")
    assert unpack(packed, "Status") is None


def test_methods_have_the_paths_of_their_services() -> None:
    package = "/build.bazel.remote.execution.v2"
    assert {name: path for name, (path, _, _) in METHODS.items()} == {
        "GetCapabilities": f"{package}.Capabilities/GetCapabilities",
        "FindMissingBlobs": f"{package}.ContentAddressableStorage/FindMissingBlobs",
        "BatchUpdateBlobs": f"{package}.ContentAddressableStorage/BatchUpdateBlobs",
        "BatchReadBlobs": f"{package}.ContentAddressableStorage/BatchReadBlobs",
        "Read": "/google.bytestream.ByteStream/Read",
        "Write": "/google.bytestream.ByteStream/Write",
        "Execute": f"{package}.Execution/Execute",
        "WaitExecution": f"{package}.Execution/WaitExecution",
        "CancelOperation": "/google.longrunning.Operations/CancelOperation",
        "UpdateActionResult": f"{package}.ActionCache/UpdateActionResult",
    }
    for _, request, response in METHODS.values():
        assert request in MESSAGES and response in MESSAGES


def test_the_classes_are_in_no_other_package_s_way() -> None:
    from google.protobuf import any_pb2, descriptor_pool, duration_pb2

    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("build.bazel.remote.execution.v2.Digest")
    theirs = any_pb2.Any()
    theirs.Pack(duration_pb2.Duration(seconds=3, nanos=4))
    ours = _unpacked(parse("Any", theirs.SerializeToString()), "Duration")
    assert (ours.seconds, ours.nanos) == (3, 4)
    assert not isinstance(ours, duration_pb2.Duration)


names = st.binary(max_size=20)
digests = st.builds(
    lambda hash, size: new("Digest", hash=hash, size_bytes=size), st.text(max_size=64), st.integers(0, (1 << 63) - 1)
)
directories = st.builds(
    lambda files, folders, links: new("Directory", files=files, directories=folders, symlinks=links),
    st.lists(
        st.builds(lambda n, d, x: new("FileNode", name=n, digest=d, is_executable=x), names, digests, st.booleans())
    ),
    st.lists(st.builds(lambda n, d: new("DirectoryNode", name=n, digest=d), names, digests)),
    st.lists(st.builds(lambda n, t: new("SymlinkNode", name=n, target=t), names, names)),
)


@given(directories)
def test_what_is_encoded_is_parsed_to_the_same(directory: Any) -> None:
    data = encode(directory)
    assert parse("Directory", data) == directory
    assert encode(parse("Directory", data)) == data


@given(st.sampled_from(sorted(MESSAGES)), st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_value_error(name: str, data: bytes) -> None:
    try:
        parse(name, data)
    except ValueError as error:
        assert str(error).startswith(f"it is no {name}: ")
