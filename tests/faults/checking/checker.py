"""Which invocations must exist, worked out from the rules of triggers alone, against what was seen.

Nothing of the server is used here, its reading of cron least of all: what a trigger's cron means
comes from the brute-force model. A server that is judged has to make up for missed ticks
(`fire_all`), so that each instant of an active timer stands for exactly one invocation.
"""

import collections
from collections.abc import Collection
from datetime import datetime, timedelta

from faults.checking.event_checker import check_events
from faults.checking.evidence import Evidence, Report, Row, Shown
from faults.checking.journal import Execution, Journal, Kind, Trigger
from faults.checking.lives import FOR_EVER, MOMENT, certain_spans, possible_spans, states


def ticks_that_must_be(
    trigger: Trigger, settled_at: datetime, tolerance: timedelta
) -> set[datetime]:
    """`tolerance` is how late a tick may be: what was due so shortly before a change may be lost
    to it."""
    must: set[datetime] = set()
    for span in certain_spans(trigger):
        until = settled_at if span.end == FOR_EVER else span.end - tolerance
        must.update(span.ticks(span.start + MOMENT, until))
        for rewind in trigger.rewinds:
            if rewind.certain and span.start < rewind.began and rewind.ended <= until:
                must.update(span.ticks(rewind.to, rewind.ended))
    return must


def ticks_that_may_be(trigger: Trigger, settled_at: datetime) -> set[datetime]:
    may: set[datetime] = set()
    for span in possible_spans(trigger):
        until = min(span.end, settled_at)
        may.update(span.ticks(span.start, until))
        for rewind in trigger.rewinds:
            if span.start <= rewind.ended and rewind.began <= until:
                may.update(span.ticks(rewind.to, until))
    return may


# The comparison


def check(
    journal: Journal,
    evidence: Evidence,
    *,
    tolerance: timedelta,
    endings: Collection[str] = ("succeeded",),
) -> Report:
    """Compares all that must be with all that was seen; `endings` are the states rows may be in."""
    report = Report()
    rows = {row.id: row for row in evidence.rows}
    _check_calls(journal, evidence, report)
    _check_ticks(journal, evidence, tolerance, report)
    _check_executions(journal, evidence, rows, report)
    check_events(journal, evidence, tolerance, report)
    _check_deliveries(evidence, rows, report)
    _check_endings(evidence, rows, endings, deleted(journal), report)
    report.counts["problems"] = len(report.problems)
    return report


def _check_calls(journal: Journal, evidence: Evidence, report: Report) -> None:
    answered = [call for call in journal.calls() if call.answered is not None]
    report.counts["triggers"] = len(journal.triggers)
    report.counts["calls answered"] = len(answered) + sum(
        each.answered is not None for each in journal.executions
    )
    report.counts["calls repeated"] = sum(journal.errors.values())
    for call in answered:
        if call.operation not in evidence.operations:
            report.found("lost call", f"{call.kind} was answered with operation {call.operation}")
    for trigger in journal.triggers:
        _check_trigger(trigger, evidence.triggers.get(trigger.name, []), report)
    for name in evidence.triggers.keys() - {trigger.name for trigger in journal.triggers}:
        report.found("unexplained trigger", name)


def _check_trigger(trigger: Trigger, shown: list[Shown], report: Report) -> None:
    if len(shown) > 1:
        report.found("doubled trigger", f"{trigger.name}: {[each.id for each in shown]}")
    *_, last = states(trigger)
    if last.call.answered is None:
        return
    if last.call.kind is Kind.DELETE:
        if shown:
            report.found("lost call", f"{trigger.name} was deleted and is there")
        return
    cron = "" if last.cron is None else last.cron.expression
    expected = Shown(trigger.id or "", last.active, cron, last.rule)
    if shown != [expected]:
        report.found(
            "lost call", f"{trigger.name} is {shown} after {last.call.kind}, not {expected}"
        )


def _check_ticks(
    journal: Journal, evidence: Evidence, tolerance: timedelta, report: Report
) -> None:
    rows: dict[str, list[Row]] = collections.defaultdict(list)
    for row in evidence.rows:
        rows[row.origin].append(row)
    # Who created without an answer does not know the id; the API does.
    ids = {name: shown[0].id for name, shown in evidence.triggers.items() if shown}
    report.counts |= {"ticks that must be": 0, "ticks that were": 0}
    for trigger in journal.triggers:
        if trigger.listens:
            # Whatever it fired is held against the events that were published.
            rows.pop(trigger.id or ids.get(trigger.name, ""), None)
            continue
        must = ticks_that_must_be(trigger, evidence.settled_at, tolerance)
        may = ticks_that_may_be(trigger, evidence.settled_at)
        report.counts["ticks that must be"] += len(must)
        found = rows.pop(trigger.id or ids.get(trigger.name, ""), [])
        report.counts["ticks that were"] += len(found)
        times = collections.Counter(row.scheduled_at for row in found)
        for tick in sorted(must - times.keys()):
            report.found("lost tick", f"{trigger.name} ({trigger.id}) at {tick}")
        for tick, count in times.items():
            if count > 1:
                report.found("doubled tick", f"{trigger.name}: {count} invocations for {tick}")
            if tick not in may:
                report.found("unexplained row", f"{trigger.name} fired for {tick}: {trigger.calls}")
    _check_others(journal, rows, report)


def _check_others(journal: Journal, rows: dict[str, list[Row]], report: Report) -> None:
    """What no trigger made must be what was scheduled."""
    scheduled = {each.id for each in journal.executions}
    for origin, made in rows.items():
        for row in made:
            if row.id not in scheduled:
                report.found("unexplained row", f"{row.id} of {origin}")


def _check_executions(
    journal: Journal, evidence: Evidence, rows: dict[str, Row], report: Report
) -> None:
    report.counts["executions"] = len(journal.executions)
    for execution in journal.executions:
        row = rows.get(execution.id)
        if execution.answered is not None:
            _check_answered(execution, evidence.executions.get(execution.id, "missing"), report)
            if row is None:
                report.found("lost call", f"execution {execution.id} was answered, has no row")
        # What is asked for in the past is due when it is asked for.
        latest = max(execution.due, execution.answered or FOR_EVER)
        if row is not None and not execution.due <= row.scheduled_at <= latest:
            report.found("moved execution", f"{row} is due at {execution.due}")


def _check_answered(execution: Execution, shown: str, report: Report) -> None:
    if shown in ("missing", "running"):
        report.found("lost call", f"execution {execution.id} was answered and is {shown}")


def deleted(journal: Journal) -> set[str]:
    """The triggers of which a deletion was asked for: what waited for them may be cancelled."""
    return {
        trigger.id
        for trigger in journal.triggers
        if trigger.id and any(call.kind is Kind.DELETE for call in trigger.calls)
    }


def _check_deliveries(evidence: Evidence, rows: dict[str, Row], report: Report) -> None:
    times = collections.Counter(delivery.id for delivery in evidence.deliveries)
    tries = collections.Counter((each.id, each.attempt) for each in evidence.deliveries)
    for delivery in evidence.deliveries:
        row = rows.get(delivery.id)
        if row is None:
            report.found("unexplained delivery", f"{delivery}")
            continue
        if delivery.at < row.scheduled_at:
            report.found("too early", f"{row.scheduled_at} came at {delivery.at}: {row}")
        if delivery.tick is not None and (delivery.trigger_id, delivery.tick) != (
            row.origin,
            row.scheduled_at,
        ):
            report.found("wrong payload", f"{delivery} of {row}")
    for (invocation, attempt), count in tries.items():
        of = rows.get(invocation)
        if count > 1 + (of is not None and attempt in of.called_again):
            report.found("doubled call", f"{invocation} came {count} times as try {attempt}")
    report.counts["deliveries"] = len(evidence.deliveries)
    report.counts["duplicates"] = len(evidence.deliveries) - len(times)
    report.counts["most of one"] = max(times.values(), default=0)


def _check_endings(
    evidence: Evidence,
    rows: dict[str, Row],
    endings: Collection[str],
    of_deleted: Collection[str],
    report: Report,
) -> None:
    times = collections.Counter(delivery.id for delivery in evidence.deliveries)
    paused = {each.id for shown in evidence.triggers.values() for each in shown if not each.active}
    for row in rows.values():
        cancelled = row.state == "cancelled" and row.origin in of_deleted
        waits = row.parked and row.origin in paused
        if row.state not in endings and not cancelled and not waits:
            report.found("not delivered", f"{row}")
        elif row.state == "succeeded" and not times[row.id]:
            report.found("not delivered", f"the target never saw {row}")
        if times[row.id] > row.attempts + len(row.called_again):
            report.found("doubled call", f"{row} came {times[row.id]} times")
