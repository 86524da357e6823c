"""Serves `tocsin.v1.DeadLetterService`, which lists dead letters and delivers them again."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.invocations.names import origin_names
from tocsin.api.tocsin.invocations.selections import Selections
from tocsin.api.tocsin.invocations.service import (
    Condition,
    messages_of,
    page_of_caller,
    page_start,
    searched_until,
)
from tocsin.api.tocsin.invocations.steering import find, steer_or_refuse
from tocsin.gate.resources import resource_of_invocation
from tocsin.plans.plan import target_of_action
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.causes import Cause, Letter, cause_id, causes_of
from tocsin.store.invocations.parking import withheld_by
from tocsin.store.invocations.selecting import Filter
from tocsin.store.invocations.steering import DEAD_LETTER_STATES, Steer, redrive_dead_letters
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import dead_letter_service_pb2 as contract
from tocsin_protos.tocsin.v1.dead_letter_service_pb2 import CauseTrigger, DeadLetterCause
from tocsin_protos.tocsin.v1.job_service_pb2 import InvocationCount

# More are not told apart by people; the most frequent are shown.
MOST_CAUSES = 500

SERVICE = contract.DESCRIPTOR.services_by_name["DeadLetterService"]


class DeadLetterService:
    """Serves `DeadLetterService`."""

    def __init__(
        self, database: Database, clock: Clock, pages: PageTokens, selections: Selections
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._selections = selections

    def methods(self) -> dict[str, Method]:
        return {
            "List": self.list,
            "ListCauses": self.list_causes,
            "Redrive": self.redrive,
            "RedriveMany": self.redrive_many,
        }

    async def list(
        self, request: contract.DeadLetterServiceListRequest, call: Call
    ) -> contract.DeadLetterServiceListResponse:
        """Lists the dead letters of a trigger, or all that the caller may see."""
        wanted = _wanted(request)
        tokens = self._pages.of(
            call,
            request,
            request.trigger_id,
            *filter(None, (request.folder_id,)),
            *((f"cause_id={request.cause_id}",) if request.cause_id else ()),
        )
        size, after = page_size(request.page_size), page_start(request.page_token, tokens)
        only = _of_cause(request.cause_id)
        found = await page_of_caller(self._database, call.sight, wanted, after, size, only)
        page, token = messages_of(found, tokens)
        return contract.DeadLetterServiceListResponse(
            dead_letters=page, next_page_token=token, searched_until=searched_until(found)
        )

    async def list_causes(
        self, request: contract.ListCausesRequest, call: Call
    ) -> contract.ListCausesResponse:
        """Groups the dead letters of a trigger or folder, or all that the caller may see."""
        sight, wanted = call.sight, _wanted(request)

        def visible(letter: Letter) -> bool:
            return sight is None or sight(resource_of_invocation(letter.parent, letter.origin))

        def read(tx: Transaction) -> contract.ListCausesResponse:
            causes, rest = causes_of(tx, wanted, None if sight is None else visible)
            shown = causes[:MOST_CAUSES]
            names = origin_names(tx, [origin for cause in shown for origin in cause.origins])
            until = None if rest is None else to_timestamp(from_micros(rest.scheduled_at))
            return contract.ListCausesResponse(
                causes=[_message_of(each, names, at_least=rest is not None) for each in shown],
                searched_until=until,
            )

        return await self._database.read(read)

    async def redrive_many(
        self, request: contract.RedriveManyRequest, call: Call
    ) -> contract.RedriveManyResponse:
        """Delivers several dead letters again, or begins a job that does."""
        selection = request.selection
        if selection.filter.states:
            raise errors.invalid_field("selection.filter.states", "must be empty")
        if request.cause_id and not selection.HasField("filter"):
            raise errors.invalid_field("cause_id", "must be given together with selection.filter")
        changes = await self._selections.change(selection, call, Steer.REDRIVE, request.cause_id)
        return contract.RedriveManyResponse(changes=changes)

    async def redrive(self, request: contract.RedriveRequest) -> contract.RedriveResponse:
        """Delivers one dead letter again, or those of a trigger."""
        now, limit = self._clock.now(), page_size(request.limit, "limit")
        what = request.WhichOneof("what")
        if what is None or not getattr(request, what):
            raise errors.invalid_field("what", "invocation_id or trigger_id is required")

        def redrive(tx: Transaction) -> tuple[list[str], int]:
            if what == "invocation_id":
                return _redrive_one(tx, request.invocation_id, now)
            if withheld_by(tx, request.trigger_id) is DecisionKind.DELETED:
                raise errors.trigger_deleted(request.trigger_id)
            return redrive_dead_letters(
                tx, request.trigger_id, now=now, limit=limit, target_of=target_of_action
            )

        ids, left = await self._database.write(redrive)
        return contract.RedriveResponse(invocation_ids=ids, left=left)


def _redrive_one(tx: Transaction, invocation_id: str, now: datetime) -> tuple[list[str], int]:
    steer_or_refuse(tx, find(tx, invocation_id, lock=True), Steer.REDRIVE, now)
    return [invocation_id], 0


def _of_cause(cause: str) -> Condition | None:
    """Returns the condition that a dead letter is of a cause; None without one."""
    return (lambda row: cause_id(row.target, row.last_error) == cause) if cause else None


def _wanted(request: contract.DeadLetterServiceListRequest | contract.ListCausesRequest) -> Filter:
    return Filter(
        request.trigger_id or None,
        frozenset(DEAD_LETTER_STATES),
        parent=folder(request.folder_id) if request.folder_id else None,
    )


def _message_of(cause: Cause, names: Mapping[str, str], *, at_least: bool) -> DeadLetterCause:
    return DeadLetterCause(
        cause_id=cause.id,
        target=cause.latest.target,
        error=cause.error,
        letters=InvocationCount(count=cause.count, at_least=at_least),
        oldest_at=to_timestamp(from_micros(cause.oldest_at)),
        newest_at=to_timestamp(from_micros(cause.latest.scheduled_at)),
        example_invocation_id=cause.latest.id,
        example_error=cause.latest.last_error or "",
        triggers=[
            CauseTrigger(trigger_id=origin, name=names.get(origin, "")) for origin in cause.origins
        ],
    )
