"""Schedules: what runs when, by a clock that the tests move."""

import json
import re
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.schedules.test_integration_versions import rest_task, version_of
from stand.apis.google import GoogleRest
from stand.apis.tocsin import TocsinApi, TocsinGrpc, TocsinRest
from stand.apis.wire import Json, Refused, send
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin, serving

START = "2027-03-25T12:00:30Z"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SERVICE = "ScheduleService"
# In Berlin; the year depends on how far other tests have moved the clock.
CLOCKS = r"the clocks change: skipped on \d{4}-03-\d\d, doubled on \d{4}-10-\d\d"


@pytest.fixture(scope="module")
def server(config: str) -> Iterator[Tocsin]:
    manual = ("--clock", "manual", "--clock-start", START)
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *manual) as running:
        yield running


@dataclass(frozen=True)
class Scheduling:
    """One test's view of a server: its schedules are in a location of its own."""

    server: Tocsin
    api: TocsinApi
    location: str

    def call(self, method: str, **fields: Any) -> Json:
        return self.api.call(f"{SERVICE}.{method}", fields)

    def now(self) -> datetime:
        return at(self.api.call("ClockService.Get", {})["now"])

    def advance(self, by: timedelta) -> None:
        self.api.call("ClockService.Advance", {"duration": f"{by.total_seconds():g}s"})

    def advance_to(self, instant: datetime) -> None:
        self.api.call("ClockService.AdvanceTo", {"instant": text(instant)})

    def create(self, name: str = "s", integration: str = "nightly", **fields: Any) -> str:
        """Creates a schedule that fires each minute, unless `fields` say otherwise."""
        sent = {
            "integration": f"{self.location}/integrations/{integration}",
            "triggerId": f"api_trigger/{integration}",
            "cronExpression": "* * * * ? *",
            **fields,
        }
        made = self.call("CreateSchedule", parent=self.location, scheduleId=name, schedule=sent)
        return str(made["name"])

    def get(self, name: str) -> Json:
        return self.call("GetSchedule", name=name)

    def executions(self, integration: str = "nightly") -> list[Json]:
        parent = f"{self.location}/integrations/{integration}"
        rest = GoogleRest(self.server.http_address)
        found = rest.call("ListExecutions", {"parent": parent, "pageSize": 1000})
        return list(reversed(found.get("executions", [])))

    def ran(self, integration: str = "nightly") -> list[datetime]:
        """The instants that ran, in order."""
        sent = {"integration": f"{self.location}/integrations/{integration}", "pageSize": 1000}
        found = self.api.call("InvocationService.List", sent).get("invocations", [])
        return sorted(at(each["scheduledAt"]) for each in found)

    def refused(self, method: str, **fields: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            self.call(method, **fields)
        return caught.value


def at(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC)


def text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture(params=["grpc", "rest"])
def it(request: pytest.FixtureRequest, server: Tocsin) -> Iterator[Scheduling]:
    rest = request.param == "rest"
    api = TocsinRest(server.http_address) if rest else TocsinGrpc(server.grpc_address)
    location = f"projects/p-{uuid.uuid4().hex[:12]}/locations/local"
    scheduling = Scheduling(server, api, location)
    yield scheduling
    for schedule in scheduling.call("ListSchedules", parent=location).get("schedules", []):
        scheduling.call("DeleteSchedule", name=schedule["name"])


def full_minute(it: Scheduling) -> datetime:
    """Moves on to the middle of a minute; returns the next full one."""
    now = it.now().replace(second=0, microsecond=0) + MINUTE
    it.advance_to(now + MINUTE / 2)
    return now + MINUTE


def test_each_instant_becomes_an_execution_with_its_input(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    name = it.create(inputParameters={"who": {"stringValue": name_of(it)}})
    shown = it.get(name)
    assert shown["nextRun"] == {"tickTime": text(first), "startTime": text(first)}
    it.advance(3 * MINUTE)
    assert it.ran() == [first, first + MINUTE, first + 2 * MINUTE]
    calls = target.wait_for(lambda each: name_of(it).encode() in each.body, count=3)
    assert {call.json["scheduleTime"] for call in calls} == {text(each) for each in it.ran()}
    executions = it.executions()
    assert len(executions) == 3
    shown = it.get(name)
    assert at(shown["lastRun"]["tickTime"]) == first + 2 * MINUTE
    assert executions[-1]["name"].endswith(shown["lastRun"]["executionId"])
    [told] = [
        each
        for each in it.api.call(
            "InvocationService.List", {"integration": f"{it.location}/integrations/nightly"}
        )["invocations"]
        if each["id"] == shown["lastRun"]["executionId"]
    ]
    assert (told["cause"], told["schedule"]) == ("CAUSE_SCHEDULE", name)


def name_of(it: Scheduling) -> str:
    return it.location.split("/")[1]


def test_nine_in_berlin_on_working_days_across_the_change_to_summer_time(it: Scheduling) -> None:
    fields = {"cronExpression": "0 9 ? * MON-FRI", "timeZone": "Europe/Berlin"}
    # Far ahead, as the clock of all tests of this module only moves on.
    name = it.create(**fields)
    runs = it.call("ListNextRuns", name=name, after="2027-03-25T12:00:00Z", count=3)["runs"]
    assert [each["tickTime"] for each in runs] == [
        "2027-03-26T08:00:00Z",
        "2027-03-29T07:00:00Z",
        "2027-03-30T07:00:00Z",
    ]


def test_it_fires_from_its_start_until_before_its_end(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create(startTime=text(first + MINUTE), endTime=text(first + 3 * MINUTE))
    it.advance(5 * MINUTE)
    assert it.ran() == [first + MINUTE, first + 2 * MINUTE]
    assert "nextRun" not in it.get(name)


def test_a_paused_schedule_is_silent_and_its_instants_are_not_made_up(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    paused = it.call("PauseSchedule", name=name, note="the target moves")
    assert paused["pause"]["note"] == "the target moves"
    it.advance(2 * MINUTE)
    assert it.ran() == []
    again = it.call("PauseSchedule", name=name, note="it still does")
    assert again["pause"] == {**paused["pause"], "note": "it still does"}
    resumed = it.call("ResumeSchedule", name=name)
    assert "pause" not in resumed
    assert it.call("ResumeSchedule", name=name) == resumed
    it.advance(MINUTE)
    assert it.ran() == [first + 2 * MINUTE]


def test_a_deleted_schedule_fires_no_more(it: Scheduling) -> None:
    full_minute(it)
    name = it.create()
    it.advance(MINUTE)
    it.call("DeleteSchedule", name=name)
    it.advance(2 * MINUTE)
    assert len(it.ran()) == 1
    assert it.refused("GetSchedule", name=name).code == "NOT_FOUND"
    assert it.refused("DeleteSchedule", name=name).code == "NOT_FOUND"


def test_an_update_changes_the_instants_from_now_on(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    it.advance(MINUTE)
    changed = it.call(
        "UpdateSchedule",
        name=name,
        schedule={"cronExpression": "0 0 1 1 ? 2099"},
        updateMask="cronExpression",
    )
    assert changed["triggerId"] == "api_trigger/nightly"
    it.advance(2 * MINUTE)
    assert it.ran() == [first]


def test_an_update_of_the_input_leaves_the_instants(
    it: Scheduling, target: RecordingTarget
) -> None:
    full_minute(it)
    name = it.create(jitter="20s")
    before = it.get(name)["nextRun"]
    given = {"who": {"stringValue": f"{name_of(it)}-changed"}}
    sent = {"name": name, "schedule": {"inputParameters": given}}
    assert it.call("UpdateSchedule", **sent, updateMask="inputParameters")["nextRun"] == before
    it.advance(MINUTE)
    target.wait_for(lambda each: f"{name_of(it)}-changed".encode() in each.body)


def test_a_jittered_run_starts_when_it_was_shown_to(it: Scheduling) -> None:
    name = it.create(cronExpression="0 * * * ? *", jitter="1800s")
    run = it.get(name)["nextRun"]
    assert timedelta() <= at(run["startTime"]) - at(run["tickTime"]) <= HOUR / 2
    it.advance_to(at(run["startTime"]) - timedelta(milliseconds=1))
    assert it.ran() == []
    it.advance_to(at(run["startTime"]))
    assert it.ran() == [at(run["tickTime"])]


def failing(it: Scheduling, target: RecordingTarget) -> None:
    """Registers an integration whose first call fails, and that is called again after 150 s."""
    path = f"/{uuid.uuid4()}"
    seen: set[str] = set()

    def answer(request: Any) -> Answer:
        execution_id = request.json["executionId"]
        failed = execution_id not in seen
        seen.add(execution_id)
        return Answer(500 if failed else 200)

    target.answers[path] = answer
    policy = {"retryStrategy": "FIXED_INTERVAL", "maxRetries": 3, "intervalTime": "150s"}
    version = version_of("slow", "unused")
    version["taskConfigs"] = [rest_task(f"{target.url}{path}", failurePolicy=policy)]
    rest = GoogleRest(it.server.http_address)
    parent = f"{it.location}/integrations/slow"
    made = rest.call("CreateIntegrationVersion", {"parent": parent, "integrationVersion": version})
    rest.call("PublishIntegrationVersion", {"name": made["name"]})


def test_an_instant_is_skipped_while_the_run_before_has_not_ended(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    failing(it, target)
    name = it.create(integration="slow", overlapPolicy="OVERLAP_POLICY_SKIP")
    it.advance(4 * MINUTE)
    assert it.ran("slow") == [first, first + 3 * MINUTE]
    assert it.get(name)["skippedCount"] == "2"


def test_a_queued_instant_runs_when_the_run_before_has_ended(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    failing(it, target)
    name = it.create(
        integration="slow",
        overlapPolicy="OVERLAP_POLICY_QUEUE",
        endTime=text(first + 3 * MINUTE),
    )
    it.advance(2 * MINUTE)
    assert it.ran("slow") == [first]
    assert it.get(name)["nextRun"] == {"tickTime": text(first + MINUTE)}
    it.advance(9 * MINUTE)
    assert it.ran("slow") == [first, first + MINUTE, first + 2 * MINUTE]
    assert "skippedCount" not in it.get(name)


def test_a_queued_instant_waits_as_long_as_the_catch_up_window(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    failing(it, target)
    name = it.create(
        integration="slow",
        overlapPolicy="OVERLAP_POLICY_QUEUE",
        catchUpWindow="60s",
        endTime=text(first + 3 * MINUTE),
    )
    it.advance(10 * MINUTE)
    assert it.ran("slow") == [first, first + 2 * MINUTE]
    assert it.get(name)["missedCount"] == "1"


def test_a_run_cancels_the_one_before(it: Scheduling, target: RecordingTarget) -> None:
    first = full_minute(it)
    failing(it, target)
    it.create(
        integration="slow",
        overlapPolicy="OVERLAP_POLICY_CANCEL",
        endTime=text(first + 3 * MINUTE),
    )
    it.advance(10 * MINUTE)
    assert it.ran("slow") == [first, first + MINUTE, first + 2 * MINUTE]
    states = [each["executionDetails"]["state"] for each in it.executions("slow")]
    assert states == ["CANCELLED", "CANCELLED", "SUCCEEDED"]


def test_a_backfill_runs_the_instants_of_a_range(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    it.call("PauseSchedule", name=name)
    it.advance(5 * MINUTE)
    asked = {
        "name": name,
        "startTime": text(first),
        "endTime": text(first + 3 * MINUTE),
        "requestId": str(uuid.uuid4()),
    }
    made = it.call("BackfillSchedule", **asked)
    assert it.call("BackfillSchedule", **asked) == made
    it.advance(MINUTE)
    assert it.ran() == [first, first + MINUTE, first + 2 * MINUTE]
    again = it.call("BackfillSchedule", **{**asked, "requestId": ""})
    assert not {*again["executionIds"]} & {*made["executionIds"]}
    it.advance(MINUTE)
    assert it.ran() == sorted([first, first + MINUTE, first + 2 * MINUTE] * 2)


def test_a_backfill_of_too_much_or_of_the_future_is_refused(it: Scheduling) -> None:
    now, name = it.now(), it.create()
    it.call("PauseSchedule", name=name)
    sent = {"name": name, "startTime": text(now - DAY), "endTime": text(now)}
    assert "at most 1000 instants" in str(it.refused("BackfillSchedule", **sent).details)
    sent |= {"startTime": text(now), "endTime": text(now + HOUR)}
    assert "must not be in the future" in str(it.refused("BackfillSchedule", **sent).details)
    sent |= {"endTime": text(now)}
    assert "must be later than start_time" in str(it.refused("BackfillSchedule", **sent).details)


WRONG: dict[str, tuple[Json, str]] = {
    "no cron": ({"cronExpression": ""}, "schedule.cron_expression"),
    "wrong cron": ({"cronExpression": "0 25 * * ?"}, "schedule.cron_expression"),
    "no zone": ({"timeZone": "Mars/Base"}, "schedule.time_zone"),
    "no trigger": ({"triggerId": ""}, "schedule.trigger_id"),
    "long trigger": ({"triggerId": "t" * 257}, "schedule.trigger_id"),
    "large input": (
        {"inputParameters": {"a": {"stringValue": "x" * 8 * 1024 * 1024}}},
        "schedule.input_parameters",
    ),
    "another place": (
        {"integration": "projects/x/locations/y/integrations/z"},
        "schedule.integration",
    ),
    "long jitter": ({"jitter": "86401s"}, "schedule.jitter"),
    "negative window": ({"catchUpWindow": "-1s"}, "schedule.catch_up_window"),
    "no JSON": ({"inputParameters": {"a": {"jsonValue": "{"}}}, "schedule.input_parameters"),
    "turned times": (
        {"startTime": "2030-01-01T00:00:00Z", "endTime": "2030-01-01T00:00:00Z"},
        "schedule.end_time",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_field_is_named(it: Scheduling, fault: str) -> None:
    fields, path = WRONG[fault]
    with pytest.raises(Refused) as refused:
        it.create(**fields)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert path in str(refused.value.details)
    assert it.call("ListSchedules", parent=it.location) == {}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_first_and_the_last_instants_of_all_are_no_fault(it: Scheduling, zone: str) -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
    name = it.create(startTime=first, endTime=last, timeZone=zone)
    for after, some in ((first, True), (last, False)):
        runs = it.call("ListNextRuns", name=name, after=after, count=1).get("runs", [])
        assert bool(runs) is some
    backfill = {"name": name, "startTime": first, "endTime": "0001-01-02T00:00:00Z"}
    assert it.call("BackfillSchedule", **backfill) == {}
    it.create("ended", endTime="0001-01-01T00:00:00.000001Z", timeZone=zone)
    never = it.create("never", startTime=last, timeZone=zone)
    asked = {"name": never, "instant": "2099-06-01T00:00:00Z"}
    assert it.call("ExplainSchedule", **asked)["reason"] == "REASON_NOT_STARTED"


@pytest.mark.parametrize("name", ["", "Upper", "9th", "a" * 64, "a_b"])
def test_a_schedules_id_has_a_form(it: Scheduling, name: str) -> None:
    with pytest.raises(Refused) as refused:
        it.create(name)
    assert "schedule_id" in str(refused.value.details)


def test_a_name_is_taken_once(it: Scheduling) -> None:
    it.create(cronExpression="0 0 1 1 ? 2099")
    with pytest.raises(Refused) as refused:
        it.create()
    assert refused.value.code == "ALREADY_EXISTS"


def test_lists_come_in_pages(it: Scheduling) -> None:
    names = [it.create(f"s{n}", cronExpression="0 0 1 1 ? 2099") for n in range(3)]
    first = it.call("ListSchedules", parent=it.location, pageSize=2)
    assert [each["name"] for each in first["schedules"]] == names[:2]
    token = first["nextPageToken"]
    second = it.call("ListSchedules", parent=it.location, pageSize=2, pageToken=token)
    assert [each["name"] for each in second["schedules"]] == names[2:]
    assert "nextPageToken" not in second


def test_an_integration_that_is_not_there_is_told_and_runs_once_it_is(
    it: Scheduling, target: RecordingTarget
) -> None:
    full_minute(it)
    name = it.create(integration="slow")
    it.advance(MINUTE)
    assert it.get(name)["lastError"] == f"Integration {it.location}/integrations/slow not found"
    failing(it, target)
    it.advance(MINUTE)
    assert "lastError" not in it.get(name)
    assert len(it.ran("slow")) == 1


@pytest.mark.parametrize("window", ["0s", "150s", "86400s"])
def test_instants_of_a_standstill_are_made_up_within_the_window(config: str, window: str) -> None:
    """The server stands still for an hour; its schedule fires each minute."""
    end = at("2027-03-25T12:59:30Z")
    with tempfile.TemporaryDirectory() as made:
        before = ("--clock", "manual", "--clock-start", "2027-03-25T12:00:30Z")
        with serving(Path(made), config, *before) as running:
            there = Scheduling(running, TocsinRest(running.http_address), "projects/p/locations/l")
            name = there.create(
                catchUpWindow=window,
                overlapPolicy="OVERLAP_POLICY_QUEUE",
                endTime=text(end + MINUTE),
            )
        after = ("--clock", "manual", "--clock-start", "2027-03-25T13:00:31Z")
        with serving(Path(made), config, *after) as running:
            there = Scheduling(running, TocsinRest(running.http_address), "projects/p/locations/l")
            there.advance(timedelta(seconds=1))
            ran, missed = there.ran(), int(there.get(name).get("missedCount", "0"))
    # The server's tolerance for late ticks is 30 s, and 13:00 is 31 s late by then.
    expected = {"0s": 0, "150s": 2, "86400s": 60}[window]
    assert (len(ran), missed) == (expected, 60 - expected)
    assert ran == [at("2027-03-25T13:00:00Z") - n * MINUTE for n in reversed(range(expected))]


def test_locations_are_found_by_their_schedules_and_by_their_executions(it: Scheduling) -> None:
    def found() -> list[str]:
        answer = it.api.call("ScheduleService.ListLocations", {})
        return [each["name"] for each in answer.get("locations", [])]

    assert it.location not in found()
    name = it.create()
    assert found().count(it.location) == 1
    full_minute(it)
    it.advance(2 * MINUTE)
    assert it.executions()
    it.call("DeleteSchedule", name=name)
    assert found().count(it.location) == 1
    assert found() == sorted(found())


def test_answers_that_change_a_schedule_tell_what_may_surprise(server: Tocsin) -> None:
    location = f"projects/p{uuid.uuid4().hex[:8]}/locations/here"
    schedule = {
        "integration": f"{location}/integrations/nightly",
        "triggerId": "api_trigger/nightly",
        "cronExpression": "30 2 ? * 1,7",
        "timeZone": "Europe/Berlin",
    }
    made = send(
        server.http_address,
        "POST",
        f"/tocsin/v1/{location}/schedules?scheduleId=s",
        json.dumps(schedule).encode(),
    )
    assert made.status == 200
    days, _, clocks = made.headers["x-tocsin-lint"].partition("; ")
    assert days == "day-of-week 1,7 is SUN,SAT, as SUN is 1: for Unix cron's 1,7 write MON,SUN"
    assert re.fullmatch(CLOCKS, clocks)
    address = f"/tocsin/v1/{location}/schedules/s?updateMask="
    for mask, changed, told in (
        ("timeZone", {"timeZone": "UTC"}, False),
        ("timeZone,cronExpression", {**schedule, "cronExpression": "30 2 * * ?"}, True),
        ("endTime", {"endTime": "2027-03-25T12:00:00Z"}, False),
    ):
        answer = send(server.http_address, "PATCH", address + mask, json.dumps(changed).encode())
        assert answer.status == 200
        found = answer.headers.get("x-tocsin-lint", "")
        assert bool(re.search(CLOCKS, found)) is told, found
