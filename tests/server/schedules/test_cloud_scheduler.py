"""Schedules of published versions fire, by the clock of their time zone."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.schedules.test_declared_parameters import declared
from server.schedules.test_integration_versions import (
    create,
    fields_of,
    got,
    publish,
    received_at,
    refused,
    version_of,
)
from stand.apis.google import GoogleApi, GoogleGrpc
from stand.apis.tocsin import TocsinGrpc
from stand.apis.wire import Json, send
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving

# The Thursday before clocks are put forward in Berlin.
START = "2027-03-25T12:00:30Z"


@pytest.fixture(scope="module")
def ticking() -> Iterator[Tocsin]:
    config = f'clock = "manual"\nclock_start = "{START}"\n'
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config) as server:
        yield server


@pytest.fixture(scope="module")
def api(ticking: Tocsin) -> Iterator[GoogleApi]:
    with ticking.channel() as channel:
        yield GoogleGrpc(channel)


@pytest.fixture
def path() -> str:
    return f"/{uuid.uuid4()}"


@pytest.fixture
def url(target: RecordingTarget, path: str) -> str:
    return f"{target.url}{path}"


def advance(server: Tocsin, hours: float) -> str:
    """Moves the clock, and waits for what it makes due; returns the time."""
    request = {"duration": f"{int(hours * 3600)}s"}
    answer: str = TocsinGrpc(server.grpc_address).call("ClockService.Advance", request)["now"]
    return answer


def scheduled(name: str, url: str, cron_tab: str, **fields: Any) -> Json:
    trigger = {
        "triggerType": "CLOUD_SCHEDULER",
        "triggerNumber": "1",
        "triggerId": f"cloud_scheduler_trigger/{name}",
        "cloudSchedulerConfig": {"cronTab": cron_tab, "location": "europe-west3"},
        **fields,
    }
    return {**version_of(name, url), "triggerConfigs": [trigger]}


def ticks(target: RecordingTarget, path: str) -> list[str]:
    return [each.json["scheduleTime"] for each in received_at(target, path)]


def executions(api: GoogleApi, location: str, name: str) -> list[Json]:
    request = {"parent": f"{location}/integrations/{name}"}
    found: list[Json] = api.call("ListExecutions", request).get("executions", [])
    return found


def test_working_days_at_nine_in_berlin_across_the_change_of_clocks(
    ticking: Tocsin, api: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    version = scheduled("nine", url, "0 9 * * 1-5", properties={"Time zone": "Europe/Berlin"})
    version["integrationParameters"] = [
        declared("who", "STRING_VALUE", defaultValue={"stringValue": "all"})
    ]
    made = create(api, location, "nine", version)
    publish(api, made)
    for _ in range(6):
        advance(ticking, 24)
    got_ticks = ticks(target, path)
    # Wherever the clock stood before, the offsets from UTC are those of Berlin.
    for tick in got_ticks:
        summer = tick > "2027-03-28"
        assert tick.endswith("T07:00:00Z" if summer else "T08:00:00Z")
    assert len(got_ticks) == len(set(got_ticks))
    assert 3 <= len(got_ticks) <= 5
    [received, *_] = received_at(target, path)
    assert received.json["parameters"] == {"who": "all"}
    [latest, *_] = executions(api, location, "nine")
    assert latest["executionMethod"] == "SCHEDULE"
    assert latest["triggerId"] == "cloud_scheduler_trigger/nine"
    assert latest["snapshotNumber"] == "1"
    assert latest["executionDetails"]["state"] == "SUCCEEDED"


def test_what_is_taken_back_or_replaced_does_not_fire_any_more(
    ticking: Tocsin, api: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    first = create(api, location, "hourly", scheduled("hourly", f"{url}-1", "0 * * * *"))
    publish(api, first)
    advance(ticking, 2)
    second = create(api, location, "hourly", scheduled("hourly", f"{url}-2", "0 * * * *"))
    publish(api, second)
    advance(ticking, 2)
    assert (len(ticks(target, f"{path}-1")), len(ticks(target, f"{path}-2"))) == (2, 2)
    api.call("UnpublishIntegrationVersion", {"name": second["name"]})
    advance(ticking, 3)
    assert (len(ticks(target, f"{path}-1")), len(ticks(target, f"{path}-2"))) == (2, 2)
    publish(api, first)
    advance(ticking, 1)
    assert len(ticks(target, f"{path}-1")) == 3


def test_a_draft_does_not_fire(
    ticking: Tocsin, api: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    create(api, location, "draft", scheduled("draft", url, "* * * * *"))
    advance(ticking, 1)
    assert not ticks(target, path)


def test_a_trigger_of_another_type_is_not_fired_by_its_schedule(
    ticking: Tocsin, api: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    version = scheduled("called", url, "* * * * *", triggerType="API")
    publish(api, create(api, location, "called", version))
    advance(ticking, 1)
    assert not ticks(target, path)


def test_each_tick_that_the_clock_is_moved_over_fires(
    ticking: Tocsin, api: GoogleApi, location: str, target: RecordingTarget, url: str, path: str
) -> None:
    version = scheduled("minutes", url, "*/10 * * * *")
    publish(api, create(api, location, "minutes", version))
    advance(ticking, 1)
    assert len(ticks(target, path)) == 6


@pytest.mark.parametrize(
    ("cron_tab", "zone", "why"),
    [
        ("0 9 * *", "", "five fields"),
        ("61 9 * * *", "", "minute"),
        ("0 0 30 2 *", "", "never fires"),
        ("0 9 * * *", "Mars/Olympus", "time zone"),
        ("TZ=Mars/Olympus 0 9 * * *", "", "time zone"),
    ],
)
def test_a_schedule_that_can_not_fire_is_refused(
    api: GoogleApi, location: str, url: str, cron_tab: str, zone: str, why: str
) -> None:
    version = scheduled("wrong", url, cron_tab, properties={"Time zone": zone})
    request = {"parent": f"{location}/integrations/wrong", "integrationVersion": version}
    error = refused(api, "CreateIntegrationVersion", request)
    place = "integration_version.trigger_configs[0].cloud_scheduler_config.cron_tab"
    assert fields_of(error) == [place]
    assert why in error.message


def test_a_schedule_needs_times_and_defaults_to_be_published(
    api: GoogleApi, location: str, url: str
) -> None:
    version = scheduled("bare", url, "")
    version["integrationParameters"] = [declared("n", "INT_VALUE")]
    made = create(api, location, "bare", version)
    error = refused(api, "PublishIntegrationVersion", {"name": made["name"]})
    assert fields_of(error) == [
        "integration_version.trigger_configs[0].cloud_scheduler_config.cron_tab",
        "integration_version.integration_parameters[0].default_value",
    ]


def test_the_error_message_is_the_servers(api: GoogleApi, location: str, url: str) -> None:
    version = scheduled("told", url, "0 9 * * *")
    version["triggerConfigs"][0]["cloudSchedulerConfig"]["errorMessage"] = "mine"
    made = create(api, location, "told", version)
    assert "errorMessage" not in got(api, made)["triggerConfigs"][0]["cloudSchedulerConfig"]


def test_the_next_dates_of_changed_clocks_are_told(
    ticking: Tocsin, location: str, url: str
) -> None:
    version = scheduled("night", url, "CRON_TZ=Europe/Berlin 30 2 * * *")
    address = f"/v1/{location}/integrations/night/versions"
    reply = send(ticking.http_address, "POST", address, json.dumps(version).encode())
    assert reply.status == 200
    lint = reply.headers["x-tocsin-lint"]
    assert "cloud_scheduler_trigger/night: skipped on 20" in lint
    assert "doubled on 2027-10-31" in lint
