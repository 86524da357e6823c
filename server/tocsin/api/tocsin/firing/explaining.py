"""Why a trigger fired at an instant, or why it did not: from what is on record to the reason.

Pure: each rule below looks at the evidence and gives a verdict, or leaves it to the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tocsin.api.tocsin.firing.delivery_reasons import explained_delivery
from tocsin.api.tocsin.firing.evidence import Evidence, detail_of, ticks_at
from tocsin.api.tocsin.invocations.message import cause_of
from tocsin.schedule import Cron
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.triggers.decisions import Decision
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse, Misfire, Pause, RuleChange
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reason, in words too, and the decisions that it rests on.

    `paused`: a pause tells it, on record as `pause` or from before that was kept.
    """

    reason: ExplainResponse.Reason
    text: str
    decided_at: datetime | None = None
    paused: bool = False
    pause: Decision | None = None
    misfire: Decision | None = None
    rule_change: Decision | None = None


def explained(evidence: Evidence, limit_of: Callable[[str], int]) -> ExplainResponse:
    """Returns the decision about the tick; `limit_of` tells how many calls a target takes."""
    verdicts = (rule(evidence) for rule in RULES)
    verdict = next(each for each in verdicts if each is not None)
    cron = evidence.cron
    response = ExplainResponse(
        trigger_id=evidence.trigger_id,
        tick=to_timestamp(evidence.tick),
        reason=verdict.reason,
        explanation=verdict.text,
        cron_expression=cron.expression if cron else "",
        deliveries=[explained_delivery(each, evidence, limit_of) for each in evidence.made],
    )
    _set(response, "trigger_created_at", evidence.created_at)
    _set(response, "decided_at", verdict.decided_at)
    if evidence.deleted is not None:
        _set(response, "trigger_deleted_at", evidence.deleted.first_at)
    if cron is not None:
        _set(response, "previous_tick", cron.previous(evidence.tick - MICROSECOND))
        _set(response, "next_tick", cron.next(evidence.tick))
    if verdict.paused:
        response.pause.CopyFrom(_pause(verdict.pause))
    if verdict.misfire is not None:
        response.misfire.CopyFrom(_misfire(verdict.misfire))
    if verdict.rule_change is not None:
        response.rule_change.CopyFrom(_rule_change(verdict.rule_change))
    return response


def _fired(it: Evidence) -> Verdict | None:
    fired = [each for each in it.made if cause_of(each) != Invocation.CAUSE_FIRED_BY_HAND]
    if not fired:
        return None
    decided_at, missed = fired[-1].created_at, it.misfire
    text = f"It fired at {rfc3339(decided_at)}"
    if missed is None:
        return Verdict(ExplainResponse.REASON_FIRED, f"{text}.", decided_at)
    span = f"{rfc3339(missed.first_at)} to {_end(missed)}"
    stands = f"{missed.count} ticks were missed, {span}"
    if detail_of(missed)["fired_tick"] is not None:
        stands += ", and this one call stands for those that are not too old"
    return Verdict(
        ExplainResponse.REASON_FIRED, f"{text}, late: {stands}.", decided_at, misfire=missed
    )


def _did_not_exist(it: Evidence) -> Verdict | None:
    reason = ExplainResponse.REASON_TRIGGER_DID_NOT_EXIST
    if it.created_at is not None and it.tick <= it.created_at:
        return Verdict(reason, f"The trigger was created at {rfc3339(it.created_at)}, not before.")
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
    if it.is_tick or not it.made:
        return None
    decided_at = it.made[-1].created_at
    return Verdict(
        ExplainResponse.REASON_FIRED_BY_HAND,
        f"Nothing was due by its rule. It was fired by hand at {rfc3339(decided_at)}.",
        decided_at,
    )


def _not_a_tick(it: Evidence) -> Verdict | None:
    if it.cron is None or it.is_tick:
        return None
    change = it.rule_change
    if change is not None and ticks_at(it.cron_now, it.tick):
        return Verdict(
            ExplainResponse.REASON_RULE_WAS_DIFFERENT,
            f"Its rule has a tick then, and had none at the time: until {rfc3339(change.first_at)} "
            f"it was {it.cron.expression}.",
            change.decided_at,
            rule_change=change,
        )
    return Verdict(
        ExplainResponse.REASON_NOT_A_TICK,
        f"Its rule, {it.cron.expression}, has no tick then: {_neighbours(it.cron, it.tick)}.",
    )


def _paused(it: Evidence) -> Verdict | None:
    pause, reason = it.pause, ExplainResponse.REASON_PAUSED
    if pause is None:
        if not it.paused_unrecorded or it.tick <= it.now:
            return None
        return Verdict(reason, "It is paused, and so it will not fire unless resumed.", paused=True)
    since = rfc3339(pause.first_at)
    if pause.last_at is not None:
        text = f"It was paused from {since} to {rfc3339(pause.last_at)}."
    elif it.tick > it.now:
        text = f"It is paused since {since}, and so it will not fire unless resumed."
    else:
        text = f"It is paused since {since}."
    return Verdict(reason, text, pause.decided_at, paused=True, pause=pause)


def _misfired(it: Evidence) -> Verdict | None:
    missed = it.misfire
    if missed is None or it.cron is None:
        return None
    reason, text = _of_missed(missed, it.cron, it.tick)
    head = f"It was missed and found due only at {rfc3339(missed.decided_at)}"
    return Verdict(reason, f"{head}: {text}.", missed.decided_at, misfire=missed)


def _of_missed(missed: Decision, cron: Cron, tick: datetime) -> tuple[ExplainResponse.Reason, str]:
    """Tells what became of one of the ticks, by its place among them."""
    detail = detail_of(missed)
    place = 0 if tick <= missed.first_at else cron.count(missed.first_at, tick)
    if place < detail["expired"]:
        return (
            ExplainResponse.REASON_MISFIRE_EXPIRED,
            "that is further back than misfires are made up for",
        )
    if detail["policy"] == "skip":
        return (
            ExplainResponse.REASON_MISFIRE_SKIPPED,
            "its policy is to skip what was missed",
        )
    if detail["policy"] == "fire_once":
        return (
            ExplainResponse.REASON_MISFIRE_COALESCED,
            f"one call stands for all of {missed.count}, that of the tick {_of(detail)}",
        )
    if place < detail["expired"] + detail["dropped"]:
        return (
            ExplainResponse.REASON_MISFIRE_CAPPED,
            f"of {missed.count} missed ticks only the latest {detail['fired']} were fired",
        )
    return (
        ExplainResponse.REASON_RECORD_EXPIRED,
        "it was fired then, and what became of it is not kept any more",
    )


def _unreadable(it: Evidence) -> Verdict | None:
    if it.unreadable is None:
        return None
    return Verdict(
        ExplainResponse.REASON_UNREADABLE,
        f"The stored trigger could not be read {it.unreadable.count} times, at last at "
        f"{rfc3339(it.unreadable.decided_at)}; the log has the cause.",
        it.unreadable.decided_at,
    )


def _ahead(it: Evidence) -> Verdict | None:
    if it.cron is None:
        return None
    if it.tick > it.now:
        return Verdict(
            ExplainResponse.REASON_NOT_YET, f"It lies ahead; it is {rfc3339(it.now)} now."
        )
    if it.armed is not None and it.armed <= it.tick:
        return Verdict(ExplainResponse.REASON_DUE, "It is due, and fires within moments.")
    return None


def _withdrawn(it: Evidence) -> Verdict | None:
    reason = ExplainResponse.REASON_WITHDRAWN
    for decision, what in (
        (it.next_pause, "paused"),
        (it.rule_change, "given another rule"),
        (it.deleted, "deleted"),
    ):
        if decision is None or not _took_away(decision, it.tick):
            continue
        at = decision.first_at
        return Verdict(
            reason,
            f"It was due and had not fired yet when the trigger was {what} at {rfc3339(at)}.",
            decision.decided_at,
            paused=decision is it.next_pause,
            pause=it.next_pause if decision is it.next_pause else None,
            rule_change=it.rule_change if decision is it.rule_change else None,
        )
    return None


def _took_away(decision: Decision, tick: datetime) -> bool:
    overdue = detail_of(decision).get("overdue")
    return overdue is not None and datetime.fromisoformat(overdue) <= tick <= decision.first_at


def _paused_unrecorded(it: Evidence) -> Verdict | None:
    if not it.paused_unrecorded or it.cron is None:
        return None
    return Verdict(
        ExplainResponse.REASON_PAUSED,
        "It is paused, since before pauses were written down.",
        paused=True,
    )


def _unrecorded(it: Evidence) -> Verdict | None:
    if it.cron is None:
        return None
    if it.oldest_kept is None or it.tick < it.oldest_kept:
        oldest = "nothing" if it.oldest_kept is None else f"back to {rfc3339(it.oldest_kept)}"
        return Verdict(
            ExplainResponse.REASON_RECORD_EXPIRED,
            f"That is further back than what is kept of this trigger, which is {oldest}.",
        )
    return Verdict(
        ExplainResponse.REASON_NO_RECORD,
        "It should have fired, and nothing is on record: its invocation was removed, or lost.",
    )


def _no_event(_: Evidence) -> Verdict:
    return Verdict(
        ExplainResponse.REASON_NO_EVENT,
        "It has no timetable, and nothing of it was written down in that minute.",
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


def _neighbours(cron: Cron, tick: datetime) -> str:
    before, after = cron.previous(tick - MICROSECOND), cron.next(tick)
    told = [
        f"the one before is {rfc3339(before)}" if before else "there is none before",
        f"the next is {rfc3339(after)}" if after else "none comes after",
    ]
    return ", ".join(told)


def _of(detail: dict[str, str]) -> str:
    return rfc3339(datetime.fromisoformat(detail["fired_tick"]))


def _end(decision: Decision) -> str:
    return "now" if decision.last_at is None else rfc3339(decision.last_at)


def _pause(decision: Decision | None) -> Pause:
    pause = Pause()
    if decision is not None:
        pause.paused_at.CopyFrom(to_timestamp(decision.first_at))
        if decision.last_at is not None:
            pause.resumed_at.CopyFrom(to_timestamp(decision.last_at))
    return pause


def _misfire(decision: Decision) -> Misfire:
    detail = detail_of(decision)
    misfire = Misfire(
        policy=f"POLICY_{detail['policy'].upper()}",
        first_tick=to_timestamp(decision.first_at),
        last_tick=to_timestamp(decision.last_at or decision.first_at),
        missed=decision.count,
        fired=detail["fired"],
        expired=detail["expired"],
        dropped=detail["dropped"],
    )
    if detail["fired_tick"] is not None:
        misfire.fired_tick.CopyFrom(to_timestamp(datetime.fromisoformat(detail["fired_tick"])))
    return misfire


def _rule_change(decision: Decision) -> RuleChange:
    detail = detail_of(decision)
    return RuleChange(
        changed_at=to_timestamp(decision.first_at),
        cron_expression_before=detail["before"],
        cron_expression_after=detail["after"],
    )


def _set(response: ExplainResponse, field: str, instant: datetime | None) -> None:
    if instant is not None:
        getattr(response, field).CopyFrom(to_timestamp(instant))
