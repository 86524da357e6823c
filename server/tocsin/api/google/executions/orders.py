"""Makes executions of what was ordered, whichever method ordered it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from tocsin.compilers.declared_parameters import Faults, Input, accepted
from tocsin.compilers.integration_versions import Offer
from tocsin.compilers.integrations import payload_form
from tocsin.compilers.parameters import (
    Parameter,
    check_count,
    from_json,
    to_event_parameter,
    to_json,
)
from tocsin.compilers.schedules import LARGEST_INPUT
from tocsin.contract.validation import Violation
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.invocations.rows import Invocation, execution_id_taken, insert_invocation
from tocsin.wire import errors
from tocsin.wire.json_text import Json
from tocsin.wire.resource_names import (
    INTEGRATION_FORMS,
    IntegrationName,
    integration_name,
    parse_integration,
)
from tocsin_protos.google.cloud.integrations.v1alpha.event_parameter_pb2 import EventParameter
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import (
    ExecutionInfo,
    ReplayInfo,
)

Integrations = Callable[[str], Awaitable[Mapping[str, Offer]]]
"""Returns what can be run in a project and location, by last names."""


def input_of(parameters: Mapping[str, Parameter]) -> Input:
    """Returns the input of parameters as a client sent them.

    Raises:
        PlanError: a value can't be read.
    """
    return Input(
        {key: to_event_parameter(parameter) for key, parameter in parameters.items()},
        {key: to_json(parameter) for key, parameter in parameters.items()},
        {key: parameter.field for key, parameter in parameters.items()},
    )


def input_of_struct(sent: Struct, field: str = "body") -> Input:
    """Returns the input of free JSON in a field, whose values get the types that fit them.

    Raises:
        PlanError: it has too many members.
    """
    check_count(field, sent.fields)
    plain = {key: _whole(value) for key, value in json_format.MessageToDict(sent).items()}
    typed = {key: from_json(value) for key, value in plain.items()}
    shown = {key: EventParameter(key=key, value=value) for key, value in typed.items()}
    return Input(shown, plain, {"": field} | {key: f"{field}[{key[:64]}]" for key in plain})


def _whole(value: Json) -> Json:
    """Returns JSON with whole numbers as such: in a Struct every number is a double."""
    match value:
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case list():
            return [_whole(element) for element in value]
        case dict():
            return {key: _whole(element) for key, element in value.items()}
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Order:
    """What to run, when, and with what.

    Attributes:
        name: the integration, or all of its location.
        trigger_id: the trigger of the integration.
        method: how it was asked for.
        scheduled_at: when it is due.
        now: when it was asked for.
        given: what is handed over.
        execution_id: the id that its client chose; None if the server makes one.
        traceparent: the trace of the call that asked for it.
        replay: what it replays; None if it replays nothing.
        replay_of: the invocation that it replays.
    """

    name: IntegrationName
    trigger_id: str
    method: ExecutionInfo.ExecutionMethod
    scheduled_at: datetime
    now: datetime
    given: Input
    execution_id: str | None = None
    traceparent: str | None = None
    replay: ReplayInfo | None = None
    replay_of: str | None = None

    def execution(self, offer: Offer, new_uuid: Callable[[], str]) -> Invocation:
        """Returns an execution of an integration; it keeps the URL of the version that runs now.

        Raises:
            ApiError: the input is not as the integration declares it.
        """
        integration, waited = offer.name, self.method == ExecutionInfo.POST
        given = input_for(offer, self.given)
        invocation_id = new_uuid()
        execution_id = self.execution_id or invocation_id
        return Invocation(
            id=invocation_id,
            parent=self.name.location,
            origin=integration_name(self.name.location, integration),
            scheduled_at=self.scheduled_at,
            action=offer.waited_action if waited else offer.action,
            target=offer.target,
            payload=payload_form(integration, self.trigger_id).payload(
                execution_id, self.scheduled_at, given.plain
            ),
            created_at=self.now,
            message=self._info(execution_id, offer, given).SerializeToString(),
            execution_id=self.execution_id,
            integration_trigger=self.trigger_id,
            replay_of=self.replay_of,
            traceparent=self.traceparent,
        )

    def _info(self, execution_id: str, offer: Offer, given: Input) -> ExecutionInfo:
        info = ExecutionInfo(
            integration=offer.name,
            integration_snapshot_number=offer.snapshot_number,
            integration_version_state=offer.state,
            project_id=self.name.project,
            trigger_id=self.trigger_id,
            execution_id=execution_id,
            execution_method=self.method,
            replay_info=self.replay,
        )
        for key, parameter in given.shown.items():
            info.request_params[key].CopyFrom(parameter)
        return info


def input_for(offer: Offer, given: Input) -> Input:
    """Returns input as an integration declares it: typed, and with defaults.

    Raises:
        ApiError: it is not as it was declared.
    """
    if offer.declared is None:
        return given
    try:
        return accepted(offer.declared, given)
    except Faults as error:
        named = [Violation(fault.field, fault.reason) for fault in error.faults]
        raise errors.invalid(named) from None


def refuse_large(request: Message, field: str) -> None:
    """Refuses a request with more input than an integration takes.

    Raises:
        ApiError: the request is too large.
    """
    if request.ByteSize() > LARGEST_INPUT:
        raise errors.invalid_field(field, f"must have at most {LARGEST_INPUT} bytes in all")


def integration_of(name: str, field: str = "name") -> IntegrationName:
    """Parses the name of an integration.

    Raises:
        ApiError: it is none.
    """
    parsed = parse_integration(name)
    if parsed is None:
        raise errors.invalid_field(field, f"must be {INTEGRATION_FORMS}")
    return parsed


def matching(offers: Mapping[str, Offer], name: IntegrationName, trigger_id: str) -> list[Offer]:
    """Returns the integrations to run; `-` means all that have the trigger.

    Raises:
        ApiError: there is no such integration, or it does not have the trigger.
    """
    sent = name.of(name.integration)
    if not name.means_every:
        offer = offers.get(name.integration)
        if offer is None:
            raise errors.integration_not_found(sent)
        if trigger_id not in offer.triggers:
            raise errors.api_trigger_not_found(trigger_id, sent)
        return [offer]
    found = [offer for offer in offers.values() if trigger_id in offer.triggers]
    if not found:
        raise errors.api_trigger_not_found(trigger_id, sent)
    return found


def further(offers: Mapping[str, Offer], name: IntegrationName, trigger_id: str) -> int:
    """Returns how many executions there are beside the first if all integrations are meant."""
    if not name.means_every:
        return 0
    return max(0, sum(trigger_id in offer.triggers for offer in offers.values()) - 1)


def only_matching(
    offers: Mapping[str, Offer],
    name: IntegrationName,
    trigger_id: str,
    field: str = "name",
) -> Offer:
    """Returns the one integration to run.

    Raises:
        ApiError: there is none, or `-` means several.
    """
    found = matching(offers, name, trigger_id)
    if len(found) > 1:
        raise errors.invalid_field(
            field, f"must name one integration: {len(found)} of the location have the trigger"
        )
    return found[0]


def insert_execution(tx: Transaction, execution: Invocation) -> None:
    """Stores an execution; an id that its client chose is unique in the project and location.

    Raises:
        ApiError: another execution has the id.
    """
    chosen = execution.execution_id
    # A node of 0.1.0 keeps the client's id as the invocation's, where no unique key looks.
    if chosen is not None and execution_id_taken(tx, execution.parent, chosen):
        raise errors.execution_exists(chosen)
    try:
        insert_invocation(tx, execution, due_at=execution.scheduled_at)
    except UniqueViolation:
        raise errors.execution_exists(execution.shown_id) from None
