"""Counts what fires in each minute of the next day."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial

from tocsin.api.tocsin.overview.view import View
from tocsin.compilers.integration_schedules import crons_of, origin_of
from tocsin.compilers.schedules import schedule_plan
from tocsin.compilers.summaries import reader_of
from tocsin.schedule import Cron, CronError
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.overview.forecast import (
    ArmedTimer,
    armed_configs_until,
    armed_schedules_until,
    armed_timers_of_folder,
    armed_timers_until,
    due_minutes,
)
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import overview_service_pb2 as contract

MINUTE = timedelta(minutes=1)
MINUTES = 24 * 60
WINDOW = (1 << MINUTES) - 1
# The most rows of each kind, the rows that are read at once, and the most instants of schedules.
MOST_TIMERS, MOST_SCHEDULES, MOST_WAITING = 30_000, 1000, 20_000
STEP = 500
MOST_TICKS = 20_000
# Minutes of all expressions together: some fire every minute.
MOST_MINUTES = 2_000_000


class Forecast:
    """Collects what fires for one view, from the minute of `now` on."""

    def __init__(self, database: Database, view: View, now: datetime) -> None:
        self._database = database
        self._view = view
        self._now = now
        self._start = now.replace(second=0, microsecond=0)
        self._end = self._start + MINUTES * MINUTE
        self._minutes = [0] * MINUTES
        self._at_least = False
        self._ticks_left = MOST_TICKS
        self._timers = 0
        self._schedules = 0

    async def read(self) -> contract.Forecast:
        """Reads the forecast.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        self._add_expressions(await self._expressions())
        if not self._view.folder_id:
            await self._add_schedules()
            await self._add_configs()
        await self._add_waiting()
        return contract.Forecast(
            read_at=to_timestamp(self._now),
            start=to_timestamp(self._start),
            minutes=self._minutes,
            at_least=self._at_least,
            timers=self._timers,
            schedules=self._schedules,
        )

    async def _expressions(self) -> Counter[str]:
        """Returns how many timers have each cron expression."""
        expressions: Counter[str] = Counter()
        sees = self._seen_folders()
        last: ArmedTimer | None = None
        for _ in range(0, MOST_TIMERS, STEP):
            timers = await self._database.read(partial(self._page_of_timers, after=last))
            for timer in timers:
                if sees(timer.folder_id) and (expression := _expression(timer)):
                    expressions[expression] += 1
            if len(timers) < STEP:
                break
            last = timers[-1]
            await asyncio.sleep(0)
        else:
            self._at_least = True
        self._timers = expressions.total()
        return expressions

    def _page_of_timers(self, tx: Transaction, after: ArmedTimer | None) -> list[ArmedTimer]:
        """Returns timers that tick."""
        folder_id = self._view.folder_id
        if folder_id:
            return armed_timers_of_folder(tx, folder_id, self._end, after=after, limit=STEP)
        return armed_timers_until(tx, self._end, after=after, limit=STEP)

    def _seen_folders(self) -> Callable[[str], bool]:
        """Returns the view's sight of folders, which it asks once for each."""
        known: dict[str, bool] = {}

        def sees(folder_id: str) -> bool:
            if folder_id not in known:
                known[folder_id] = self._view.triggers_of(folder_id)
            return known[folder_id]

        return sees

    def _add_expressions(self, expressions: Counter[str]) -> None:
        """Counts the ticks of timers; those that tick in the same minutes are counted as one."""
        alike: Counter[int] = Counter()
        for expression, count in expressions.items():
            alike[self._minutes_of(expression)] += count
        left = MOST_MINUTES
        for bits, count in alike.items():
            left -= bits.bit_count()
            if left < 0:
                self._at_least = True
                return
            while bits:
                lowest = bits & -bits
                self._minutes[lowest.bit_length() - 1] += count
                bits ^= lowest

    def _minutes_of(self, expression: str) -> int:
        """Returns in which minutes of the forecast a timer ticks, as bits."""
        cron = _cron(expression)
        if cron is None:
            return 0
        begun = self._start.hour * 60 + self._start.minute
        today, tomorrow = cron.minutes_on(self._start), cron.minutes_on(self._end)
        # What ticks in the minute that has begun has ticked.
        return (today >> begun | tomorrow << MINUTES - begun) & WINDOW & ~1

    async def _add_schedules(self) -> None:
        schedules = await self._database.read(
            partial(armed_schedules_until, until=self._end, limit=MOST_SCHEDULES)
        )
        self._at_least |= len(schedules) == MOST_SCHEDULES
        for schedule in schedules:
            if not self._view.schedules_of(schedule.integration):
                continue
            try:
                timetable = schedule_plan(schedule.name, schedule.message).timetable
            except ValueError:
                # What can't be read does not run.
                continue
            self._schedules += 1
            self._add_ticks(timetable.next, timetable.due)
            await asyncio.sleep(0)

    async def _add_configs(self) -> None:
        configs = await self._database.read(
            partial(armed_configs_until, until=self._end, limit=MOST_SCHEDULES)
        )
        self._at_least |= len(configs) == MOST_SCHEDULES
        for config in configs:
            if not self._view.schedules_of(origin_of(config.location, config.integration)):
                continue
            try:
                cron = crons_of(config.message).get(config.trigger_id)
            except ValueError:
                continue
            if cron is not None:
                self._schedules += 1
                self._add_ticks(cron.next, lambda tick: tick)
                await asyncio.sleep(0)

    def _add_ticks(
        self,
        following: Callable[[datetime], datetime | None],
        due: Callable[[datetime], datetime],
    ) -> None:
        tick = following(self._now)
        while tick is not None and tick < self._end:
            if self._ticks_left == 0:
                self._at_least = True
                return
            self._ticks_left -= 1
            if (starts := due(tick)) < self._end:
                self._minutes[(starts - self._start) // MINUTE] += 1
            tick = following(tick)

    async def _add_waiting(self) -> None:
        waiting = await self._database.read(
            partial(due_minutes, since=self._now, until=self._end, limit=MOST_WAITING)
        )
        self._at_least |= sum(each.due for each in waiting) == MOST_WAITING
        first = int(self._start.timestamp()) // 60
        for each in waiting:
            if self._view.invocations_of(each.resource):
                self._minutes[each.minute - first] += each.due


# Parsing a thousand takes as long as reading five thousand timers.
@lru_cache(maxsize=5000)
def _cron(expression: str) -> Cron | None:
    """Returns a parsed expression; None if this version can't parse it, and another armed it."""
    try:
        return Cron(expression)
    except CronError:
        return None


def _expression(timer: ArmedTimer) -> str:
    """Returns the cron expression of a timer; empty if this version can't read it."""
    try:
        return reader_of(timer.contract).cron_expression(timer.message)
    except ValueError:
        return ""
