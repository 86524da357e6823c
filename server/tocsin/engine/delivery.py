"""Delivery: one loop for every invocation. Claim a lease, call, then write what became of it."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from tocsin.engine.capacity import Capacity, Limits
from tocsin.engine.verdict import after_call, after_dead_letter, last_failure
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import Action, action_from_json
from tocsin.schedule import Clock
from tocsin.store import deliveries
from tocsin.store.database import Database
from tocsin.store.deliveries import MOST_BUSY_TARGETS, Ending
from tocsin.store.invocations import Invocation, State
from tocsin.store.transaction import Transaction
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetter, DeadLetterQueues

log = structlog.get_logger(__name__)

# A node that dies is missed after this long; one that lives says so three times meanwhile.
LEASE = timedelta(seconds=9)
HEARTBEAT_SECONDS = 3.0
CANDIDATES_AT_ONCE = 256
CHANCE = secrets.SystemRandom()


class Deliveries:
    """Delivers what is due, as much at once as its limits allow."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: TargetCaller,
        dead_letters: DeadLetterQueues,
        *,
        node: str,
        limits: Limits,
        chance: Callable[[], float] = CHANCE.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._dead_letters = dead_letters
        self._node = node
        self._capacity = Capacity(limits)
        self._chance = chance
        self._wakeup = Wakeup(clock)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._claiming = False

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, nor being claimed."""
        return not self._claiming and not self._under_way

    def due(self, at: datetime | None = None) -> None:
        """Tells of a new invocation; None: it is due now."""
        self._wakeup.ring(at)

    async def run_once(self) -> None:
        """Starts the delivery of what is due, then waits for more, or for a free place."""
        self._wakeup.listen()
        now = self._clock.now()
        busy = self._capacity.busy_targets()[:MOST_BUSY_TARGETS]
        if self._capacity.free <= 0:
            await self._wakeup.wait(None)
            return
        due = await self._database.read(lambda tx: deliveries.next_due(tx, busy=busy))
        if due is None or due > now:
            await self._wakeup.wait(due)
        elif not await self._start(now, busy):
            # All that is due is for targets that can take no more, or was just taken elsewhere.
            await self._wakeup.wait(now + timedelta(seconds=1))

    async def heartbeat(self) -> None:
        """Says that this node lives, so that nobody else takes up what it holds."""
        await self._clock.sleep(HEARTBEAT_SECONDS)
        if held := list(self._under_way):
            until = self._clock.now() + LEASE
            await self._database.write(
                lambda tx: deliveries.extend_leases(tx, held, node=self._node, lease_until=until)
            )

    async def drain(self, grace_seconds: float) -> None:
        """Lets what is under way finish; what does not is stopped and handed back."""
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        now = self._clock.now()
        await self._database.write(lambda tx: deliveries.hand_back(tx, now=now, node=self._node))

    async def _start(self, now: datetime, busy: list[str]) -> int:
        def claim(tx: Transaction) -> list[Invocation]:
            found = deliveries.due_candidates(tx, now=now, busy=busy, limit=CANDIDATES_AT_ONCE)
            # After a long standstill of this node its own leases have run out as well.
            others = [(each, target) for each, target in found if each not in self._under_way]
            ids = self._capacity.admitted(others)
            return deliveries.take(tx, ids, node=self._node, now=now, lease_until=now + LEASE)

        self._claiming = True
        try:
            claimed = await self._database.write(claim)
            for invocation in claimed:
                self._capacity.begin(invocation.target)
                task = asyncio.create_task(self._deliver(invocation))
                self._under_way[invocation.id] = task
                task.add_done_callback(partial(self._ended, invocation))
        finally:
            self._claiming = False
        return len(claimed)

    def _ended(self, invocation: Invocation, task: asyncio.Task[None]) -> None:
        self._capacity.end(invocation.target)
        del self._under_way[invocation.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery broke off", invocation_id=invocation.id, exc_info=error)
        self._wakeup.ring()

    async def _deliver(self, invocation: Invocation) -> None:
        action = action_from_json(invocation.action)
        started = self._clock.now()
        if invocation.state is State.DEAD_LETTERING:
            ending = await self._put_dead_letter(invocation, action)
        else:
            ending = await self._call(invocation, action, started)
        now = self._clock.now()
        kept = await self._database.write(
            lambda tx: deliveries.finish(tx, invocation.id, ending, node=self._node, now=now)
        )
        if not kept:
            log.warning("lease was lost, another node delivers", invocation_id=invocation.id)
        _log_ending(invocation, ending, started, now)

    async def _call(self, invocation: Invocation, action: Action, started: datetime) -> Ending:
        outcome = await self._caller.call(
            action.target,
            invocation.payload,
            request_id=invocation.id,
            headers=call_headers(invocation, started),
        )
        return after_call(invocation, action, outcome, now=self._clock.now(), chance=self._chance())

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
        return after_dead_letter(invocation, error, now=self._clock.now())


def call_headers(invocation: Invocation, started: datetime) -> dict[str, str]:
    """Returns what a target is told beside the payload: which try it is, of what, meant for when.

    `traceparent` (W3C Trace Context) has one trace id for all tries of an invocation.
    """
    trace_id = hashlib.sha256(invocation.id.encode()).hexdigest()[:32]
    return {
        "X-Attempt": str(invocation.attempts),
        "X-Scheduled-At": _rfc3339(invocation.scheduled_at),
        "X-Started-At": _rfc3339(started),
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
    }


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _log_ending(
    invocation: Invocation, ending: Ending, started: datetime, finished: datetime
) -> None:
    told = (("error", ending.error), ("again_at", ending.again_at and ending.again_at.isoformat()))
    tell = log.info if ending.state is State.SUCCEEDED else log.warning
    tell(
        "delivered" if ending.state is State.SUCCEEDED else f"delivery {ending.state.value}",
        invocation_id=invocation.id,
        origin=invocation.origin,
        target=invocation.target,
        attempt=invocation.attempts,
        scheduled_at=invocation.scheduled_at.isoformat(),
        late_ms=(started - invocation.scheduled_at) // timedelta(milliseconds=1),
        took_ms=(finished - started) // timedelta(milliseconds=1),
        **{name: value for name, value in told if value is not None},
    )
