"""What can be wrong with an invocation on its way: no node will ever look at it, or too late."""

from datetime import UTC, datetime, timedelta
from functools import partial

from tocsin.engine.delivering.heartbeat import LEASE
from tocsin.engine.upkeep.reconciler import CheckedPage, Finding
from tocsin.schedule import Clock
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations import reconciliation
from tocsin.store.invocations.reconciliation import OddInvocation
from tocsin.store.invocations.rows import State

# Clocks of nodes differ by less.
TOLERANCE = timedelta(minutes=1)
OVERDUE_AFTER = timedelta(minutes=5)
MOST_OVERDUE = 100
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

LOST = "not finished, and waits for no node"
OVERDUE = "due long since, and nobody takes it: its target may be busy"
OVER = "finished, and waits all the same"
NOBODYS = "running on no node"
LEASED_TOO_LONG = "leased for longer than any lease lasts: the clock was set back"
FROM_THE_FUTURE = "waits since an instant that has not come yet: the clock was set back"


class LostCheck:
    """Looks for invocations that are not finished and will never be due."""

    name = "lost_invocations"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self, _position: str | None, /) -> CheckedPage:
        now = self._clock.now()
        lost = await self._database.read(reconciliation.lost_invocations)
        findings = [
            Finding(each, LOST, "made due")
            for each in lost
            if await self._database.write(partial(_take_up, invocation_id=each, at=now))
        ]
        # What is repaired is no longer found: the first page is the next one, too.
        return CheckedPage("again" if findings else None, findings)


class OverdueCheck:
    """Looks for invocations that have been due for long, and rings for them."""

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
            await self._database.write(lambda tx: tx.ring(Bell.DELIVERIES, now))
        return CheckedPage(None, [Finding(each, OVERDUE, "delivery is woken") for each in overdue])


class WaitingCheck:
    """Looks at all invocations that wait, in the order in which they are due."""

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
        # Where there was too much wrong for one look, the slice is looked at again.
        again = findings and len(odd) == reconciliation.INVOCATIONS_AT_ONCE
        return CheckedPage((after if again else until).isoformat(), findings)


def _take_up(tx: Transaction, *, invocation_id: str, at: datetime) -> bool:
    return reconciliation.take_up(tx, invocation_id, at=at)


def _repair(tx: Transaction, odd: list[OddInvocation], now: datetime) -> list[Finding]:
    return [finding for each in odd if (finding := _repair_one(tx, each, now)) is not None]


def _repair_one(tx: Transaction, odd: OddInvocation, now: datetime) -> Finding | None:
    if odd.finished_at is not None:
        stopped = reconciliation.stop_waiting(tx, odd)
        return Finding(odd.id, OVER, "left alone") if stopped else None
    reason, at = _fault(odd, now)
    moved = reconciliation.make_due(tx, odd, at=at)
    return Finding(odd.id, reason, "made due") if moved else None


def _fault(odd: OddInvocation, now: datetime) -> tuple[str, datetime]:
    """Returns what is wrong with one that is not finished, and when it is due."""
    if odd.node is not None:
        return LEASED_TOO_LONG, now
    if odd.state is State.RUNNING:
        return NOBODYS, now
    if odd.started_at is not None and odd.started_at > now:
        # It waits for another try: as long as it was to, from now on.
        return FROM_THE_FUTURE, now + (odd.next_at - odd.started_at)
    return FROM_THE_FUTURE, now
