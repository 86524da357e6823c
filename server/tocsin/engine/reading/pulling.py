"""Keeps the readers of pulled sources reading, with one `read` for each reading key.

It follows triggers that are created, changed, paused and deleted, and sources that fail and come
back. A failing source affects only its own triggers.
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
# A source that answered for so long is well again, even if it had no events.
STEADY_SECONDS = 10.0

# Not used for secrets.
CHANCE = random.Random()  # noqa: S311

# The index of a reader, and one of its reading keys.
Spot: TypeAlias = tuple[int, Hashable]


class PulledLine:
    """Implements `sources.reader.Line`, and holds the task that reads."""

    def __init__(
        self, spot: Spot, intake: TakesEvents, standings: Standings, *, machine_clock: Clock
    ) -> None:
        self.spot = spot
        self.task: asyncio.Task[None] | None = None
        self.ended = False
        self._machine_clock = machine_clock
        self._answered_at: float | None = None
        self._progressed = False
        self._intake = intake
        self._standings = standings
        self._plans: tuple[Plan, ...] = ()
        self._changed = asyncio.Event()

    @property
    def plans(self) -> Sequence[Plan]:
        return self._plans

    @property
    def answered(self) -> bool:
        """Returns whether the source has answered since the reading began or broke."""
        return self._answered_at is not None

    @property
    def steady(self) -> bool:
        """Returns whether the source gave events, or answered for a while.

        One that accepts a connection and ends it is not steady.
        """
        answered_at, now = self._answered_at, self._machine_clock.monotonic()
        return self._progressed or (answered_at is not None and now - answered_at >= STEADY_SECONDS)

    def begin(self) -> None:
        """Notes that a reading begins."""
        self._answered_at, self._progressed = None, False

    def put(self, plans: tuple[Plan, ...]) -> None:
        """Sets the triggers of the reading."""
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
        self._progressed = True
        self.received({event.trigger_id for event in incoming})
        return taken

    def received(self, trigger_ids: Collection[str]) -> None:
        for plan in self._plans:
            if plan.trigger_id in trigger_ids:
                self._standings.received(plan.trigger_id)

    def connected(self) -> None:
        if self._answered_at is None:
            self._answered_at = self._machine_clock.monotonic()
        for plan in self._plans:
            self._standings.connected(plan.trigger_id)

    def troubled(self, error: str, trigger_id: str | None = None) -> None:
        for plan in self._plans:
            if trigger_id in (None, plan.trigger_id) and self._standings.failed(
                plan.trigger_id, error, connected=self.answered
            ):
                log.warning("could not read a source", trigger_id=plan.trigger_id, error=error)

    def refused(self, trigger_id: str, events: int, why: str) -> None:
        self._progressed = True
        self._standings.failed(trigger_id, why, connected=self.answered, refused=events)
        log.warning(
            "skipped events that can't be delivered", trigger_id=trigger_id, events=events, why=why
        )

    def broke(self, error: str) -> None:
        """Reports that the source no longer answers."""
        self._answered_at = None
        self.troubled(error)


class Pulling:
    """Starts and stops readings; `machine_clock` times its pauses."""

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
        self._unreadable: Mapping[str, str] = {}
        kinds = [kind for reader in self._readers for kind in reader.kinds]
        self._triggers = PulledTriggers(database, kinds, machine_clock=machine_clock)
        self._settled: Mapping[str, StoredTrigger] = {}
        self._stopped = False

    def look(self, _at: datetime | None = None) -> None:
        """Makes the loop check at once whether triggers have changed."""
        self._wakeup.ring()

    def look_at_all(self) -> None:
        """Makes the loop load all triggers, as a node may have changed some without counting."""
        self._triggers.doubt()
        self._wakeup.ring()

    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Returns the steps that the engine repeats."""
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
        """Starts, changes and stops readings so that they match the triggers."""
        stored = await self._triggers.current()
        if self._stopped or stored == self._settled:
            return
        self._settled = {}
        wanted, refused = self._sorted(stored)
        for spot in self._lines.keys() - wanted.keys():
            await self._end(self._lines.pop(spot))
        for spot, plans in wanted.items():
            line = self._lines.get(spot)
            if line is None:
                line = self._lines[spot] = PulledLine(
                    spot, self._intake, self._standings, machine_clock=self._machine_clock
                )
            self._put(line, plans)
            if line.task is None:
                line.task = asyncio.create_task(self._keep_reading(line))

        self._report_refused(refused)
        self._settled = stored

    async def stop(self) -> None:
        """Stops all readings for good, and closes the readers."""
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
        """Groups the active triggers by spot; returns also why others can't be read."""
        before, self._loaded = self._loaded, {}
        wanted: dict[Spot, list[Plan]] = {}
        refused: dict[str, tuple[Plan, str]] = {}
        for trigger_id, stored in sorted(triggers.items()):
            plan = self._plan(stored, before)
            if plan is None or not (plan.active or plan.kind in UNBUFFERED):
                continue
            try:
                wanted.setdefault(self._spot(plan), []).append(plan)
            except SourceFailed as error:
                refused[trigger_id] = plan, str(error)
        return {spot: tuple(plans) for spot, plans in wanted.items()}, refused

    def _report_refused(self, refused: Mapping[str, tuple[Plan, str]]) -> None:
        read = {plan.trigger_id for line in self._lines.values() for plan in line.plans}
        for trigger_id in self._unreadable.keys() - refused.keys() - read:
            self._standings.end(trigger_id)
        for trigger_id, (plan, error) in refused.items():
            if self._unreadable.get(trigger_id) != error:
                self._standings.begin(plan.kind, trigger_id)
                self._standings.failed(trigger_id, error)
                log.warning(
                    "can't read a source as it is configured", trigger_id=trigger_id, error=error
                )
        self._unreadable = {trigger_id: error for trigger_id, (_, error) in refused.items()}

    def _plan(
        self, stored: StoredTrigger, before: Mapping[str, tuple[StoredTrigger, Plan | None]]
    ) -> Plan | None:
        known = before.get(stored.id)
        if known is None or known[0] != stored:
            try:
                known = stored, load_plan(stored.contract, stored.message)
            except ValueError:
                # A broken trigger must not stop the others.
                log.exception(
                    "could not read a stored trigger, it gets no events", trigger_id=stored.id
                )
                known = stored, None
        self._loaded[stored.id] = known
        return known[1]

    def _spot(self, plan: Plan) -> Spot:
        number = next(n for n, reader in enumerate(self._readers) if plan.kind in reader.kinds)
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
            line.begin()
            try:
                await self._readers[line.spot[0]].read(line)
                error = "the reader ended by itself"
            except SourceFailed as failure:
                error = str(failure)
            except Exception as failure:
                ids = [plan.trigger_id for plan in line.plans[:10]]
                log.exception("reading a source failed, trying again", trigger_ids=ids)
                error = f"{type(failure).__name__}: {failure}"
            pause = FIRST_PAUSE_SECONDS if line.steady else min(2 * pause, LONGEST_PAUSE_SECONDS)
            line.broke(error)
            # Readings that lost the same source must not all come back at the same moment.
            await self._machine_clock.sleep(pause * self._chance())
