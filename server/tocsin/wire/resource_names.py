"""Parses and formats the resource names of Google's contracts.

The patterns are those of the contracts' http rules, where `*` is one segment of a path, without
control characters, separators of lines and marks that turn the direction of text.
"""

import re
from dataclasses import dataclass

# One segment; the others would steer the terminals and logs that show a name.
_SEGMENT = r"[^/\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+"
_LOCATION = rf"projects/(?P<project>{_SEGMENT})/locations/{_SEGMENT}"
_LOCATION_NAME = re.compile(_LOCATION)
_INTEGRATION_NAME = re.compile(
    rf"(?P<location>{_LOCATION})(?:/products/(?P<product>{_SEGMENT}))?"
    rf"/integrations/(?P<integration>{_SEGMENT})"
)
_EXECUTION_NAME = re.compile(rf"(?P<parent>.*)/executions/(?P<id>{_SEGMENT})")
_VERSION_NAME = re.compile(rf"(?P<parent>.*)/versions/(?P<id>{_SEGMENT})")
_PARENT_NAME = re.compile(rf"(?P<location>{_LOCATION})(?P<product>/products/{_SEGMENT})?")
_OPERATION_NAME = re.compile(rf"(?P<location>{_LOCATION})/operations/(?P<id>{_SEGMENT})")

_SCHEDULE_NAME = re.compile(rf"(?P<location>{_LOCATION})/schedules/(?P<id>[a-z][a-z0-9-]{{0,62}})")

LOCATION_FORM = "projects/*/locations/*"
INTEGRATION_FORMS = f"{LOCATION_FORM}/integrations/* or {LOCATION_FORM}/products/*/integrations/*"
EXECUTION_FORMS = (
    f"{LOCATION_FORM}/integrations/*/executions/* or "
    f"{LOCATION_FORM}/products/*/integrations/*/executions/*"
)
VERSION_FORMS = (
    f"{LOCATION_FORM}/integrations/*/versions/* or "
    f"{LOCATION_FORM}/products/*/integrations/*/versions/*"
)
PARENT_FORMS = f"{LOCATION_FORM} or {LOCATION_FORM}/products/*"
SCHEDULE_FORM = f"{LOCATION_FORM}/schedules/*"
SCHEDULE_ID_FORM = "1 to 63 lower-case letters, digits and hyphens, beginning with a letter"
EVERY_INTEGRATION = "-"


@dataclass(frozen=True, slots=True)
class IntegrationName:
    """The parts of an integration's name; the product is empty in a name without one."""

    location: str
    project: str
    integration: str
    product: str = ""

    @property
    def means_every(self) -> bool:
        """Whether the name means all integrations of the location."""
        return self.integration == EVERY_INTEGRATION

    @property
    def resource(self) -> str:
        """The name of the integration without its product, as the store has it."""
        return integration_name(self.location, self.integration)

    def of(self, integration: str) -> str:
        """Returns the name of another integration of the same location and product."""
        product = f"/products/{self.product}" if self.product else ""
        return f"{self.location}{product}/integrations/{integration}"


@dataclass(frozen=True, slots=True)
class ExecutionName:
    """The parts of an execution's name."""

    integration: IntegrationName
    id: str


@dataclass(frozen=True, slots=True)
class VersionName:
    """The parts of the name of an integration's version."""

    integration: IntegrationName
    id: str


@dataclass(frozen=True, slots=True)
class ParentName:
    """The parts of the name under which integrations are listed: a location, or its product."""

    location: str
    full: str

    def of(self, integration: str) -> str:
        """Returns the name of an integration."""
        return f"{self.full}/integrations/{integration}"


@dataclass(frozen=True, slots=True)
class OperationName:
    """The parts of an operation's name; `id` is that of its execution."""

    location: str
    id: str


def is_location(name: str) -> bool:
    return _LOCATION_NAME.fullmatch(name) is not None


def parse_integration(name: str) -> IntegrationName | None:
    """Returns the parts of an integration's name, or None for another text."""
    match = _INTEGRATION_NAME.fullmatch(name)
    if match is None:
        return None
    return IntegrationName(
        match["location"], match["project"], match["integration"], match["product"] or ""
    )


def integration_name(location: str, integration: str) -> str:
    return f"{location}/integrations/{integration}"


def parse_execution(name: str) -> ExecutionName | None:
    """Returns the parts of an execution's name, or None for another text."""
    match = _EXECUTION_NAME.fullmatch(name)
    parent = None if match is None else parse_integration(match["parent"])
    return None if match is None or parent is None else ExecutionName(parent, match["id"])


def parse_version(name: str) -> VersionName | None:
    """Returns the parts of a version's name, or None for another text."""
    match = _VERSION_NAME.fullmatch(name)
    parent = None if match is None else parse_integration(match["parent"])
    return None if match is None or parent is None else VersionName(parent, match["id"])


def parse_parent(name: str) -> ParentName | None:
    """Returns the parts of the name of a location or of a product in it, or None."""
    match = _PARENT_NAME.fullmatch(name)
    return None if match is None else ParentName(match["location"], name)


def parse_operation(name: str) -> OperationName | None:
    """Returns the parts of an operation's name, or None for another text."""
    match = _OPERATION_NAME.fullmatch(name)
    return None if match is None else OperationName(match["location"], match["id"])


def operation_name(location: str, operation_id: str) -> str:
    return f"{location}/operations/{operation_id}"


def location_of_schedule(name: str) -> str | None:
    """Returns the project and location of a schedule's name, or None for another text."""
    match = _SCHEDULE_NAME.fullmatch(name)
    return None if match is None else match["location"]
