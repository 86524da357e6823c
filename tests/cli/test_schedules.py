"""`tocsin schedules`, as a person uses it."""

import json
import re

import pytest

from cli.person import Person

MORNINGS = (
    *("create", "mornings", "--integration", "orders", "--cron", "0 9 ? * MON-FRI"),
    *("--time-zone", "Europe/Berlin"),
)


@pytest.fixture
def place(person: Person, folder: str) -> Person:
    """A person with a location that no other test knows."""
    return person.with_variables(TOCSIN_LOCATION=f"projects/{folder}/locations/here")


def test_a_schedule_is_created_shown_paused_resumed_and_deleted(place: Person, folder: str) -> None:
    shown = place.gets("schedules", *MORNINGS, "--overlap", "queue", "--jitter", "30s")
    assert re.search(r"^cronExpression +0 9 \? \* MON-FRI$", shown, re.M)
    assert re.search(r"^state +active$", shown, re.M)
    found = json.loads(place.gets("schedules", "get", "mornings", "-o", "json"))
    assert found["triggerId"] == "api_trigger/orders"
    assert (found["overlapPolicy"], found["jitter"]) == ("OVERLAP_POLICY_QUEUE", "30s")
    assert "mornings" in place.gets("schedules", "list")
    paused = place.gets("schedules", "pause", "mornings", "--note", "the target moves")
    assert "paused: the target moves" in paused
    assert re.search(r"^state +active$", place.gets("schedules", "resume", "mornings"), re.M)
    name = f"projects/{folder}/locations/here/schedules/mornings"
    assert place.gets("schedules", "delete", "mornings") == f"{name} deleted\n"
    assert "mornings" not in place.gets("schedules", "list")


def test_a_backfill_shows_the_executions(place: Person) -> None:
    place.gets("schedules", *MORNINGS)
    week = ("--from", "2026-01-05", "--until", "2026-01-12")
    ids = place.gets("schedules", "backfill", "mornings", *week).split()
    assert len(set(ids)) == 5
    listed = json.loads(place.gets("executions", "list", "-o", "json"))
    assert {each["name"].rpartition("/")[2] for each in listed} == set(ids)
    nothing = ("--from", "2026-01-10", "--until", "2026-01-11")
    shown = place.gets("schedules", "backfill", "mornings", *nothing)
    assert shown == "The range has no instants.\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--jitter", "soon"), "--jitter: 'soon' is not a time such as 30s, 10m, 2h or 1d"),
        (("--catch-up", "1w"), "--catch-up: '1w' is not a time such as 30s, 10m, 2h or 1d"),
    ],
)
def test_a_wrong_length_of_time_is_told(place: Person, options: tuple[str, ...], told: str) -> None:
    done = place.types("schedules", *MORNINGS, *options)
    assert done.status == 2
    assert told in done.stderr


def test_a_wrong_zone_is_told_by_the_server(place: Person) -> None:
    done = place.types("schedules", *MORNINGS[:-1], "Mars/Base")
    assert done.status == 1
    assert "time_zone" in done.stderr
