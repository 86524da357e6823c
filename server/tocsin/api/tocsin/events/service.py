"""Serves `tocsin.v1.EventService`, which accepts events and shows what they would fire."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from tocsin.api.changes.listening import SoleQueue
from tocsin.api.tocsin.events.cloud_events import Unreadable, contents_of, read_all
from tocsin.api.tocsin.events.intakes import Intakes
from tocsin.api.tocsin.events.message import incoming_of
from tocsin.api.tocsin.events.taking import refuse, take
from tocsin.compilers.loading import load_plan
from tocsin.plans.plan import Plan
from tocsin.printable import printable
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming, Refused, Taken, TakesEvents
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.catalog import keys_of_event, kind_of
from tocsin.sources.kinds.definition import Comparison, Metadata, Mismatch
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import rows as triggers
from tocsin.store.triggers.rows import NameFilter, StoredTrigger
from tocsin.targets.settings import DeadLetterSettings
from tocsin.wire import errors
from tocsin.wire.calls import Call, text_of
from tocsin.wire.ids import Ids
from tocsin.wire.paging import (
    LARGEST_PAGE_BYTES,
    ListTokens,
    PageTokens,
    page_of,
    page_size,
)
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract

log = structlog.get_logger(__name__)

SERVICE = contract.DESCRIPTOR.services_by_name["EventService"]

MOST_EVENTS = 1000
MOST_TRIGGERS = 100

COMPARISONS = {
    Comparison.ANY_OF: contract.Obstacle.Filtered.COMPARISON_ANY_OF,
    Comparison.PREFIX: contract.Obstacle.Filtered.COMPARISON_PREFIX,
    Comparison.SUFFIX: contract.Obstacle.Filtered.COMPARISON_SUFFIX,
    Comparison.TOPIC: contract.Obstacle.Filtered.COMPARISON_TOPIC,
}


class EventService:
    """Serves `EventService`.

    Payloads have this `cloud_id`, and `dead_letters` go to its queues. `sole_queue` returns the
    queue that a rule reads, if it may feed no other trigger.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        pages: PageTokens,
        intake: TakesEvents,
        cloud_id: str,
        dead_letters: DeadLetterSettings,
        sole_queue: SoleQueue,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._pages = pages
        self._intake = intake
        self._cloud_id = cloud_id
        self.intakes = Intakes(database, clock, pages, dead_letters, sole_queue)

    def methods(self) -> dict[str, Method]:
        return {
            "Publish": self.publish,
            "PublishCloudEvent": self.publish_cloud_event,
            "TestEvent": self.test_event,
            "GetIntake": self.intakes.get,
            "ListIntakes": self.intakes.list,
        }

    async def publish(
        self, request: contract.EventServicePublishRequest
    ) -> contract.EventServicePublishResponse:
        """Accepts events, and returns the outcome of each."""
        _check_count("events", len(request.events))
        now = self._clock.now()
        incoming = [
            incoming_of(event, f"events[{index}]", now)
            for index, event in enumerate(request.events)
        ]
        return contract.EventServicePublishResponse(events=await self._take(incoming))

    async def publish_cloud_event(
        self, request: contract.EventServicePublishCloudEventRequest, call: Call
    ) -> contract.EventServicePublishCloudEventResponse:
        """Accepts one CloudEvent, or those of a batch that can be read, in JSON."""
        body = request.event
        headers = {name: text_of(value) for name, value in call.metadata}
        contents = contents_of(body.content_type, body.data, headers)
        # A batch may be empty (CloudEvents, JSON format, 4.1).
        if contents:
            _check_count("event", len(contents))
        read = read_all(contents, self._clock.now())
        published = iter(await self._take([each for each in read if isinstance(each, Incoming)]))
        await refuse(self._intake, _refused(read))
        return contract.EventServicePublishCloudEventResponse(
            events=[
                contract.PublishedEvent(
                    id=each.id, error=printable(each.error.message, newlines=True)
                )
                if isinstance(each, Unreadable)
                else next(published)
                for each in read
            ]
        )

    async def test_event(
        self, request: contract.EventServiceTestEventRequest, call: Call
    ) -> contract.EventServiceTestEventResponse:
        """Shows which triggers an event would fire, and why it would not fire the others."""
        incoming = incoming_of(request.event, "event", self._clock.now())
        if not incoming.id:
            incoming = replace(incoming, id=self._ids.new())
        if bool(request.folder_id) == bool(request.trigger_ids):
            raise errors.invalid_field("folder_id", "either folder_id or trigger_ids is required")
        # A page token is valid for the same event only.
        event = request.event.SerializeToString(deterministic=True).hex()
        tokens = self._pages.of(call, request, request.folder_id, event)
        rows, more = await (
            self._page_of_folder(request, tokens)
            if request.folder_id
            else self._named(request.trigger_ids)
        )
        judged = (self._judged(row, incoming, request.include_payload) for row in rows)
        verdicts, cut = page_of(judged, len(rows), contract.TriggerVerdict.ByteSize)
        if cut and not request.folder_id:
            raise errors.invalid_field(
                "trigger_ids",
                f"the answer may hold only the first {len(verdicts)}: name fewer",
            )
        token = tokens.token(verdicts[-1].trigger_id) if cut or more else ""
        return contract.EventServiceTestEventResponse(verdicts=verdicts, next_page_token=token)

    async def _take(self, incoming: Sequence[Incoming]) -> list[contract.PublishedEvent]:
        named = [event if event.id else replace(event, id=self._ids.new()) for event in incoming]
        taken = await take(self._intake, named)
        return [_published(event.id, outcome) for event, outcome in zip(named, taken, strict=True)]

    async def _page_of_folder(
        self, request: contract.EventServiceTestEventRequest, tokens: ListTokens
    ) -> tuple[list[StoredTrigger], bool]:
        after = tokens.position(request.page_token) or ""
        size = page_size(request.page_size)
        rows = await self._database.read(
            lambda tx: triggers.page_of_triggers(
                tx, folder_id=request.folder_id, names=NameFilter(), after=after, limit=size + 1
            )
        )
        return page_of(rows, size, lambda row: len(row.message))

    async def _named(self, trigger_ids: Sequence[str]) -> tuple[list[StoredTrigger], bool]:
        wanted = sorted(set(trigger_ids))
        if len(wanted) > MOST_TRIGGERS:
            raise errors.invalid_field("trigger_ids", f"must have at most {MOST_TRIGGERS}")

        def read(tx: Transaction) -> list[StoredTrigger]:
            rows = []
            for trigger_id in wanted:
                stored = triggers.find_trigger(tx, trigger_id)
                if stored is None:
                    raise errors.trigger_not_found(trigger_id)
                rows.append(stored)
            return rows

        return await self._database.read(read), False

    def _judged(
        self, stored: StoredTrigger, incoming: Incoming, include_payload: bool
    ) -> contract.TriggerVerdict:
        """Returns whether the event would fire the trigger, and all reasons if it would not."""
        verdict = contract.TriggerVerdict(trigger_id=stored.id, name=stored.name)
        self._judge(verdict, stored, incoming, include_payload=include_payload)
        return verdict

    def _judge(
        self,
        verdict: contract.TriggerVerdict,
        stored: StoredTrigger,
        incoming: Incoming,
        *,
        include_payload: bool,
    ) -> None:
        try:
            plan = load_plan(stored.contract, stored.message)
        except ValueError:
            log.exception("could not read a stored trigger", trigger_id=verdict.trigger_id)
            verdict.obstacles.add().unreadable.SetInParent()
            return
        verdict.kind = plan.kind
        if not plan.active:
            verdict.obstacles.add().paused.SetInParent()
        kind = kind_of(incoming.event)
        if plan.kind != kind.name:
            other = verdict.obstacles.add().other_kind
            other.expected, other.got = plan.kind, kind.name
        else:
            for mismatch in kind.mismatches(plan.source, incoming.event):
                _fill(verdict.obstacles.add().filtered, mismatch)
        verdict.fires = not verdict.obstacles
        if not verdict.fires:
            return
        if plan.batching is not None and plan.batching.cutoff > timedelta():
            verdict.cutoff.FromTimedelta(plan.batching.cutoff)
        if include_payload:
            payload = self._payload(plan, incoming)
            verdict.payload_size = len(payload)
            if len(payload) <= LARGEST_PAGE_BYTES:
                verdict.payload = payload.decode()

    def _payload(self, plan: Plan, incoming: Incoming) -> bytes:
        kind = kind_of(incoming.event)
        metadata = Metadata(
            incoming.id, incoming.at, self._cloud_id, plan.folder_id, incoming.trace_id
        )
        batch = replace(metadata, at=nanos_of(self._clock.now()))
        return kind.payload((kind.element(incoming.event, metadata),), batch)


def _check_count(field: str, count: int) -> None:
    if not 1 <= count <= MOST_EVENTS:
        raise errors.invalid_field(field, f"must have 1 to {MOST_EVENTS} events, but has {count}")


def _refused(read: Sequence[Incoming | Unreadable]) -> list[Refused]:
    """Returns what can't be read; an event that names no source is for those of its kind's."""
    named: dict[str, dict[str, None]] = {}
    for each in read:
        if isinstance(each, Incoming):
            of_kind = named.setdefault(kind_of(each.event).name, {})
            of_kind.update(dict.fromkeys(keys_of_event(each.event)))
    return [
        Refused(
            each.kind,
            (each.key,) if each.key else tuple(named.get(each.kind, ())),
            1,
            each.error.message,
        )
        for each in read
        if isinstance(each, Unreadable) and each.kind
    ]


def _published(event_id: str, taken: Taken) -> contract.PublishedEvent:
    return contract.PublishedEvent(
        id=event_id,
        accepted=taken.accepted,
        repeated=taken.repeated,
        lost=taken.lost,
        filtered=taken.filtered,
    )


def _fill(filtered: contract.Obstacle.Filtered, mismatch: Mismatch) -> None:
    filtered.field = mismatch.field
    filtered.comparison = COMPARISONS[mismatch.comparison]
    filtered.expected.extend(mismatch.expected)
    filtered.got = mismatch.got
