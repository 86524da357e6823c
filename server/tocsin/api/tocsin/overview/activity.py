"""Counts what ended in each minute of the last hour, and what failed in the last day."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tocsin.api.tocsin.overview.view import View, ViewKey
from tocsin.gate.resources import resource_of_invocation
from tocsin.store.driver.database import Database
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import page_of_invocations
from tocsin.store.invocations.rows import FINAL_STATES, State
from tocsin.store.invocations.selecting import Filter
from tocsin.store.overview.activity import (
    count_ended,
    ended_by_resource,
    failing_origins,
    lags,
    names_of_triggers,
)
from tocsin.wire.timestamps import to_duration, to_timestamp
from tocsin_protos.tocsin.v1 import overview_service_pb2 as contract

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MINUTES = 60
# Endings of a minute come into the store until so long after it.
SETTLED_AFTER = timedelta(seconds=15)
# Endings of one state and minute that are counted: by the index alone, and by their rows.
MOST_COUNTED, MOST_READ, SAMPLED = 20_000, 1000, 200
MOST_KEPT = 6000
# Failures that are looked at, and origins that are shown.
MOST_FAILURES, MOST_ORIGINS = 5000, 20
FAILED = (State.FAILED, State.DEAD_LETTERED)


class Activity:
    """Counts endings; if it `keeps` them, those of minutes that are over are counted once."""

    def __init__(self, database: Database, *, keeps: bool) -> None:
        self._database = database
        self._keeps = keeps
        self._kept: dict[tuple[ViewKey, datetime], contract.ActivityMinute] = {}

    async def read(self, view: View, now: datetime) -> contract.Activity:
        """Returns the last hour's minutes.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        current = now.replace(second=0, microsecond=0)
        starts = [current - back * MINUTE for back in range(MINUTES - 1, -1, -1)]
        return contract.Activity(minutes=[await self._minute(view, each, now) for each in starts])

    async def _minute(self, view: View, start: datetime, now: datetime) -> contract.ActivityMinute:
        key = view.key, start
        if (known := self._kept.get(key)) is not None:
            return known
        minute = await self._database.read(partial(_read_minute, view=view, start=start))
        # Other calls go on between.
        await asyncio.sleep(0)
        if self._keeps and start + MINUTE + SETTLED_AFTER <= now:
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = minute
        return minute


def _read_minute(tx: Transaction, view: View, start: datetime) -> contract.ActivityMinute:
    end, minute = start + MINUTE, contract.ActivityMinute(start=to_timestamp(start))
    for state in FINAL_STATES:
        if view.sees_everything:
            count = count_ended(tx, state, start, end, limit=MOST_COUNTED)
            minute.at_least |= count == MOST_COUNTED
        else:
            found = ended_by_resource(tx, state, start, end, limit=MOST_READ)
            minute.at_least |= sum(found.values()) == MOST_READ
            count = sum(each for resource, each in found.items() if view.invocations_of(resource))
        setattr(minute, state.value, count)
    if minute.succeeded:
        sample = sorted(
            lag.micros
            for lag in lags(tx, start, end, limit=SAMPLED)
            if view.invocations_of(lag.resource)
        )
        if sample:
            minute.median_lag.CopyFrom(to_duration(sample[len(sample) // 2] * MICROSECOND))
            minute.high_lag.CopyFrom(to_duration(sample[len(sample) * 19 // 20] * MICROSECOND))
    return minute


@dataclass(frozen=True, slots=True)
class _Failing:
    """An origin and how often it failed."""

    origin: str
    parent: str
    failures: int

    @property
    def is_integration(self) -> bool:
        return "/" in self.origin


def read_failures(tx: Transaction, view: View, now: datetime) -> contract.Failures:
    """Returns the origins with the most failures of the last day."""
    answer = contract.Failures()
    counts: Counter[tuple[str, str]] = Counter()
    for state in FAILED:
        found = failing_origins(tx, state, now - DAY, limit=MOST_FAILURES)
        answer.at_least |= sum(each.failures for each in found) == MOST_FAILURES
        for failing in found:
            counts[failing.origin, failing.parent] += failing.failures
    seen = [
        _Failing(origin, parent, failures)
        for (origin, parent), failures in counts.most_common()
        if view.invocations_of(resource_of_invocation(parent, origin))
    ][:MOST_ORIGINS]
    names = names_of_triggers(tx, [each.origin for each in seen if not each.is_integration])
    for each in seen:
        answer.origins.append(_failing_message(tx, each, names.get(each.origin, "")))
    return answer


def _failing_message(tx: Transaction, failing: _Failing, name: str) -> contract.FailingOrigin:
    message = contract.FailingOrigin(failures=failing.failures)
    if failing.is_integration:
        message.integration = failing.origin
    else:
        message.trigger_id, message.name = failing.origin, name
        message.folder_id = failing.parent.partition("/")[2]
    latest = page_of_invocations(tx, Filter(failing.origin, frozenset(FAILED)), after=None, limit=1)
    for row in latest.rows:
        message.last_invocation_id = row.id
        message.last_scheduled_at.CopyFrom(to_timestamp(row.scheduled_at))
        message.last_error = row.last_error or ""
    return message
