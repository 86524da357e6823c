"""The documents are OpenAPI 3.1, and say of each route what the contracts do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from contract.openapi.described import services, whole
from tocsin.contract import ContractError
from tocsin.contract.openapi.document import Described, document
from tocsin.contract.openapi.links import MADE
from tocsin.contract.routes import Envelope, envelope_of, routes

VERBS = {"get", "post", "put", "patch", "delete"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in whole()["paths"].items():
        for verb, operation in item.items():
            yield path, verb, operation


def test_it_is_valid_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(whole()).iter_errors()) == []


def test_each_schema_is_a_json_schema() -> None:
    for schema in whole()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_route_of_each_service_is_there_once() -> None:
    bound = [(route.http_verb, route.method) for route in routes(services())]
    described = [operation["operationId"] for _, _, operation in operations()]
    assert len(described) == len(bound) == len(set(described))
    assert {verb for _, verb, _ in operations()} <= VERBS


def test_the_parameters_of_a_path_are_those_in_it() -> None:
    for path, _, operation in operations():
        named = re.findall(r"{(\w+)}", path)
        given = [each for each in operation.get("parameters", ()) if each.get("in") == "path"]
        assert [each["name"] for each in given] == named
        assert all(each["required"] for each in given)


def test_each_schema_is_referred_to() -> None:
    text = str(whole())
    unused = [
        name
        for name in whole()["components"]["schemas"]
        if f"'#/components/schemas/{name}'" not in text
    ]
    assert unused == []


def test_errors_have_the_envelope_of_the_vendor() -> None:
    vendors = {service.full_name: envelope_of(service) for service in services()}
    for path, _, operation in operations():
        google = vendors[operation["tags"][0]] is Envelope.GOOGLE
        reference = operation["responses"]["default"]["$ref"]
        assert reference.endswith("/GoogleError" if google else "/StatusError"), path


def test_links_lead_to_operations_and_their_parameters() -> None:
    by_id = {operation["operationId"]: operation for _, _, operation in operations()}
    linked = set()
    for _, _, operation in operations():
        for link in operation["responses"]["200"].get("links", {}).values():
            linked.add(operation["operationId"])
            names = {each.get("name") for each in by_id[link["operationId"]]["parameters"]}
            assert {name.removeprefix("path.") for name in link["parameters"]} <= names
    assert len({name.partition("_2")[0] for name in linked}) >= len(MADE)


def test_an_operation_says_which_types_it_carries() -> None:
    made = whole()["paths"]["/triggers/v1/triggers"]["post"]["responses"]["200"]
    base, carried = made["content"]["application/json"]["schema"]["allOf"]
    assert base["$ref"].endswith("yandex.cloud.operation.Operation")
    assert carried["properties"]["metadata"]["$ref"].endswith("CreateTriggerMetadata")
    assert carried["properties"]["response"]["$ref"].endswith(".Trigger")


def test_public_methods_need_nothing_and_senders_their_own_secret() -> None:
    paths = whole()["paths"]
    assert paths["/.well-known/jwks.json"]["get"]["security"] == []
    assert {"hubSignature": []} in paths["/tocsin/v1/webhooks/objectStorage"]["post"]["security"]
    assert {"hubSignature": []} not in paths["/v1/logs"]["post"]["security"]
    assert paths["/triggers/v1/triggers"]["get"]["security"] == [{"token": []}, {"apiKey": []}]
    used = {name for _, _, each in operations() for one in each["security"] for name in one}
    assert used == set(whole()["components"]["securitySchemes"])


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all that are in it."""
    if isinstance(schema, dict):
        yield schema
    if isinstance(schema, dict | list):
        for inner in schema.values() if isinstance(schema, dict) else schema:
            yield from parts(inner)


def test_generators_of_clients_can_read_each_schema() -> None:
    for name, schema in whole()["components"]["schemas"].items():
        for part in parts(schema):
            values = part.get("enum", [])
            assert len({type(value) for value in values}) < 2, f"{name} mixes {values}"
            nested = [each for each in part.get("anyOf", []) if "allOf" in each]
            assert not nested, f"{name}: an allOf within an anyOf needs a name of its own"


def test_without_access_control_nothing_is_said_of_credentials() -> None:
    described = document(services(), Described("Tocsin", "0", "", None))
    assert "securitySchemes" not in described["components"]
    assert "security" not in described["paths"]["/triggers/v1/triggers"]["get"]


def odd_service(template: str, output: str = "google.api.HttpBody") -> ServiceDescriptor:
    """A service with one method, and what that needs."""
    from google.api import annotations_pb2, httpbody_pb2

    pool = descriptor_pool.Default()
    file = descriptor_pb2.FileDescriptorProto(
        name=f"odd/{abs(hash((template, output)))}.proto",
        package=f"odd{abs(hash((template, output)))}",
        syntax="proto3",
        dependency=[httpbody_pb2.DESCRIPTOR.name, annotations_pb2.DESCRIPTOR.name],
    )
    file.message_type.add(name="Request").field.add(name="id", number=1, type=9, label=1)
    for name in ("One", "Other"):
        method = file.service.add(name=name).method.add(
            name="Get", input_type=f".{file.package}.Request", output_type=f".{output}"
        )
        method.options.Extensions[annotations_pb2.http].get = template
    pool.AddSerializedFile(file.SerializeToString())
    found: Any = pool.FindFileByName(file.name)
    return found.services_by_name["One"]  # type: ignore[no-any-return]


def test_two_methods_of_one_verb_and_path_are_refused() -> None:
    one = odd_service("/odd/{id}", "google.protobuf.Duration")
    both = [one, one.file.services_by_name["Other"]]
    with pytest.raises(ContractError, match="another method has its verb and path"):
        document(both, Described("Odd", "0", "", None))
