"""Accepts the events of sources: finds the triggers that listen, filters, and stores."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.events.cutting import one_by_one
from tocsin.engine.events.invoking import Calls
from tocsin.engine.events.refusing import count_all
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.folders import admits
from tocsin.sources.incoming import Incoming, Refused, Taken
from tocsin.sources.kinds.catalog import keys_of_event, kind_of, short_key
from tocsin.sources.kinds.definition import Metadata
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.gathering import Awaited, Gathering
from tocsin.store.driver.transaction import Transaction
from tocsin.store.events import held_messages
from tocsin.store.events.accepted import WaitingEvent, add_events, count_lost, remember_new
from tocsin.store.events.held_messages import Held
from tocsin.store.events.subscriptions import listener, listeners
from tocsin.store.invocations.rows import Invocation, insert_invocations

log = structlog.get_logger(__name__)

# Bounds of one transaction, so that others need not wait long: events, and listeners to one event.
EVENTS_AT_ONCE = 256
LISTENERS_AT_ONCE = 256
PLANS_KEPT = 1024

# A kind of source, one of the keys under which triggers listen to it, and the trigger that the
# event is for, or "" for all triggers.
Channel: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """Holds an event that fires a trigger, and its index among the events handed in."""

    index: int
    incoming: Incoming

    @property
    def key(self) -> str:
        return short_key(self.incoming.key or self.incoming.id)


@dataclass(slots=True)
class IntakeWork:
    """Holds the outcome of each event in one transaction.

    `more` has the channels with further listeners, and the last listener that was read.
    """

    taken: list[Taken]
    more: dict[Channel, str] = field(default_factory=dict)


Waiting: TypeAlias = Awaited[Sequence[Incoming]]


class Intake:
    """Accepts events in one transaction at a time, which takes all that were handed in meanwhile.

    Concurrent transactions would lock the batches of triggers in different orders.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        calls: Calls,
        largest_payload: int,
        remembered: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._load_plan = lru_cache(PLANS_KEPT)(load_plan)
        self._calls = calls
        self._new_id = calls.new_id
        self._largest_payload = largest_payload
        self._remembered = remembered
        self._handed_in: Gathering[Waiting] = Gathering(
            self._write_group, most=EVENTS_AT_ONCE, size=lambda waiting: len(waiting.given)
        )

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        """Accepts events; returns the outcome of each once they are durable.

        Raises:
            StoreUnavailable: the store can't be reached; some events may have been accepted.
        """
        if not incoming:
            return []
        done: asyncio.Future[list[Taken]] = asyncio.get_running_loop().create_future()
        # Ids are made here, so that they stay the same if the transaction runs again.
        named = [event if event.id else replace(event, id=self._new_id()) for event in incoming]
        self._handed_in.add(Awaited(named, done))
        return await done

    async def refuse(self, refused: Sequence[Refused]) -> None:
        """Counts events that can't be read in the intakes of their triggers.

        Raises:
            StoreUnavailable: the store can't be reached; some may have been counted.
        """
        await count_all(self._database, self._clock.now(), self._load_plan, refused)

    async def _write_group(self, group: Sequence[Waiting]) -> None:
        try:
            taken = await self._write([event for waiting in group for event in waiting.given])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, StoreUnavailable):
                # The events of one caller must not fail those of others.
                for waiting in group:
                    await self._write_group([waiting])
                return
            for waiting in group:
                waiting.fail(error)
            return
        for waiting in group:
            mine, taken = taken[: len(waiting.given)], taken[len(waiting.given) :]
            waiting.succeed(mine)

    async def _write(self, incoming: Sequence[Incoming]) -> list[Taken]:
        taken = [Taken()] * len(incoming)
        channels: dict[Channel, str] = {
            channel: "" for event in incoming for channel in _channels(event)
        }
        while channels:
            done = await self._database.write(
                lambda tx, seen=channels: self._take(tx, incoming, seen)  # type: ignore[misc]
            )
            taken = [one + more for one, more in zip(taken, done.taken, strict=True)]
            channels = done.more
        return taken

    def _take(
        self, tx: Transaction, incoming: Sequence[Incoming], after: Mapping[Channel, str]
    ) -> IntakeWork:
        """Accepts events for the next listeners of these channels."""
        done = IntakeWork([Taken()] * len(incoming))
        plans = {
            channel: self._listeners(tx, channel, last, done) for channel, last in after.items()
        }
        hits: dict[str, tuple[Plan, list[Hit]]] = {}
        lost: dict[str, int] = {}
        for index, event in enumerate(incoming):
            kind = kind_of(event.event)
            for plan in _unique(plans.get(channel, ()) for channel in _channels(event)):
                if not admits(event.folders, plan.folder_id):
                    continue
                if next(kind.mismatches(plan.source, event.event), None) is not None:
                    done.taken[index] += Taken(filtered=1)
                elif not plan.active:
                    done.taken[index] += Taken(lost=1)
                    if not event.trigger_id:
                        lost[plan.trigger_id] = lost.get(plan.trigger_id, 0) + 1
                else:
                    hits.setdefault(plan.trigger_id, (plan, []))[1].append(Hit(index, event))
        now = self._clock.now()
        self._accept(tx, hits, now, done)
        for trigger_id in sorted(lost):
            count_lost(tx, trigger_id=trigger_id, lost=lost[trigger_id], now=now)
        return done

    def _listeners(
        self, tx: Transaction, channel: Channel, after: str, done: IntakeWork
    ) -> list[Plan]:
        kind, key, trigger_id = channel
        if trigger_id:
            row = listener(tx, trigger_id, kind=kind, key=key)
            rows = [] if row is None else [row]
        else:
            rows = listeners(tx, kind=kind, key=key, after=after, limit=LISTENERS_AT_ONCE)
        if len(rows) == LISTENERS_AT_ONCE:
            done.more[channel] = rows[-1].id
        plans = []
        for stored in rows:
            try:
                plans.append(self._load_plan(stored.contract, stored.message))
            except ValueError:
                # A broken trigger must not stop the others.
                log.exception(
                    "could not read a stored trigger, it gets no events", trigger_id=stored.id
                )
        return plans

    def _accept(
        self,
        tx: Transaction,
        hits: Mapping[str, tuple[Plan, list[Hit]]],
        now: datetime,
        done: IntakeWork,
    ) -> None:
        # Sorted, so that all nodes lock rows in the same order.
        keys = sorted((trigger_id, hit.key) for trigger_id in hits for hit in hits[trigger_id][1])
        fresh = remember_new(tx, keys, now=now, expires_at=now + self._remembered)
        calls: list[Invocation] = []
        for trigger_id in sorted(hits):
            plan, given = hits[trigger_id]
            accepted = []
            for hit in given:
                if (trigger_id, hit.key) in fresh:
                    # The same event may have been handed in twice.
                    fresh.remove((trigger_id, hit.key))
                    accepted.append(hit)
                    done.taken[hit.index] += Taken(accepted=1)
                else:
                    done.taken[hit.index] += _repeated(tx, trigger_id, hit)
            if one_by_one(plan):
                calls += self._call_each(tx, plan, accepted, now)
            elif accepted:
                self._add(tx, plan, accepted, now)
        insert_invocations(tx, [(call, now) for call in calls])

    def _call_each(
        self, tx: Transaction, plan: Plan, hits: Sequence[Hit], now: datetime
    ) -> list[Invocation]:
        invocations = []
        held = []
        for hit in hits:
            calls = self._calls.of(plan, (self._element(plan, hit.incoming),), now)
            invocations += calls
            if hit.incoming.receipt:
                receipt = hit.incoming.receipt
                held.append(Held(plan.trigger_id, hit.key, receipt, invocation_id=calls[0].id))
        held_messages.hold(tx, held)
        return invocations

    def _element(self, plan: Plan, incoming: Incoming) -> str:
        metadata = Metadata(
            incoming.id, incoming.at, self._calls.cloud_id, plan.folder_id, incoming.trace_id
        )
        return kind_of(incoming.event).element(incoming.event, metadata)

    def _add(self, tx: Transaction, plan: Plan, hits: Sequence[Hit], now: datetime) -> None:
        batching = plan.batching
        assert batching is not None
        added = [
            WaitingEvent(self._new_id(), now, self._element(plan, hit.incoming)) for hit in hits
        ]
        held = [
            Held(plan.trigger_id, hit.key, hit.incoming.receipt, event_id=event.id)
            for hit, event in zip(hits, added, strict=True)
            if hit.incoming.receipt
        ]
        held_messages.hold(tx, held)
        add_events(
            tx,
            trigger_id=plan.trigger_id,
            added=added,
            due_at=now + batching.cutoff,
            most_events=batching.size,
            most_bytes=min(batching.size_bytes or self._largest_payload, self._largest_payload),
            now=now,
        )


def _repeated(tx: Transaction, trigger_id: str, hit: Hit) -> Taken:
    receipt = hit.incoming.receipt
    if receipt and not held_messages.received_again(tx, trigger_id, hit.key, receipt):
        return Taken(repeated=1, settled=1)
    return Taken(repeated=1)


def _channels(incoming: Incoming) -> list[Channel]:
    kind = kind_of(incoming.event).name
    return [(kind, key, incoming.trigger_id) for key in keys_of_event(incoming.event)]


def _unique(groups: Iterable[Sequence[Plan]]) -> list[Plan]:
    """Returns each plan once, even if a trigger listens to an event by two keys."""
    return list({plan.trigger_id: plan for plans in groups for plan in plans}.values())
