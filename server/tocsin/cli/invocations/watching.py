"""Follows invocations by polling, as the API has no stream of changes."""

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

# Invocations scheduled later than this are not followed yet.
AHEAD = timedelta(minutes=1)

# The most recent and the most unfinished invocations that one poll reads.
MOST_READ = 1000
# A poll reads recent invocations until a page holds nothing new.
PAGE = 100
# The most invocations that are remembered between polls.
MOST_KNOWN = 10_000


def pause() -> None:
    """Waits until the next poll."""
    asyncio.run(SystemClock().sleep(POLL_SECONDS))


def wait_until_final(api: Connection, invocation: Invocation) -> Invocation:
    """Polls an invocation until its state is final, and returns it."""
    while invocation.state in UNFINISHED:
        pause()
        request = InvocationServiceGetRequest(invocation_id=invocation.id)
        invocation = api.invocations.Get(request).invocation
    return invocation


class Watch:
    """Finds the invocations that appeared or changed since the poll before."""

    def __init__(self, api: Connection, request: InvocationServiceListRequest) -> None:
        """Follows the invocations of a list request that has no states and no page."""
        self._api = api
        self._request = request
        self._known: dict[str, Invocation] = {}

    def follow(self, tell: Callable[[str], None]) -> Iterator[list[Invocation]]:
        """Yields the changes of each poll; the first yields the recent invocations.

        A server that goes away after the first poll is waited for; `tell` is called once with a
        line about it.
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
                    tell("The server does not answer; waiting for it.")
                away = True
            else:
                away = False
                yield changed

    def latest(self, count: int, hidden: Container[str]) -> list[Invocation]:
        """Returns the known invocations with the latest `scheduled_at`, latest first."""
        shown = [each for each in self._known.values() if each.id not in hidden]
        return sorted(shown, key=_schedule_order, reverse=True)[:count]

    def changes(self) -> list[Invocation]:
        """Returns the invocations that appeared or changed, in the order of `scheduled_at`."""
        before = self._api.now() + AHEAD
        seen = {invocation.id: invocation for invocation in self._recent(before)}
        seen |= {invocation.id: invocation for invocation in self._unfinished(before)}
        seen |= {invocation.id: invocation for invocation in self._gone_from(seen)}
        changed = [invocation for invocation in seen.values() if self._is_news(invocation)]
        for invocation in changed:
            self._known.pop(invocation.id, None)
            self._known[invocation.id] = invocation
        self._forget()
        return sorted(changed, key=_schedule_order)

    def _recent(self, before: datetime) -> Iterator[Invocation]:
        """Yields the latest scheduled invocations, page by page, until a page has no news."""
        request = self._listing(before, PAGE)
        for read in range(PAGE, MOST_READ + PAGE, PAGE):
            response = self._api.invocations.List(request)
            yield from response.invocations
            request.page_token = response.next_page_token
            if not request.page_token or read >= MOST_READ:
                return
            if not response.invocations:
                continue  # those that the server looked at are others'
            news = any(self._is_news(invocation) for invocation in response.invocations)
            if not (news and self._known):
                return

    def _unfinished(self, before: datetime) -> Iterator[Invocation]:
        request = self._listing(before, MOST_READ)
        request.states.extend(UNFINISHED)
        return pages(self._api.invocations.List, request, "invocations", MOST_READ)

    def _gone_from(self, seen: Container[str]) -> Iterator[Invocation]:
        """Yields the invocations that were unfinished and that the lists no longer hold."""
        gone = [
            invocation.id
            for invocation in self._known.values()
            if invocation.state in UNFINISHED and invocation.id not in seen
        ]
        for invocation_id in gone[:PAGE]:
            try:
                request = InvocationServiceGetRequest(invocation_id=invocation_id)
                yield self._api.invocations.Get(request).invocation
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                del self._known[invocation_id]

    def _listing(self, before: datetime, page_size: int) -> InvocationServiceListRequest:
        request = InvocationServiceListRequest()
        request.CopyFrom(self._request)
        request.scheduled_before.FromDatetime(before)
        request.page_size = page_size
        return request

    def _is_news(self, invocation: Invocation) -> bool:
        known = self._known.get(invocation.id)
        return known is None or _progress(known) != _progress(invocation)

    def _forget(self) -> None:
        for invocation in list(self._known.values())[: max(len(self._known) - MOST_KNOWN, 0)]:
            if invocation.state not in UNFINISHED:
                del self._known[invocation.id]


def _progress(invocation: Invocation) -> tuple[object, ...]:
    due = invocation.due_at
    return (
        invocation.state,
        invocation.attempt_count,
        invocation.last_error,
        (due.seconds, due.nanos),
    )


def _schedule_order(invocation: Invocation) -> tuple[int, int, str]:
    return (invocation.scheduled_at.seconds, invocation.scheduled_at.nanos, invocation.id)
