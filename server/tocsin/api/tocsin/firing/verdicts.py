"""Says in words what was decided about a tick, and shows the decisions behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.api.tocsin.firing.evidence import detail_of
from tocsin.schedule.instants import rfc3339
from tocsin.store.driver.instants import MICROSECOND
from tocsin.store.triggers.decisions import Decision
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse, Misfire, Pause, RuleChange


class Counted(Protocol):
    """Has instants, in UTC, that can be counted."""

    def next(self, after: datetime) -> datetime | None:
        """Returns the first instant after another, or None."""

    def previous(self, until: datetime) -> datetime | None:
        """Returns the last instant up to and including another, or None."""

    def count(self, after: datetime, until: datetime) -> int:
        """Counts the instants after one, up to and including another."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Holds the reason, its text, and the decisions behind it.

    `paused` is whether a pause is the reason; `pause` is its record, if it has one.
    """

    reason: ExplainResponse.Reason
    text: str
    decided_at: datetime | None = None
    paused: bool = False
    pause: Decision | None = None
    misfire: Decision | None = None
    rule_change: Decision | None = None


def show(response: ExplainResponse, verdict: Verdict) -> None:
    """Puts a verdict into an answer, with the decisions behind it."""
    response.reason, response.explanation = verdict.reason, verdict.text
    set_instant(response, "decided_at", verdict.decided_at)
    if verdict.paused:
        response.pause.CopyFrom(_pause(verdict.pause))
    if verdict.misfire is not None:
        response.misfire.CopyFrom(misfire_message(verdict.misfire))
    if verdict.rule_change is not None:
        response.rule_change.CopyFrom(_rule_change(verdict.rule_change))


def fired_late(missed: Decision) -> str:
    """Says why a tick fired late."""
    why = f"{missed.count} ticks were missed, {rfc3339(missed.first_at)} to {end_of(missed)}"
    if detail_of(missed)["fired_tick"] is not None:
        why += ", and this call stands for all that are not too old"
    return why


def of_missed(
    missed: Decision, cron: Counted, tick: datetime
) -> tuple[ExplainResponse.Reason, str]:
    """Returns the decision about one of the missed ticks, by its index among them, as a text."""
    detail = detail_of(missed)
    index = 0 if tick <= missed.first_at else cron.count(missed.first_at, tick)
    if index < detail["expired"]:
        return (
            ExplainResponse.REASON_MISFIRE_EXPIRED,
            "that is older than the window in which missed ticks fire",
        )
    if detail["policy"] == "skip":
        return (
            ExplainResponse.REASON_MISFIRE_SKIPPED,
            "its policy skips missed ticks",
        )
    if detail["policy"] == "fire_once":
        return (
            ExplainResponse.REASON_MISFIRE_COALESCED,
            f"the call of the tick {_of(detail)} stands for all {missed.count} missed ticks",
        )
    if index < detail["expired"] + detail["dropped"]:
        return (
            ExplainResponse.REASON_MISFIRE_CAPPED,
            f"only the latest {detail['fired']} of {missed.count} missed ticks fired",
        )
    return (
        ExplainResponse.REASON_RECORD_EXPIRED,
        "it fired then, but the record of its delivery is no longer kept",
    )


def took_away(decision: Decision, tick: datetime) -> bool:
    """Returns whether a change withdrew a tick that was due and had not fired."""
    overdue = detail_of(decision).get("overdue")
    return overdue is not None and datetime.fromisoformat(overdue) <= tick <= decision.first_at


def neighbours(cron: Counted, tick: datetime) -> str:
    """Says when the ticks before and after an instant are."""
    before, after = cron.previous(tick - MICROSECOND), cron.next(tick)
    parts = [
        f"the previous one is {rfc3339(before)}" if before else "it has no previous one",
        f"the next one is {rfc3339(after)}" if after else "it has no next one",
    ]
    return ", ".join(parts)


def _of(detail: dict[str, str]) -> str:
    return rfc3339(datetime.fromisoformat(detail["fired_tick"]))


def end_of(decision: Decision) -> str:
    """Returns the end of what was decided, or `now`."""
    return "now" if decision.last_at is None else rfc3339(decision.last_at)


def _pause(decision: Decision | None) -> Pause:
    pause = Pause()
    if decision is not None:
        pause.paused_at.CopyFrom(to_timestamp(decision.first_at))
        if decision.last_at is not None:
            pause.resumed_at.CopyFrom(to_timestamp(decision.last_at))
    return pause


def misfire_message(decision: Decision) -> Misfire:
    """Returns the record of missed ticks as the API shows it."""
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


def set_instant(response: ExplainResponse, field: str, instant: datetime | None) -> None:
    """Sets a field to an instant, if there is one."""
    if instant is not None:
        getattr(response, field).CopyFrom(to_timestamp(instant))
