"""What becomes of an invocation after a call."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.engine.delivering.verdict import after_call, after_dead_letter
from tocsin.plans.plan import Action, DeadLetter, Function, Retry
from tocsin.store.invocations.deliveries import Ending
from tocsin.store.invocations.rows import Invocation, State
from tocsin.targets.calling import Outcome

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)
ONCE = Action(Function("f"))
RETRIED = Action(Function("f"), Retry(2, TEN_SECONDS))
LETTERED = Action(Function("f"), Retry(1, TEN_SECONDS), DeadLetter("q", "aje1"))
FAILED = Outcome(succeeded=False, status=500, error="answered 500")


def invocation(state: State = State.RUNNING) -> Invocation:
    return Invocation(
        id="i",
        parent="p",
        origin="t",
        scheduled_at=NOW,
        action="",
        created_at=NOW,
        state=state,
        attempts=1,
        started_at=NOW,
    )


def judged(action: Action, outcome: Outcome, *, chance: float = 0.0) -> list[Ending]:
    """The endings of one call after the other, each with the same outcome, until the last."""
    held, endings = invocation(), []
    while True:
        ending = after_call(held, action, outcome, now=NOW, chance=chance)
        endings.append(ending)
        if ending.state is not State.RETRYING:
            return endings
        held = held._replace(
            attempts=held.attempts + 1, failures=ending.failures, history=ending.history
        )


def states(endings: list[Ending]) -> list[State]:
    return [ending.state for ending in endings]


def test_a_success_keeps_the_answer() -> None:
    [ending] = judged(RETRIED, Outcome(succeeded=True, answer=b"{}"))
    assert (ending.state, ending.answer) == (State.SUCCEEDED, b"{}")


def test_without_retry_settings_there_is_one_call() -> None:
    [ending] = judged(ONCE, FAILED)
    assert (ending.state, ending.error) == (State.FAILED, "answered 500")


def test_attempts_are_calls_beyond_the_first() -> None:
    endings = judged(RETRIED, FAILED)
    assert states(endings) == [State.RETRYING, State.RETRYING, State.FAILED]
    assert [each["attempt"] for each in json.loads(endings[-1].history or "")] == [1, 2, 3]


def test_the_dead_letter_comes_after_the_last_call() -> None:
    endings = judged(LETTERED, FAILED)
    assert states(endings) == [State.RETRYING, State.DEAD_LETTERING]
    assert endings[-1].again_at == NOW


def test_a_call_that_broke_off_with_its_node_takes_no_retry_away() -> None:
    taken_up_again = invocation()._replace(attempts=5)
    ending = after_call(taken_up_again, RETRIED, FAILED, now=NOW, chance=0.0)
    assert ending.state is State.RETRYING


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_retry_is_never_before_the_interval(chance: float) -> None:
    again_at = judged(RETRIED, FAILED, chance=chance)[0].again_at
    assert again_at is not None
    assert TEN_SECONDS <= again_at - NOW <= 1.1 * TEN_SECONDS


@pytest.mark.parametrize(("asked", "pause"), [(5, 10), (30, 30), (60, 60), (3600, 60)], ids=str)
def test_a_target_may_ask_for_a_longer_pause_up_to_a_minute(asked: int, pause: int) -> None:
    outcome = replace(FAILED, status=503, retry_after=timedelta(seconds=asked))
    assert judged(RETRIED, outcome)[0].again_at == NOW + timedelta(seconds=pause)


def test_what_can_never_succeed_is_not_tried_again() -> None:
    endings = judged(LETTERED, replace(FAILED, may_retry=False))
    assert states(endings) == [State.DEAD_LETTERING]


def test_a_dead_letter_in_its_queue_shows_the_last_failure() -> None:
    history = judged(LETTERED, FAILED)[-1].history
    held = invocation(State.DEAD_LETTERING)._replace(history=history)
    ending = after_dead_letter(held, LETTERED, None, now=NOW)
    assert (ending.state, ending.error) == (State.DEAD_LETTERED, "answered 500")


def test_a_queue_that_can_not_be_reached_is_tried_for_ever_ever_more_rarely() -> None:
    held = invocation(State.DEAD_LETTERING)._replace(history=judged(LETTERED, FAILED)[-1].history)
    pauses = []
    for _ in range(40):
        ending = after_dead_letter(held, LETTERED, "no route", now=NOW)
        assert ending.state is State.DEAD_LETTERING
        assert ending.again_at is not None
        assert ending.error == "no route"
        pauses.append((ending.again_at - NOW).total_seconds())
        held = held._replace(history=ending.history)
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == pauses[-1] == 300
    assert len(json.loads(held.history or "")) <= 22
