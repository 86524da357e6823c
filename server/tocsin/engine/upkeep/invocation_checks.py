"""Checks that every unfinished invocation will be delivered, and in time."""

from datetime import UTC, datetime, timedelta
from functools import partial

from tocsin.engine.delivering.heartbeat import LEASE
from tocsin.engine.upkeep.reconciler import CheckedPage, Finding
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import parking, reconciliation
from tocsin.store.invocations.reconciliation import OddInvocation
from tocsin.store.invocations.rows import State

# The clocks of nodes differ by less.
TOLERANCE = timedelta(minutes=1)
OVERDUE_AFTER = timedelta(minutes=5)
MOST_OVERDUE = 100
ORIGINS_AT_ONCE = 100
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

LOST = "unfinished invocation had no due instant"
OVERDUE = "invocation was overdue, its target may be busy"
PARKED = "parked invocation had a trigger that was not paused"
OVER = "finished invocation had a due instant"
NOBODYS = "running invocation had no node"
LEASED_TOO_LONG = "lease was longer than any lease lasts, the clock was set back"
FROM_THE_FUTURE = "invocation was due too far in the future, the clock was set back"


class LostCheck:
    """Checks that unfinished invocations have a due instant."""

    name = "lost_invocations"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, _position: str | None, /) -> CheckedPage:
        now = self._clock.now()
        lost = await self._database.read(reconciliation.lost_invocations)
        findings = [
            Finding(invocation_id, LOST, "made due")
            for invocation_id in lost
            if await self._database.write(partial(_take_up, invocation_id=invocation_id, at=now))
        ]
        # Repaired ones are no longer found, so the next page is again the first one.
        return CheckedPage("again" if findings else None, findings)


class OverdueCheck:
    """Looks for overdue invocations, and rings the bell of deliveries."""

    name = "overdue_invocations"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, _position: str | None, /) -> CheckedPage:
        now = self._clock.now()
        overdue = await self._database.read(
            lambda tx: reconciliation.overdue_invocations(
                tx, until=now - OVERDUE_AFTER, limit=MOST_OVERDUE
            )
        )
        if overdue:
            await self._database.write(lambda tx: tx.ring(Bell.DELIVERIES))
        return CheckedPage(
            None, [Finding(id_, OVERDUE, "rang the bell of deliveries") for id_ in overdue]
        )


class ParkedCheck:
    """Looks for invocations that are parked although their trigger is not paused.

    A node of 0.1.0 that resumes or deletes a trigger leaves them so.
    """

    name = "parked_invocations"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        now = self._clock.now()
        origins = await self._database.read(
            lambda tx: parking.parked_origins(tx, after=position or "", limit=ORIGINS_AT_ONCE)
        )
        left = [
            each
            for each in origins
            if await self._database.write(partial(_follow, trigger_id=each, now=now))
        ]
        end = origins[-1] if len(origins) == ORIGINS_AT_ONCE else None
        return CheckedPage(end, [Finding(each, PARKED, "made due or cancelled") for each in left])


class WaitingCheck:
    """Checks all waiting invocations, in the order in which they are due."""

    name = "waiting_invocations"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, position: str | None, /) -> CheckedPage:
        after = BEGINNING if position is None else datetime.fromisoformat(position)
        until = await self._database.read(lambda tx: reconciliation.end_of_slice(tx, after=after))
        if until is None:
            return CheckedPage(None)
        now = self._clock.now()
        odd = await self._database.read(
            lambda tx: reconciliation.odd_invocations(
                tx, after=after, until=until, now=now, tolerance=TOLERANCE, lease=LEASE
            )
        )
        findings = await self._database.write(lambda tx: _repair(tx, odd, now)) if odd else []
        # If there were too many faults for one step, the slice is checked again.
        again = findings and len(odd) == reconciliation.INVOCATIONS_AT_ONCE
        return CheckedPage((after if again else until).isoformat(), findings)


def _follow(tx: Transaction, *, trigger_id: str, now: datetime) -> bool:
    return parking.follow_if_left(tx, trigger_id, now=now)


def _take_up(tx: Transaction, *, invocation_id: str, at: datetime) -> bool:
    return reconciliation.take_up(tx, invocation_id, at=at)


def _repair(tx: Transaction, odd: list[OddInvocation], now: datetime) -> list[Finding]:
    return [finding for one in odd if (finding := _repair_one(tx, one, now)) is not None]


def _repair_one(tx: Transaction, odd: OddInvocation, now: datetime) -> Finding | None:
    if odd.finished_at is not None:
        stopped = reconciliation.stop_waiting(tx, odd)
        return Finding(odd.id, OVER, "removed the due instant") if stopped else None
    reason, at = _fault(odd, now)
    moved = reconciliation.make_due(tx, odd, at=at)
    return Finding(odd.id, reason, "made due") if moved else None


def _fault(odd: OddInvocation, now: datetime) -> tuple[str, datetime]:
    """Returns the fault of an unfinished invocation, and the instant to make it due."""
    if odd.node is not None:
        return LEASED_TOO_LONG, now
    if odd.state is State.RUNNING:
        return NOBODYS, now
    if odd.started_at is not None and odd.started_at > now:
        # It waits for another try; it keeps its pause, counted from now.
        return FROM_THE_FUTURE, now + (odd.next_at - odd.started_at)
    return FROM_THE_FUTURE, now
