"""Delivery: one loop for every invocation. Claim, call, then succeeded or failed."""

import asyncio
from datetime import datetime, timedelta

import structlog

from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import action_from_json
from tocsin.schedule import Clock
from tocsin.store import invocations
from tocsin.store.database import Database
from tocsin.store.invocations import Invocation, State
from tocsin.targets.calling import Outcome, TargetCaller

log = structlog.get_logger(__name__)

# How long after its call should have ended a lease runs out.
LEASE_MARGIN = timedelta(minutes=1)


class Deliveries:
    """Delivers what is due, `concurrency` invocations at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: TargetCaller,
        *,
        concurrency: int,
        call_timeout: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._concurrency = concurrency
        self._lease = call_timeout + LEASE_MARGIN
        self._wakeup = Wakeup(clock)
        self._under_way: set[asyncio.Task[None]] = set()

    def due(self, at: datetime | None = None) -> None:
        """Tells of a new invocation; None: it is due now."""
        self._wakeup.ring(at)

    async def run_once(self) -> None:
        """Starts the delivery of what is due, then waits for more, or for a free place."""
        self._wakeup.listen()
        free = self._concurrency - len(self._under_way)
        now = self._clock.now()
        earliest = await self._database.read(invocations.earliest_due)
        if not free:
            await self._wakeup.wait(None)
        elif earliest is None or earliest > now:
            await self._wakeup.wait(earliest)
        else:
            await self._start(now, free)

    async def drain(self, grace_seconds: float) -> None:
        """Lets what is under way finish; what does not is stopped, and made again after a start."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_seconds)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _start(self, now: datetime, most: int) -> None:
        claimed = await self._database.write(
            lambda tx: invocations.claim_due(tx, now=now, lease_until=now + self._lease, limit=most)
        )
        for invocation in claimed:
            task = asyncio.create_task(self._deliver(invocation))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery broke off", exc_info=error)
        self._wakeup.ring()

    async def _deliver(self, invocation: Invocation) -> None:
        started = self._clock.now()
        target = action_from_json(invocation.action).target
        outcome = await self._caller.call(target, invocation.payload, request_id=invocation.id)
        finished = self._clock.now()
        state = State.SUCCEEDED if outcome.succeeded else State.FAILED
        await self._database.write(
            lambda tx: invocations.finish_invocation(
                tx,
                invocation.id,
                state=state,
                now=finished,
                answer=outcome.answer,
                error=outcome.error,
            )
        )
        _log_outcome(invocation, target.kind, outcome, started, finished)


def _log_outcome(
    invocation: Invocation, kind: str, outcome: Outcome, started: datetime, finished: datetime
) -> None:
    told = (("status", outcome.status), ("error", outcome.error))
    tell = log.info if outcome.succeeded else log.warning
    tell(
        "delivered" if outcome.succeeded else "delivery failed",
        invocation_id=invocation.id,
        origin=invocation.origin,
        target=kind,
        scheduled_at=invocation.scheduled_at.isoformat(),
        late_ms=(started - invocation.scheduled_at) // timedelta(milliseconds=1),
        took_ms=(finished - started) // timedelta(milliseconds=1),
        **{name: value for name, value in told if value is not None},
    )
