"""Names of Google's resources: what is one, and what it is made of."""

from dataclasses import replace

import pytest

from tocsin.wire.resource_names import (
    ExecutionName,
    IntegrationName,
    OperationName,
    integration_name,
    is_location,
    operation_name,
    parse_execution,
    parse_integration,
    parse_operation,
)

LOCATION = "projects/p/locations/l"
INTEGRATION = IntegrationName(LOCATION, "p", "nightly")


@pytest.mark.parametrize("product", ["", "cloud"])
def test_an_integration_is_the_same_with_its_product_and_without(product: str) -> None:
    segment = f"/products/{product}" if product else ""
    name = f"{LOCATION}{segment}/integrations/nightly"
    parsed = parse_integration(name)
    assert parsed == replace(INTEGRATION, product=product)
    assert parsed.resource == f"{LOCATION}/integrations/nightly"
    assert parsed.of("nightly") == name
    execution = parse_execution(f"{name}/executions/e1")
    assert execution == ExecutionName(parsed, "e1")


def test_a_hyphen_means_every_integration() -> None:
    every = parse_integration(f"{LOCATION}/integrations/-")
    assert every is not None
    assert every.means_every
    assert not INTEGRATION.means_every


def test_a_name_that_is_formatted_is_read_again() -> None:
    assert parse_integration(integration_name(LOCATION, "nightly")) == INTEGRATION
    assert parse_operation(operation_name(LOCATION, "o1")) == OperationName(LOCATION, "o1")
    assert is_location(LOCATION)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "projects/p",
        "projects//locations/l",
        "projects/p/locations/l/",
        "projects/p/locations/l/x",
        "/projects/p/locations/l",
        "folders/f",
        "projects/p\n/locations/l",
        "projects/\x1b[2J/locations/l",
        "projects/p/locations/l\x7f",
        "projects/p/locations/\x85",
        "projects/p/locations/l\u202e",
        "projects/p\u2028/locations/l",
        "projects/\u2066p/locations/l",
        "projects/p/locations/\u061cl",
    ],
)
def test_each_segment_of_a_location_is_there_and_none_more(name: str) -> None:
    assert not is_location(name)
    assert parse_integration(f"{name}/integrations/nightly") is None
    assert parse_operation(f"{name}/operations/o1") is None


@pytest.mark.parametrize("tail", ["", "/", "/integrations", "/integrations/", "/integrations/a/b"])
def test_an_integration_has_one_segment_of_its_own(tail: str) -> None:
    assert parse_integration(LOCATION + tail) is None


@pytest.mark.parametrize("tail", ["", "/operations/", "/operations/a/b", "/integrations/a"])
def test_an_operation_has_one_segment_of_its_own(tail: str) -> None:
    assert parse_operation(LOCATION + tail) is None
