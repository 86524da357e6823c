"""`tocsin schedules`, as a person uses it."""

import json
import re
from pathlib import Path

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


def test_what_may_surprise_is_noted(place: Person) -> None:
    quiet = place.types("schedules", *MORNINGS)
    assert (quiet.status, quiet.stderr) == (0, "")
    odd = (*MORNINGS[2:4], "--cron", "30 2 ? * 1-5", *MORNINGS[6:])
    made = place.types("schedules", "create", "nights", *odd)
    assert made.status == 0
    days, clocks = made.stderr.splitlines()
    assert days.endswith(
        "day-of-week 1-5 is SUN-THU, as SUN is 1: for Unix cron's 1-5 write MON-FRI"
    )
    assert re.search(
        r"the clocks change: skipped on \d{4}-03-\d\d, doubled on \d{4}-10-\d\d$", clocks
    )


def test_a_wrong_zone_is_told_by_the_server(place: Person) -> None:
    done = place.types("schedules", *MORNINGS[:-1], "Mars/Base")
    assert done.status == 1
    assert "time_zone" in done.stderr


def test_it_tells_when_it_runs_next_and_why_it_did_not(place: Person, folder: str) -> None:
    place.gets("schedules", *MORNINGS)
    shown = place.gets("schedules", "next", "mornings", "--after", "2027-03-26T12:00Z", "-n", "2")
    assert shown == "2027-03-29T07:00:00Z\n2027-03-30T07:00:00Z\n"
    told = place.gets("schedules", "explain", "mornings", "2027-03-28T07:00Z")
    assert re.search(r"^reason +NOT_A_TICK$", told, re.M)
    assert re.search(r"^nextTick +2027-03-29 07:00:00$", told, re.M)
    assert "Its rule, 0 9 ? * MON-FRI in Europe/Berlin, has no tick then" in told
    assert re.search(rf"^name +projects/{folder}/locations/here/schedules/mornings$", told, re.M)
    place.gets("schedules", "pause", "mornings")
    told = place.gets("schedules", "explain", "mornings", "2099-01-01T08:00Z", "-o", "json")
    assert json.loads(told)["reason"] == "REASON_PAUSED"
    asked = place.types("schedules", "next", "mornings")
    assert "the schedule is paused" in asked.stderr


VERSION = """
triggerConfigs:
- triggerType: CLOUD_SCHEDULER
  triggerNumber: "1"
  triggerId: cloud_scheduler_trigger/early
  cloudSchedulerConfig: {cronTab: "30 2 * * *", location: here}
  properties: {Time zone: Europe/Berlin}
taskConfigs:
- task: GenericRestV2Task
  taskId: "1"
  parameters:
    url: {key: url, value: {stringValue: "http://127.0.0.1:9/early"}}
"""


def test_an_integrations_own_schedule_is_explained_and_its_surprises_are_notes(
    place: Person, tmp_path: Path
) -> None:
    (tmp_path / "early.yaml").write_text(VERSION)
    applied = place.types("integrations", "apply", "early", "-f", str(tmp_path / "early.yaml"))
    assert (applied.status, "clocks" in applied.stdout) == (0, False)
    [line] = [each for each in applied.stderr.splitlines() if "clocks" in each]
    assert re.fullmatch(
        r"the clocks change: cloud_scheduler_trigger/early: "
        r"skipped on \d{4}-03-\d\d, doubled on \d{4}-10-\d\d",
        line,
    )
    told = place.gets("integrations", "explain", "early", "2098-12-31T01:30Z")
    assert re.search(r"^reason +NOT_YET$", told, re.M)
    assert re.search(r"^cronExpression +30 2 \* \* \*$", told, re.M)
    told = place.gets("integrations", "explain", "early", "2098-12-31T03:30Z")
    assert "Its rule, 30 2 * * * in Europe/Berlin, has no tick then" in told


def test_an_integration_without_a_schedule_is_told_what_is_missing(place: Person) -> None:
    status, [line] = place.is_refused("integrations", "explain", "orders", "2098-12-31T01:30Z")
    assert status == 1
    assert "trigger_id: is required" in line
    assert "has no published trigger of the type CLOUD_SCHEDULER" in line
