"""Explains from the records why a trigger fired at an instant, or why it did not.

It is pure: each rule below returns a verdict about the evidence, or None to pass to the next rule.
"""

from collections.abc import Callable

from tocsin.api.tocsin.firing.delivery_reasons import explained_delivery
from tocsin.api.tocsin.firing.evidence import Evidence, ticks_at
from tocsin.api.tocsin.firing.verdicts import (
    Verdict,
    fired_late,
    neighbours,
    of_missed,
    set_instant,
    show,
    took_away,
)
from tocsin.api.tocsin.invocations.message import cause_of
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.instants import MICROSECOND
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation


def explained(evidence: Evidence, limit_of: Callable[[str], int]) -> ExplainResponse:
    """Returns the decision about the tick.

    `limit_of` returns how many calls of a target a node makes at once.
    """
    verdicts = (rule(evidence) for rule in RULES)
    verdict = next(verdict for verdict in verdicts if verdict is not None)
    cron = evidence.cron
    response = ExplainResponse(
        trigger_id=evidence.trigger_id,
        tick=to_timestamp(evidence.tick),
        cron_expression=cron.expression if cron else "",
        deliveries=[
            explained_delivery(invocation, evidence, limit_of)
            for invocation in evidence.invocations
        ],
    )
    set_instant(response, "trigger_created_at", evidence.created_at)
    if evidence.deleted is not None:
        set_instant(response, "trigger_deleted_at", evidence.deleted.first_at)
    if cron is not None:
        set_instant(response, "previous_tick", cron.previous(evidence.tick - MICROSECOND))
        set_instant(response, "next_tick", cron.next(evidence.tick))
    show(response, verdict)
    return response


def _fired(it: Evidence) -> Verdict | None:
    fired = [
        invocation
        for invocation in it.invocations
        if cause_of(invocation) != Invocation.CAUSE_FIRED_BY_HAND
    ]
    if not fired:
        return None
    decided_at, missed = fired[-1].created_at, it.misfire
    text = f"It fired at {rfc3339(decided_at)}"
    if missed is None:
        return Verdict(ExplainResponse.REASON_FIRED, f"{text}.", decided_at)
    return Verdict(
        ExplainResponse.REASON_FIRED,
        f"{text}, late: {fired_late(missed)}.",
        decided_at,
        misfire=missed,
    )


def _did_not_exist(it: Evidence) -> Verdict | None:
    reason = ExplainResponse.REASON_TRIGGER_DID_NOT_EXIST
    if it.created_at is not None and it.tick <= it.created_at:
        return Verdict(reason, f"The trigger was created only at {rfc3339(it.created_at)}.")
    if it.deleted is not None and it.tick > it.deleted.first_at:
        return Verdict(reason, f"The trigger was deleted at {rfc3339(it.deleted.first_at)}.")
    return None


def _unreadable_now(it: Evidence) -> Verdict | None:
    if not it.unreadable_now or it.rule_change is not None:
        return None
    return Verdict(
        ExplainResponse.REASON_UNREADABLE,
        f"The stored trigger can't be read by this version of the server: {it.unreadable_now}.",
    )


def _by_hand(it: Evidence) -> Verdict | None:
    if it.is_tick or not it.invocations:
        return None
    decided_at = it.invocations[-1].created_at
    return Verdict(
        ExplainResponse.REASON_FIRED_BY_HAND,
        f"Nothing was due by its rule; it was fired by hand at {rfc3339(decided_at)}.",
        decided_at,
    )


def _not_a_tick(it: Evidence) -> Verdict | None:
    if it.cron is None or it.is_tick:
        return None
    change = it.rule_change
    if change is not None and ticks_at(it.cron_now, it.tick):
        return Verdict(
            ExplainResponse.REASON_RULE_WAS_DIFFERENT,
            "Its present rule has a tick then, but its rule at that time had none: until "
            f"{rfc3339(change.first_at)} it was {it.cron.expression}.",
            change.decided_at,
            rule_change=change,
        )
    return Verdict(
        ExplainResponse.REASON_NOT_A_TICK,
        f"Its rule, {it.cron.expression}, has no tick then: {neighbours(it.cron, it.tick)}.",
    )


def _paused(it: Evidence) -> Verdict | None:
    pause, reason = it.pause, ExplainResponse.REASON_PAUSED
    if pause is None:
        if not it.paused_unrecorded or it.tick <= it.now:
            return None
        return Verdict(reason, "It is paused and will not fire unless it is resumed.", paused=True)
    since = rfc3339(pause.first_at)
    if pause.last_at is not None:
        text = f"It was paused from {since} to {rfc3339(pause.last_at)}."
    elif it.tick > it.now:
        text = f"It has been paused since {since} and will not fire unless it is resumed."
    else:
        text = f"It has been paused since {since}."
    return Verdict(reason, text, pause.decided_at, paused=True, pause=pause)


def _misfired(it: Evidence) -> Verdict | None:
    missed = it.misfire
    if missed is None or it.cron is None:
        return None
    reason, text = of_missed(missed, it.cron, it.tick)
    head = f"The tick was missed, and found only at {rfc3339(missed.decided_at)}"
    return Verdict(reason, f"{head}: {text}.", missed.decided_at, misfire=missed)


def _unreadable(it: Evidence) -> Verdict | None:
    if it.unreadable is None:
        return None
    return Verdict(
        ExplainResponse.REASON_UNREADABLE,
        f"The stored trigger could not be read {it.unreadable.count} times, most recently at "
        f"{rfc3339(it.unreadable.decided_at)}; the server's log says why.",
        it.unreadable.decided_at,
    )


def _ahead(it: Evidence) -> Verdict | None:
    if it.cron is None:
        return None
    if it.tick > it.now:
        return Verdict(
            ExplainResponse.REASON_NOT_YET, f"It is in the future; it is {rfc3339(it.now)} now."
        )
    if it.armed is not None and it.armed <= it.tick:
        return Verdict(ExplainResponse.REASON_DUE, "It is due and will fire within moments.")
    return None


def _withdrawn(it: Evidence) -> Verdict | None:
    reason = ExplainResponse.REASON_WITHDRAWN
    for decision, what in (
        (it.next_pause, "paused"),
        (it.rule_change, "given another rule"),
        (it.deleted, "deleted"),
    ):
        if decision is None or not took_away(decision, it.tick):
            continue
        changed_at = rfc3339(decision.first_at)
        return Verdict(
            reason,
            f"It was due but had not fired when the trigger was {what} at {changed_at}.",
            decision.decided_at,
            paused=decision is it.next_pause,
            pause=it.next_pause if decision is it.next_pause else None,
            rule_change=it.rule_change if decision is it.rule_change else None,
        )
    return None


def _paused_unrecorded(it: Evidence) -> Verdict | None:
    if not it.paused_unrecorded or it.cron is None:
        return None
    return Verdict(
        ExplainResponse.REASON_PAUSED,
        "It has been paused since before pauses were recorded.",
        paused=True,
    )


def _unrecorded(it: Evidence) -> Verdict | None:
    if it.cron is None:
        return None
    if it.oldest_kept is None or it.tick < it.oldest_kept:
        oldest = (
            "no record of this trigger is kept"
            if it.oldest_kept is None
            else f"the oldest record of this trigger is of {rfc3339(it.oldest_kept)}"
        )
        return Verdict(
            ExplainResponse.REASON_RECORD_EXPIRED,
            f"The minute is older than the records: {oldest}.",
        )
    return Verdict(
        ExplainResponse.REASON_NO_RECORD,
        "It should have fired, but no record of it exists: its invocation was removed or lost.",
    )


def _no_event(_: Evidence) -> Verdict:
    return Verdict(
        ExplainResponse.REASON_NO_EVENT,
        "It is not a timer, and no event of it was recorded in that minute.",
    )


RULES: tuple[Callable[[Evidence], Verdict | None], ...] = (
    _fired,
    _did_not_exist,
    _unreadable_now,
    _by_hand,
    _not_a_tick,
    _paused,
    _misfired,
    _unreadable,
    _ahead,
    _withdrawn,
    _paused_unrecorded,
    _unrecorded,
    _no_event,
)
