"""Delivers invocations in one loop: claims a lease, calls the target, writes the outcome."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from tocsin.engine.delivering.answer_bytes import AnswerBytes
from tocsin.engine.delivering.capacity import Admitted, Capacity
from tocsin.engine.delivering.endings import Endings, TellsOf, write_endings
from tocsin.engine.delivering.heartbeat import LEASE, Heartbeat
from tocsin.engine.delivering.horizon import Horizon
from tocsin.engine.delivering.large_payloads import LargePayloads
from tocsin.engine.delivering.log import DeliveryLog
from tocsin.engine.delivering.payload_bytes import LARGE
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
from tocsin.store.invocations.parking import set_aside
from tocsin.store.invocations.rows import Invocation, State
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetter, DeadLetterQueues
from tocsin.targets.not_called import NotCalled
from tocsin.targets.settings import TargetSettings

log = structlog.get_logger(__name__)

# Bounds of how many due invocations a claim reads; it reads twice as many as the last one claimed.
LEAST_CANDIDATES = 32
MOST_CANDIDATES = 256
# A node that shares the store leaves some due invocations to other nodes.
MOST_CANDIDATES_SHARED = 64
# A claim waits for this many free slots, unless no more become free in a few turns.
SLOTS_AT_ONCE = 32
GATHERING_TURNS = 8
CLAIMED_ELSEWHERE = timedelta(milliseconds=50)
# A delivery that failed for want of a token, not because the node is short, is repeated after this.
NOT_CALLED_AGAIN = timedelta(seconds=5)
# A node that stops waits this long for a store that does not answer.
LAST_ENDINGS_SECONDS = 5.0
CHANCE = secrets.SystemRandom()


@dataclass(slots=True)
class Delivery:
    """Holds an invocation that this node has claimed."""

    invocation: Invocation
    action: Action
    destination: str
    started: datetime
    payload_bytes: int
    answer_bytes: int = 0


class Deliveries:
    """Delivers due invocations, as many at once as its limits allow.

    A slot is free once its call has ended. The node keeps the lease until `Endings` has written the
    outcome, together with others. `machine_clock` times the pause after an error.
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
        tell: TellsOf | None = None,
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
        self._horizon = Horizon(machine_clock or clock)
        database.on(Bell.DELIVERIES, self._horizon.rung)
        database.on(Bell.DELIVERIES, self._wakeup.ring)
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._claimed: dict[str, Delivery] = {}
        self._tell = tell
        self._heartbeat = Heartbeat(database, clock, node=node, held=lambda: self._claimed)
        self._endings = Endings(
            database,
            machine_clock or clock,
            node=node,
            written=self._written,
            dropped=lambda ended: self._let_go(ended.invocation_id),
            tell=tell,
        )
        self._log = DeliveryLog(clock)
        self._payloads = LargePayloads(database)
        self._answers = AnswerBytes(limits.payload_bytes)
        self._claiming = False
        self._most = MOST_CANDIDATES if database.exclusive else MOST_CANDIDATES_SHARED
        # The earliest known due instant, and how many due invocations to read at it.
        self._expected: datetime | None = None
        self._window = LEAST_CANDIDATES
        # Whether the loop waits for free slots, and the slots freed since the last claim.
        self._full = False
        self._freed = 0

    @property
    def under_way(self) -> int:
        return len(self._claimed)

    @property
    def idle(self) -> bool:
        """Returns whether nothing is under way or being claimed."""
        return not self._claiming and not self._claimed

    def limit_targets(self, limits: TargetSettings) -> None:
        """Uses other limits of single targets from now on."""
        self._capacity.limit_destinations(limits)
        self.look()

    def look(self) -> None:
        """Makes the loop look for due invocations at once, whenever they were due."""
        self._horizon.rung(None)
        self._wakeup.ring()

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Returns the steps that the engine repeats."""
        return self.run_once, self._heartbeat.heartbeat

    async def run_once(self) -> None:
        """Starts deliveries that are due, then waits for more, or for a free slot."""
        await self._shortage.wait()
        # First, so that no bell of a call that ends meanwhile is missed.
        self._wakeup.listen()
        if self._full:
            await self._let_slots_gather()
        now = self._clock.now()
        if self._capacity.free <= 0:
            await self._wakeup.wait(None)
            return
        known = self._expected is not None and self._expected <= now
        if not known or (self._full and not self._freed):
            self._horizon.look()
            self._expected = await self._database.read(self._next_due)
            if self._expected is None or self._expected > now:
                await self._wakeup.wait(self._expected)
                return
        if not await self._start(now) and self._expected is not None and self._expected <= now:
            # Other nodes are claiming what is due, or it has been cancelled.
            await self._wakeup.wait(now + CLAIMED_ELSEWHERE)

    async def drain(self, grace_seconds: float) -> None:
        """Lets deliveries finish within the grace; stops the others, and ends their leases.

        If the store does not answer, the leases run out by themselves.
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
            write_endings(tx, left, node=self._node, tell=self._tell)
            deliveries.hand_back(tx, now=now, node=self._node)

        try:
            await self._database.write(hand_back)
        except StoreUnavailable as error:
            log.warning(
                "could not hand back claimed invocations, they are delivered after their leases",
                endings=len(left),
                error=str(error),
            )
        self._log.flush()

    async def _let_slots_gather(self) -> None:
        """Waits for more free slots, as a claim for each slot would cost more than its call."""
        seen = -1
        while seen < self._freed < SLOTS_AT_ONCE:
            seen = self._freed
            for _ in range(GATHERING_TURNS):
                await asyncio.sleep(0)

    def _next_due(self, tx: Transaction) -> datetime | None:
        """Returns when the next invocation is due that may get a slot."""
        busy, since = self._capacity.busy_destinations(), self._horizon.since
        if not busy:
            return deliveries.next_due(tx, since=since)
        first = deliveries.first_waiting(tx, since=since, limit=LEAST_CANDIDATES)
        others = [waiting for waiting in first if waiting[0] not in busy]
        if not others and len(first) == LEAST_CANDIDATES:
            others = deliveries.waiting_targets(tx, but=busy)
        return others[0][1] if others else None

    def _candidates(self, tx: Transaction, now: datetime) -> list[tuple[str, str, int]]:
        """Returns (id, target, bytes of the payload) of due invocations in order.

        It leaves out targets that are busy, if most of what is due is for them.
        """
        busy, since = self._capacity.busy_destinations(), self._horizon.since
        limit = min(self._capacity.free, self._window)
        candidates = deliveries.due_candidates(tx, since=since, now=now, limit=limit)
        # Reading target by target costs by the number of targets, so only if busy ones prevail.
        of_busy = sum(target in busy for _, target, _ in candidates)
        if len(candidates) == limit and 2 * of_busy > limit:
            candidates = []
            for target, due in deliveries.waiting_targets(tx, but=busy)[:TARGETS_AT_ONCE]:
                if due > now or len(candidates) >= limit:
                    break
                most = min(limit - len(candidates), self._capacity.free_of(target))
                candidates += deliveries.due_of_target(tx, target, since=since, now=now, limit=most)
        # After a long standstill of this node, its own leases have run out too.
        return [candidate for candidate in candidates if candidate[0] not in self._claimed]

    async def _start(self, now: datetime) -> int:
        """Claims due invocations and starts their calls; sets aside those it may not deliver.

        Returns how many invocations it claimed or set aside.
        """

        def claim(tx: Transaction) -> tuple[list[Invocation], Admitted, datetime | None]:
            admitted = self._capacity.admitted(self._candidates(tx, now))
            ids = list(admitted.bytes_of)
            taken = deliveries.take(tx, ids, node=self._node, now=now, lease_until=now + LEASE)
            if len(taken) < len(ids):
                set_aside(tx, withheld(ids, taken), now=now)
            return taken, admitted, deliveries.next_due(tx, since=self._horizon.since)

        look = self._horizon.look()
        self._claiming, self._freed = True, 0
        try:
            claimed, admitted, self._expected = await self._database.write(claim)
            self._horizon.found(look, self._expected, now)
            self._observer.claimed(len(claimed))
            for invocation in claimed:
                self._begin(invocation, now, admitted.bytes_of[invocation.id])
            for destination in self._capacity.wait_for_room(admitted.too_large):
                self._log.waits_for_room(destination, admitted.too_large[destination])
        finally:
            self._claiming = False
        seen = len(admitted.bytes_of)
        self._window = min(max(LEAST_CANDIDATES, 2 * seen), self._most)
        self._full = self._capacity.free <= 0 or bool(self._capacity.busy_destinations())
        return seen

    def _begin(self, invocation: Invocation, now: datetime, payload_bytes: int) -> None:
        try:
            action = action_from_json(invocation.action)
        except ValueError:
            # Others must be delivered; a node of a newer version may be able to read this one.
            log.exception(
                "could not read an invocation, it waits for a node that can",
                invocation_id=invocation.id,
            )
            return
        destination = invocation.target
        if invocation.state is State.DEAD_LETTERING:
            # Its row names the queue; observers get the target that was called.
            invocation = invocation._replace(target=target_key(action.target))
        delivery = Delivery(invocation, action, destination, now, payload_bytes)
        self._capacity.begin(destination, payload_bytes)
        if payload_bytes > LARGE:
            self._observer.payloads_under_way(self._capacity.bytes_under_way)
        self._claimed[invocation.id] = delivery
        self._calls[invocation.id] = asyncio.create_task(self._deliver(delivery))

    async def _deliver(self, delivery: Delivery) -> None:
        invocation = delivery.invocation
        ended: Ended | None = None
        try:
            delivery.started = self._clock.now()
            traceparent = self._observer.began(invocation, delivery.started)
            ending = await self._try(delivery, traceparent)
            ended = Ended(invocation.id, ending, self._clock.now(), invocation.is_execution)
        except NotCalled as error:
            await self._put_back(invocation, error)
        except Exception:
            log.exception(
                "delivery broke off, it is repeated after its lease",
                invocation_id=invocation.id,
                origin=invocation.origin,
            )
        finally:
            del self._calls[invocation.id]
            self._capacity.end(delivery.destination, delivery.payload_bytes)
            if delivery.payload_bytes > LARGE:
                self._observer.payloads_under_way(self._capacity.bytes_under_way)
            self._freed += 1
            if ended is None:
                self._observer.broke_off(invocation)
                self._let_go(invocation.id)
            else:
                self._endings.add(ended)
            if self._full:
                self._wakeup.ring()

    async def _try(self, delivery: Delivery, traceparent: str | None) -> Ending:
        invocation = delivery.invocation
        payload = invocation.payload
        if delivery.payload_bytes and not payload:
            payload = await self._payloads.read(invocation.id)
        if invocation.state is State.DEAD_LETTERING:
            return await self._put_dead_letter(invocation, payload, delivery.action)
        return await self._call(delivery, payload, traceparent)

    async def _put_back(self, invocation: Invocation, error: NotCalled) -> None:
        """Returns an invocation to the store because this node, not its target, failed."""
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
                "could not put back an invocation, it is delivered after its lease",
                invocation_id=invocation.id,
                error=str(away),
            )

    def _written(self, batch: Sequence[Ended], kept: set[str]) -> None:
        for ended in batch:
            delivery = self._claimed[ended.invocation_id]
            if ended.invocation_id not in kept:
                self._observer.lease_lost()
                log.warning(
                    "lost the lease of a delivery, another node repeats it",
                    invocation_id=ended.invocation_id,
                    origin=delivery.invocation.origin,
                )
            self._observer.ended(delivery.invocation, ended.ending, delivery.started, ended.at)
            self._log.ended(delivery.invocation, ended, delivery.started)
            if ended.ending.again_at is not None:
                self._wakeup.ring(ended.ending.again_at)
            self._let_go(ended.invocation_id)

    def _let_go(self, invocation_id: str) -> None:
        delivery = self._claimed.pop(invocation_id)
        self._keep_answer(delivery, 0)
        if not self._claimed:
            # `Engine.settled` checks after each step whether all is done.
            self._wakeup.ring()

    async def _call(self, delivery: Delivery, payload: bytes, traceparent: str | None) -> Ending:
        invocation, action = delivery.invocation, delivery.action
        outcome = await self._caller.call(
            action.target,
            payload,
            request_id=invocation.id,
            headers=call_headers(invocation, delivery.started, traceparent),
            room=partial(self._make_room, delivery),
        )
        self._keep_answer(delivery, len(outcome.answer or b""))
        chance = 0.0 if outcome.succeeded else self._chance()
        return after_call(invocation, action, outcome, now=self._clock.now(), chance=chance)

    async def _make_room(self, delivery: Delivery, size: int) -> None:
        await self._answers.borrow(delivery.destination, size)
        delivery.answer_bytes = size
        self._observer.answers_under_way(self._answers.lent)

    def _keep_answer(self, delivery: Delivery, size: int) -> None:
        """Gives back the room of an answer, all but its real size."""
        if delivery.answer_bytes:
            self._answers.give_back(delivery.destination, delivery.answer_bytes, but=size)
            delivery.answer_bytes = size
            self._observer.answers_under_way(self._answers.lent)

    async def _put_dead_letter(
        self, invocation: Invocation, payload: bytes, action: Action
    ) -> Ending:
        if action.dead_letter is None:
            raise ValueError(f"invocation {invocation.id} has no dead letter queue")
        error = await self._dead_letters.put(
            DeadLetter(
                queue_id=action.dead_letter.queue_id,
                payload=payload,
                trigger_id=invocation.origin,
                invocation_id=invocation.id,
                attempts=invocation.attempts,
                error=last_failure(invocation),
            )
        )
        return after_dead_letter(invocation, action, error, now=self._clock.now())


def withheld(ids: Sequence[str], taken: Sequence[Invocation]) -> list[str]:
    """Returns those ids that were not taken: of triggers that are paused or deleted."""
    found = {each.id for each in taken}
    return [each for each in ids if each not in found]


def call_headers(
    invocation: Invocation, started: datetime, traceparent: str | None = None
) -> dict[str, str]:
    """Returns the headers of a call, which say which try it is and when it was scheduled.

    `traceparent` (W3C Trace Context) has the same trace id in all tries of an invocation; without
    tracing it is derived from the invocation.
    """
    return {
        "X-Attempt": str(invocation.attempts),
        "X-Scheduled-At": iso(invocation.scheduled_at),
        "X-Started-At": iso(started),
        "traceparent": traceparent or try_traceparent(invocation.id, invocation.traceparent),
    }
