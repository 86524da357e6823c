"""Changes many triggers, each by the call that changes one."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from tocsin.api.tocsin.folders.selecting import Wanted, find_triggers, parts_in_order, wanted_by
from tocsin.store.driver.database import Database
from tocsin.store.triggers.listing import Position, folders_of_triggers
from tocsin.wire import errors
from tocsin.wire.calls import Arrival, Call
from tocsin.wire.idempotency import IDEMPOTENCY_KEY
from tocsin.wire.paging import LARGEST_PAGE, ListTokens
from tocsin.wire.statuses import to_status
from tocsin_protos.tocsin.v1.folder_service_pb2 import TriggerChanges, TriggerSelection
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation

# Changes a trigger of this id, and returns the bytes of its operation.
ChangeOne: TypeAlias = Callable[[str, Call], Awaitable[bytes]]

# Changes that share a commit, and calls that may be at it at once.
AT_ONCE, CALLS_AT_ONCE = 64, 4
# A count looks at so many triggers, and ends at so many that it found.
COUNTED_AMONG, COUNTED_UP_TO = 200_000, 10_000


@dataclass(frozen=True, slots=True)
class Selected:
    """The triggers of one step of a change: their ids, and where the next step begins."""

    ids: Sequence[str]
    rest: Position | None = None


class Changing:
    """Changes the triggers of selections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._under_way = asyncio.Semaphore(CALLS_AT_ONCE)

    async def change(
        self,
        folder_id: str,
        selection: TriggerSelection,
        call: Call,
        tokens: ListTokens,
        change: ChangeOne,
    ) -> TriggerChanges:
        """Changes the triggers of a selection, or counts them.

        Raises:
            ApiError: the selection is wrong, or has another number of triggers than expected.
            StoreUnavailable: the store can't be reached.
        """
        _check(selection)
        async with self._under_way:
            if selection.trigger_ids:
                return await self._change_named(folder_id, selection, call, change)
            return await self._change_found(folder_id, selection, call, tokens, change)

    async def _change_named(
        self, folder_id: str, selection: TriggerSelection, call: Call, change: ChangeOne
    ) -> TriggerChanges:
        ids = list(dict.fromkeys(selection.trigger_ids))
        folders = await self._database.read(lambda tx: folders_of_triggers(tx, ids))
        there = [trigger_id for trigger_id in ids if folders.get(trigger_id) == folder_id]
        answer = TriggerChanges()
        answer.selected.count = len(there)
        _refuse_other_count(selection, len(there))
        for trigger_id in ids:
            if folders.get(trigger_id) != folder_id:
                _fail(answer, trigger_id, errors.trigger_not_found(trigger_id), call)
        if not selection.validate_only:
            await _change_each(answer, there, call, change)
        return answer

    async def _change_found(
        self,
        folder_id: str,
        selection: TriggerSelection,
        call: Call,
        tokens: ListTokens,
        change: ChangeOne,
    ) -> TriggerChanges:
        wanted = wanted_by(selection.filter, "selection.filter")
        after = position_in(tokens, selection.page_token)
        answer = TriggerChanges()
        if after is None and (selection.validate_only or selection.HasField("expected_count")):
            count, at_least = await self._count(folder_id, wanted)
            answer.selected.count, answer.selected.at_least = count, at_least
            _refuse_other_count(selection, count)
        if selection.validate_only:
            return answer
        limit = selection.limit or LARGEST_PAGE
        found = await find_triggers(
            self._database, folder_id, wanted, parts_in_order(""), after=after, limit=limit
        )
        await _change_each(answer, [trigger.id for trigger in found.triggers], call, change)
        if found.rest is not None:
            answer.next_page_token = tokens.token(text_of(found.rest))
        return answer

    async def _count(self, folder_id: str, wanted: Wanted) -> tuple[int, bool]:
        """Counts what a filter finds; returns whether there may be more, too."""
        found = await find_triggers(
            self._database,
            folder_id,
            wanted,
            parts_in_order(""),
            after=None,
            limit=COUNTED_UP_TO,
            look_at=COUNTED_AMONG,
        )
        return len(found.triggers), found.rest is not None


def text_of(position: Position) -> str:
    """Returns a position as the text of a page token."""
    return f"{position.part}/{position.id}/{position.key}"


def position_in(tokens: ListTokens, token: str) -> Position | None:
    """Reads a page token; returns None for the first page.

    Raises:
        ApiError: the token was not made for this caller and this list.
    """
    text = tokens.position(token)
    if text is None:
        return None
    part, trigger_id, key = text.split("/", 2)
    return Position(int(part), trigger_id, key)


async def _change_each(
    answer: TriggerChanges, trigger_ids: Sequence[str], call: Call, change: ChangeOne
) -> None:
    """Changes triggers, AT_ONCE in a commit, and writes down what became of each."""

    async def one(trigger_id: str) -> bytes | errors.ApiError:
        try:
            return await change(trigger_id, _call_for(call, trigger_id))
        except errors.ApiError as error:
            return error

    for start in range(0, len(trigger_ids), AT_ONCE):
        step = trigger_ids[start : start + AT_ONCE]
        outcomes = await asyncio.gather(*map(one, step))
        for trigger_id, outcome in zip(step, outcomes, strict=True):
            if isinstance(outcome, bytes):
                answer.changed += 1
                answer.operation_ids.append(Operation.FromString(outcome).id)
            else:
                _fail(answer, trigger_id, outcome, call)


def _call_for(call: Call, trigger_id: str) -> Call:
    """Returns the call for one trigger: its idempotency key is of this trigger alone."""
    key = call.metadata_value(IDEMPOTENCY_KEY)
    if not key:
        return call
    own = hashlib.sha256(f"{key}/{trigger_id}".encode()).hexdigest()
    others = [(name, value) for name, value in call.metadata if name != IDEMPOTENCY_KEY]
    arrival = Arrival(call.arrival.context, [*others, (IDEMPOTENCY_KEY, own)])
    arrival.caller, arrival.span = call.arrival.caller, call.arrival.span
    return replace(call, arrival=arrival)


def _fail(answer: TriggerChanges, trigger_id: str, error: errors.ApiError, call: Call) -> None:
    answer.failures.add(trigger_id=trigger_id, error=to_status(error, call.request_id))


def _refuse_other_count(selection: TriggerSelection, count: int) -> None:
    if selection.HasField("expected_count") and selection.expected_count != count:
        raise errors.count_differs(selection.expected_count, count)


def _check(selection: TriggerSelection) -> None:
    named, filtered = bool(selection.trigger_ids), selection.HasField("filter")
    if named is filtered:
        raise errors.invalid_field(
            "selection", "either trigger_ids or filter is required; an empty filter means all"
        )
    if named and selection.page_token:
        raise errors.invalid_field("selection.page_token", "goes on with a filter, not with ids")
    if len(selection.trigger_ids) > LARGEST_PAGE:
        raise errors.invalid_field(
            "selection.trigger_ids", f"must have at most {LARGEST_PAGE} ids; use a filter"
        )
    if not 0 <= selection.limit <= LARGEST_PAGE:
        raise errors.invalid_field(
            "selection.limit", f"Value must be from 0 to {LARGEST_PAGE}, but was {selection.limit}"
        )
