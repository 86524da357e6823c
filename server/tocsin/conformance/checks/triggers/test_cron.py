"""Create takes the cron expressions that the vendor documents, and no others."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MAY, MUST, clause
from tocsin.conformance.made import create_request, timer

PAGE = "Yandex Cloud documentation, Timer that invokes a function, 'Cron expression format'"

# The year is far away, so that none of them ticks while the suite runs.
TAKEN = {
    "minutes.first-and-last": (["0 0 1 1 ? 2098", "59 0 1 1 ? 2098"], "minutes 0 to 59"),
    "minutes.every": (["* * 1 1 ? 2098"], "`*` in the minutes"),
    "minutes.list": (["0,15,30 0 1 1 ? 2098"], "a list of minutes"),
    "minutes.range": (["10-20 0 1 1 ? 2098"], "a range of minutes"),
    "minutes.step": (["0/15 0 1 1 ? 2098"], "a step of minutes"),
    "hours.first-and-last": (["0 0 1 1 ? 2098", "0 23 1 1 ? 2098"], "hours 0 to 23"),
    "hours.list-range-step": (
        ["0 1,2 1 1 ? 2098", "0 10-12 1 1 ? 2098", "0 0/6 1 1 ? 2098"],
        "lists, ranges and steps of hours",
    ),
    "days.first-and-last": (["0 0 1 1 ? 2098", "0 0 31 1 ? 2098"], "days of the month 1 to 31"),
    "days.list-range-step": (
        ["0 0 1,15 1 ? 2098", "0 0 10-12 1 ? 2098", "0 0 1/7 1 ? 2098"],
        "lists, ranges and steps of days of the month",
    ),
    "days.last": (["0 0 L 1 ? 2098"], "`L` in the day of the month"),
    "days.nearest-weekday": (["0 0 15W 1 ? 2098"], "`W` in the day of the month"),
    "days.last-weekday": (["0 0 LW 1 ? 2098"], "`LW` in the day of the month"),
    "days.any": (["0 0 ? 1 2 2098"], "`?` in the day of the month"),
    "months.first-and-last": (["0 0 1 1 ? 2098", "0 0 1 12 ? 2098"], "months 1 to 12"),
    "months.names": (["0 0 1 JAN ? 2098", "0 0 1 DEC ? 2098"], "months JAN to DEC"),
    "months.names-in-small-letters": (["0 0 1 jan ? 2098"], "months in small letters"),
    "months.list-range-step": (
        ["0 0 1 1,JUN ? 2098", "0 0 1 JAN-MAR ? 2098", "0 0 1 1/3 ? 2098"],
        "lists, ranges and steps of months",
    ),
    "weekdays.first-and-last": (["0 0 ? 1 1 2098", "0 0 ? 1 7 2098"], "days of the week 1 to 7"),
    "weekdays.names": (["0 0 ? 1 SUN 2098", "0 0 ? 1 SAT 2098"], "days of the week SUN to SAT"),
    "weekdays.names-in-small-letters": (["0 0 ? 1 mon 2098"], "days of the week in small letters"),
    "weekdays.list-range-step": (
        ["0 0 ? 1 MON,WED,FRI 2098", "0 0 ? 1 2-6 2098", "0 0 ? 1 2/2 2098"],
        "lists, ranges and steps of days of the week",
    ),
    "weekdays.last": (["0 0 ? 1 L 2098"], "`L` in the day of the week"),
    "weekdays.nth": (["0 0 ? 1 6#3 2098"], "`#` in the day of the week"),
    "weekdays.any": (["0 0 1 1 ? 2098"], "`?` in the day of the week"),
    "years.last": (["0 0 1 1 ? 2099"], "the year 2099"),
    "years.list-range-step": (
        ["0 0 1 1 ? 2097,2099", "0 0 1 1 ? 2097-2099", "0 0 1 1 ? 2095/2"],
        "lists, ranges and steps of years",
    ),
    "years.left-out": (["0 0 29 2 ?"], "no year"),
}

REFUSED = {
    "minutes.above": (["60 0 1 1 ? 2098", "99 0 1 1 ? 2098"], "a minute above 59"),
    "minutes.below": (["-1 0 1 1 ? 2098"], "a minute below 0"),
    "minutes.any": (["? 0 1 1 ? 2098"], "`?` in the minutes"),
    "minutes.last": (["L 0 1 1 ? 2098"], "`L` in the minutes"),
    "minutes.names": (["MON 0 1 1 ? 2098"], "a name in the minutes"),
    "hours.above": (["0 24 1 1 ? 2098"], "an hour above 23"),
    "hours.any": (["0 ? 1 1 ? 2098"], "`?` in the hours"),
    "hours.nth": (["0 6#3 1 1 ? 2098"], "`#` in the hours"),
    "days.above": (["0 0 32 1 ? 2098"], "a day of the month above 31"),
    "days.below": (["0 0 0 1 ? 2098"], "a day of the month below 1"),
    "days.nth": (["0 0 6#3 1 ? 2098"], "`#` in the day of the month"),
    "months.above": (["0 0 1 13 ? 2098"], "a month above 12"),
    "months.below": (["0 0 1 0 ? 2098"], "a month below 1"),
    "months.any": (["0 0 1 ? ? 2098"], "`?` in the month"),
    "months.unknown-name": (["0 0 1 FOO ? 2098", "0 0 1 MON ? 2098"], "a name of no month"),
    "weekdays.above": (["0 0 ? 1 8 2098"], "a day of the week above 7"),
    "weekdays.below": (["0 0 ? 1 0 2098"], "a day of the week below 1"),
    "weekdays.weekday": (["0 0 ? 1 2W 2098"], "`W` in the day of the week"),
    "weekdays.unknown-name": (["0 0 ? 1 FOO 2098", "0 0 ? 1 JAN 2098"], "a name of no day"),
    "years.above": (["0 0 1 1 ? 2100"], "a year above 2099"),
    "years.below": (["0 0 1 1 ? 1969"], "a year below 1970"),
    "both-days-filled": (
        ["0 0 1 1 2 2098", "0 0 * 1 * 2098", "0 0 1 1 * 2098"],
        "both day fields filled",
    ),
    "too-few-fields": (["0 0 1 1", "*", "0"], "fewer fields than five"),
    "too-many-fields": (["0 0 0 1 1 ? 2098"], "more fields than six"),
    "no-fields": ([" "], "blanks alone"),
    "words": (["every day at noon", "@daily", "rate(1 minute)"], "words that are no fields"),
    "open-range": (["5- 0 1 1 ? 2098"], "a range without an end"),
    "step-without-a-number": (["0/ 0 1 1 ? 2098", "0/x 0 1 1 ? 2098"], "a step without a number"),
    "fractions": (["1.5 0 1 1 ? 2098"], "a number that is not whole"),
}


def _table(name: str, verb: str, table: dict[str, tuple[list[str], str]]) -> Iterator[Any]:
    for subject, (expressions, words) in table.items():
        yield pytest.param(
            expressions,
            id=subject,
            marks=clause(
                f"triggers.cron.{name}.{subject}",
                MUST,
                f"Create MUST {verb} a cron expression with {words}.",
                source=PAGE,
                features=("kind-timer",),
            ),
        )


@pytest.mark.parametrize("expressions", list(_table("taken", "take", TAKEN)))
def test_create_takes_documented_expressions(changes: Changes, expressions: list[str]) -> None:
    for expression in expressions:
        made = changes.create(rule=timer(expression))
        assert made.rule.timer.cron_expression == expression, (
            f"{expression!r} must come back as it was sent, but is "
            f"{made.rule.timer.cron_expression!r}"
        )


@pytest.mark.parametrize("expressions", list(_table("refused", "refuse", REFUSED)))
def test_create_refuses_other_expressions(changes: Changes, expressions: list[str]) -> None:
    _all_refused(changes, expressions)


def _all_refused(changes: Changes, expressions: Iterable[str]) -> None:
    for expression in expressions:
        request = create_request(changes.peer, rule=timer(expression))
        changes.refused("Create", request, Code.INVALID_ARGUMENT, why=f"with {expression!r}")


def _open(name: str, sentence: str) -> pytest.MarkDecorator:
    return clause(
        f"triggers.cron.open.{name}", MAY, sentence, source=PAGE, features=("kind-timer",)
    )


@_open(
    "both-days-any",
    "Create MAY refuse an expression with `?` in both day fields; known answers: refused (Tocsin).",
)
def test_create_may_refuse_two_question_marks(changes: Changes) -> None:
    _all_refused(changes, ["0 0 ? 1 ? 2098"])


@_open(
    "steps-from-a-star",
    "Create MAY take a step that begins with `*`, such as */15; known answers: taken (Tocsin, as "
    "Quartz does).",
)
def test_create_may_take_a_step_from_a_star(changes: Changes) -> None:
    changes.create(rule=timer("*/15 0 1 1 ? 2098"))


@_open(
    "ranges-that-wrap",
    "Create MAY take a range whose end is before its begin, such as 22-2; known answers: taken "
    "(Tocsin).",
)
def test_create_may_take_a_range_that_wraps(changes: Changes) -> None:
    changes.create(rule=timer("0 22-2 1 1 ? 2098"))


@_open(
    "days-that-never-come",
    "Create MAY take a date that never comes, such as 30 February; known answers: taken (Tocsin).",
)
def test_create_may_take_a_date_that_never_comes(changes: Changes) -> None:
    changes.create(rule=timer("0 0 30 2 ? 2098"))


@_open(
    "empty-parts",
    "Create MAY take a list with an empty part, such as 0,,5; known answers: taken (Tocsin, as "
    "Quartz does).",
)
def test_create_may_take_a_list_with_an_empty_part(changes: Changes) -> None:
    changes.create(rule=timer("0,,5 0 1 1 ? 2098"))
