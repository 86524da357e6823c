"""Reads which invocations a request is about."""

from collections.abc import Iterator
from typing import TypeAlias

from tocsin.access.permissions.resources import folder
from tocsin.store.invocations.rows import State
from tocsin.store.invocations.selecting import Filter
from tocsin.wire import errors
from tocsin.wire.resource_names import INTEGRATION_FORMS, integration_name, parse_integration
from tocsin.wire.timestamps import instant_in
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation, InvocationFilter
from tocsin_protos.tocsin.v1.invocation_service_pb2 import InvocationServiceListRequest

# A request to list has the fields of the filter, and others.
Wanted: TypeAlias = InvocationFilter | InvocationServiceListRequest

STATES = {Invocation.State.Value(f"STATE_{state.name}"): state for state in State}
LONGEST_ERROR_TEXT = 200


def filter_of(wanted: Wanted, within: str = "") -> Filter:
    """Returns the filter that a message asks for.

    Args:
        wanted: the message.
        within: the path of the message in its request, with a dot at its end.

    Raises:
        ApiError: a field is wrong, or contradicts another.
    """
    _refuse_contradictions(wanted, within)
    for index, number in enumerate(wanted.states):
        if number not in STATES:  # the unspecified one
            raise errors.invalid_field(
                f"{within}states[{index}]", "must be a state other than STATE_UNSPECIFIED"
            )
    if len(wanted.error_text) > LONGEST_ERROR_TEXT:
        raise errors.invalid_field(
            f"{within}error_text", f"must have at most {LONGEST_ERROR_TEXT} characters"
        )
    states = frozenset(STATES[number] for number in wanted.states)
    return Filter(
        origin=_origin(wanted),
        states=states or frozenset(State),
        scheduled_from=instant_in(wanted, "scheduled_from"),
        scheduled_before=instant_in(wanted, "scheduled_before"),
        parent=_parent(wanted),
        integration_id=wanted.integration_id or None,
        error_text=wanted.error_text or None,
    )


def arguments_of(wanted: Wanted, found: Filter) -> Iterator[str]:
    """Yields what a page token must remember of a filter, beside the origin."""
    yield from sorted(found.states)
    for bound in (wanted.scheduled_from, wanted.scheduled_before):
        yield bound.SerializeToString().hex()
    for field in ("folder_id", "integration_id", "error_text"):
        if getattr(wanted, field):
            yield f"{field}={getattr(wanted, field)}"
    if location := _every_integration_of(wanted):
        yield location


def _parent(wanted: Wanted) -> str | None:
    if wanted.folder_id:
        return folder(wanted.folder_id)
    return _every_integration_of(wanted) or None


def _every_integration_of(wanted: Wanted) -> str:
    """Returns the location if the request is for all its integrations (`integrations/-`)."""
    name = parse_integration(wanted.integration)
    return name.location if name is not None and name.means_every else ""


def _origin(wanted: Wanted) -> str | None:
    """Returns the trigger or integration, under the name that the store has."""
    name = parse_integration(wanted.integration)
    if name is None:
        return wanted.trigger_id or None
    return None if name.means_every else integration_name(name.location, name.integration)


def _refuse_contradictions(wanted: Wanted, within: str) -> None:
    if wanted.integration and parse_integration(wanted.integration) is None:
        raise errors.invalid_field(
            f"{within}integration",
            f"must be {INTEGRATION_FORMS}; integration_id takes the last part alone",
        )
    if "/" in wanted.integration_id:
        raise errors.invalid_field(f"{within}integration_id", "must not have a slash")
    for field in ("integration_id", "integration"):
        for other in ("trigger_id", "integration", "folder_id"):
            if field != other and getattr(wanted, field) and getattr(wanted, other):
                raise errors.invalid_field(
                    within + field, f"must not be given together with {other}"
                )
