"""Explains from the records why a schedule ran at an instant, or why it did not.

It is pure: each rule below returns a verdict about the evidence, or None to pass to the next rule.
"""

from collections.abc import Callable
from dataclasses import replace

from tocsin.api.tocsin.firing.delivery_reasons import explained_delivery
from tocsin.api.tocsin.firing.evidence import detail_of
from tocsin.api.tocsin.firing.verdicts import (
    Verdict,
    fired_late,
    neighbours,
    of_missed,
    set_instant,
    show,
    took_away,
)
from tocsin.api.tocsin.schedules.evidence import ScheduleEvidence
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.instants import MICROSECOND
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse


def explained_schedule(it: ScheduleEvidence, limit_of: Callable[[str], int]) -> ExplainResponse:
    """Returns the decision about the instant.

    `limit_of` returns how many calls of a target a node makes at once.
    """
    verdicts = (rule(it) for rule in RULES)
    verdict = _with_backfill(it, next(one for one in verdicts if one is not None))
    response = ExplainResponse(
        name=it.name,
        trigger_id=it.trigger_id,
        tick=to_timestamp(it.minute),
        cron_expression="" if it.rule is None else it.rule.expression,
        deliveries=[explained_delivery(each, it, limit_of) for each in (*it.ran, *it.backfilled)],
    )
    show(response, verdict)
    set_instant(response, "trigger_created_at", it.created_at)
    if it.deleted is not None:
        set_instant(response, "trigger_deleted_at", it.deleted.first_at)
    if it.rule is not None:
        instants = it.rule.instants
        set_instant(response, "previous_tick", instants.previous(it.tick - MICROSECOND))
        set_instant(response, "next_tick", instants.next(it.tick))
    if verdict.paused and verdict.pause is None:
        _show_pause(response, it)
    return response


def _show_pause(response: ExplainResponse, it: ScheduleEvidence) -> None:
    """Shows a pause that began before pauses were recorded."""
    if it.paused_since is not None:
        response.pause.paused_at.CopyFrom(to_timestamp(it.paused_since))


def _with_backfill(it: ScheduleEvidence, verdict: Verdict) -> Verdict:
    if not it.backfilled:
        return verdict
    at = rfc3339(it.backfilled[-1].created_at)
    return replace(verdict, text=f"{verdict.text} A backfill ran it at {at}.")


def _fired(it: ScheduleEvidence) -> Verdict | None:
    if not it.ran:
        return None
    decided_at, missed = it.ran[-1].created_at, it.misfire
    text = f"It fired at {rfc3339(decided_at)}"
    if missed is None or not detail_of(missed)["fired"]:
        return Verdict(ExplainResponse.REASON_FIRED, f"{text}.", decided_at)
    return Verdict(
        ExplainResponse.REASON_FIRED,
        f"{text}, late: {fired_late(missed)}.",
        decided_at,
        misfire=missed,
    )


def _did_not_exist(it: ScheduleEvidence) -> Verdict | None:
    reason = ExplainResponse.REASON_TRIGGER_DID_NOT_EXIST
    if it.created_at is not None and it.tick <= it.created_at:
        what = "published" if it.of_integration else "created"
        return Verdict(reason, f"The schedule was {what} only at {rfc3339(it.created_at)}.")
    if it.deleted is not None and it.tick > it.deleted.first_at:
        return Verdict(reason, f"The schedule was deleted at {rfc3339(it.deleted.first_at)}.")
    return None


def _unreadable_now(it: ScheduleEvidence) -> Verdict | None:
    if not it.unreadable_now or it.rule_change is not None:
        return None
    return Verdict(
        ExplainResponse.REASON_UNREADABLE,
        f"The stored schedule can't be read by this server: {it.unreadable_now}.",
    )


def _not_published(it: ScheduleEvidence) -> Verdict | None:
    if it.rule is not None:
        return None
    text, change = "No published version of the integration had this schedule", it.change_before
    if change is not None:
        text += f" from {rfc3339(change.first_at)} on"
    if it.rule_change is not None:
        text += f", until one was published at {rfc3339(it.rule_change.first_at)}"
    return Verdict(
        ExplainResponse.REASON_NOT_PUBLISHED,
        f"{text}.",
        None if change is None else change.decided_at,
        rule_change=change or it.rule_change,
    )


def _outside(it: ScheduleEvidence) -> Verdict | None:
    rule = it.rule
    if rule is None or not rule.bounded_away(it.minute):
        return None
    if rule.start is not None and it.tick < rule.start:
        text = f"The schedule starts only at {rfc3339(rule.start)}, its start_time."
        return Verdict(ExplainResponse.REASON_NOT_STARTED, text)
    if rule.end is not None:
        text = f"The schedule ended at {rfc3339(rule.end)}, its end_time."
        return Verdict(ExplainResponse.REASON_ENDED, text)
    return None


def _not_a_tick(it: ScheduleEvidence) -> Verdict | None:
    rule = it.rule
    if rule is None or rule.in_minute(it.minute) is not None:
        return None
    change = it.rule_change
    if change is not None and it.rule_now and it.rule_now.in_minute(it.minute) is not None:
        return Verdict(
            ExplainResponse.REASON_RULE_WAS_DIFFERENT,
            "Its present rule has a tick then, but its rule at that time had none: until "
            f"{rfc3339(change.first_at)} it was {rule.text}.",
            change.decided_at,
            rule_change=change,
        )
    return Verdict(
        ExplainResponse.REASON_NOT_A_TICK,
        f"Its rule, {rule.text}, has no tick then: {neighbours(rule.instants, it.tick)}.",
    )


def _paused(it: ScheduleEvidence) -> Verdict | None:
    pause = it.pause
    # Without a record, the pause began before pauses were recorded.
    since = it.paused_since if pause is None else pause.first_at
    if since is None or it.tick < since:
        return None
    began = rfc3339(since)
    if pause is not None and pause.last_at is not None:
        text = f"It was paused from {began} to {rfc3339(pause.last_at)}."
    elif it.tick > it.now:
        text = f"It has been paused since {began} and will not fire unless it is resumed."
    else:
        text = f"It has been paused since {began}."
    decided_at = None if pause is None else pause.decided_at
    return Verdict(ExplainResponse.REASON_PAUSED, text, decided_at, paused=True, pause=pause)


def _overlap(it: ScheduleEvidence) -> Verdict | None:
    if it.overlap is None:
        return None
    return Verdict(
        ExplainResponse.REASON_OVERLAP_SKIPPED,
        f"It was skipped: execution {detail_of(it.overlap)['execution']}, the run before, had not "
        f"ended.",
        it.overlap.decided_at,
    )


def _could_not_run(it: ScheduleEvidence) -> Verdict | None:
    if it.failed is None:
        return None
    return Verdict(
        ExplainResponse.REASON_COULD_NOT_RUN,
        f"It was due, but could not be run: {detail_of(it.failed)['error']}.",
        it.failed.decided_at,
    )


def _misfired(it: ScheduleEvidence) -> Verdict | None:
    missed = it.misfire
    if missed is None or it.rule is None:
        return None
    reason, text = of_missed(missed, it.rule.instants, it.tick)
    head = f"The tick was missed, and found only at {rfc3339(missed.decided_at)}"
    return Verdict(reason, f"{head}: {text}.", missed.decided_at, misfire=missed)


def _unreadable(it: ScheduleEvidence) -> Verdict | None:
    if it.unreadable is None:
        return None
    return Verdict(
        ExplainResponse.REASON_UNREADABLE,
        f"The stored schedule could not be read {it.unreadable.count} times, most recently at "
        f"{rfc3339(it.unreadable.decided_at)}; the server's log says why.",
        it.unreadable.decided_at,
    )


def _ahead(it: ScheduleEvidence) -> Verdict | None:
    standing = it.standing
    if it.tick > it.now:
        text = f"It is in the future; it is {rfc3339(it.now)} now."
        return Verdict(ExplainResponse.REASON_NOT_YET, text)
    if standing.tick_at is None or standing.tick_at > it.tick:
        return None
    if standing.waits_for is not None:
        return Verdict(
            ExplainResponse.REASON_OVERLAP_QUEUED,
            f"It waits until execution {standing.waits_for}, the run before, has ended.",
        )
    if standing.due_at is not None and standing.due_at > it.now:
        text = f"Its jitter lets it start at {rfc3339(standing.due_at)}."
        return Verdict(ExplainResponse.REASON_NOT_YET, text)
    return Verdict(ExplainResponse.REASON_DUE, "It is due and will fire within moments.")


def _withdrawn(it: ScheduleEvidence) -> Verdict | None:
    changed = "published anew or taken back" if it.of_integration else "given other instants"
    for decision, what in (
        (it.next_pause, "paused"),
        (it.rule_change, changed),
        (it.deleted, "deleted"),
    ):
        if decision is None or not took_away(decision, it.tick):
            continue
        return Verdict(
            ExplainResponse.REASON_WITHDRAWN,
            f"It was due but had not fired when the schedule was {what} at "
            f"{rfc3339(decision.first_at)}.",
            decision.decided_at,
            paused=decision is it.next_pause,
            pause=it.next_pause if decision is it.next_pause else None,
            rule_change=it.rule_change if decision is it.rule_change else None,
        )
    return None


def _unrecorded(it: ScheduleEvidence) -> Verdict:
    if it.oldest_kept is None or it.tick < it.oldest_kept:
        oldest = (
            "no record of this integration is kept"
            if it.oldest_kept is None
            else f"the oldest record of this integration is of {rfc3339(it.oldest_kept)}"
        )
        return Verdict(
            ExplainResponse.REASON_RECORD_EXPIRED,
            f"The minute is older than the records: {oldest}.",
        )
    return Verdict(
        ExplainResponse.REASON_NO_RECORD,
        "It should have fired, but no record of it exists: its execution was removed or lost.",
    )


RULES: tuple[Callable[[ScheduleEvidence], Verdict | None], ...] = (
    _fired,
    _did_not_exist,
    _unreadable_now,
    _not_published,
    _outside,
    _not_a_tick,
    _paused,
    _overlap,
    _could_not_run,
    _misfired,
    _unreadable,
    _ahead,
    _withdrawn,
    _unrecorded,
)
