"""Reads the names in requests about integrations, and refuses those of the settings."""

from collections.abc import Mapping

from tocsin.wire import errors
from tocsin.wire.resource_names import (
    INTEGRATION_FORMS,
    PARENT_FORMS,
    VERSION_FORMS,
    IntegrationName,
    ParentName,
    VersionName,
    parse_integration,
    parse_parent,
    parse_version,
)

LONGEST_INTEGRATION = 64


def parent_in(name: str) -> ParentName:
    """Parses the name of a location, or of a product in it.

    Raises:
        ApiError: it is not such a name.
    """
    parsed = parse_parent(name)
    if parsed is None:
        raise errors.invalid_field("parent", f"must be {PARENT_FORMS}")
    return parsed


def integration_in(name: str, field: str) -> IntegrationName:
    """Parses the name of an integration, which may be `-`.

    Raises:
        ApiError: it is not such a name.
    """
    parsed = parse_integration(name)
    if parsed is None:
        raise errors.invalid_field(field, f"must be {INTEGRATION_FORMS}")
    return parsed


def new_integration_in(name: str) -> IntegrationName:
    """Parses the name of an integration that gets a version.

    Raises:
        ApiError: it is not such a name, or its last part is `-` or too long.
    """
    parsed = integration_in(name, "parent")
    if parsed.means_every or len(parsed.integration) > LONGEST_INTEGRATION:
        raise errors.invalid_field(
            "parent",
            f"must end in the name of one integration, of at most {LONGEST_INTEGRATION} characters",
        )
    return parsed


def version_in(name: str, field: str = "name") -> VersionName:
    """Parses the name of a version.

    Raises:
        ApiError: it is not such a name.
    """
    parsed = parse_version(name)
    if parsed is None:
        raise errors.invalid_field(field, f"must be {VERSION_FORMS}")
    return parsed


def refuse_configured(configured: Mapping[str, object], name: IntegrationName) -> None:
    """Refuses to change an integration that the settings define.

    Raises:
        ApiError: the settings define it.
    """
    if name.integration in configured:
        raise errors.configured(f"Integration {name.integration}")
