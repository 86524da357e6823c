"""Asks a server by gRPC reflection which files, messages and services it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from grpc_reflection.v1alpha import reflection_pb2 as contract

from tocsin.conformance.declared.features import read_features
from tocsin.conformance.peer import Answer, Peer

VERSIONS = ("v1", "v1alpha")


@dataclass(slots=True)
class Described:
    """What a server says of itself: files by name, and what they declare by full name."""

    files: dict[str, FileDescriptorProto] = field(default_factory=dict)
    messages: dict[str, DescriptorProto] = field(default_factory=dict)
    enums: dict[str, EnumDescriptorProto] = field(default_factory=dict)
    services: dict[str, ServiceDescriptorProto] = field(default_factory=dict)
    extensions: dict[str, FieldDescriptorProto] = field(default_factory=dict)

    def add(self, file: FileDescriptorProto) -> None:
        """Adds a file with all that it declares."""
        self.files[file.name] = file
        within = f"{file.package}." if file.package else ""
        self._add_types(file, within)
        self.services.update({f"{within}{service.name}": service for service in file.service})

    def _add_types(self, declaring: Any, within: str) -> None:
        of_file = isinstance(declaring, FileDescriptorProto)
        for message in declaring.message_type if of_file else declaring.nested_type:
            self.messages[f"{within}{message.name}"] = message
            self._add_types(message, f"{within}{message.name}.")
        for enum in declaring.enum_type:
            self.enums[f"{within}{enum.name}"] = enum
        for extension in declaring.extension:
            self.extensions[f"{within}{extension.name}"] = extension


def method(version: str) -> str:
    """Returns reflection's only method in a version, v1 or v1alpha."""
    return f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"


def ask(peer: Peer, version: str, *requests: contract.ServerReflectionRequest) -> Answer:
    """Sends requests on one stream of reflection, whose messages are the same in both versions."""
    return peer.stream(method(version), requests)


def responses(answer: Answer) -> list[Any]:
    """Returns the responses of a stream; those of v1, which have no stubs, are parsed here.

    Raises:
        AssertionError: the call failed.
    """
    assert answer.ok, f"reflection must answer, but said {answer}"
    parse = contract.ServerReflectionResponse.FromString
    return [parse(each) if isinstance(each, bytes) else each for each in answer.messages]


def files_in(response: Any) -> list[FileDescriptorProto]:
    """Returns the files of a response.

    Raises:
        AssertionError: it holds an error or something else.
    """
    kind = response.WhichOneof("message_response")
    assert kind == "file_descriptor_response", f"the answer must be files, but is {response}"
    packed = response.file_descriptor_response.file_descriptor_proto
    return [FileDescriptorProto.FromString(each) for each in packed]


def version_of(peer: Peer) -> str:
    """Returns the version that the run uses: v1, unless it is declared missing."""
    declared = peer.options.features
    missing = read_features(Path(declared)) if declared else {}
    return "v1alpha" if "reflection-v1" in missing else "v1"


def described(peer: Peer, symbols: Sequence[str]) -> Described:
    """Reads the files that declare the symbols, and all files that they import.

    A symbol that the server does not know is left out.

    Raises:
        AssertionError: reflection does not answer.
    """
    found, version = Described(), version_of(peer)
    requests = [contract.ServerReflectionRequest(file_containing_symbol=each) for each in symbols]
    while requests:
        for response in responses(ask(peer, version, *requests)):
            if response.HasField("file_descriptor_response"):
                for file in files_in(response):
                    found.add(file)
        asked = {request.file_by_filename for request in requests}
        requests = [
            contract.ServerReflectionRequest(file_by_filename=name)
            for name in sorted(_imported(found) - set(found.files) - asked)
        ]
    return found


def _imported(found: Described) -> set[str]:
    def names() -> Iterator[str]:
        for file in found.files.values():
            yield from file.dependency

    return set(names())
