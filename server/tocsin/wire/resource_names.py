"""Parses and formats the resource names of Google's contracts.

The patterns are those of the contracts' http rules, where `*` is one segment of a path.
"""

import re
from dataclasses import dataclass

_LOCATION = r"projects/(?P<project>[^/]+)/locations/[^/]+"
_LOCATION_NAME = re.compile(_LOCATION)
_INTEGRATION_NAME = re.compile(
    rf"(?P<location>{_LOCATION})(?:/products/[^/]+)?/integrations/(?P<integration>[^/]+)"
)
_OPERATION_NAME = re.compile(rf"(?P<location>{_LOCATION})/operations/(?P<id>[^/]+)")

LOCATION_FORM = "projects/*/locations/*"
INTEGRATION_FORMS = f"{LOCATION_FORM}/integrations/* or {LOCATION_FORM}/products/*/integrations/*"
EVERY_INTEGRATION = "-"


@dataclass(frozen=True, slots=True)
class IntegrationName:
    """The name of an integration, taken apart. The product in a name makes no difference."""

    location: str
    project: str
    integration: str

    @property
    def means_every(self) -> bool:
        """Whether it stands for all integrations of the location."""
        return self.integration == EVERY_INTEGRATION


@dataclass(frozen=True, slots=True)
class OperationName:
    """The name of an operation, taken apart; its id is that of an execution."""

    location: str
    id: str


def is_location(name: str) -> bool:
    return _LOCATION_NAME.fullmatch(name) is not None


def parse_integration(name: str) -> IntegrationName | None:
    """Returns None if it is not the name of an integration."""
    found = _INTEGRATION_NAME.fullmatch(name)
    if found is None:
        return None
    return IntegrationName(found["location"], found["project"], found["integration"])


def integration_name(location: str, integration: str) -> str:
    return f"{location}/integrations/{integration}"


def parse_operation(name: str) -> OperationName | None:
    """Returns None if it is not the name of an operation."""
    found = _OPERATION_NAME.fullmatch(name)
    return None if found is None else OperationName(found["location"], found["id"])


def operation_name(location: str, operation_id: str) -> str:
    return f"{location}/operations/{operation_id}"
