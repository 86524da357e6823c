"""The server's descriptors are those of the contracts: messages, enums, methods, options."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    ServiceDescriptorProto,
)

from tocsin.conformance.clauses import MAY, MUST, Level, clause
from tocsin.conformance.peer import Peer
from tocsin.conformance.reflection import contracts, differences
from tocsin.conformance.reflection.asking import Described, described

REFLECTION = ("reflection",)


@pytest.fixture(scope="module")
def server(peer: Peer) -> Described:
    """What the server says of itself."""
    return described(peer, contracts.symbols())


def _id(name: str) -> str:
    """Returns a name without its package, as ids are written."""
    words = name.split(".")
    first = next(index for index, word in enumerate(words) if word[:1].isupper())
    package = "google." if name.startswith("google.longrunning.") else ""
    return package + ".".join(words[first:]).lower()


def _proto(kind: Any, described_type: Any) -> Any:
    declared = kind()
    described_type.CopyToProto(declared)
    return declared


def _level(sentence: str, file: str, what: str) -> tuple[Level, str]:
    """Returns how binding it is that a name is as in a file, and a sentence that says so."""
    if contracts.is_published(file):
        return MUST, sentence.format(what, "MUST have")
    text = sentence.format(what, "MAY have").removesuffix(".")
    return MAY, f"{text}, as in Tocsin's own file; known answers: it has (Tocsin)."


def _messages(what: str, sentence: str, wanted: Callable[[Any], bool]) -> Iterator[Any]:
    for each, features in contracts.types():
        if isinstance(each, EnumDescriptor) or hasattr(each, "values_by_name"):
            continue
        meant = _proto(DescriptorProto, each)
        if not each.file.package.startswith("yandex."):
            # What we leave out of Google's messages is reserved here, and a field there.
            meant.ClearField("reserved_range")
        if wanted(meant):
            level, text = _level(sentence, each.file.name, each.full_name)
            yield pytest.param(
                each.full_name,
                meant,
                id=each.full_name,
                marks=clause(
                    f"descriptors.message.{_id(each.full_name)}.{what}",
                    level,
                    text,
                    source=f"proto {each.full_name}, in {each.file.name}",
                    features=(*REFLECTION, *features),
                ),
            )


def _expect(found: list[str], what: str) -> None:
    if found:
        raise AssertionError("\n  ".join([f"{what} differs from the contract:", *found]))


def _has_rules(message: DescriptorProto) -> bool:
    """Returns whether a message has options of the contract's validation."""
    options: list[Any] = [each.options for each in message.field]
    options += [each.options for each in message.oneof_decl]
    names = [option.full_name for each in options for option, _ in each.ListFields()]
    return any(name.startswith("yandex.cloud.") for name in names)


@pytest.mark.parametrize(
    ("name", "meant"),
    list(
        _messages(
            "fields",
            "The message {} {} the contract's fields, with their numbers, types and oneofs.",
            bool,
        )
    ),
)
def test_a_message_has_its_fields(server: Described, name: str, meant: Any) -> None:
    assert name in server.messages, f"reflection shows no message {name}"
    _expect(differences.of_fields(server.messages[name], meant), name)


@pytest.mark.parametrize(
    ("name", "meant"),
    list(
        _messages(
            "options",
            "The fields and oneofs of {} {} the contract's options, and no others.",
            _has_rules,
        )
    ),
)
def test_a_message_has_its_options(server: Described, name: str, meant: Any) -> None:
    assert name in server.messages, f"reflection shows no message {name}"
    _expect(differences.of_field_options(server.messages[name], meant), f"options of {name}")


def _enums() -> Iterator[Any]:
    seen: set[str] = set()
    for each, features in contracts.types():
        if hasattr(each, "values_by_name") and each.full_name not in seen:
            seen.add(each.full_name)
            yield pytest.param(
                each.full_name,
                _proto(EnumDescriptorProto, each),
                id=each.full_name,
                marks=clause(
                    f"descriptors.enum.{_id(each.full_name)}.values",
                    *_level(
                        "The enum {} {} the contract's values with their numbers.",
                        each.file.name,
                        each.full_name,
                    ),
                    source=f"proto {each.full_name}, in {each.file.name}",
                    features=(*REFLECTION, *features),
                ),
            )


@pytest.mark.parametrize(("name", "meant"), list(_enums()))
def test_an_enum_has_its_values(server: Described, name: str, meant: Any) -> None:
    assert name in server.enums, f"reflection shows no enum {name}"
    _expect(differences.of_values(server.enums[name], meant), name)


def _methods(what: str, sentence: str, wanted: Callable[[Any], bool]) -> Iterator[Any]:
    for method, features in contracts.methods():
        service = method.containing_service
        meant = next(
            each
            for each in _proto(ServiceDescriptorProto, service).method
            if each.name == method.name
        )
        if wanted(meant):
            level, text = _level(sentence, service.file.name, method.full_name)
            yield pytest.param(
                service.full_name,
                meant,
                id=method.full_name,
                marks=clause(
                    f"descriptors.method.{_id(method.full_name)}.{what}",
                    level,
                    text,
                    source=f"proto {method.full_name}, in {service.file.name}",
                    features=(*REFLECTION, *features),
                ),
            )


def _shown(server: Described, service: str, name: str) -> Any:
    assert service in server.services, f"reflection shows no service {service}"
    shown = [method for method in server.services[service].method if method.name == name]
    assert shown, f"{service} has no method {name}"
    return shown[0]


@pytest.mark.parametrize(
    ("service", "meant"),
    list(
        _methods(
            "types",
            "The method {} {} the contract's request and response.",
            bool,
        )
    ),
)
def test_a_method_has_its_types(server: Described, service: str, meant: Any) -> None:
    shown = _shown(server, service, meant.name)
    _expect(differences.of_types(shown, meant), f"{service}/{meant.name}")


@pytest.mark.parametrize(
    ("service", "meant"),
    list(
        _methods(
            "http",
            "The method {} {} the contract's HTTP rule.",
            lambda method: any(
                option.full_name == "google.api.http" for option, _ in method.options.ListFields()
            ),
        )
    ),
)
def test_a_method_has_its_http_rule(server: Described, service: str, meant: Any) -> None:
    shown = _shown(server, service, meant.name)
    _expect(differences.of_http(shown, meant), f"{service}/{meant.name}")


@pytest.mark.parametrize(
    ("service", "meant"),
    list(
        _methods(
            "operation",
            "The method {} {} the option that names what its operations carry.",
            lambda method: any(
                option.full_name == "yandex.cloud.api.operation"
                for option, _ in method.options.ListFields()
            ),
        )
    ),
)
def test_a_method_names_what_its_operations_carry(
    server: Described, service: str, meant: Any
) -> None:
    shown = _shown(server, service, meant.name)
    _expect(differences.of_operation(shown, meant), f"{service}/{meant.name}")


def _extensions() -> Iterator[Any]:
    for name, extension, file in contracts.extensions():
        yield pytest.param(
            name,
            extension,
            id=name,
            marks=clause(
                f"descriptors.option.{extension.name}",
                MUST,
                f"The option {name} MUST have the contract's number, type and place.",
                source=f"proto {name}, in {file}",
                features=REFLECTION,
            ),
        )


@pytest.mark.parametrize(("name", "meant"), list(_extensions()))
def test_an_option_is_declared(server: Described, name: str, meant: Any) -> None:
    assert name in server.extensions, f"reflection shows no option {name}"
    _expect(differences.of_extension(server.extensions[name], meant), name)


@clause(
    "descriptors.more.fields",
    MAY,
    "Messages of the contract MAY have more fields than it names; known answers: none (Tocsin).",
    source="protobuf.dev, Language Guide (proto 3), Updating A Message Type; the contract is the "
    "vendor's of July 2026",
    features=REFLECTION,
)
def test_messages_may_have_more_fields(server: Described) -> None:
    found = [
        f"{each.full_name}: {extra}"
        for each, _ in contracts.types()
        if each.full_name in server.messages
        for extra in differences.extra_fields(
            server.messages[each.full_name], _proto(DescriptorProto, each)
        )
    ]
    _expect(found, "a message")


@clause(
    "descriptors.more.methods",
    MAY,
    "Services of the contract MAY have more methods than it names; known answers: none (Tocsin).",
    source="the contract is the vendor's of July 2026",
    features=REFLECTION,
)
def test_services_may_have_more_methods(server: Described) -> None:
    known = {method.full_name for method, _ in contracts.methods()}
    found = [
        f"{service}.{method.name} is not in it"
        for service in {method.containing_service.full_name for method, _ in contracts.methods()}
        if service in server.services
        for method in server.services[service].method
        if f"{service}.{method.name}" not in known
    ]
    _expect(found, "a service")


@clause(
    "descriptors.deprecated",
    MAY,
    "The server MAY mark the fields as deprecated that the vendor marked in March 2026; known "
    "answers: it does (Tocsin).",
    source="proto yandex.cloud.serverless.triggers.v1.Trigger.Timer.invoke_function "
    "[deprecated = true]",
    features=REFLECTION,
)
def test_deprecated_fields_may_be_marked(server: Described) -> None:
    found = []
    for each, _ in contracts.types():
        shown = server.messages.get(each.full_name)
        if shown is None:
            continue
        marked = {field.name for field in shown.field if field.options.deprecated}
        meant = {
            field.name for field in _proto(DescriptorProto, each).field if field.options.deprecated
        }
        if marked != meant:
            found.append(f"{each.full_name}: {marked or 'none'} must be {meant or 'none'}")
    _expect(found, "a deprecated field")
