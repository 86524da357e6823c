"""Serves the methods of `EventService` about intakes of triggers."""

from collections.abc import Iterator

from tocsin.compilers.loading import load_plan
from tocsin.plans.plan import Plan
from tocsin.store.driver.database import Database
from tocsin.store.events.intakes import StoredIntake, find_intake, page_of_intakes
from tocsin.store.events.sources import SourceState
from tocsin.targets.settings import DeadLetterSettings
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract

TIMER = "timer"


class Intakes:
    """Shows the intakes of triggers: waiting events, lost events, and the state of sources."""

    def __init__(
        self, database: Database, pages: PageTokens, dead_letters: DeadLetterSettings
    ) -> None:
        self._database = database
        self._pages = pages
        self._dead_letters = dead_letters

    async def get(
        self, request: contract.EventServiceGetIntakeRequest
    ) -> contract.EventServiceGetIntakeResponse:
        """Returns the intake of a trigger."""
        intake = await self._database.read(lambda tx: find_intake(tx, request.trigger_id))
        if intake is None:
            raise errors.trigger_not_found(request.trigger_id)
        return self._message(intake)

    async def list(
        self, request: contract.EventServiceListIntakesRequest, call: Call
    ) -> contract.EventServiceListIntakesResponse:
        """Lists the intakes of a folder's triggers, except timers."""
        if not request.folder_id:
            raise errors.invalid_field("folder_id", "Field is required")
        tokens = self._pages.of(call, request, request.folder_id)
        after = tokens.position(request.page_token) or ""
        size = page_size(request.page_size)
        rows = await self._database.read(
            lambda tx: page_of_intakes(tx, folder_id=request.folder_id, after=after, limit=size + 1)
        )
        page, more = page_of(
            map(self._message, rows), size, contract.EventServiceGetIntakeResponse.ByteSize
        )
        response = contract.EventServiceListIntakesResponse(
            intakes=[intake for intake in page if intake.kind != TIMER]
        )
        if more:
            response.next_page_token = tokens.token(page[-1].trigger_id)
        return response

    def _message(self, intake: StoredIntake) -> contract.EventServiceGetIntakeResponse:
        plan = _plan(intake)
        message = contract.EventServiceGetIntakeResponse(
            trigger_id=intake.trigger_id,
            kind="" if plan is None else plan.kind,
            waiting_events=intake.waiting,
            lost_events=intake.lost,
            warnings=() if plan is None else self._warnings(plan),
        )
        if intake.due_at is not None:
            message.due.CopyFrom(to_timestamp(intake.due_at))
        if intake.last_lost_at is not None:
            message.last_lost.CopyFrom(to_timestamp(intake.last_lost_at))
        if intake.source is not None:
            _fill(message.source, intake.source)
        return message

    def _warnings(self, plan: Plan) -> Iterator[str]:
        for action in plan.actions:
            queue = action.dead_letter
            if queue is not None and (why := self._dead_letters.refusal(queue.queue_id)):
                yield why


def _plan(intake: StoredIntake) -> Plan | None:
    """Returns the trigger's plan; None if this version can't read the trigger."""
    try:
        return load_plan(intake.contract, intake.message)
    except ValueError:
        return None


def _fill(message: contract.SourceState, state: SourceState) -> None:
    message.connected = state.connected
    message.last_error = state.last_error or ""
    message.refused_events = state.refused
    if state.last_event_at is not None:
        message.last_event.CopyFrom(to_timestamp(state.last_event_at))
    if state.last_error_at is not None:
        message.last_error_time.CopyFrom(to_timestamp(state.last_error_at))
