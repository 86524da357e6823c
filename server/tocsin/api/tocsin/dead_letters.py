"""Serves `tocsin.v1.DeadLetterService`, which lists dead letters and delivers them again."""

from datetime import datetime

from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.invocations.service import (
    find,
    messages_of,
    page_of_caller,
    page_start,
    refuse_deleted,
)
from tocsin.plans.plan import target_of_action
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.parking import withheld_by
from tocsin.store.invocations.selecting import Filter
from tocsin.store.invocations.steering import (
    DEAD_LETTER_STATES,
    deliver_again,
    redrive_dead_letters,
)
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import dead_letter_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["DeadLetterService"]


class DeadLetterService:
    """Serves `DeadLetterService`."""

    def __init__(self, database: Database, clock: Clock, pages: PageTokens) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages

    def methods(self) -> dict[str, Method]:
        return {"List": self.list, "Redrive": self.redrive}

    async def list(
        self, request: contract.DeadLetterServiceListRequest, call: Call
    ) -> contract.DeadLetterServiceListResponse:
        """Lists the dead letters of a trigger, or all that the caller may see."""
        wanted = Filter(
            request.trigger_id or None,
            frozenset(DEAD_LETTER_STATES),
            parent=folder(request.folder_id) if request.folder_id else None,
        )
        tokens = self._pages.of(
            call, request, request.trigger_id, *filter(None, (request.folder_id,))
        )
        size, after = page_size(request.page_size), page_start(request.page_token, tokens)
        found = await page_of_caller(self._database, call.sight, wanted, after, size)
        page, token = messages_of(found, tokens)
        return contract.DeadLetterServiceListResponse(dead_letters=page, next_page_token=token)

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
    letter = find(tx, invocation_id, lock=True)
    if letter.state not in DEAD_LETTER_STATES:
        raise errors.not_a_dead_letter(letter.id, letter.state.value)
    refuse_deleted(tx, letter)
    if not deliver_again(
        tx, letter.id, target=target_of_action(letter.action), now=now, history=letter.history
    ):
        raise errors.dead_letter_held(letter.id)
    return [letter.id], 0
