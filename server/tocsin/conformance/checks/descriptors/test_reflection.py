"""Reflection itself keeps its protocol, in both of its versions."""

from typing import Any

import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.reflection_pb2 import ExtensionRequest, ServerReflectionRequest

from tocsin.conformance.changes import Code
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.peer import OPERATIONS, TRIGGERS, Peer
from tocsin.conformance.reflection.asking import VERSIONS, Described, ask, files_in, responses

PROTOCOL = "grpc/reflection/{0}/reflection.proto"
PACKAGE = "yandex.cloud.serverless.triggers.v1"


def _each(id: str, level: Level, sentence: str, where: str) -> pytest.MarkDecorator:
    """Returns the mark of a check that is a clause for each version; `{}` is the version."""
    return pytest.mark.parametrize(
        "version",
        [
            pytest.param(
                version,
                id=version,
                marks=clause(
                    f"descriptors.reflection.{version}.{id}",
                    level,
                    sentence.format(version),
                    source=f"{PROTOCOL.format(version)}, {where}",
                    features=("reflection", f"reflection-{version}"),
                ),
            )
            for version in VERSIONS
        ],
    )


def _ask_one(peer: Peer, version: str, **asked: Any) -> Any:
    answers = responses(ask(peer, version, ServerReflectionRequest(**asked)))
    assert len(answers) == 1, f"one request was answered {len(answers)} times"
    return answers[0]


@_each(
    "list-services",
    MUST,
    "Reflection {} MUST list TriggerService and OperationService.",
    "list_services (the full names of registered services)",
)
def test_services_are_listed(peer: Peer, version: str) -> None:
    answer = _ask_one(peer, version, list_services="")
    names = {service.name for service in answer.list_services_response.service}
    missing = {TRIGGERS, OPERATIONS} - names
    assert not missing, f"the services {names} lack {missing}"


@_each(
    "lists-itself",
    SHOULD,
    "Reflection {} SHOULD list itself.",
    "list_services (the full names of registered services)",
)
def test_reflection_lists_itself(peer: Peer, version: str) -> None:
    answer = _ask_one(peer, version, list_services="")
    names = {service.name for service in answer.list_services_response.service}
    own = f"grpc.reflection.{version}.ServerReflection"
    assert own in names, f"the services {names} lack {own}"


@pytest.mark.parametrize(
    ("version", "symbol"),
    [
        pytest.param(
            version,
            symbol,
            id=f"{version}-{what}",
            marks=clause(
                f"descriptors.reflection.{version}.file-containing-symbol.{what}",
                MUST,
                f"Reflection {version} MUST find the file of {words} by its full name.",
                source=f"{PROTOCOL.format(version)}, file_containing_symbol (a fully-qualified "
                "symbol name: package.service[.method] or package.type)",
                features=("reflection", f"reflection-{version}"),
            ),
        )
        for version in VERSIONS
        for what, symbol, words in (
            ("service", TRIGGERS, "a service"),
            ("method", f"{TRIGGERS}.Create", "a method"),
            ("message", f"{PACKAGE}.CreateTriggerRequest", "a message"),
            ("nested-message", f"{PACKAGE}.Trigger.Rule", "a message within another"),
            ("enum", f"{PACKAGE}.Trigger.Status", "an enum"),
        )
    ],
)
def test_a_symbol_is_found(peer: Peer, version: str, symbol: str) -> None:
    answer = _ask_one(peer, version, file_containing_symbol=symbol)
    files = files_in(answer)
    found = Described()
    for file in files:
        found.add(file)
    declared = {*found.messages, *found.enums, *found.services}
    for name, service in found.services.items():
        declared |= {f"{name}.{method.name}" for method in service.method}
    assert symbol in declared, f"the files {[file.name for file in files]} do not declare {symbol}"


@_each(
    "file-by-filename",
    MUST,
    "Reflection {} MUST find a file by the name under which it is imported.",
    "file_by_filename (find a proto file by the file name)",
)
def test_a_file_is_found_by_its_name(peer: Peer, version: str) -> None:
    [file, *_] = files_in(_ask_one(peer, version, file_containing_symbol=TRIGGERS))
    for name in (file.name, *file.dependency):
        shown = files_in(_ask_one(peer, version, file_by_filename=name))
        assert name in [each.name for each in shown], f"{name} is not among {shown}"


@_each(
    "files-complete",
    MUST,
    "The files that reflection {} shows MUST make a whole: each import can be had, and all types "
    "exist.",
    "FileDescriptorResponse; google/protobuf/descriptor.proto",
)
def test_the_files_make_a_whole(peer: Peer, version: str) -> None:
    waiting, files = [ServerReflectionRequest(file_containing_symbol=TRIGGERS)], {}
    while waiting:
        for answer in responses(ask(peer, version, *waiting)):
            files.update({file.name: file for file in files_in(answer)})
        missing = {name for file in files.values() for name in file.dependency} - set(files)
        waiting = [ServerReflectionRequest(file_by_filename=name) for name in sorted(missing)]
    pool, added = DescriptorPool(), set[str]()

    def add(name: str) -> None:
        if name not in added:
            added.add(name)
            for imported in files[name].dependency:
                add(imported)
            pool.Add(files[name])

    for name in files:
        add(name)
    service = pool.FindServiceByName(TRIGGERS)
    assert service.methods, f"{TRIGGERS} has no methods"


@_each(
    "unknown-symbol",
    MUST,
    "Reflection {} MUST answer an unknown symbol with an error of the code NOT_FOUND.",
    "ErrorResponse (the error code is one of grpc::StatusCode)",
)
def test_an_unknown_symbol_is_not_found(peer: Peer, version: str) -> None:
    _not_found(_ask_one(peer, version, file_containing_symbol="no.such.Symbol"))


@_each(
    "unknown-file",
    MUST,
    "Reflection {} MUST answer an unknown file name with an error of the code NOT_FOUND.",
    "ErrorResponse (the error code is one of grpc::StatusCode)",
)
def test_an_unknown_file_is_not_found(peer: Peer, version: str) -> None:
    _not_found(_ask_one(peer, version, file_by_filename="no/such/file.proto"))


def _not_found(answer: Any) -> None:
    kind = answer.WhichOneof("message_response")
    assert kind == "error_response", f"the answer must be an error, but is {answer}"
    code = answer.error_response.error_code
    assert code == Code.NOT_FOUND.value[0], f"the error's code is {code}"


@_each(
    "original-request",
    MUST,
    "Each answer of reflection {} MUST hold the request that it answers.",
    "ServerReflectionResponse.original_request",
)
def test_an_answer_holds_its_request(peer: Peer, version: str) -> None:
    for request in (
        ServerReflectionRequest(list_services=""),
        ServerReflectionRequest(file_containing_symbol=TRIGGERS),
    ):
        [answer] = responses(ask(peer, version, request))
        assert answer.original_request == request, (
            f"the request was {request}, the answer holds {answer.original_request}"
        )


@_each(
    "many-on-a-stream",
    MUST,
    "Reflection {} MUST answer each request of a stream, in their order, also after an error.",
    "ServerReflectionInfo (in a bi-directional stream, a list of requests is answered)",
)
def test_a_stream_takes_many_requests(peer: Peer, version: str) -> None:
    symbols = ["no.such.Symbol", TRIGGERS, "no.such.Other", OPERATIONS]
    requests = [ServerReflectionRequest(file_containing_symbol=symbol) for symbol in symbols]
    answers = responses(ask(peer, version, *requests))
    kinds = [answer.WhichOneof("message_response") for answer in answers]
    assert kinds == ["error_response", "file_descriptor_response"] * 2, f"the answers are {kinds}"


@_each(
    "extension",
    SHOULD,
    "Reflection {} SHOULD find the file of an option by the message that it extends and its "
    "number.",
    "file_containing_extension",
)
def test_an_option_is_found_by_its_number(peer: Peer, version: str) -> None:
    # yandex.cloud.required
    asked = ExtensionRequest(
        containing_type="google.protobuf.FieldOptions", extension_number=101501
    )
    files = files_in(_ask_one(peer, version, file_containing_extension=asked))
    declared = [extension.number for file in files for extension in file.extension]
    assert 101501 in declared, f"the files {[file.name for file in files]} do not declare it"


@_each(
    "extension-numbers",
    SHOULD,
    "Reflection {} SHOULD list the numbers of the options of fields.",
    "all_extension_numbers_of_type",
)
def test_the_numbers_of_options_are_listed(peer: Peer, version: str) -> None:
    name = "google.protobuf.FieldOptions"
    answer = _ask_one(peer, version, all_extension_numbers_of_type=name)
    kind = answer.WhichOneof("message_response")
    assert kind == "all_extension_numbers_response", f"the answer is {answer}"
    shown = answer.all_extension_numbers_response
    assert shown.base_type_name == name, f"the type is {shown.base_type_name!r}"
    missing = {101501, 101502, 101505} - set(shown.extension_number)
    assert not missing, f"the numbers {list(shown.extension_number)} lack {missing}"


@clause(
    "descriptors.reflection.versions-agree",
    SHOULD,
    "Both versions of reflection SHOULD show the same file.",
    source="grpc/reflection/v1/reflection.proto; grpc/reflection/v1alpha/reflection.proto "
    "(deprecated in favour of v1)",
    features=("reflection", "reflection-v1", "reflection-v1alpha"),
)
def test_both_versions_show_the_same(peer: Peer) -> None:
    shown = [
        {
            file.name: file
            for file in files_in(_ask_one(peer, each, file_containing_symbol=TRIGGERS))
        }
        for each in VERSIONS
    ]
    for name in shown[0].keys() & shown[1].keys():
        assert shown[0][name] == shown[1][name], f"v1 and v1alpha show another {name}"
    assert shown[0].keys() & shown[1].keys(), "v1 and v1alpha show other files"
