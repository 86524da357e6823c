"""Serves `tocsin.v1.InvocationService`, which lists, retries and cancels invocations."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.api.tocsin.invocations.filters import arguments_of, filter_of
from tocsin.api.tocsin.invocations.message import to_full_message, to_message
from tocsin.api.tocsin.invocations.names import origin_names
from tocsin.api.tocsin.invocations.resending import Resending
from tocsin.api.tocsin.invocations.selections import Selections
from tocsin.api.tocsin.invocations.steering import find, steer_or_refuse
from tocsin.gate.resources import resource_of_invocation
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import rows
from tocsin.store.invocations.listing import (
    Page,
    find_whole,
    page_of_invocations,
    page_of_visible,
)
from tocsin.store.invocations.selecting import Filter, Position, position_of
from tocsin.store.invocations.steering import Steer
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import (
    LARGEST_PAGE_BYTES,
    ListTokens,
    PageTokens,
    page_of,
    page_size,
)
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import invocation_service_pb2 as contract
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

SERVICE = contract.DESCRIPTOR.services_by_name["InvocationService"]

Condition: TypeAlias = Callable[[rows.Invocation], bool]


class InvocationService:
    """Serves `InvocationService`.

    `trace_url` is the URL of a trace, with `{trace_id}` in place of its id; empty: there is none.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pages: PageTokens,
        selections: Selections,
        resending: Resending,
        trace_url: str = "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._selections = selections
        self._resending = resending
        self._trace_url = trace_url

    def methods(self) -> dict[str, Method]:
        return {
            "List": self.list,
            "Get": self.get,
            "Retry": self.retry,
            "Cancel": self.cancel,
            "RetryMany": self.retry_many,
            "CancelMany": self.cancel_many,
            "Resend": self._resending.resend,
        }

    async def list(
        self, request: contract.InvocationServiceListRequest, call: Call
    ) -> contract.InvocationServiceListResponse:
        """Lists the invocations that the caller may see."""
        wanted = replace(filter_of(request), oldest_first=request.oldest_first)
        tokens = self._pages.of(
            call,
            request,
            wanted.origin or "",
            *arguments_of(request, wanted),
            *(("oldest_first",) if wanted.oldest_first else ()),
        )
        size, after = page_size(request.page_size), page_start(request.page_token, tokens)
        found = await page_of_caller(self._database, call.sight, wanted, after, size)
        page, token = messages_of(found, tokens)
        return contract.InvocationServiceListResponse(
            invocations=page, next_page_token=token, searched_until=searched_until(found)
        )

    async def get(
        self, request: contract.InvocationServiceGetRequest
    ) -> contract.InvocationServiceGetResponse:
        """Returns an invocation with its payload and its answer, if its client can accept them."""
        most_bytes = None if request.whole else LARGEST_PAGE_BYTES

        def read(tx: Transaction) -> Invocation:
            invocation = find_whole(tx, request.invocation_id)
            if invocation is None:
                raise errors.invocation_not_found(request.invocation_id)
            message = to_full_message(invocation, most_bytes)
            message.origin_name = origin_names(tx, [invocation.origin]).get(invocation.origin, "")
            return message

        found = await self._database.read(read)
        trace_url = self._trace_url.replace("{trace_id}", found.trace_id)
        return contract.InvocationServiceGetResponse(invocation=found, trace_url=trace_url)

    async def retry(self, request: contract.RetryRequest) -> contract.RetryResponse:
        """Makes an invocation due again, now."""
        changed = await self._steer(request.invocation_id, Steer.RETRY)
        return contract.RetryResponse(invocation=changed)

    async def cancel(self, request: contract.CancelRequest) -> contract.CancelResponse:
        """Cancels an invocation that waits for a call."""
        changed = await self._steer(request.invocation_id, Steer.CANCEL)
        return contract.CancelResponse(invocation=changed)

    async def _steer(self, invocation_id: str, what: Steer) -> Invocation:
        now = self._clock.now()

        def change(tx: Transaction) -> Invocation:
            steer_or_refuse(tx, find(tx, invocation_id, lock=True), what, now)
            return to_message(find(tx, invocation_id))

        return await self._database.write(change)

    async def retry_many(
        self, request: contract.RetryManyRequest, call: Call
    ) -> contract.RetryManyResponse:
        """Retries several invocations, or begins a job that does."""
        selection = request.selection
        if selection.HasField("filter") and not selection.filter.states:
            raise errors.invalid_field(
                "selection.filter.states", "say which are retried, such as STATE_FAILED"
            )
        changes = await self._selections.change(selection, call, Steer.RETRY)
        return contract.RetryManyResponse(changes=changes)

    async def cancel_many(
        self, request: contract.CancelManyRequest, call: Call
    ) -> contract.CancelManyResponse:
        """Cancels several invocations, or begins a job that does."""
        changes = await self._selections.change(request.selection, call, Steer.CANCEL)
        return contract.CancelManyResponse(changes=changes)


class NamedPage(NamedTuple):
    """A page, and the names of the triggers and integrations in it, by origin."""

    page: Page
    names: Mapping[str, str]


async def page_of_caller(
    database: Database,
    sight: Callable[[str], bool] | None,
    wanted: Filter,
    after: Position | None,
    size: int,
    only: Condition | None = None,
) -> NamedPage:
    """Returns a page of the wanted invocations that the caller may see.

    `sight` returns whether the caller may see a resource, and `only` whether an invocation is
    wanted that no statement finds; None means all.
    """

    def visible(row: rows.Invocation) -> bool:
        if only is not None and not only(row):
            return False
        return sight is None or sight(resource_of_invocation(row.parent, row.origin))

    def read(tx: Transaction) -> NamedPage:
        if sight is None and only is None:
            page = page_of_invocations(tx, wanted, after=after, limit=size)
        else:
            page = page_of_visible(tx, wanted, visible, after=after, limit=size)
        return NamedPage(page, origin_names(tx, [row.origin for row in page.rows]))

    return await database.read_snapshot(read)


def searched_until(found: NamedPage) -> Timestamp | None:
    """Returns how far a page that ended early looked; None for other pages."""
    page = found.page
    if not page.ended_early or page.rest is None:
        return None
    return to_timestamp(from_micros(page.rest.scheduled_at))


def page_start(token: str, tokens: ListTokens) -> Position | None:
    """Returns the position at which the page of a token begins, or None for the first page."""
    last = tokens.position_in_time(token)
    return None if last is None else Position(to_micros(last[0]), last[1])


def messages_of(found: NamedPage, tokens: ListTokens) -> tuple[list[Invocation], str]:
    """Returns the messages of a page, cut to the size that clients accept, and the next token."""
    page, names = found
    shown, cut = page_of(page.rows, len(page.rows), _size_of)
    rest = position_of(shown[-1]) if cut else page.rest
    token = "" if rest is None else tokens.token_in_time(from_micros(rest.scheduled_at), rest.id)
    messages = [to_message(row) for row in shown]
    for row, message in zip(shown, messages, strict=True):
        message.origin_name = names.get(row.origin, "")
    return messages, token


def _size_of(row: rows.Invocation) -> int:
    """Returns an upper bound of the message's size; only the error and the action can be long."""
    return min(4 * (len(row.last_error or "") + len(row.action)) + 1024, LARGEST_PAGE_BYTES)
