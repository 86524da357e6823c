"""The fixture `tocsin`: timers, their functions, and the clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.testing import ANYTHING, Delivery, Tocsin, TocsinError


def test_a_timer_calls_its_function_at_each_tick(tocsin: Tocsin) -> None:
    received: list[Any] = []

    def report(event: Any) -> None:
        received.append(event["messages"][0]["details"]["payload"])

    tocsin.create_timer("0 9 ? * MON *", function=report, payload="weekly")
    tocsin.advance(days=14)
    assert tocsin.deliveries == [
        Delivery("2026-01-05T09:00Z", "weekly", function="report"),
        Delivery("2026-01-12T09:00Z", "weekly", function="report"),
    ]
    assert received == ["weekly", "weekly"]


def test_each_test_begins_at_the_same_time_with_nothing(tocsin: Tocsin) -> None:
    assert tocsin.now == datetime(2026, 1, 1, tzinfo=UTC)
    tocsin.advance(days=500)
    assert tocsin.deliveries == []


@pytest.mark.tocsin(start="2028-02-28T23:00Z")
def test_a_test_may_begin_at_another_time(tocsin: Tocsin) -> None:
    tocsin.create_timer("0 0 29 2 ? *")
    assert tocsin.advance_to("2028-03-01T00:00Z") == datetime(2028, 3, 1, tzinfo=UTC)
    assert tocsin.deliveries == [Delivery("2028-02-29T00:00Z")]


def test_a_function_that_raises_is_called_again_as_the_rule_says(tocsin: Tocsin) -> None:
    def flaky(event: Any, context: Any) -> dict[str, int]:
        if context.attempt < 3:
            raise ConnectionError("no database")
        return {"rows": 5}

    interval = timedelta(seconds=15)
    tocsin.create_timer("0 9 * * ? *", function=flaky, retries=3, interval=interval)
    tocsin.advance_to("2026-01-01T09:00Z")
    failed = Delivery("2026-01-01T09:00:00Z", "", error="ConnectionError: no database")
    assert tocsin.deliveries == [failed]
    tocsin.advance(minutes=1)
    first, second, third = tocsin.deliveries
    assert second == Delivery("2026-01-01T09:00:15Z", attempt=2, error=ANYTHING)
    assert third == Delivery("2026-01-01T09:00:30Z", attempt=3)
    assert third.answer == {"rows": 5}
    assert first.request_id == second.request_id == third.request_id != ""


def test_an_answer_that_json_cannot_hold_fails_the_call(tocsin: Tocsin) -> None:
    tocsin.create_timer("0 9 * * ? *", function=lambda _: {1, 2})
    tocsin.advance(hours=10)
    (delivery,) = tocsin.deliveries
    assert delivery.error == "TypeError: Object of type set is not JSON serializable"


def test_a_function_may_be_a_coroutine(tocsin: Tocsin) -> None:
    async def report(event: Any) -> str:
        return "done"

    tocsin.create_timer("0 9 * * ? *", function=report)
    tocsin.advance(days=1)
    assert [each.answer for each in tocsin.deliveries] == ["done"]


def test_functions_of_one_name_are_told_apart(tocsin: Tocsin) -> None:
    for payload in ("a", "b"):
        tocsin.create_timer("0 9 * * ? *", function=lambda _: None, payload=payload)
    tocsin.advance(days=1)
    assert tocsin.deliveries == [
        Delivery("2026-01-01T09:00Z", "a", function="lambda"),
        Delivery("2026-01-01T09:00Z", "b", function="lambda-2"),
    ]


def test_a_pause_is_silent_and_is_explained(tocsin: Tocsin) -> None:
    timer = tocsin.create_timer("0 9 * * ? *")
    timer.pause()
    tocsin.advance(days=1)
    timer.resume()
    tocsin.advance(days=1)
    assert tocsin.deliveries == [Delivery("2026-01-02T09:00Z")]
    assert tocsin.explain(timer, "2026-01-01T09:00Z").reason == "PAUSED"
    assert "paused" in str(tocsin.explain(timer, "2026-01-01T09:00Z"))
    assert tocsin.explain(timer, "2026-01-02T09:00Z").reason == "FIRED"
    assert timer.next(2) == [datetime(2026, 1, day, 9, tzinfo=UTC) for day in (3, 4)]
    timer.delete()
    tocsin.advance(days=1)
    assert len(tocsin.deliveries) == 1


def test_a_trigger_is_fired_by_hand(tocsin: Tocsin) -> None:
    timer = tocsin.create_timer("0 9 * * ? *", payload="nightly")
    timer.fire()
    timer.fire("now")
    assert sorted(each.payload for each in tocsin.deliveries) == ["nightly", "now"]


def test_after_a_downtime_missed_ticks_fire_once(tocsin: Tocsin) -> None:
    tocsin.create_timer("0 * * * ? *")
    assert tocsin.restart(hours=3, minutes=30) == datetime(2026, 1, 1, 3, 30, tzinfo=UTC)
    assert tocsin.deliveries == [Delivery("2026-01-01T03:30Z")]


def test_a_wrong_expression_is_refused_by_its_field(tocsin: Tocsin) -> None:
    with pytest.raises(
        TocsinError, match=r"INVALID_ARGUMENT: rule\.timer\.cron_expression"
    ) as caught:
        tocsin.create_timer("every monday")
    assert caught.value.code == "INVALID_ARGUMENT"
    assert caught.value.fields == ("rule.timer.cron_expression",)


def test_a_function_can_call_the_server_but_not_move_its_clock(tocsin: Tocsin) -> None:
    def chain(event: Any) -> None:
        tocsin.create_timer("30 9 * * ? *", function="second")
        tocsin.advance(days=1)

    tocsin.create_timer("0 9 1 1 ? *", function=chain)
    tocsin.advance(hours=10)
    first, second = tocsin.deliveries
    assert first.error == (
        "TocsinError: a function that Tocsin calls can't move the clock: the clock waits for it"
    )
    assert second == Delivery("2026-01-01T09:30Z", function="second")


@pytest.mark.parametrize("instant", ["2026-01-05T09:00", datetime(2026, 1, 5, 9)])  # noqa: DTZ001
def test_an_instant_without_a_time_zone_is_refused(tocsin: Tocsin, instant: Any) -> None:
    with pytest.raises(ValueError, match="has no time zone: write 2026-01-05T09:00:00Z for UTC"):
        tocsin.advance_to(instant)


def test_deliveries_print_what_tells_them_apart() -> None:
    assert repr(Delivery("2026-01-05T10:00+01:00", "weekly", "report")) == (
        "Delivery('2026-01-05T09:00:00Z', 'weekly', function='report')"
    )
    assert repr(Delivery(payload=[1], attempt=2, error="E: x")) == (
        "Delivery(ANYTHING, [1], function=ANYTHING, attempt=2, error='E: x')"
    )
    assert Delivery("2026-01-05T09:00Z", "a") != Delivery("2026-01-05T09:01Z", "a")
    assert Delivery("2026-01-05T09:00Z", "a", attempt=2) != Delivery("2026-01-05T09:00Z", "a")
