"""Follows invocations: by asking again and again, since the API tells nothing by itself."""

import asyncio
from collections.abc import Callable, Container, Iterator
from datetime import datetime, timedelta

import grpc

from tocsin.cli.connection import Connection, pages
from tocsin.schedule import SystemClock
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.tocsin.v1.invocation_service_pb2 import (
    InvocationServiceGetRequest,
    InvocationServiceListRequest,
)

POLL_SECONDS = 0.5

UNFINISHED = (
    Invocation.STATE_PENDING,
    Invocation.STATE_RUNNING,
    Invocation.STATE_RETRYING,
    Invocation.STATE_DEAD_LETTERING,
)

# What is meant for later than this is not followed yet, however much of it there is.
AHEAD = timedelta(minutes=1)

# How many are looked at each time, of those that changed lately and of those under way.
MOST_LOOKED_AT = 1000
# A page in which nothing is new ends the look at what is new.
PAGE = 100
# How many are remembered.
MOST_KNOWN = 10_000


def pause() -> None:
    """Waits until it is time to ask again."""
    asyncio.run(SystemClock().sleep(POLL_SECONDS))


def wait_until_final(api: Connection, invocation: Invocation) -> Invocation:
    """Returns an invocation once its state is final."""
    while invocation.state in UNFINISHED:
        pause()
        request = InvocationServiceGetRequest(invocation_id=invocation.id)
        invocation = api.invocations.Get(request).invocation
    return invocation


class Watch:
    """Which invocations appeared or changed since it was asked last."""

    def __init__(self, api: Connection, request: InvocationServiceListRequest) -> None:
        """Follows what the request would list; it must not ask for states or pages."""
        self._api = api
        self._request = request
        self._known: dict[str, Invocation] = {}

    def follow(self, tell: Callable[[str], None]) -> Iterator[list[Invocation]]:
        """Yields the changes of each look, again and again; first, what there is of late.

        A server that was there and is away is waited for; `tell` says so to people.
        """
        yield self.changes()
        away = False
        while True:
            pause()
            try:
                changed = self.changes()
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                if not away:
                    tell("The server is away; waiting for it.")
                away = True
            else:
                away = False
                yield changed

    def latest(self, count: int) -> list[Invocation]:
        """Returns the latest that are known, the latest `scheduled_at` first."""
        known = sorted(self._known.values(), key=_meant_for, reverse=True)
        return known[:count]

    def changes(self) -> list[Invocation]:
        """Returns what appeared or changed, in the order of `scheduled_at`."""
        before = self._api.now() + AHEAD
        seen = {each.id: each for each in self._recent(before)}
        seen |= {each.id: each for each in self._unfinished(before)}
        seen |= {each.id: each for each in self._gone_from(seen)}
        changed = [each for each in seen.values() if self._is_news(each)]
        for each in changed:
            self._known.pop(each.id, None)
            self._known[each.id] = each
        self._forget()
        return sorted(changed, key=_meant_for)

    def _recent(self, before: datetime) -> Iterator[Invocation]:
        """Yields those meant for lately, until there is nothing new among them."""
        request = self._listing(before, PAGE)
        for looked_at in range(PAGE, MOST_LOOKED_AT + PAGE, PAGE):
            response = self._api.invocations.List(request)
            yield from response.invocations
            request.page_token = response.next_page_token
            news = any(self._is_news(each) for each in response.invocations)
            if not (news and self._known and request.page_token) or looked_at >= MOST_LOOKED_AT:
                return

    def _unfinished(self, before: datetime) -> Iterator[Invocation]:
        request = self._listing(before, MOST_LOOKED_AT)
        request.states.extend(UNFINISHED)
        return pages(self._api.invocations.List, request, "invocations", MOST_LOOKED_AT)

    def _gone_from(self, seen: Container[str]) -> Iterator[Invocation]:
        """Yields what was unfinished, and is in none of the lists any more."""
        gone = [
            each.id
            for each in self._known.values()
            if each.state in UNFINISHED and each.id not in seen
        ]
        for each in gone[:PAGE]:
            try:
                request = InvocationServiceGetRequest(invocation_id=each)
                yield self._api.invocations.Get(request).invocation
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                del self._known[each]

    def _listing(self, before: datetime, page_size: int) -> InvocationServiceListRequest:
        request = InvocationServiceListRequest()
        request.CopyFrom(self._request)
        request.scheduled_before.FromDatetime(before)
        request.page_size = page_size
        return request

    def _is_news(self, invocation: Invocation) -> bool:
        known = self._known.get(invocation.id)
        return known is None or _standing(known) != _standing(invocation)

    def _forget(self) -> None:
        for each in list(self._known.values())[: max(len(self._known) - MOST_KNOWN, 0)]:
            if each.state not in UNFINISHED:
                del self._known[each.id]


def _standing(invocation: Invocation) -> tuple[object, ...]:
    due = invocation.due_at
    return (
        invocation.state,
        invocation.attempt_count,
        invocation.last_error,
        (due.seconds, due.nanos),
    )


def _meant_for(invocation: Invocation) -> tuple[int, int, str]:
    return (invocation.scheduled_at.seconds, invocation.scheduled_at.nanos, invocation.id)
