"""Why a schedule ran or did not, and when it will: as things are, and after the fact."""

import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.schedules.test_cloud_scheduler import scheduled
from server.schedules.test_recurring import (
    HOUR,
    MINUTE,
    START,
    Scheduling,
    at,
    failing,
    full_minute,
    text,
)
from stand.apis.google import GoogleRest
from stand.apis.tocsin import TocsinGrpc, TocsinRest
from stand.apis.wire import Json, Refused
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving


@pytest.fixture(scope="module")
def server(config: str) -> Iterator[Tocsin]:
    manual = ("--clock", "manual", "--clock-start", START)
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *manual) as running:
        yield running


@pytest.fixture(params=["grpc", "rest"])
def it(request: pytest.FixtureRequest, server: Tocsin) -> Iterator[Scheduling]:
    rest = request.param == "rest"
    api = TocsinRest(server.http_address) if rest else TocsinGrpc(server.grpc_address)
    location = f"projects/p-{uuid.uuid4().hex[:12]}/locations/local"
    scheduling = Scheduling(server, api, location)
    yield scheduling
    for schedule in scheduling.call("ListSchedules", parent=location).get("schedules", []):
        scheduling.call("DeleteSchedule", name=schedule["name"])


def explain(it: Scheduling, name: str, instant: datetime) -> Json:
    return it.call("ExplainSchedule", name=name, instant=text(instant))


def reason(it: Scheduling, name: str, instant: datetime) -> str:
    return str(explain(it, name, instant)["reason"]).removeprefix("REASON_")


def test_an_instant_that_ran_shows_its_execution_and_when_the_next_is(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    it.advance(2 * MINUTE)
    answer = explain(it, name, first + timedelta(seconds=30))
    [delivery] = answer.pop("deliveries")
    assert delivery["invocation"]["schedule"] == name
    assert answer == {
        "name": name,
        "triggerId": "api_trigger/nightly",
        "tick": text(first),
        "reason": "REASON_FIRED",
        "explanation": f"It fired at {text(first)}.",
        "decidedAt": text(first),
        "cronExpression": "* * * * ? *",
        "previousTick": text(first - MINUTE),
        "nextTick": text(first + MINUTE),
        "triggerCreatedAt": it.get(name)["createTime"],
    }


def test_what_is_ahead_and_what_was_before_it_was_made(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    assert reason(it, name, first + HOUR) == "NOT_YET"
    assert reason(it, name, first - 2 * MINUTE) == "TRIGGER_DID_NOT_EXIST"


def test_no_tick_then_tells_the_ticks_around_it(it: Scheduling) -> None:
    name = it.create(cronExpression="0 9 ? * MON-FRI", timeZone="Europe/Berlin")
    answer = explain(it, name, at("2031-03-30T12:00:00Z"))
    assert answer["reason"] == "REASON_NOT_A_TICK"
    # Across a change of clocks, on a Sunday.
    assert answer["previousTick"] == "2031-03-28T08:00:00Z"
    assert answer["nextTick"] == "2031-03-31T07:00:00Z"


def test_its_start_and_its_end(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create(startTime=text(first + MINUTE), endTime=text(first + 2 * MINUTE))
    it.advance(3 * MINUTE)
    told = [explain(it, name, first + n * MINUTE) for n in range(3)]
    reasons = [each["reason"] for each in told]
    assert reasons == ["REASON_NOT_STARTED", "REASON_FIRED", "REASON_ENDED"]
    assert "nextTick" not in told[1]


def test_a_pause_and_the_backfill_of_it(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    paused = it.call("PauseSchedule", name=name)
    assert reason(it, name, first + HOUR) == "PAUSED"
    it.advance(2 * MINUTE)
    it.call("ResumeSchedule", name=name)
    answer = explain(it, name, first)
    assert answer["reason"] == "REASON_PAUSED"
    assert answer["pause"]["pausedAt"] == paused["pause"]["pauseTime"]
    span = {"startTime": text(first), "endTime": text(first + MINUTE)}
    [made] = it.call("BackfillSchedule", name=name, **span)["executionIds"]
    answer = explain(it, name, first)
    assert answer["reason"] == "REASON_PAUSED"
    assert "A backfill ran it at" in answer["explanation"]
    [delivery] = answer["deliveries"]
    assert delivery["invocation"]["id"] == made


def test_an_instant_that_was_skipped_names_the_run_before(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    failing(it, target)
    name = it.create(integration="slow", overlapPolicy="OVERLAP_POLICY_SKIP")
    it.advance(4 * MINUTE)
    [execution, *_] = it.executions("slow")
    for n in (1, 2):
        answer = explain(it, name, first + n * MINUTE)
        assert answer["reason"] == "REASON_OVERLAP_SKIPPED"
        assert execution["name"].rpartition("/")[2] in answer["explanation"]
    assert reason(it, name, first + 3 * MINUTE) == "FIRED"


def test_an_instant_that_waits_for_the_run_before(it: Scheduling, target: RecordingTarget) -> None:
    first = full_minute(it)
    failing(it, target)
    name = it.create(
        integration="slow",
        overlapPolicy="OVERLAP_POLICY_QUEUE",
        catchUpWindow="60s",
        endTime=text(first + 3 * MINUTE),
    )
    it.advance(2 * MINUTE)
    assert reason(it, name, first + MINUTE) == "OVERLAP_QUEUED"
    it.advance(9 * MINUTE)
    # It waited longer than the window.
    answer = explain(it, name, first + MINUTE)
    assert answer["reason"] == "REASON_MISFIRE_EXPIRED"
    assert answer["misfire"]["missed"] == "1"


def test_an_instant_that_could_not_run_tells_why(it: Scheduling, target: RecordingTarget) -> None:
    first = full_minute(it)
    name = it.create(integration="slow")
    it.advance(2 * MINUTE)
    answer = explain(it, name, first + MINUTE)
    assert answer["reason"] == "REASON_COULD_NOT_RUN"
    assert f"Integration {it.location}/integrations/slow not found" in answer["explanation"]
    listed = it.api.call("FiringService.ListMissed", {"limit": 1000})["missed"]
    [missed] = [one for one in listed if one["name"] == name]
    assert (missed["reason"], missed["count"]) == ("REASON_COULD_NOT_RUN", "2")
    failing(it, target)
    it.advance(MINUTE)
    assert reason(it, name, first + 2 * MINUTE) == "FIRED"


def test_other_instants_since(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create(cronExpression="0 0 1 1 ? 2099")
    it.advance(MINUTE)
    changed = {"cronExpression": "* * * * ? *"}
    it.call("UpdateSchedule", name=name, schedule=changed, updateMask="cronExpression")
    answer = explain(it, name, first)
    assert answer["reason"] == "REASON_RULE_WAS_DIFFERENT"
    assert answer["ruleChange"]["cronExpressionBefore"] == "0 0 1 1 ? 2099"
    assert answer["cronExpression"] == "0 0 1 1 ? 2099"


def test_a_deleted_one_and_another_of_its_name(it: Scheduling) -> None:
    first = full_minute(it)
    name = it.create()
    it.advance(MINUTE)
    it.call("DeleteSchedule", name=name)
    assert reason(it, name, first) == "FIRED"
    assert reason(it, name, first + 2 * MINUTE) == "TRIGGER_DID_NOT_EXIST"
    it.advance(MINUTE)
    it.create(cronExpression="0 0 1 1 ? 2099")
    answer = explain(it, name, first)
    assert (answer["reason"], answer["cronExpression"]) == ("REASON_FIRED", "* * * * ? *")
    assert reason(it, name, first + 2 * MINUTE) == "NOT_A_TICK"


def test_instants_of_a_standstill(config: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        before = ("--clock", "manual", "--clock-start", "2027-03-25T12:00:30Z")
        with serving(Path(made), config, *before) as running:
            api = TocsinRest(running.http_address)
            there = Scheduling(running, api, "projects/p/locations/l")
            name = there.create(catchUpWindow="600s", overlapPolicy="OVERLAP_POLICY_CANCEL")
        after = ("--clock", "manual", "--clock-start", "2027-03-25T13:00:30Z")
        with serving(Path(made), config, *after) as running:
            api = TocsinRest(running.http_address)
            there = Scheduling(running, api, "projects/p/locations/l")
            there.advance(timedelta(seconds=1))
            answer = explain(there, name, at("2027-03-25T12:30:00Z"))
            assert answer["reason"] == "REASON_MISFIRE_EXPIRED"
            assert answer["misfire"]["firstTick"] == "2027-03-25T12:01:00Z"
            assert answer["misfire"]["lastTick"] == "2027-03-25T12:50:00Z"
            assert answer["misfire"]["missed"] == "50"
            assert reason(there, name, at("2027-03-25T12:55:00Z")) == "FIRED"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"instant": "2027-01-01T00:00:00Z"}, ["name"]),
        ({"name": "projects/p/locations/l/schedules/s"}, ["instant"]),
        ({"name": "s", "instant": "2101-01-01T00:00:00Z"}, ["name", "instant"]),
        (
            {"name": "projects/p/locations/l/schedules/s", "instant": "1969-12-31T00:00:00Z"},
            ["instant"],
        ),
    ],
)
def test_a_wrong_question_is_refused(server: Tocsin, fields: Json, named: list[str]) -> None:
    api = TocsinGrpc(server.grpc_address)
    with pytest.raises(Refused) as refused:
        api.call("ScheduleService.ExplainSchedule", fields)
    [bad] = [each for each in refused.value.details if each["@type"].endswith("BadRequest")]
    assert [violation["field"] for violation in bad["fieldViolations"]] == named


def test_one_that_never_was_is_not_found(it: Scheduling) -> None:
    name = f"{it.location}/schedules/never"
    assert it.refused("ExplainSchedule", name=name, instant=START).code == "NOT_FOUND"


# The schedules of integrations' triggers


def published(it: Scheduling, url: str, cron_tab: str, **fields: Any) -> str:
    """Publishes an integration `own` with a schedule; returns its version's name."""
    rest = GoogleRest(it.server.http_address)
    parent = f"{it.location}/integrations/own"
    version = scheduled("own", url, cron_tab, **fields)
    made = rest.call("CreateIntegrationVersion", {"parent": parent, "integrationVersion": version})
    rest.call("PublishIntegrationVersion", {"name": made["name"]})
    return str(made["name"])


def of_own(it: Scheduling, instant: datetime, **fields: Any) -> Json:
    name = f"{it.location}/integrations/own"
    return it.call("ExplainIntegration", name=name, instant=text(instant), **fields)


def test_a_schedule_of_an_integration_from_its_publishing_until_it_is_taken_back(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    version = published(it, target.url, "* * * * *")
    it.advance(MINUTE)
    answer = of_own(it, first)
    assert (answer["reason"], answer["triggerId"]) == (
        "REASON_FIRED",
        "cloud_scheduler_trigger/own",
    )
    assert answer["name"] == f"{it.location}/integrations/own"
    assert answer["nextTick"] == text(first + MINUTE)
    assert of_own(it, first + HOUR)["reason"] == "REASON_NOT_YET"
    assert of_own(it, first - 3 * MINUTE)["reason"] == "REASON_NOT_PUBLISHED"
    GoogleRest(it.server.http_address).call("UnpublishIntegrationVersion", {"name": version})
    it.advance(MINUTE)
    asked = {"trigger_id": "cloud_scheduler_trigger/own"}
    answer = of_own(it, first + MINUTE, triggerId=asked["trigger_id"])
    assert answer["reason"] == "REASON_NOT_PUBLISHED"
    assert answer["ruleChange"]["cronExpressionBefore"] == "* * * * *"
    assert of_own(it, first, triggerId=asked["trigger_id"])["reason"] == "REASON_FIRED"


def test_the_version_that_was_published_then_counts(
    it: Scheduling, target: RecordingTarget
) -> None:
    first = full_minute(it)
    published(it, target.url, "0 0 1 1 *")
    it.advance(MINUTE)
    published(it, target.url, "* * * * *")
    answer = of_own(it, first)
    assert answer["reason"] == "REASON_RULE_WAS_DIFFERENT"
    assert answer["cronExpression"] == "0 0 1 1 *"


def test_a_trigger_is_named_if_an_integration_has_none_or_several(it: Scheduling) -> None:
    refused = it.refused(
        "ExplainIntegration", name=f"{it.location}/integrations/none", instant=START
    )
    assert refused.code == "INVALID_ARGUMENT"
    assert "trigger_id" in str(refused.details)
    refused = it.refused(
        "ExplainIntegration",
        name=f"{it.location}/integrations/none",
        triggerId="cloud_scheduler_trigger/none",
        instant=START,
    )
    assert refused.code == "NOT_FOUND"


def test_missed_ticks_of_an_integration(target: RecordingTarget) -> None:
    with tempfile.TemporaryDirectory() as made:
        before = 'clock = "manual"\nclock_start = "2027-03-25T12:00:30Z"\n'
        with serving(Path(made), before) as running:
            api = TocsinRest(running.http_address)
            there = Scheduling(running, api, "projects/p/locations/l")
            published(there, target.url, "* * * * *")
        after = ("--clock", "manual", "--clock-start", "2027-03-25T13:00:30Z")
        with serving(Path(made), "", *after) as running:
            api = TocsinRest(running.http_address)
            there = Scheduling(running, api, "projects/p/locations/l")
            there.advance(timedelta(seconds=1))
            answer = of_own(there, at("2027-03-25T12:30:00Z"))
            assert answer["reason"] == "REASON_MISFIRE_COALESCED"
            assert answer["misfire"]["missed"] == "60"
