"""Receivers are told of executions that fail, and of schedules of integrations that fall silent."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from server.schedules.test_cloud_scheduler import scheduled
from server.schedules.test_integration_versions import create, publish
from server.schedules.test_recurring import HOUR, MINUTE, Scheduling, text
from stand.apis.google import GoogleRest, schedule
from stand.apis.tocsin import TocsinRest
from stand.apis.wire import Json
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import run_tocsin, serving

LOCATION = "projects/p/locations/local"
START = "2027-03-25T12:00:30Z"
SPECIAL = """
        [integrations.special]
        triggers = ["api_trigger/special"]
        url = "{url}/special"
"""


def settings(target: RecordingTarget) -> str:
    return f"""
        [notify.receivers.ops]
        function = "ops"
        locations = ["*"]
        [notify.receivers.owners]
        function = "owners"
        integrations = ["{LOCATION}/integrations/special"]
        failures = 2
        on = ["failure", "silence"]
        [notify.receivers.elsewhere]
        function = "elsewhere"
        locations = ["projects/other/locations/local"]
        folders = ["*"]
        [targets]
        function = "{target.url}/{{function_id}}"
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """


@contextmanager
def started(directory: Path, config: str, start: str = START) -> Iterator[Scheduling]:
    manual = ("--clock", "manual", "--clock-start", start)
    with serving(directory, config, *manual) as tocsin:
        yield Scheduling(tocsin, TocsinRest(tocsin.http_address), LOCATION)


@pytest.fixture
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture
def told(target: RecordingTarget) -> Callable[..., list[Json]]:
    """What a receiver was told so far, once that is so much."""

    def read(receiver: str, count: int = 0) -> list[Json]:
        found = target.wait_for(lambda request: request.path == f"/{receiver}", count)
        return [request.json for request in found]

    return read


def fail(target: RecordingTarget, *integrations: str) -> None:
    for name in integrations:
        target.answers[f"/{name}"] = lambda _: Answer(400, b"no such order")


def run(it: Scheduling, integration: str) -> str:
    """Runs an integration now; returns the execution's id."""
    [execution_id] = schedule(
        GoogleRest(it.server.http_address),
        it.location,
        integration,
        triggerId=f"api_trigger/{integration}",
    )
    it.advance(timedelta(seconds=1))
    return execution_id


def test_failed_executions_are_told_of_by_location_and_by_integration(
    directory: Path, target: RecordingTarget, told: Callable[..., list[Json]]
) -> None:
    fail(target, "nightly", "special")
    with started(directory, settings(target) + SPECIAL.format(url=target.url)) as it:
        first = run(it, "nightly")
        [notice] = told("ops", 1)
        data = notice["data"]
        assert notice["type"] == "execution.failed"
        assert data["integration"] == f"{LOCATION}/integrations/nightly"
        assert (data["location"], data["executionId"]) == (LOCATION, first)
        assert "answered 400: no such order" in data["lastError"]
        assert data["text"].startswith("The execution of 2027-03-25T12:00:3")
        command = str(data["command"]).split()
        shown = run_tocsin(*command[1:], "--server", it.server.grpc_address)
        assert (shown.status, "no such order" in shown.stdout) == (0, True), shown.stderr
        # The same cause within the hour; another integration is another cause.
        run(it, "nightly")
        run(it, "special")
        assert told("owners") == []
        run(it, "special")
        [owners] = told("owners", 1)
        assert owners["data"]["failuresInARow"] == 2
        assert len(told("ops")) == 1
        assert told("elsewhere") == []
        sent = {"triggerId": f"notice-{LOCATION.replace('/', ':')}:integrations:nightly"}
        [invocation] = it.api.call("InvocationService.List", sent)["invocations"]
        assert (invocation["cause"], invocation["parent"]) == ("CAUSE_NOTICE", LOCATION)
        assert invocation["originName"] == "notice of nightly"
        # It is no execution.
        assert len(it.executions()) == 2
        target.answers.clear()
        run(it, "nightly")
        _, recovered = told("ops", 2)
        assert recovered["type"] == "execution.recovered"
        assert recovered["data"]["integration"] == f"{LOCATION}/integrations/nightly"


def test_schedules_that_miss_their_instants_or_can_not_run_are_told_of(
    directory: Path, target: RecordingTarget, told: Callable[..., list[Json]]
) -> None:
    config = settings(target)
    with started(directory, config + SPECIAL.format(url=target.url)) as it:
        hourly = it.create("hourly", cronExpression="0 * * * ? *")
        orphan = it.create("orphan", "special", cronExpression="30 * * * ? *")
        paused = it.create("paused", cronExpression="0 * * * ? *")
        it.call("PauseSchedule", name=paused)
        own = scheduled("own", f"{target.url}/own", "15 * * * *")
        rest = GoogleRest(it.server.http_address)
        publish(rest, create(rest, "projects/own/locations/local", "own", own))
    # The instants of 13:00 and 14:00 are too old to be made up for.
    with started(directory, config, "2027-03-25T15:10:30Z") as it:
        it.advance(timedelta(seconds=1))
        silent, of_own = sorted(told("ops", 2), key=lambda one: "schedule" not in one["data"])
        assert of_own["type"] == "schedule.silent"
        assert of_own["data"]["integration"] == "projects/own/locations/local/integrations/own"
        assert of_own["data"]["integrationTrigger"] == "cloud_scheduler_trigger/own"
        assert of_own["data"]["tick"] == "2027-03-25T12:15:00Z"
        explained = str(of_own["data"]["command"]).split()[1:]
        shown = run_tocsin(*explained, "--server", it.server.grpc_address)
        assert shown.status == 0, shown.stderr
        assert silent["type"] == "schedule.silent"
        assert silent["data"]["schedule"] == hourly
        assert silent["data"]["tick"] == "2027-03-25T13:00:00Z"
        explained = str(silent["data"]["command"]).split()[1:]
        shown = run_tocsin(*explained, "--server", it.server.grpc_address)
        assert shown.status == 0, shown.stderr
        [owners] = told("owners", 1)
        assert (owners["type"], owners["data"]["schedule"]) == ("schedule.silent", orphan)
        it.advance_to(it.now() + HOUR)
        recovered = [one for one in told("ops", 4) if one["type"] == "schedule.recovered"]
        assert {one["data"].get("schedule") for one in recovered} == {hourly, None}
        assert {one["data"]["from"] for one in recovered} == {"silence"}


def test_an_instant_whose_integration_is_gone_is_told_of_with_the_reason(
    directory: Path, target: RecordingTarget, told: Callable[..., list[Json]]
) -> None:
    config = settings(target)
    with started(directory, config + SPECIAL.format(url=target.url)) as it:
        orphan = it.create("orphan", "special", cronExpression="*/10 * * * ? *")
    with started(directory, config) as it:
        it.advance(10 * MINUTE)
        [notice] = told("owners", 1)
        assert (notice["type"], notice["data"]["schedule"]) == ("schedule.silent", orphan)
        assert notice["data"]["tick"] == "2027-03-25T12:10:00Z"
        assert "it could not run: " in notice["data"]["text"]
        assert "special" in notice["data"]["text"]
        it.advance(20 * MINUTE)
        assert len(told("owners")) == 1
        assert text(it.now()) == "2027-03-25T12:30:30Z"
