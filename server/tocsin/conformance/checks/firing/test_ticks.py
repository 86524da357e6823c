"""When timers fire."""

import pytest

from tocsin.conformance.checks.firing.stage import Stage
from tocsin.conformance.clauses import MUST, SHOULD, Level, clause
from tocsin.conformance.targets import Received

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

CRON = "docs: functions/concepts/trigger/timer, 'Cron expressions'"


def tick(
    name: str, sentence: str, level: Level = MUST, *, source: str = CRON
) -> pytest.MarkDecorator:
    return clause(f"firing.tick.{name}", level, sentence, source=source)


def event_id(call: Received) -> str:
    found = call.json["messages"][0]["event_metadata"]["event_id"]
    assert isinstance(found, str)
    return found


@tick("not-early", "A timer MUST NOT fire before its minute.")
def test_a_timer_is_not_early(stage: Stage) -> None:
    # Clocks of two machines may differ a little.
    assert stage.first("once").at >= stage.first_minute - 1


@tick(
    "prompt",
    "A timer SHOULD fire within 15 seconds of its minute.",
    SHOULD,
    source=CRON + ": 'the minimum step is one minute'",
)
def test_a_timer_is_prompt(stage: Stage) -> None:
    assert stage.first("once").at < stage.first_minute + 15


@tick("single-minute", "A timer of one minute MUST fire in that minute.")
def test_a_single_minute_fires(stage: Stage) -> None:
    assert stage.first("once")


@tick("hourly", "A timer whose minute it is MUST fire, whatever the hour.")
def test_the_minute_of_each_hour_fires(stage: Stage) -> None:
    assert stage.first("hourly")


FIRES = {
    "weekday": "of the day of the week, where Sunday is 1,",
    "step": "of steps, such as 5/20, that reach the minute",
    "list": "of a list of minutes",
}
SILENT = {
    "other-weekday": "of another day of the week",
    "other-step": "of steps that do not reach the minute",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=tick(f"cron.{name}", f"A timer {what} MUST fire in its minute."))
        for name, what in FIRES.items()
    ],
)
def test_an_expression_that_has_the_minute_fires(stage: Stage, name: str) -> None:
    assert stage.first(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=tick(f"cron.{name}", f"A timer {what} MUST NOT fire in the minute.")
        )
        for name, what in SILENT.items()
    ],
)
def test_an_expression_without_the_minute_is_silent(stage: Stage, name: str) -> None:
    stage.silent(name)


@tick("every-minute", "A timer of every minute MUST fire in two minutes that follow each other.")
def test_every_minute_fires(stage: Stage) -> None:
    assert stage.first("plain")
    assert stage.later("plain")


@tick(
    "once-a-minute",
    "A timer SHOULD call its target once for each tick that succeeds.",
    SHOULD,
    source="docs: at least once; a second call of a tick is for one that failed",
)
def test_one_tick_is_one_call(stage: Stage) -> None:
    stage.silent("other-minute")
    assert len(stage.calls("once")) == 1


@tick(
    "event-ids-differ",
    "Two ticks MUST have different event ids.",
    source="docs: serverless-integrations/tutorials/eventrouter-migration: events are told apart "
    "by event_metadata.event_id",
)
def test_ticks_have_ids_of_their_own(stage: Stage) -> None:
    first, later = stage.first("plain"), stage.later("plain")[-1]
    assert event_id(first) != event_id(later)


@tick(
    "event-ids-of-triggers-differ",
    "Ticks of two triggers MUST have different event ids.",
    source="docs: serverless-integrations/tutorials/eventrouter-migration: events are told apart "
    "by event_metadata.event_id",
)
def test_triggers_have_ids_of_their_own(stage: Stage) -> None:
    names = ("plain", "once", "hourly", "without-payload", "container")
    assert len({event_id(stage.first(name)) for name in names}) == len(names)


@tick("other-minute", "A timer MUST NOT fire in a minute that its expression does not have.")
def test_another_minute_is_silent(stage: Stage) -> None:
    stage.silent("other-minute")


@tick("other-minute-of-the-hour", "A timer MUST NOT fire in another minute of the hour.")
def test_another_minute_of_the_hour_is_silent(stage: Stage) -> None:
    stage.silent("other-hourly")


@tick("once-is-once", "A timer of one minute MUST NOT fire in the next one.")
def test_a_single_minute_is_over(stage: Stage) -> None:
    stage.later("plain")
    again = [call for call in stage.calls("once") if call.at > stage.first_minute + 50]
    assert not again, f"it was called {len(again)} times in the minutes that follow"
