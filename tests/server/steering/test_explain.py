"""`FiringService.Explain`: why did it fire, why did it not; as things are, and after the fact."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete

from stand.apis.rules import LEAST
from stand.apis.steering import MINUTE, QueueService, Steering, shown, steered
from stand.apis.tocsin import TocsinRest
from stand.apis.triggers import create
from stand.apis.wire import Json, Refused
from stand.engine_node import NOON, Node, in_loop, node
from stand.recording_target import RecordingTarget, held_until
from tocsin.api.tocsin.firing.service import FiringService
from tocsin.sources.kinds.timer import tick_payload
from tocsin.store.driver.instants import to_micros
from tocsin.store.schema import decisions, invocations
from tocsin.store.triggers.rows import find_trigger, update_trigger
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, new_key
from tocsin_protos.tocsin.v1 import firing_service_pb2 as contract

HOUR = timedelta(hours=1)
NOON_SHARP = NOON.replace(second=0)
REMOVE = delete(invocations).where(invocations.c.scheduled_at == bindparam("of"))
FORGET_DECISIONS = delete(decisions)
EVERY_10 = "*/10 * * * ? *"


def reason(answer: Json) -> str:
    told: str = answer["reason"]
    return told.removeprefix("REASON_")


def delivery(answer: Json) -> Json:
    [found] = answer["deliveries"]
    assert isinstance(found, dict)
    return found


def new_rule(it: Steering, trigger: str, cron: str) -> None:
    it.change(
        "Update",
        trigger,
        updateMask="rule.timer.cron_expression",
        rule={
            "timer": {"cronExpression": cron, "invokeFunction": {"functionId": it.folder}},
        },
    )


# The timetable


def test_a_tick_that_fired_tells_what_became_of_it(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    tick = start + 20 * MINUTE
    it.advance_to(start + 35 * MINUTE)
    answer = it.explain(trigger, tick + timedelta(seconds=42))
    [invocation] = it.invocations(
        triggerId=trigger, scheduledFrom=shown(tick), scheduledBefore=shown(tick + MINUTE)
    )
    assert answer == {
        "triggerId": trigger,
        "tick": shown(tick),
        "reason": "REASON_FIRED",
        "explanation": f"It fired at {shown(tick)}.",
        "decidedAt": shown(tick),
        "cronExpression": EVERY_10,
        "previousTick": shown(start + 10 * MINUTE),
        "nextTick": shown(start + 30 * MINUTE),
        "triggerCreatedAt": shown(start),
        "deliveries": [
            {
                "invocation": invocation,
                "reason": "REASON_SUCCEEDED",
                "explanation": f"Its target answered with success at {shown(tick)}, after 1 call.",
            }
        ],
    }


def test_between_two_ticks_there_is_none(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 35 * MINUTE)
    answer = it.explain(trigger, start + 25 * MINUTE)
    assert reason(answer) == "NOT_A_TICK"
    assert answer["previousTick"] == shown(start + 20 * MINUTE)
    assert answer["nextTick"] == shown(start + 30 * MINUTE)
    assert "deliveries" not in answer


def test_what_lies_ahead_has_not_fired_yet(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    answer = it.explain(trigger, start + 50 * MINUTE)
    assert reason(answer) == "NOT_YET"
    assert answer["explanation"] == f"It is in the future; it is {shown(start)} now."


def test_before_it_was_created_it_did_not_exist(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    answer = it.explain(trigger, start - 10 * MINUTE)
    assert reason(answer) == "TRIGGER_DID_NOT_EXIST"
    assert answer["triggerCreatedAt"] == shown(start)


def test_after_it_was_deleted_it_did_not_exist_and_before_it_did(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 15 * MINUTE)
    it.delete(trigger)
    it.advance_to(start + 40 * MINUTE)
    after = it.explain(trigger, start + 20 * MINUTE)
    assert reason(after) == "TRIGGER_DID_NOT_EXIST"
    assert after["triggerDeletedAt"] == shown(start + 15 * MINUTE)
    assert after["triggerCreatedAt"] == shown(start)
    before = it.explain(trigger, start + 10 * MINUTE)
    assert reason(before) == "FIRED"
    assert delivery(before)["reason"] == "REASON_SUCCEEDED"
    assert reason(it.explain(trigger, start + 5 * MINUTE)) == "NOT_A_TICK"
    assert reason(it.explain(trigger, start - 10 * MINUTE)) == "TRIGGER_DID_NOT_EXIST"


def test_it_goes_by_the_rule_as_it_was(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 15 * MINUTE)
    new_rule(it, trigger, "*/15 * * * ? *")
    it.advance_to(start + 35 * MINUTE)
    new_rule(it, trigger, "*/5 * * * ? *")
    it.advance_to(start + 50 * MINUTE)

    def at(minute: int) -> Json:
        return it.explain(trigger, start + minute * MINUTE)

    assert {minute: reason(at(minute)) for minute in range(5, 51, 5)} == {
        5: "RULE_WAS_DIFFERENT",
        10: "FIRED",
        15: "RULE_WAS_DIFFERENT",
        20: "RULE_WAS_DIFFERENT",
        25: "RULE_WAS_DIFFERENT",
        30: "FIRED",
        35: "RULE_WAS_DIFFERENT",
        40: "FIRED",
        45: "FIRED",
        50: "FIRED",
    }
    assert reason(at(7)) == "NOT_A_TICK"
    assert at(20)["ruleChange"] == {
        "changedAt": shown(start + 35 * MINUTE),
        "cronExpressionBefore": "*/15 * * * ? *",
        "cronExpressionAfter": "*/5 * * * ? *",
    }
    assert at(20)["cronExpression"] == "*/15 * * * ? *"
    assert at(10)["cronExpression"] == EVERY_10
    assert at(20)["decidedAt"] == shown(start + 35 * MINUTE)


def test_changing_anything_else_changes_no_rule(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.change("Update", trigger, updateMask="description", description="new")
    it.advance_to(start + 15 * MINUTE)
    assert "ruleChange" not in it.explain(trigger, start + 5 * MINUTE)
    assert reason(it.explain(trigger, start + 10 * MINUTE)) == "FIRED"


# Pauses


def test_in_a_pause_it_did_not_fire_and_after_it_did(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 15 * MINUTE)
    it.change("Pause", trigger)
    it.advance_to(start + 35 * MINUTE)
    still = it.explain(trigger, start + 20 * MINUTE)
    assert reason(still) == "PAUSED"
    assert still["pause"] == {"pausedAt": shown(start + 15 * MINUTE)}
    ahead = it.explain(trigger, start + 40 * MINUTE)
    assert reason(ahead) == "PAUSED"
    assert "unless it is resumed" in ahead["explanation"]
    it.change("Resume", trigger)
    it.advance_to(start + 60 * MINUTE)
    over = it.explain(trigger, start + 30 * MINUTE)
    assert reason(over) == "PAUSED"
    assert over["pause"] == {
        "pausedAt": shown(start + 15 * MINUTE),
        "resumedAt": shown(start + 35 * MINUTE),
    }
    for minute, told in {10: "FIRED", 25: "NOT_A_TICK", 40: "FIRED"}.items():
        assert reason(it.explain(trigger, start + minute * MINUTE)) == told


def test_of_several_pauses_each_is_told(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    for minute in (5, 25, 45):
        it.advance_to(start + minute * MINUTE)
        it.change("Pause", trigger)
        it.change("Pause", trigger)
        it.advance_to(start + (minute + 10) * MINUTE)
        it.change("Resume", trigger)
    told = {minute: it.explain(trigger, start + minute * MINUTE) for minute in range(10, 60, 10)}
    assert {minute: reason(each) for minute, each in told.items()} == {
        10: "PAUSED",
        20: "FIRED",
        30: "PAUSED",
        40: "FIRED",
        50: "PAUSED",
    }
    assert told[30]["pause"]["pausedAt"] == shown(start + 25 * MINUTE)


def test_one_that_was_deleted_while_paused(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 5 * MINUTE)
    it.change("Pause", trigger)
    it.advance_to(start + 15 * MINUTE)
    it.delete(trigger)
    it.advance_to(start + 30 * MINUTE)
    assert reason(it.explain(trigger, start + 10 * MINUTE)) == "PAUSED"
    assert reason(it.explain(trigger, start + 20 * MINUTE)) == "TRIGGER_DID_NOT_EXIST"


# By hand


def test_what_was_fired_by_hand_says_so(it: Steering) -> None:
    start = it.next_hour()
    trigger = it.timer(EVERY_10)
    it.advance_to(start + 12 * MINUTE)
    it.api.call("FiringService.FireTrigger", {"triggerId": trigger})
    it.change("Pause", trigger)
    it.advance_to(start + 20 * MINUTE)
    it.api.call("FiringService.FireTrigger", {"triggerId": trigger})
    it.advance(timedelta())
    answer = it.explain(trigger, start + 12 * MINUTE)
    assert reason(answer) == "FIRED_BY_HAND"
    assert delivery(answer)["invocation"]["cause"] == "CAUSE_FIRED_BY_HAND"
    # The tick was paused all the same; that it was fired by hand is told beside.
    paused = it.explain(trigger, start + 20 * MINUTE)
    assert reason(paused) == "PAUSED"
    assert delivery(paused)["reason"] == "REASON_SUCCEEDED"


def test_another_kind_has_no_timetable(it: Steering) -> None:
    rule = {"objectStorage": LEAST["objectStorage"]}
    start = it.next_hour()
    trigger = str(create(it.triggers, it.folder, rule=rule)["id"])
    it.advance_to(start + 5 * MINUTE)
    assert reason(it.explain(trigger, start + 3 * MINUTE)) == "NO_EVENT"
    it.api.call("FiringService.FireTrigger", {"triggerId": trigger, "json": {"a": 1}})
    it.advance(MINUTE)
    answer = it.explain(trigger, start + 5 * MINUTE)
    assert reason(answer) == "FIRED_BY_HAND"
    assert "cronExpression" not in answer


# What became of it


def test_a_retry_is_told_with_its_time_and_the_error(it: Steering) -> None:
    start = it.next_hour()
    it.answer(503)
    trigger = it.timer(EVERY_10, retries=2)
    it.advance_to(start + 10 * MINUTE)
    told = delivery(it.explain(trigger, start + 10 * MINUTE))
    assert told["reason"] == "REASON_RETRYING"
    due = told["invocation"]["dueAt"]
    assert "1 call failed; the next one is due at " in told["explanation"]
    assert "answered 503: so it is" in told["explanation"]
    it.advance(timedelta(seconds=30))
    assert delivery(it.explain(trigger, start + 10 * MINUTE))["invocation"]["dueAt"] == due


@pytest.mark.parametrize(
    ("queue", "told"),
    [(None, "FAILED"), ("here", "DEAD_LETTERED"), ("no-such-queue", "DEAD_LETTERING")],
)
def test_the_end_of_all_calls_is_told(it: Steering, queue: str | None, told: str) -> None:
    start = it.next_hour()
    it.answer(500)
    if queue == "here":
        queue = it.queues.create(it.folder)
    elif queue is not None:
        queue = f"yrn:yc:ymq:ru-central1:b1g1:{queue}"
    trigger = it.timer(EVERY_10, retries=1, queue=queue)
    it.advance_to(start + 13 * MINUTE)
    found = delivery(it.explain(trigger, start + 10 * MINUTE))
    assert found["reason"] == f"REASON_{told}"
    assert "2 calls" in found["explanation"]
    if told == "DEAD_LETTERING":
        assert "no-such-queue" in found["explanation"]
    else:
        assert "answered 500: so it is" in found["explanation"]


def test_one_that_was_cancelled_is_told(it: Steering) -> None:
    start = it.next_hour()
    it.answer(500)
    trigger = it.timer(EVERY_10, retries=2)
    it.advance_to(start + 10 * MINUTE)
    waiting = it.only(trigger)
    it.api.call("InvocationService.Cancel", {"invocationId": waiting["id"]})
    found = delivery(it.explain(trigger, start + 10 * MINUTE))
    assert found["reason"] == "REASON_CANCELLED"


@contextmanager
def held(it: Steering) -> Iterator[None]:
    let_go = threading.Event()
    it.target.answers[f"/{it.folder}"] = held_until(let_go)
    try:
        yield
    finally:
        let_go.set()


def test_a_target_that_takes_no_more_is_busy(it: Steering) -> None:
    start = it.next_hour()
    # The server lets a target have two calls at once.
    triggers = [it.timer("10 * * * ? *") for _ in range(3)]
    tick = start + 10 * MINUTE
    with ThreadPoolExecutor(1) as pool, held(it):
        moved = pool.submit(it.advance_to, tick)
        it.target.wait_for(lambda request: request.path == f"/{it.folder}", count=2)
        told = [it.explain(each, tick) for each in triggers]
        found = {delivery(each)["reason"]: delivery(each) for each in told}
        assert {reason(each) for each in told} == {"FIRED"}
        assert found.keys() == {"REASON_DELIVERING", "REASON_TARGET_BUSY"}
        busy, delivering = found["REASON_TARGET_BUSY"], found["REASON_DELIVERING"]
        assert f"function/{it.folder} already has 2 calls under way" in busy["explanation"]
        assert delivering["invocation"]["node"] in delivering["explanation"]
        assert f"since {shown(tick)}" in delivering["explanation"]
    moved.result()
    assert {delivery(it.explain(each, tick))["reason"] for each in triggers} == {"REASON_SUCCEEDED"}


# Downtime


@contextmanager
def started(
    directory: Path,
    target: RecordingTarget,
    queues: QueueService,
    folder: str,
    start: str,
) -> Iterator[Steering]:
    with steered(directory, target, queues, start) as tocsin:
        yield Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, folder)
        assert tocsin.stop() == 0


def test_what_was_missed_in_a_downtime_is_told_by_each_policy(
    directory: Path,
    target: RecordingTarget,
    queues: QueueService,
    folder: str,
) -> None:
    policies = ("fire_once", "skip", "fire_all")
    here = (directory, target, queues, folder)
    with started(*here, "2026-03-01T12:00:30Z") as it:
        triggers = {
            policy: it.timer(EVERY_10, labels={"tocsin/misfire": policy}) for policy in policies
        }
    # Twelve ticks are missed. The window goes back to 12:35, the cap is 3.
    with started(*here, "2026-03-01T14:05:00Z") as it:
        it.advance(5 * MINUTE)
        answers = {
            policy: {text: it.explain(triggers[policy], at(text)) for text in TICKS}
            for policy in policies
        }
    told = {
        policy: [reason(each) for each in by_tick.values()] for policy, by_tick in answers.items()
    }
    assert told == {
        "fire_once": [
            "MISFIRE_EXPIRED",
            "MISFIRE_EXPIRED",
            "FIRED",
            "MISFIRE_COALESCED",
            "MISFIRE_COALESCED",
            "FIRED",
        ],
        "skip": [
            "MISFIRE_EXPIRED",
            "MISFIRE_EXPIRED",
            "MISFIRE_SKIPPED",
            "MISFIRE_SKIPPED",
            "MISFIRE_SKIPPED",
            "FIRED",
        ],
        "fire_all": [
            "MISFIRE_EXPIRED",
            "MISFIRE_EXPIRED",
            "MISFIRE_CAPPED",
            "MISFIRE_CAPPED",
            "FIRED",
            "FIRED",
        ],
    }
    missed = {"firstTick": "2026-03-01T12:10:00Z", "lastTick": "2026-03-01T14:00:00Z"}
    once = answers["fire_once"]
    fired = {"policy": "POLICY_FIRE_ONCE", **missed, "missed": "12", "fired": "1", "expired": "3"}
    for text in ("12:30", "12:40", "14:00"):
        assert once[text]["misfire"] == fired | {"firedTick": "2026-03-01T12:40:00Z"}
    assert once["12:40"]["decidedAt"] == "2026-03-01T14:05:00Z"
    assert once["12:40"]["deliveries"][0]["invocation"]["lateness"] == "5100s"
    assert "misfire" not in once["14:10"]
    assert answers["fire_all"]["13:30"]["misfire"] == {
        "policy": "POLICY_FIRE_ALL",
        **missed,
        "missed": "12",
        "fired": "3",
        "expired": "3",
        "dropped": "6",
    }
    assert answers["skip"]["14:00"]["decidedAt"] == "2026-03-01T14:05:00Z"


TICKS = ("12:10", "12:30", "12:40", "13:30", "14:00", "14:10")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{text}:00+00:00")


@pytest.mark.parametrize(
    "instant", ["1969-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
def test_an_instant_that_no_timetable_knows_is_refused(it: Steering, instant: str) -> None:
    trigger = it.timer(EVERY_10)
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.Explain", {"triggerId": trigger, "instant": instant})
    assert refused.value.fields == {"instant": "must be in the years 1970 to 2099"}


@pytest.mark.parametrize("left_out", ["triggerId", "instant"])
def test_what_is_asked_about_is_required(it: Steering, left_out: str) -> None:
    request: dict[str, Any] = {"triggerId": "a", "instant": "2026-03-01T12:00:00Z"}
    del request[left_out]
    with pytest.raises(Refused) as refused:
        it.api.call("FiringService.Explain", request)
    assert refused.value.code in ("INVALID_ARGUMENT", "NOT_FOUND")


# What no front door leads to: a store that was written by others, a tick that was found too late


def explained_by(it: Node) -> FiringService:
    return FiringService(
        it.database,
        it.clock,
        Ids(it.clock),
        PageTokens(new_key()),
        tick_payload=partial(tick_payload, cloud_id=""),
        limit_of=lambda _: 10,
    )


async def reason_at(it: Node, trigger: str, instant: datetime) -> str:
    request = contract.ExplainRequest(trigger_id=trigger)
    request.instant.FromDatetime(instant)
    answer = await explained_by(it).explain(request)
    assert answer.explanation
    return contract.ExplainResponse.Reason.Name(answer.reason).removeprefix("REASON_")


@pytest.mark.parametrize(
    ("method", "changes"),
    [("Pause", {}), ("Delete", {}), ("Update", {"cron_expression": "5 * * * ? *"})],
)
@in_loop
async def test_a_tick_that_was_taken_away_before_it_fired(
    directory: Path, method: str, changes: dict[str, str]
) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create(EVERY_10)
        await it.clock.advance_to(NOON + 25 * MINUTE)
        first, second = NOON_SHARP + 10 * MINUTE, NOON_SHARP + 20 * MINUTE
        assert await reason_at(it, trigger, first) == "DUE"
        assert await reason_at(it, trigger, second) == "DUE"
        if changes:
            await it.update(trigger, **changes)
        else:
            await it.change(method, trigger)
        await it.clock.advance(HOUR)
        await it.fire_due()
        assert await reason_at(it, trigger, first) == "WITHDRAWN"
        assert await reason_at(it, trigger, second) == "WITHDRAWN"


@in_loop
async def test_one_that_could_not_be_read(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create(EVERY_10)
        stored = await it.database.read(lambda tx: find_trigger(tx, trigger))
        assert stored is not None

        async def store(message: bytes) -> None:
            await it.database.write(
                lambda tx: update_trigger(tx, trigger_id=trigger, name="", message=message)
            )

        await store(b"\xff broken")
        await it.run_until(NOON + 14 * MINUTE)
        assert await reason_at(it, trigger, NOON_SHARP + 10 * MINUTE) == "UNREADABLE"
        await store(stored.message)
        await it.run_until(NOON + 35 * MINUTE)
        assert await reason_at(it, trigger, NOON_SHARP + 10 * MINUTE) == "UNREADABLE"
        assert await reason_at(it, trigger, NOON_SHARP + 20 * MINUTE) == "FIRED"


@in_loop
async def test_what_is_not_kept_any_more_is_told_from_what_was_lost(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create(EVERY_10)
        await it.run_until(NOON + HOUR)

        async def remove(instant: datetime) -> None:
            await it.database.write(lambda tx: tx.run(REMOVE, of=to_micros(instant)))

        ticks = [NOON_SHARP + n * MINUTE for n in (10, 20, 30)]
        await remove(ticks[0])
        await remove(ticks[2])
        told = [await reason_at(it, trigger, tick) for tick in ticks]
        assert told == ["RECORD_EXPIRED", "FIRED", "NO_RECORD"]


@in_loop
async def test_one_that_was_paused_before_such_things_were_written_down(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create(EVERY_10)
        await it.change("Pause", trigger)
        await it.database.write(lambda tx: tx.run(FORGET_DECISIONS))
        await it.clock.advance(HOUR)
        for minute in (20, 200):
            assert await reason_at(it, trigger, NOON_SHARP + minute * MINUTE) == "PAUSED"


@in_loop
async def test_a_wall_clock_set_back_leaves_each_tick_explained(directory: Path) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create(EVERY_10)
        await it.run_until(NOON + 30 * MINUTE)
        it.clock.set_wall(NOON)
        await it.change("Pause", trigger)
        await it.change("Resume", trigger)
        await it.clock.advance(HOUR)
        await it.fire_due()
        told = [await reason_at(it, trigger, NOON_SHARP + n * MINUTE) for n in range(10, 61, 10)]
        assert told == ["FIRED"] * 3 + ["MISFIRE_COALESCED"] * 2 + ["FIRED"]
