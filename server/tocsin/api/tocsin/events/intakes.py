"""What waits for triggers, what their pauses have lost, and how their sources stand."""

from tocsin.compilers.loading import load_plan
from tocsin.store.driver.database import Database
from tocsin.store.events.intakes import StoredIntake, find_intake, page_of_intakes
from tocsin.store.events.sources import SourceState
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract

TIMER = "timer"


class Intakes:
    """Serves the methods of `EventService` about what waits for triggers."""

    def __init__(self, database: Database, pages: PageTokens) -> None:
        self._database = database
        self._pages = pages

    async def get(
        self, request: contract.EventServiceGetIntakeRequest
    ) -> contract.EventServiceGetIntakeResponse:
        """Returns how a trigger's source stands, and what waits."""
        found = await self._database.read(lambda tx: find_intake(tx, request.trigger_id))
        if found is None:
            raise errors.trigger_not_found(request.trigger_id)
        return _shown(found)

    async def list(
        self, request: contract.EventServiceListIntakesRequest, call: Call
    ) -> contract.EventServiceListIntakesResponse:
        """Lists the same for the triggers of a folder, except timers."""
        if not request.folder_id:
            raise errors.invalid_field("folder_id", "Field is required")
        tokens = self._pages.of(call, request, request.folder_id)
        after = tokens.position(request.page_token) or ""
        size = page_size(request.page_size)
        rows = await self._database.read(
            lambda tx: page_of_intakes(tx, folder_id=request.folder_id, after=after, limit=size + 1)
        )
        shown, more = page_of(
            map(_shown, rows), size, contract.EventServiceGetIntakeResponse.ByteSize
        )
        response = contract.EventServiceListIntakesResponse(
            intakes=[each for each in shown if each.kind != TIMER]
        )
        if more:
            response.next_page_token = tokens.token(shown[-1].trigger_id)
        return response


def _shown(intake: StoredIntake) -> contract.EventServiceGetIntakeResponse:
    shown = contract.EventServiceGetIntakeResponse(
        trigger_id=intake.trigger_id,
        kind=_kind(intake),
        waiting_events=intake.waiting,
        lost_events=intake.lost,
    )
    if intake.due_at is not None:
        shown.due.CopyFrom(to_timestamp(intake.due_at))
    if intake.last_lost_at is not None:
        shown.last_lost.CopyFrom(to_timestamp(intake.last_lost_at))
    if intake.source is not None:
        _tell(shown.source, intake.source)
    return shown


def _kind(intake: StoredIntake) -> str:
    """Returns the kind of the trigger; empty if this version can't read the trigger."""
    try:
        return load_plan(intake.contract, intake.message).kind
    except ValueError:
        return ""


def _tell(told: contract.SourceState, state: SourceState) -> None:
    told.connected = state.connected
    told.last_error = state.last_error or ""
    told.refused_events = state.refused
    if state.last_event_at is not None:
        told.last_event.CopyFrom(to_timestamp(state.last_event_at))
    if state.last_error_at is not None:
        told.last_error_time.CopyFrom(to_timestamp(state.last_error_at))
