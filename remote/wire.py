"""The messages of the Remote Execution API, version 2, from a table.

The table has a line per message: its name, then `number name type` of each field, `*` before the type of a repeated
one, `=` after it with the name of a choice (oneof) that it belongs to. The classes live in a descriptor pool of their
own, so that they are in no other package's way. Names of files and targets of links are `bytes` here: on the wire that
is the same as `string`, and names that are not UTF-8 can be read. The directories of a `Tree` are `bytes` too: their digests are
those of the bytes that were sent.

The numbers are those of the public interface definitions: remote_execution.proto, bytestream.proto, operations.proto,
status.proto, error_details.proto and the well-known types of Protocol Buffers.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_RE: Final = "build.bazel.remote.execution.v2"

_TABLE: Final = f"""
google.protobuf
Any: 1 type_url string; 2 value bytes
Duration: 1 seconds int64; 2 nanos int32
Timestamp: 1 seconds int64; 2 nanos int32
UInt32Value: 1 value uint32
Empty:

google.rpc
Status: 1 code int32; 2 message string; 3 details *google.protobuf.Any
PreconditionFailure: 1 violations *google.rpc.Violation
Violation: 1 type string; 2 subject string; 3 description string
RetryInfo: 1 retry_delay google.protobuf.Duration

google.longrunning
Operation: 1 name string; 2 metadata google.protobuf.Any; 3 done bool; 4 error google.rpc.Status=result; 5 response google.protobuf.Any=result
CancelOperationRequest: 1 name string

build.bazel.semver
SemVer: 1 major int32; 2 minor int32; 3 patch int32; 4 prerelease string

google.bytestream
ReadRequest: 1 resource_name string; 2 read_offset int64; 3 read_limit int64
ReadResponse: 10 data bytes
WriteRequest: 1 resource_name string; 2 write_offset int64; 3 finish_write bool; 10 data bytes
WriteResponse: 1 committed_size int64

{_RE}
Digest: 1 hash string; 2 size_bytes int64
Property: 1 name string; 2 value string
Platform: 1 properties *Property
NodeProperty: 1 name string; 2 value string
NodeProperties: 1 properties *NodeProperty; 2 mtime google.protobuf.Timestamp; 3 unix_mode google.protobuf.UInt32Value
FileNode: 1 name bytes; 2 digest Digest; 4 is_executable bool; 6 node_properties NodeProperties
DirectoryNode: 1 name bytes; 2 digest Digest
SymlinkNode: 1 name bytes; 2 target bytes; 4 node_properties NodeProperties
Directory: 1 files *FileNode; 2 directories *DirectoryNode; 3 symlinks *SymlinkNode; 5 node_properties NodeProperties
Tree: 1 root bytes; 2 children *bytes
EnvironmentVariable: 1 name string; 2 value string
Command: 1 arguments *string; 2 environment_variables *EnvironmentVariable; 7 output_paths *string; 5 platform Platform; 6 working_directory string; 9 output_directory_format int32
Action: 1 command_digest Digest; 2 input_root_digest Digest; 6 timeout google.protobuf.Duration; 7 do_not_cache bool; 9 salt bytes; 10 platform Platform
ExecutedActionMetadata: 1 worker string; 2 queued_timestamp google.protobuf.Timestamp
OutputFile: 1 path bytes; 2 digest Digest; 4 is_executable bool; 5 contents bytes
OutputDirectory: 1 path bytes; 3 tree_digest Digest; 5 root_directory_digest Digest
OutputSymlink: 1 path bytes; 2 target bytes
ActionResult: 2 output_files *OutputFile; 10 output_file_symlinks *OutputSymlink; 12 output_symlinks *OutputSymlink; 3 output_directories *OutputDirectory; 11 output_directory_symlinks *OutputSymlink; 4 exit_code int32; 5 stdout_raw bytes; 6 stdout_digest Digest; 7 stderr_raw bytes; 8 stderr_digest Digest; 9 execution_metadata ExecutedActionMetadata
ExecuteRequest: 1 instance_name string; 3 skip_cache_lookup bool; 6 action_digest Digest; 9 digest_function int32; 10 inline_stdout bool; 11 inline_stderr bool
ExecuteResponse: 1 result ActionResult; 2 cached_result bool; 3 status google.rpc.Status; 5 message string
ExecuteOperationMetadata: 1 stage int32; 2 action_digest Digest; 3 stdout_stream_name string; 4 stderr_stream_name string
WaitExecutionRequest: 1 name string
UpdateActionResultRequest: 1 instance_name string; 2 action_digest Digest; 3 action_result ActionResult; 5 digest_function int32
FindMissingBlobsRequest: 1 instance_name string; 2 blob_digests *Digest; 3 digest_function int32
FindMissingBlobsResponse: 2 missing_blob_digests *Digest
UpdateRequest: 1 digest Digest; 2 data bytes; 3 compressor int32
BatchUpdateBlobsRequest: 1 instance_name string; 2 requests *UpdateRequest; 5 digest_function int32
UpdateResponse: 1 digest Digest; 2 status google.rpc.Status
BatchUpdateBlobsResponse: 1 responses *UpdateResponse
BatchReadBlobsRequest: 1 instance_name string; 2 digests *Digest; 3 acceptable_compressors *int32; 4 digest_function int32
ReadBlobResponse: 1 digest Digest; 2 data bytes; 4 compressor int32; 3 status google.rpc.Status
BatchReadBlobsResponse: 1 responses *ReadBlobResponse
GetCapabilitiesRequest: 1 instance_name string
ActionCacheUpdateCapabilities: 1 update_enabled bool
CacheCapabilities: 1 digest_functions *int32; 2 action_cache_update_capabilities ActionCacheUpdateCapabilities; 4 max_batch_total_size_bytes int64; 5 symlink_absolute_path_strategy int32; 6 supported_compressors *int32; 7 supported_batch_update_compressors *int32
ExecutionCapabilities: 1 digest_function int32; 2 exec_enabled bool; 4 supported_node_properties *string; 5 digest_functions *int32
ServerCapabilities: 1 cache_capabilities CacheCapabilities; 2 execution_capabilities ExecutionCapabilities; 4 low_api_version build.bazel.semver.SemVer; 5 high_api_version build.bazel.semver.SemVer
ToolDetails: 1 tool_name string; 2 tool_version string
RequestMetadata: 1 tool_details ToolDetails; 2 action_id string; 3 tool_invocation_id string
"""
_SCALARS: Final = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
}


def _add_field(message: Any, package: str, text: str) -> None:
    number, name, kind = text.split()
    field = message.field.add(name=name, number=int(number))
    is_repeated = kind.startswith("*")
    field.label = field.LABEL_REPEATED if is_repeated else field.LABEL_OPTIONAL
    kind, _, choice = kind.removeprefix("*").partition("=")
    if choice:
        if choice not in [one.name for one in message.oneof_decl]:
            message.oneof_decl.add(name=choice)
        field.oneof_index = [one.name for one in message.oneof_decl].index(choice)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = field.TYPE_MESSAGE
        field.type_name = f".{kind}" if "." in kind else f".{package}.{kind}"


def _classes(table: str) -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    packages: list[str] = []
    found: dict[str, Any] = {}
    for block in table.strip().split("\n\n"):
        package, *lines = block.split("\n")
        file = descriptor_pb2.FileDescriptorProto(
            name=f"chx/{package}", package=package, syntax="proto3", dependency=[f"chx/{one}" for one in packages]
        )
        for line in lines:
            name, _, fields = line.partition(":")
            message = file.message_type.add(name=name)
            for field in filter(None, (text.strip() for text in fields.split(";"))):
                _add_field(message, package, field)
        pool.Add(file)
        packages.append(package)
        for message in file.message_type:
            full = f"{package}.{message.name}"
            found[message.name] = message_factory.GetMessageClass(pool.FindMessageTypeByName(full))
    return found


MESSAGES: Final = _classes(_TABLE)
"""The classes of messages by name, without package."""

SHA256: Final = 1
BLAKE3: Final = 9
"""Values of `DigestFunction`."""
TREE_AND_DIRECTORY: Final = 2
"""Of `Command.OutputDirectoryFormat`."""
DISALLOWED: Final = 1
"""Of `SymlinkAbsolutePathStrategy`."""
ZSTD: Final = 1
"""Of `Compressor`."""
EXECUTING: Final = 3
"""Of `ExecutionStage`."""

METHODS: Final = {
    "GetCapabilities": (f"/{_RE}.Capabilities/GetCapabilities", "GetCapabilitiesRequest", "ServerCapabilities"),
    "FindMissingBlobs": (
        f"/{_RE}.ContentAddressableStorage/FindMissingBlobs",
        "FindMissingBlobsRequest",
        "FindMissingBlobsResponse",
    ),
    "BatchUpdateBlobs": (
        f"/{_RE}.ContentAddressableStorage/BatchUpdateBlobs",
        "BatchUpdateBlobsRequest",
        "BatchUpdateBlobsResponse",
    ),
    "BatchReadBlobs": (
        f"/{_RE}.ContentAddressableStorage/BatchReadBlobs",
        "BatchReadBlobsRequest",
        "BatchReadBlobsResponse",
    ),
    "Read": ("/google.bytestream.ByteStream/Read", "ReadRequest", "ReadResponse"),
    "Write": ("/google.bytestream.ByteStream/Write", "WriteRequest", "WriteResponse"),
    "Execute": (f"/{_RE}.Execution/Execute", "ExecuteRequest", "Operation"),
    "WaitExecution": (f"/{_RE}.Execution/WaitExecution", "WaitExecutionRequest", "Operation"),
    "CancelOperation": ("/google.longrunning.Operations/CancelOperation", "CancelOperationRequest", "Empty"),
    "UpdateActionResult": (f"/{_RE}.ActionCache/UpdateActionResult", "UpdateActionResultRequest", "ActionResult"),
}
"""Of each method: its path, the class of its request, the class of its response."""


def new(name: str, /, **fields: Any) -> Any:
    """Make a message of the class `name`."""
    return MESSAGES[name](**fields)


def parse(name: str, data: bytes) -> Any:
    """Parse a message of the class `name`. Raises `ValueError`."""
    from google.protobuf.message import DecodeError

    try:
        return MESSAGES[name].FromString(data)
    except DecodeError as error:
        raise ValueError(f"it is no {name}: {error}") from error


def encode(message: Any) -> bytes:
    """Return the canonical bytes of a message: fields in order."""
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def unpack(packed: Any, name: str) -> Any | None:
    """Return the message in an `Any` if it is of the class `name`, else None. Raises `ValueError`."""
    if packed.type_url.rpartition("/")[2].rpartition(".")[2] != name:
        return None
    return parse(name, packed.value)
