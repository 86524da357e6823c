"""Serves `tocsin.v1.InvocationService`, which lists, retries and cancels invocations."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from tocsin.access.permissions.resources import folder
from tocsin.api.tocsin.invocations.message import to_full_message, to_message, with_success
from tocsin.gate.resources import resource_of_invocation
from tocsin.plans.plan import target_of_action
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import rows
from tocsin.store.invocations.listing import (
    Filter,
    Page,
    Position,
    find_summary,
    find_whole,
    page_of_invocations,
    page_of_visible,
    position_of,
)
from tocsin.store.invocations.parking import withheld_by
from tocsin.store.invocations.rows import State, cancel_invocation
from tocsin.store.invocations.steering import deliver_again
from tocsin.store.triggers.decisions import DecisionKind
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import (
    LARGEST_PAGE_BYTES,
    ListTokens,
    PageTokens,
    page_of,
    page_size,
)
from tocsin.wire.resource_names import INTEGRATION_FORMS, integration_name, parse_integration
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import instant_in
from tocsin_protos.tocsin.v1 import invocation_service_pb2 as contract
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation

SERVICE = contract.DESCRIPTOR.services_by_name["InvocationService"]

STATES = {Invocation.State.Value(f"STATE_{state.name}"): state for state in State}
RETRIABLE = frozenset(State) - {State.PENDING, State.RUNNING}

Answer = TypeVar("Answer")

Condition: TypeAlias = Callable[[rows.Invocation], bool]


class InvocationService:
    """Serves `InvocationService`."""

    def __init__(self, database: Database, clock: Clock, pages: PageTokens) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages

    def methods(self) -> dict[str, Method]:
        return {"List": self.list, "Get": self.get, "Retry": self.retry, "Cancel": self.cancel}

    async def list(
        self, request: contract.InvocationServiceListRequest, call: Call
    ) -> contract.InvocationServiceListResponse:
        """Lists the invocations that the caller may see, the newest first."""
        wanted = _filter(request)
        bounds = (request.scheduled_from, request.scheduled_before)
        tokens = self._pages.of(
            call,
            request,
            wanted.origin or "",
            *_narrowing(request),
            *sorted(wanted.states),
            *(bound.SerializeToString().hex() for bound in bounds),
        )
        size, after = page_size(request.page_size), page_start(request.page_token, tokens)
        only = _within(request)
        rows = await page_of_caller(self._database, call.sight, wanted, after, size, only)
        page, token = messages_of(rows, tokens)
        return contract.InvocationServiceListResponse(invocations=page, next_page_token=token)

    async def get(
        self, request: contract.InvocationServiceGetRequest
    ) -> contract.InvocationServiceGetResponse:
        """Returns an invocation with its payload and its answer, if its client can accept them."""
        most_bytes = None if request.whole else LARGEST_PAGE_BYTES

        def read(tx: Transaction) -> Invocation:
            invocation = find_whole(tx, request.invocation_id)
            if invocation is None:
                raise errors.invocation_not_found(request.invocation_id)
            return to_full_message(invocation, most_bytes)

        return contract.InvocationServiceGetResponse(invocation=await self._database.read(read))

    async def retry(self, request: contract.RetryRequest) -> contract.RetryResponse:
        """Makes an invocation due again, now."""
        now = self._clock.now()

        def retry(tx: Transaction) -> Invocation:
            invocation = find(tx, request.invocation_id, lock=True)
            refuse_deleted(tx, invocation)
            if not _retriable(invocation) or not deliver_again(
                tx,
                invocation.id,
                target=target_of_action(invocation.action),
                now=now,
                history=with_success(invocation),
            ):
                raise errors.not_retriable(invocation.id, _state_text(invocation))
            return to_message(find(tx, invocation.id))

        changed = await self._database.write(retry)
        return contract.RetryResponse(invocation=changed)

    async def cancel(self, request: contract.CancelRequest) -> contract.CancelResponse:
        """Cancels an invocation that waits for a call."""
        now = self._clock.now()

        def cancel(tx: Transaction) -> Invocation:
            invocation = find(tx, request.invocation_id, lock=True)
            if invocation.state is not State.CANCELLED and not cancel_invocation(
                tx, invocation.id, now=now
            ):
                raise errors.not_cancellable(invocation.id, _state_text(invocation))
            return to_message(find(tx, invocation.id))

        return contract.CancelResponse(invocation=await self._database.write(cancel))


def refuse_deleted(tx: Transaction, invocation: rows.Invocation) -> None:
    """Refuses to deliver what a deleted trigger left.

    Raises:
        ApiError: its trigger was deleted.
    """
    if withheld_by(tx, invocation.origin) is DecisionKind.DELETED:
        raise errors.trigger_deleted(invocation.origin)


def find(tx: Transaction, invocation_id: str, *, lock: bool = False) -> rows.Invocation:
    """Returns an invocation without its payload and answer; `lock` locks it until the commit.

    Raises:
        ApiError: no invocation has this id.
    """
    invocation = find_summary(tx, invocation_id, lock=lock)
    if invocation is None:
        raise errors.invocation_not_found(invocation_id)
    return invocation


async def page_of_caller(
    database: Database,
    sight: Callable[[str], bool] | None,
    wanted: Filter,
    after: Position | None,
    size: int,
    only: Condition | None = None,
) -> Page:
    """Returns a page of the wanted invocations that the caller may see.

    `sight` returns whether the caller may see a resource, and `only` whether an invocation is
    wanted that no index finds; None means all.
    """
    if sight is None and only is None:
        return await database.read(
            lambda tx: page_of_invocations(tx, wanted, after=after, limit=size)
        )

    def visible(row: rows.Invocation) -> bool:
        if only is not None and not only(row):
            return False
        return sight is None or sight(resource_of_invocation(row.parent, row.origin))

    return await database.read(
        lambda tx: page_of_visible(tx, wanted, visible, after=after, limit=size)
    )


def in_folder(folder_id: str) -> Condition | None:
    """Returns the condition that an invocation is of a folder's trigger; None without a folder."""
    return (lambda row: row.parent == folder(folder_id)) if folder_id else None


def page_start(token: str, tokens: ListTokens) -> Position | None:
    """Returns the position at which the page of a token begins, or None for the first page."""
    last = tokens.position_in_time(token)
    return None if last is None else Position(to_micros(last[0]), last[1])


def messages_of(page: Page, tokens: ListTokens) -> tuple[list[Invocation], str]:
    """Returns the messages of a page, cut to the size that clients accept, and the next token."""
    rows, cut = page_of(page.rows, len(page.rows), _size_of)
    rest = position_of(rows[-1]) if cut else page.rest
    token = "" if rest is None else tokens.token_in_time(from_micros(rest.scheduled_at), rest.id)
    return [to_message(row) for row in rows], token


def _size_of(row: rows.Invocation) -> int:
    """Returns an upper bound of the message's size; only the error and the action can be long."""
    return min(4 * (len(row.last_error or "") + len(row.action)) + 1024, LARGEST_PAGE_BYTES)


def _within(request: contract.InvocationServiceListRequest) -> Condition | None:
    """Returns the condition of the request that no index serves."""
    location = _every_integration_of(request)
    if location:
        return lambda row: row.parent == location
    if not request.integration_id:
        return in_folder(request.folder_id)
    end = f"/integrations/{request.integration_id}"
    return lambda row: row.origin.endswith(end) and parse_integration(row.origin) is not None


def _every_integration_of(request: contract.InvocationServiceListRequest) -> str:
    """Returns the location if the request is for all its integrations (`integrations/-`)."""
    name = parse_integration(request.integration)
    return name.location if name is not None and name.means_every else ""


def _origin(request: contract.InvocationServiceListRequest) -> str | None:
    """Returns the trigger or integration, under the name that the store has."""
    name = parse_integration(request.integration)
    if name is None:
        return request.trigger_id or None
    return None if name.means_every else integration_name(name.location, name.integration)


def _narrowing(request: contract.InvocationServiceListRequest) -> Iterator[str]:
    """Yields what a page token must remember of the conditions that no index serves."""
    for field in ("folder_id", "integration_id"):
        if getattr(request, field):
            yield f"{field}={getattr(request, field)}"
    if location := _every_integration_of(request):
        yield location


def _refuse_contradictions(request: contract.InvocationServiceListRequest) -> None:
    if request.integration and parse_integration(request.integration) is None:
        raise errors.invalid_field(
            "integration", f"must be {INTEGRATION_FORMS}; integration_id takes the last part alone"
        )
    if "/" in request.integration_id:
        raise errors.invalid_field("integration_id", "must not have a slash")
    for field in ("integration_id", "integration"):
        for other in ("trigger_id", "integration", "folder_id"):
            if field != other and getattr(request, field) and getattr(request, other):
                raise errors.invalid_field(field, f"must not be given together with {other}")


def _filter(request: contract.InvocationServiceListRequest) -> Filter:
    _refuse_contradictions(request)
    for index, number in enumerate(request.states):
        if number not in STATES:  # the unspecified one
            raise errors.invalid_field(
                f"states[{index}]", "must be a state other than STATE_UNSPECIFIED"
            )
    states = frozenset(STATES[number] for number in request.states)
    return Filter(
        origin=_origin(request),
        states=states or frozenset(State),
        scheduled_from=instant_in(request, "scheduled_from"),
        scheduled_before=instant_in(request, "scheduled_before"),
    )


def _retriable(invocation: rows.Invocation) -> bool:
    return invocation.state in RETRIABLE or invocation.parked_due_at is not None


def _state_text(invocation: rows.Invocation) -> str:
    """Describes the invocation's state for an error message."""
    match invocation.state:
        case State.PENDING:
            due_at = invocation.next_at
            return f"waits for its call, due at {due_at and due_at.isoformat()}"
        case State.RUNNING:
            return f"is being delivered by node {invocation.node}"
        case State.DEAD_LETTERING:
            what = "is being put" if invocation.node else "waits to be put"
            return f"used up its calls and {what} into its dead letter queue"
        case _:
            return f"is already {invocation.state.value.replace('_', ' ')}"
