"""Reads the names of integrations and executions that people type."""

from typing import Annotated, Any

import typer

from tocsin.cli.contexts.completion import completing
from tocsin.cli.refusal import USAGE, refusal
from tocsin_protos.google.cloud.integrations.v1alpha.integrations_pb2 import (
    ListIntegrationsRequest,
)
from tocsin_protos.tocsin.v1.schedule_service_pb2 import ListSchedulesRequest

EVERY = "-"
USUAL_LOCATION = "projects/local/locations/local"


def _integrations(api: Any, given: dict[str, Any], most: int) -> list[str]:
    request = ListIntegrationsRequest(parent=_location(given), page_size=most)
    return [_last(each.name) for each in api.integrations.ListIntegrations(request).integrations]


def _schedules(api: Any, given: dict[str, Any], most: int) -> list[str]:
    request = ListSchedulesRequest(parent=_location(given), page_size=most)
    return [_last(each.name) for each in api.schedules.ListSchedules(request).schedules]


def _location(given: dict[str, Any]) -> str:
    return str(given.get("location") or USUAL_LOCATION)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


complete_integrations = completing(_integrations)
complete_schedules = completing(_schedules)

LocationOption = Annotated[
    str,
    typer.Option(
        "--location",
        envvar="TOCSIN_LOCATION",
        metavar="NAME",
        help="The project and location of integrations that you name by their last name.",
    ),
]
IntegrationOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Only of this integration: its last name, such as `nightly`, or all of "
        "`projects/*/locations/*/integrations/*`. [default: all of the location]",
    ),
]
ExecutionArgument = Annotated[
    str,
    typer.Argument(
        metavar="EXECUTION", help="The execution's ID, or its full name as lists show it."
    ),
]


def integration_named(name: str, location: str) -> str:
    """Returns the full name of an integration; an empty name means all of the location."""
    if name.startswith("projects/"):
        return name
    short = name.removeprefix("integrations/") or EVERY
    return f"{checked_location(location)}/integrations/{short}"


def execution_named(execution: str, location: str) -> str:
    """Returns the full name of an execution, whichever integration it is of."""
    if execution.startswith("projects/"):
        return execution
    return f"{checked_location(location)}/integrations/{EVERY}/executions/{execution}"


def checked_location(location: str) -> str:
    """Returns a location; another text ends the program."""
    match location.split("/"):
        case ["projects", project, "locations", place] if project and place:
            return location
    raise refusal(
        f"--location: {location} is not a location: give it as projects/NAME/locations/NAME, "
        "or set TOCSIN_LOCATION",
        status=USAGE,
    )
