"""Weekdays by number: what those who know Unix cron are told."""

from datetime import UTC, datetime

import pytest

from tocsin.schedule.cron import Cron
from tocsin.schedule.day_numbers import unix_lint
from tocsin.schedule.unix_cron import UnixCron

SUNDAY = datetime(2027, 1, 2, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "here", "there"),
    [
        ("1-5", "SUN-THU", "MON-FRI"),
        ("2-5", "MON-THU", "TUE-FRI"),
        ("1", "SUN", "MON"),
        ("7", "SAT", "SUN"),
        ("1,7", "SUN,SAT", "MON,SUN"),
        ("6-2", "FRI-MON", "SAT-TUE"),
        ("2-4,6", "MON-WED,FRI", "TUE-THU,SAT"),
    ],
)
def test_days_that_unix_cron_numbers_otherwise_are_named(days: str, here: str, there: str) -> None:
    assert unix_lint(f"0 9 ? * {days} *") == (
        f"day-of-week {days} is {here}, as SUN is 1: for Unix cron's {days} write {there}"
    )
    # Each name means what the number means, here and there.
    for name, number in ((here, days), (there, _unix(days))):
        assert _week(Cron(f"0 9 ? * {name}")) == _week(
            Cron(f"0 9 ? * {number}") if name is here else UnixCron(f"0 9 * * {number}")
        )


@pytest.mark.parametrize(
    "expression",
    [
        "0 9 ? * MON-FRI",
        "0 9 ? * *",
        "0 9 1-5 * ?",
        "0 9 ? * 1-7",
        "0 9 ? * 2#1",
        "0 9 ? * 6L",
        "0 9 ? * 2/2",
        "0 9 ? * 2-6",  # Monday to Friday, as whoever knows these numbers writes it
    ],
)
def test_what_both_read_alike_or_quartz_alone_has_is_left_alone(expression: str) -> None:
    assert unix_lint(str(Cron(expression).expression)) is None


def _unix(days: str) -> str:
    """The days in a form that Unix cron takes: its ranges don't go around."""
    return "6,0,1,2" if days == "6-2" else days


def _week(cron: Cron | UnixCron) -> list[int]:
    found, tick = [], cron.next(SUNDAY)
    while tick is not None and (tick - SUNDAY).days < 7:
        found.append(tick.isoweekday() % 7)
        tick = cron.next(tick)
    return found
