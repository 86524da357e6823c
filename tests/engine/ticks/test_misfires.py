"""What becomes of due ticks: examples of each policy, and a model that lists minute by minute."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.engine.settings import MisfireSettings
from tocsin.engine.ticks.misfires import Firing, Missed, decide
from tocsin.plans.plan import MisfirePolicy
from tocsin.schedule import Cron

MINUTE = timedelta(minutes=1)
FIRE_ONCE, SKIP, FIRE_ALL = MisfirePolicy
EVERY_MINUTE = Cron("* * * * ? *")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01 {text}").replace(tzinfo=UTC)


def decided(
    policy: MisfirePolicy, armed: str, now: str, cron: Cron = EVERY_MINUTE, **rules: object
) -> Firing:
    return decide(cron, at(armed), at(now), policy, MisfireSettings.model_validate(rules))


@pytest.mark.parametrize("policy", MisfirePolicy)
@pytest.mark.parametrize("now", ["12:01:00", "12:01:29.999999", "12:01:30"])
def test_a_tick_within_the_tolerance_is_not_missed(policy: MisfirePolicy, now: str) -> None:
    assert decided(policy, "12:01", now) == Firing((at("12:01"),), at("12:02"))


@pytest.mark.parametrize("policy", MisfirePolicy)
def test_several_ticks_within_the_tolerance_all_fire(policy: MisfirePolicy) -> None:
    found = decided(policy, "12:01", "12:02:30", tolerance=120)
    assert found == Firing((at("12:01"), at("12:02")), at("12:03"))


def test_fire_once_stands_for_all_that_is_due() -> None:
    told = Missed(FIRE_ONCE, at("12:01"), at("13:00"), count=60, fired=1, expired=0, dropped=0)
    assert decided(FIRE_ONCE, "12:01", "13:00:10") == Firing((at("12:01"),), at("13:01"), told)


def test_skip_fires_only_what_is_on_time() -> None:
    told = Missed(SKIP, at("12:01"), at("12:59"), count=59, fired=0, expired=0, dropped=0)
    assert decided(SKIP, "12:01", "13:00:10") == Firing((at("13:00"),), at("13:01"), told)
    assert decided(SKIP, "12:01", "13:00:40").fire == ()


def test_fire_all_fires_each() -> None:
    told = Missed(FIRE_ALL, at("12:01"), at("12:03"), count=3, fired=3, expired=0, dropped=0)
    each = at("12:01"), at("12:02"), at("12:03")
    assert decided(FIRE_ALL, "12:01", "12:03:40") == Firing(each, at("12:04"), told)


def test_beyond_the_cap_fire_all_keeps_the_latest() -> None:
    found = decided(FIRE_ALL, "12:01", "13:00:10", cap=2)
    assert found.fire == (at("12:58"), at("12:59"), at("13:00"))
    assert found.missed == Missed(FIRE_ALL, at("12:01"), at("12:59"), 59, 2, 0, dropped=57)


@pytest.mark.parametrize(
    ("policy", "fire"),
    [(FIRE_ONCE, ["12:50"]), (SKIP, []), (FIRE_ALL, [f"12:{n}" for n in range(50, 60)])],
)
def test_beyond_the_window_ticks_are_only_recorded(policy: MisfirePolicy, fire: list[str]) -> None:
    found = decided(policy, "12:01", "12:59:40", window=580)
    assert found.fire == tuple(at(each) for each in fire)
    assert found.missed is not None
    assert (found.missed.count, found.missed.expired) == (59, 49)


def test_a_decision_about_years_takes_no_longer() -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC)
    now = datetime(2026, 1, 1, 0, 0, 40, tzinfo=UTC)
    for policy in MisfirePolicy:
        missed = decide(EVERY_MINUTE, start, now, policy, MisfireSettings()).missed
        assert missed is not None
        assert missed.count == (now - start) // MINUTE + 1


def test_an_armed_instant_that_cron_does_not_name_counts() -> None:
    noon = Cron("0 12 * * ? *")
    assert decided(SKIP, "12:34:56", "12:34:57", noon).fire == (at("12:34:56"),)
    assert decided(FIRE_ALL, "12:34:56", "14:00", noon).fire == (at("12:34:56"),)


# The model: it goes through the minutes one by one, and knows nothing of cron.

TIMETABLES: dict[str, Callable[[datetime], bool]] = {
    "* * * * ? *": lambda _: True,
    "*/7 * * * ? *": lambda each: each.minute % 7 == 0,
    "15 */2 * * ? *": lambda each: each.minute == 15 and each.hour % 2 == 0,
    "0 9 ? * 2-6 *": lambda each: each.minute == 0 and each.hour == 9 and each.weekday() < 5,
}


def expected(
    is_tick: Callable[[datetime], bool],
    armed: datetime,
    now: datetime,
    policy: MisfirePolicy,
    rules: MisfireSettings,
) -> list[datetime]:
    minutes = [armed + n * MINUTE for n in range((now - armed) // MINUTE + 1)]
    ticks = [each for each in minutes if is_tick(each)]
    late = timedelta(seconds=rules.tolerance)
    window = None if rules.window is None else timedelta(seconds=rules.window)
    missed = [each for each in ticks if now - each > late]
    on_time = [each for each in ticks if now - each <= late]
    live = [each for each in missed if window is None or now - each <= window]
    if not live:
        return on_time
    match policy:
        case MisfirePolicy.FIRE_ONCE:
            return live[:1]
        case MisfirePolicy.SKIP:
            return on_time
        case MisfirePolicy.FIRE_ALL:
            return live[-rules.cap :] + on_time


def seconds(least: timedelta, most: timedelta) -> st.SearchStrategy[float]:
    return st.timedeltas(least, most).map(timedelta.total_seconds)


@settings(derandomize=True, deadline=None, max_examples=400, database=None)
@given(
    st.sampled_from(sorted(TIMETABLES)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(), timedelta(days=4)),
    st.sampled_from(MisfirePolicy),
    st.builds(
        MisfireSettings,
        window=st.none() | seconds(timedelta(seconds=1), timedelta(days=2)),
        cap=st.integers(1, 50),
        tolerance=seconds(timedelta(), timedelta(minutes=10)),
    ),
)
def test_it_decides_as_the_model(
    text: str, created: datetime, late: timedelta, policy: MisfirePolicy, rules: MisfireSettings
) -> None:
    cron = Cron(text)
    armed = cron.next(created)
    assert armed is not None
    now = armed + late
    found = decide(cron, armed, now, policy, rules)
    assert list(found.fire) == expected(TIMETABLES[text], armed, now, policy, rules)
    assert found.next_tick == cron.next(now)
    if (missed := found.missed) is not None:
        left_out = missed.expired + missed.dropped
        assert left_out + missed.fired <= missed.count
        if policy is FIRE_ALL:
            assert left_out + missed.fired == missed.count
