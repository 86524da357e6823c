"""Delivery: one loop for every invocation. Claim a lease, call, then write what became of it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from tocsin.engine.delivering.capacity import Capacity
from tocsin.engine.delivering.endings import Endings
from tocsin.engine.delivering.heartbeat import LEASE, Heartbeat
from tocsin.engine.delivering.log import DeliveryLog
from tocsin.engine.delivering.shortage import Shortage
from tocsin.engine.delivering.verdict import after_call, after_dead_letter, last_failure
from tocsin.engine.observer import UNOBSERVED, Observer
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import Action, action_from_json, target_key
from tocsin.plans.trace_context import try_traceparent
from tocsin.schedule import Clock
from tocsin.schedule.instants import iso
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import deliveries
from tocsin.store.invocations.deliveries import TARGETS_AT_ONCE, Ended, Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetter, DeadLetterQueues
from tocsin.targets.not_called import NotCalled
from tocsin.targets.settings import TargetSettings

log = structlog.get_logger(__name__)

# How many are looked at for those that there is a place for: twice as many as there was last time.
LEAST_CANDIDATES = 32
MOST_CANDIDATES = 256
# With other nodes beside it, a node leaves them something of what falls due at once.
MOST_CANDIDATES_SHARED = 64
# A claim takes up at least so many free places, unless no more fall free in a few turns.
PLACES_AT_ONCE = 32
GATHERING_TURNS = 8
HELD_ELSEWHERE = timedelta(milliseconds=50)
# A call for which this node had no token, though it lacks nothing else, is made after this.
NOT_CALLED_AGAIN = timedelta(seconds=5)
# How long a node that stops waits for a store that does not answer.
LAST_ENDINGS_SECONDS = 5.0
CHANCE = secrets.SystemRandom()


@dataclass(slots=True)
class Delivery:
    """An invocation that this node holds."""

    invocation: Invocation
    action: Action
    destination: str
    started: datetime


class Deliveries:
    """Delivers what is due, as much at once as its limits allow.

    A place is free again once its call has ended; the node holds the invocation until that is
    written, with others, by `Endings`. `machine_clock` is the clock by which an error is waited
    out.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: TargetCaller,
        dead_letters: DeadLetterQueues,
        *,
        node: str,
        limits: TargetSettings,
        chance: Callable[[], float] = CHANCE.random,
        machine_clock: Clock | None = None,
        observer: Observer = UNOBSERVED,
        shortage: Shortage | None = None,
        letters_per_queue: int = 10,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._dead_letters = dead_letters
        self._node = node
        self._capacity = Capacity(limits, per_queue=letters_per_queue)
        self._chance = chance
        self._observer = observer
        self._shortage = shortage or Shortage(machine_clock or clock)
        self._wakeup = Wakeup(clock)
        database.on(Bell.DELIVERIES, self._wakeup.ring)
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, Delivery] = {}
        self._heartbeat = Heartbeat(database, clock, node=node, held=lambda: self._held)
        self._endings = Endings(
            database,
            machine_clock or clock,
            node=node,
            written=self._written,
            dropped=lambda ended: self._let_go(ended.invocation_id),
        )
        self._log = DeliveryLog(clock)
        self._claiming = False
        self._most = MOST_CANDIDATES if database.exclusive else MOST_CANDIDATES_SHARED
        # When the next one is due as far as it is known, and how many to look at for it.
        self._expected: datetime | None = None
        self._window = LEAST_CANDIDATES
        # Places that fell free since the last claim, where that is what is waited for.
        self._full = False
        self._freed = 0

    @property
    def under_way(self) -> int:
        return len(self._held)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, nor being claimed."""
        return not self._claiming and not self._held

    def look(self) -> None:
        """Makes the loop look for invocations at once."""
        self._wakeup.ring()

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Returns what an engine repeats."""
        return self.run_once, self._heartbeat.heartbeat

    async def run_once(self) -> None:
        """Starts the delivery of what is due, then waits for more, or for a free place."""
        await self._shortage.wait()
        # First of all: that the last call has ended meanwhile must not go unheard.
        self._wakeup.listen()
        if self._full:
            await self._let_places_gather()
        now = self._clock.now()
        if self._capacity.free <= 0:
            await self._wakeup.wait(None)
            return
        known = self._expected is not None and self._expected <= now
        if not known or (self._full and not self._freed):
            self._expected = await self._database.read(self._next_due)
            if self._expected is None or self._expected > now:
                await self._wakeup.wait(self._expected)
                return
        if not await self._start(now) and self._expected is not None and self._expected <= now:
            # All that is due is being taken elsewhere. Where nothing is, what was expected has been
            # cancelled.
            await self._wakeup.wait(now + HELD_ELSEWHERE)

    async def drain(self, grace_seconds: float) -> None:
        """Lets what is under way finish; what does not is stopped and handed back.

        A store that is away is no reason to fail: leases run out by themselves.
        """
        tasks = list(self._calls.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._dead_letters.close()
        left = await self._endings.drain(LAST_ENDINGS_SECONDS)
        now = self._clock.now()

        def hand_back(tx: Transaction) -> None:
            deliveries.finish(tx, left, node=self._node)
            deliveries.hand_back(tx, now=now, node=self._node)

        try:
            await self._database.write(hand_back)
        except StoreUnavailable as error:
            told = "what is held can't be handed back, it is delivered after its lease"
            log.warning(told, endings=len(left), error=str(error))
        self._log.flush()

    async def _let_places_gather(self) -> None:
        """A claim for each place that falls free would cost more than the call itself."""
        seen = -1
        while seen < self._freed < PLACES_AT_ONCE:
            seen = self._freed
            for _ in range(GATHERING_TURNS):
                await asyncio.sleep(0)

    def _next_due(self, tx: Transaction) -> datetime | None:
        """Returns when the next one is due that there may be a place for."""
        busy = self._capacity.busy_destinations()
        if not busy:
            return deliveries.next_due(tx)
        first = deliveries.first_waiting(tx, limit=LEAST_CANDIDATES)
        others = [each for each in first if each[0] not in busy]
        if not others and len(first) == LEAST_CANDIDATES:
            others = deliveries.waiting_targets(tx, but=busy)
        return others[0][1] if others else None

    def _candidates(self, tx: Transaction, now: datetime) -> list[tuple[str, str]]:
        """Returns (id, target) of what is due, in order; of busy targets, nothing."""
        busy = self._capacity.busy_destinations()
        limit = min(self._capacity.free, self._window)
        found = deliveries.due_candidates(tx, now=now, limit=limit)
        # A step from target to target costs by how many there are: not where few are in the way.
        in_the_way = sum(target in busy for _, target in found)
        if len(found) == limit and 2 * in_the_way > limit:
            found = []
            for target, due in deliveries.waiting_targets(tx, but=busy)[:TARGETS_AT_ONCE]:
                if due > now or len(found) >= limit:
                    break
                most = min(limit - len(found), self._capacity.free_of(target))
                found += deliveries.due_of_target(tx, target, now=now, limit=most)
        # After a long standstill of this node its own leases have run out as well.
        return [(each, target) for each, target in found if each not in self._held]

    async def _start(self, now: datetime) -> int:
        """Claims what is due and starts its calls; returns how many."""

        def claim(tx: Transaction) -> tuple[list[Invocation], datetime | None]:
            ids = self._capacity.admitted(self._candidates(tx, now))
            taken = deliveries.take(tx, ids, node=self._node, now=now, lease_until=now + LEASE)
            return taken, deliveries.next_due(tx)

        self._claiming, self._freed = True, 0
        try:
            claimed, self._expected = await self._database.write(claim)
            self._observer.claimed(len(claimed))
            for invocation in claimed:
                self._begin(invocation, now)
        finally:
            self._claiming = False
        self._window = min(max(LEAST_CANDIDATES, 2 * len(claimed)), self._most)
        self._full = self._capacity.free <= 0 or bool(self._capacity.busy_destinations())
        return len(claimed)

    def _begin(self, invocation: Invocation, now: datetime) -> None:
        try:
            action = action_from_json(invocation.action)
        except ValueError:
            # It must not keep the others from being called. A node that knows more may take it.
            log.exception("invocation can't be read, it waits", invocation_id=invocation.id)
            return
        destination = invocation.target
        if invocation.state is State.DEAD_LETTERING:
            # Its row names the queue; whoever watches is told the target that was called.
            invocation = replace(invocation, target=target_key(action.target))
        delivery = Delivery(invocation, action, destination, now)
        self._capacity.begin(destination)
        self._held[invocation.id] = delivery
        self._calls[invocation.id] = asyncio.create_task(self._deliver(delivery))

    async def _deliver(self, delivery: Delivery) -> None:
        invocation = delivery.invocation
        ended: Ended | None = None
        try:
            delivery.started = self._clock.now()
            traceparent = self._observer.began(invocation, delivery.started)
            ending = await self._try(delivery, traceparent)
            ended = Ended(invocation.id, ending, self._clock.now())
        except NotCalled as error:
            await self._put_back(invocation, error)
        except Exception:
            log.exception(
                "delivery broke off", invocation_id=invocation.id, origin=invocation.origin
            )
        finally:
            del self._calls[invocation.id]
            self._capacity.end(delivery.destination)
            self._freed += 1
            if ended is None:
                self._observer.broke_off(invocation)
                self._let_go(invocation.id)
            else:
                self._endings.add(ended)
            if self._full:
                self._wakeup.ring()

    async def _try(self, delivery: Delivery, traceparent: str | None) -> Ending:
        if delivery.invocation.state is State.DEAD_LETTERING:
            return await self._put_dead_letter(delivery.invocation, delivery.action)
        return await self._call(delivery.invocation, delivery.action, delivery.started, traceparent)

    async def _put_back(self, invocation: Invocation, error: NotCalled) -> None:
        """Lets an invocation wait that this node could not deliver: it failed, not the target."""
        at = self._clock.now()
        if error.node_is_short:
            self._shortage.met(str(error))
            self._window = LEAST_CANDIDATES
        else:
            at += NOT_CALLED_AGAIN
        node, why = self._node, str(error)
        try:
            await self._database.write(
                lambda tx: deliveries.put_back(tx, invocation.id, node=node, at=at, why=why)
            )
        except StoreUnavailable as away:
            log.warning(
                "invocation can't be put back, it is delivered after its lease",
                invocation_id=invocation.id,
                error=str(away),
            )

    def _written(self, batch: Sequence[Ended], kept: set[str]) -> None:
        for ended in batch:
            delivery = self._held[ended.invocation_id]
            if ended.invocation_id not in kept:
                self._observer.lease_lost()
                log.warning(
                    "lease was lost, another node delivers",
                    invocation_id=ended.invocation_id,
                    origin=delivery.invocation.origin,
                )
            self._observer.ended(delivery.invocation, ended.ending, delivery.started, ended.at)
            self._log.ended(delivery.invocation, ended, delivery.started)
            if ended.ending.again_at is not None:
                self._wakeup.ring(ended.ending.again_at)
            self._let_go(ended.invocation_id)

    def _let_go(self, invocation_id: str) -> None:
        del self._held[invocation_id]
        if not self._held:
            # Whoever waits for all to be settled looks after each step.
            self._wakeup.ring()

    async def _call(
        self, invocation: Invocation, action: Action, started: datetime, traceparent: str | None
    ) -> Ending:
        outcome = await self._caller.call(
            action.target,
            invocation.payload,
            request_id=invocation.id,
            headers=call_headers(invocation, started, traceparent),
        )
        chance = 0.0 if outcome.succeeded else self._chance()
        return after_call(invocation, action, outcome, now=self._clock.now(), chance=chance)

    async def _put_dead_letter(self, invocation: Invocation, action: Action) -> Ending:
        if action.dead_letter is None:
            raise ValueError(f"invocation {invocation.id} has no dead letter queue")
        error = await self._dead_letters.put(
            DeadLetter(
                queue_id=action.dead_letter.queue_id,
                payload=invocation.payload,
                trigger_id=invocation.origin,
                invocation_id=invocation.id,
                attempts=invocation.attempts,
                error=last_failure(invocation),
            )
        )
        return after_dead_letter(invocation, action, error, now=self._clock.now())


def call_headers(
    invocation: Invocation, started: datetime, traceparent: str | None = None
) -> dict[str, str]:
    """Returns what a target is told beside the payload: which try it is, of what, meant for when.

    `traceparent` (W3C Trace Context) has one trace id for all tries of an invocation; it is made up
    where nobody traces.
    """
    return {
        "X-Attempt": str(invocation.attempts),
        "X-Scheduled-At": iso(invocation.scheduled_at),
        "X-Started-At": iso(started),
        "traceparent": traceparent or try_traceparent(invocation.id, invocation.traceparent),
    }
