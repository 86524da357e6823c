"""Keeps the readers reading: of each source that is asked for its events, one `read` a place.

Triggers come, change, are paused and go; sources break and come back. A source that is broken
makes only its own triggers sick.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import structlog

from tocsin.compilers.loading import load_plan
from tocsin.engine.reading.standings import Standings
from tocsin.engine.reading.triggers import PulledTriggers
from tocsin.engine.wakeup import Wakeup
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming, Taken, TakesEvents
from tocsin.sources.reader import UNBUFFERED, Reader, SourceFailed
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.database import Database
from tocsin.store.triggers.rows import StoredTrigger

log = structlog.get_logger(__name__)

BETWEEN_LOOKS_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

# Nothing is kept secret by it.
CHANCE = random.Random()  # noqa: S311

# A reader, by its place among all, and one of its places.
Spot: TypeAlias = tuple[int, Hashable]


class PulledLine:
    """A `sources.pulled.Line`, and the task that reads it."""

    def __init__(self, spot: Spot, intake: TakesEvents, standings: Standings) -> None:
        self.spot = spot
        self.task: asyncio.Task[None] | None = None
        self.answered = False
        self.ended = False
        self._intake = intake
        self._standings = standings
        self._plans: tuple[Plan, ...] = ()
        self._changed = asyncio.Event()

    @property
    def plans(self) -> Sequence[Plan]:
        return self._plans

    def put(self, plans: tuple[Plan, ...]) -> None:
        """From here on it is for these triggers."""
        if plans == self._plans:
            return
        known = {plan.trigger_id for plan in self._plans}
        self._plans = plans
        for plan in plans:
            self._standings.begin(plan.kind, plan.trigger_id)
            if self.answered and plan.trigger_id not in known:
                self._standings.connected(plan.trigger_id)
        if known:
            self._changed.set()

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def take(self, incoming: Sequence[Incoming]) -> list[Taken]:
        taken = await self._intake.take(incoming)
        self.received({each.trigger_id for each in incoming})
        return taken

    def received(self, trigger_ids: Collection[str]) -> None:
        for plan in self._plans:
            if plan.trigger_id in trigger_ids:
                self._standings.received(plan.trigger_id)

    def connected(self) -> None:
        self.answered = True
        for plan in self._plans:
            self._standings.connected(plan.trigger_id)

    def troubled(self, error: str, trigger_id: str | None = None) -> None:
        for plan in self._plans:
            if trigger_id in (None, plan.trigger_id) and self._standings.failed(
                plan.trigger_id, error, connected=self.answered
            ):
                log.warning("source is in trouble", trigger_id=plan.trigger_id, error=error)

    def refused(self, trigger_id: str, events: int, why: str) -> None:
        self._standings.failed(trigger_id, why, connected=self.answered, refused=events)
        log.warning("events were left out", trigger_id=trigger_id, events=events, why=why)

    def broke(self, error: str) -> None:
        """It does not answer any more."""
        self.answered = False
        self.troubled(error)


class Pulling:
    """`readers` know the protocols; `machine_clock` is the clock by which it rests and waits."""

    def __init__(
        self,
        database: Database,
        readers: Sequence[Reader],
        intake: TakesEvents,
        standings: Standings,
        *,
        machine_clock: Clock,
        chance: Callable[[], float] = lambda: CHANCE.uniform(0.5, 1.0),
    ) -> None:
        self._chance = chance
        self._readers = tuple(readers)
        self._intake = intake
        self._standings = standings
        self._machine_clock = machine_clock
        self._wakeup = Wakeup(machine_clock)
        database.on(Bell.READERS, self.look)
        self._lines: dict[Spot, PulledLine] = {}
        self._loaded: dict[str, tuple[StoredTrigger, Plan | None]] = {}
        self._misplaced: Mapping[str, str] = {}
        kinds = [kind for reader in self._readers for kind in reader.kinds]
        self._triggers = PulledTriggers(database, kinds, machine_clock=machine_clock)
        self._settled: Mapping[str, StoredTrigger] = {}
        self._stopped = False

    def look(self, _at: datetime | None = None) -> None:
        """Makes the loop look whether triggers came, changed or went."""
        self._wakeup.ring()

    def look_at_all(self) -> None:
        """Makes the loop read all triggers again: a node may have changed some uncounted."""
        self._triggers.doubt()
        self._wakeup.ring()

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Returns what an engine repeats."""
        return self.run_once, self._standings.run_once

    async def run_once(self) -> None:
        """Starts and stops readers so that they match the triggers, then waits for a bell.

        Without a bell it looks again after five seconds.
        """
        self._wakeup.listen()
        await self.settle()
        await self._machine_clock.sleep(BETWEEN_LOOKS_SECONDS)
        await self._wakeup.wait(None)

    async def settle(self) -> None:
        """Starts, changes and stops reading, by the triggers that there are."""
        stored = await self._triggers.current()
        if self._stopped or stored == self._settled:
            return
        self._settled = {}
        wanted, misplaced = self._sorted(stored)
        for spot in self._lines.keys() - wanted.keys():
            await self._end(self._lines.pop(spot))
        for spot, plans in wanted.items():
            line = self._lines.get(spot)
            if line is None:
                line = self._lines[spot] = PulledLine(spot, self._intake, self._standings)
            self._put(line, plans)
            if line.task is None:
                line.task = asyncio.create_task(self._keep_reading(line))

        self._tell_misplaced(misplaced)
        self._settled = stored

    async def stop(self) -> None:
        """Stops all reading for good, and lets go of what the readers hold."""
        self._stopped = True
        ending = [line.task for line in self._lines.values() if line.task is not None]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._lines.clear()
        for reader in self._readers:
            await reader.close()

    def _sorted(
        self, triggers: Mapping[str, StoredTrigger]
    ) -> tuple[dict[Spot, tuple[Plan, ...]], dict[str, tuple[Plan, str]]]:
        """Sorts the active triggers by where they are read, and tells why others can't be."""
        before, self._loaded = self._loaded, {}
        wanted: dict[Spot, list[Plan]] = {}
        misplaced: dict[str, tuple[Plan, str]] = {}
        for trigger_id, stored in sorted(triggers.items()):
            plan = self._plan(stored, before)
            if plan is None or not (plan.active or plan.kind in UNBUFFERED):
                continue
            try:
                wanted.setdefault(self._spot(plan), []).append(plan)
            except SourceFailed as error:
                misplaced[trigger_id] = plan, str(error)
        return {spot: tuple(plans) for spot, plans in wanted.items()}, misplaced

    def _tell_misplaced(self, misplaced: Mapping[str, tuple[Plan, str]]) -> None:
        read = {plan.trigger_id for line in self._lines.values() for plan in line.plans}
        for trigger_id in self._misplaced.keys() - misplaced.keys() - read:
            self._standings.end(trigger_id)
        for trigger_id, (plan, error) in misplaced.items():
            if self._misplaced.get(trigger_id) != error:
                self._standings.begin(plan.kind, trigger_id)
                self._standings.failed(trigger_id, error)
                log.warning("source can't be read", trigger_id=trigger_id, error=error)
        self._misplaced = {trigger_id: error for trigger_id, (_, error) in misplaced.items()}

    def _plan(
        self, stored: StoredTrigger, before: Mapping[str, tuple[StoredTrigger, Plan | None]]
    ) -> Plan | None:
        known = before.get(stored.id)
        if known is None or known[0] != stored:
            try:
                known = stored, load_plan(stored.contract, stored.message)
            except ValueError:
                # One trigger that can't be read must not keep the others from firing.
                log.exception("trigger can't be read, it gets no event", trigger_id=stored.id)
                known = stored, None
        self._loaded[stored.id] = known
        return known[1]

    def _spot(self, plan: Plan) -> Spot:
        number = next(n for n, each in enumerate(self._readers) if plan.kind in each.kinds)
        return number, self._readers[number].reading_key(plan)

    def _put(self, line: PulledLine, plans: tuple[Plan, ...]) -> None:
        staying = {plan.trigger_id for plan in plans}
        for plan in line.plans:
            if plan.trigger_id not in staying:
                self._standings.end(plan.trigger_id)
        line.put(plans)

    async def _end(self, line: PulledLine) -> None:
        assert line.task is not None
        line.ended = True
        line.task.cancel()
        await asyncio.gather(line.task, return_exceptions=True)
        for plan in line.plans:
            self._standings.end(plan.trigger_id)

    async def _keep_reading(self, line: PulledLine) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            line.answered = False
            try:
                await self._readers[line.spot[0]].read(line)
                error = "the reading ended by itself"
            except SourceFailed as failure:
                error = str(failure)
            except Exception as failure:
                ids = [plan.trigger_id for plan in line.plans[:10]]
                log.exception("reading a source failed, trying again", trigger_ids=ids)
                error = f"{type(failure).__name__}: {failure}"
            pause = FIRST_PAUSE_SECONDS if line.answered else min(2 * pause, LONGEST_PAUSE_SECONDS)
            line.broke(error)
            # Of many that lost the same source, not all come back at the same moment.
            await self._machine_clock.sleep(pause * self._chance())
