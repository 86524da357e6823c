"""How often callers may call, and how much a folder may have: refused with when to try again."""

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.access.guarded import Caller, Guarded, guarded
from stand.apis.triggers import TIMER
from stand.apis.wire import Json, Refused, send
from stand.tocsin_process import Tocsin, serving

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
FIRING = "tocsin.v1.FiringService"
EVENTS = "tocsin.v1.EventService"
SCHEDULES = "tocsin.v1.ScheduleService"
EXECUTIONS = "google.cloud.integrations.v1alpha.Executions"

# So slow that no test sees a second one come.
CONFIG = """
    [limits]
    calls_per_second = 0.001
    calls_burst = 200
    bad_credentials_per_minute = 3
    triggers_per_folder = 2
    invocations_per_minute = 3
    payload_bytes = 2048

    [integrations.first]
    triggers = ["api_trigger/both"]
    url = "http://127.0.0.1:1/"

    [integrations.second]
    triggers = ["api_trigger/both"]
    url = "http://127.0.0.1:1/"

    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory for a server of the test's own."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


@pytest.fixture
def caller(server: Guarded, folder: str) -> Caller:
    """Someone who has called nothing yet, and may do all in the folder, and fire what they like."""
    return server.caller(
        editor=f"folders/{folder}",
        admin=f"projects/{folder}",
        **{"tocsin.eventPublisher": "*"},
    )


def delay(refused: Refused) -> float:
    """When to try again, as `google.rpc.RetryInfo` says."""
    [found] = [each for each in refused.details if each["@type"].endswith("RetryInfo")]
    return float(found["retryDelay"].removesuffix("s"))


def subjects(refused: Refused) -> list[str]:
    """Whose quota it is, as `google.rpc.QuotaFailure` says."""
    return [
        violation["subject"]
        for each in refused.details
        if each["@type"].endswith("QuotaFailure")
        for violation in each["violations"]
    ]


def trigger(caller: Caller, folder: str) -> str:
    made = caller.call(f"{TRIGGERS}.Create", {"folderId": folder, "rule": TIMER})
    return str(made["response"]["id"])


def test_a_caller_who_calls_too_often_is_told_when_to_come_again(
    server: Guarded, caller: Caller, folder: str
) -> None:
    request = {"folderId": folder}
    codes = [caller.code(f"{TRIGGERS}.List", request) for _ in range(201)]
    assert codes == ["OK"] * 200 + ["RESOURCE_EXHAUSTED"]
    refused = caller.refusal(f"{TRIGGERS}.List", request)
    assert refused.reasons == ["RATE_LIMIT_EXCEEDED"]
    assert 0 < delay(refused) <= 1000
    # Others are not held up, wherever they call from.
    other = server.caller(viewer=f"folders/{folder}")
    assert other.code(f"{TRIGGERS}.List", request) == "OK"


def test_over_rest_that_is_429_with_a_header(caller: Caller, folder: str) -> None:
    assert caller.credential is not None
    headers = {"Authorization": caller.credential}
    address = caller.server.tocsin.http_address
    for path, told_in in (
        (f"/triggers/v1/triggers?folderId={folder}", lambda body: body),
        (f"/v1/projects/{folder}/locations/x/operations", lambda body: body["error"]),
    ):
        replies = [send(address, "GET", path, headers=headers) for _ in range(201)]
        assert replies[-1].status == 429
        told = told_in(replies[-1].json)
        retry = [each for each in told["details"] if each["@type"].endswith("RetryInfo")]
        sent = {name.lower(): value for name, value in replies[-1].headers.items()}
        seconds = float(retry[0]["retryDelay"].removesuffix("s"))
        assert int(sent["retry-after"]) in (math.ceil(seconds), math.ceil(seconds) + 1)


def test_a_folder_has_so_many_triggers(caller: Caller, folder: str) -> None:
    first, _ = trigger(caller, folder), trigger(caller, folder)
    request = {"folderId": folder, "rule": TIMER}
    refused = caller.refusal(f"{TRIGGERS}.Create", request)
    assert (refused.code, refused.reasons) == ("RESOURCE_EXHAUSTED", ["QUOTA_EXCEEDED"])
    assert subjects(refused) == [f"folders/{folder}"]
    caller.call(f"{TRIGGERS}.Delete", {"triggerId": first})
    assert caller.code(f"{TRIGGERS}.Create", request) == "OK"


def test_a_repeated_call_is_answered_though_the_folder_is_full(caller: Caller, folder: str) -> None:
    request = {"folderId": folder, "rule": TIMER}
    made = caller.call(f"{TRIGGERS}.Create", request, idempotency_key="once")
    trigger(caller, folder)
    again = caller.call(f"{TRIGGERS}.Create", request, idempotency_key="once")
    assert again["id"] == made["id"]


def test_a_folder_has_so_many_invocations_a_minute(
    server: Guarded, caller: Caller, folder: str
) -> None:
    fired = {"triggerId": trigger(caller, folder)}
    codes = [caller.code(f"{FIRING}.FireTrigger", fired) for _ in range(4)]
    assert codes == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]
    # It is the folder's, whoever calls.
    other = server.caller(editor=f"folders/{folder}")
    refused = other.refusal(f"{FIRING}.FireTrigger", fired)
    assert subjects(refused) == [f"folders/{folder}"]
    assert 0 < delay(refused) <= 20
    # And not its neighbour's.
    neighbour = server.caller(editor=f"folders/{folder}n")
    there = {"triggerId": trigger(neighbour, f"{folder}n")}
    assert neighbour.code(f"{FIRING}.FireTrigger", there) == "OK"


def test_so_has_a_project(caller: Caller, folder: str) -> None:
    def schedule(location: str) -> Json:
        return {
            "name": f"projects/{folder}/locations/{location}/integrations/nightly",
            "triggerId": "api_trigger/nightly",
        }

    codes = [
        caller.code(f"{EXECUTIONS}.ScheduleIntegrations", schedule(location))
        for location in ("a", "b", "a", "b")
    ]
    assert codes == ["OK"] * 3 + ["RESOURCE_EXHAUSTED"]
    refused = caller.refusal(f"{EXECUTIONS}.ScheduleIntegrations", schedule("c"))
    assert subjects(refused) == [f"projects/{folder}"]


def test_events_count_one_by_one(caller: Caller) -> None:
    event = {"objectStorage": {"change": "OBJECT_CHANGE_CREATE", "bucketId": "b", "objectId": "o"}}
    assert caller.code(f"{EVENTS}.Publish", {"events": [event] * 2}) == "OK"
    refused = caller.refusal(f"{EVENTS}.Publish", {"events": [event] * 2})
    assert subjects(refused) == [caller.subject]
    assert caller.code(f"{EVENTS}.Publish", {"events": [event]}) == "OK"


def test_a_batch_counts_each_of_its_requests(caller: Caller, folder: str) -> None:
    location = f"projects/{folder}/locations/l"
    request = {
        "name": f"{location}/integrations/nightly",
        "triggerId": "api_trigger/nightly",
        "scheduleTime": "2099-01-01T00:00:00Z",
    }
    two = {"parent": location, "requests": [request] * 2}
    assert caller.code(f"{SCHEDULES}.BatchSchedule", two) == "OK"
    assert caller.code(f"{SCHEDULES}.BatchSchedule", two) == "RESOURCE_EXHAUSTED"
    one = {"parent": location, "requests": [request]}
    assert caller.code(f"{SCHEDULES}.BatchSchedule", one) == "OK"


def test_each_of_many_that_are_retried_counts(caller: Caller, folder: str) -> None:
    fired = caller.call(f"{FIRING}.FireTrigger", {"triggerId": trigger(caller, folder)})
    first = {"invocationId": fired["invocations"][0]["id"]}
    asked = {"selection": {"filter": {"folderId": folder, "states": ["STATE_FAILED"]}}}
    retry_many = "tocsin.v1.InvocationService.RetryMany"
    counted = {"selection": {**asked["selection"], "validateOnly": True}}
    # Its target can't be reached.
    while caller.call(retry_many, counted)["changes"]["selected"].get("count", "0") != "1":
        pass
    again = caller.call("tocsin.v1.InvocationService.Resend", first)["invocation"]
    while caller.call(retry_many, counted)["changes"]["selected"]["count"] != "2":
        pass
    assert again["resentFrom"] == first["invocationId"]
    refused = caller.refusal(retry_many, asked)
    assert refused.code == "RESOURCE_EXHAUSTED"


def scheduled_each_minute(caller: Caller, folder: str) -> str:
    """A paused schedule; returns its name."""
    location = f"projects/{folder}/locations/x"
    schedule = {
        "integration": f"{location}/integrations/nightly",
        "triggerId": "api_trigger/nightly",
        "cronExpression": "* * * * ? *",
    }
    sent = {"parent": location, "scheduleId": "s", "schedule": schedule}
    name = str(caller.call(f"{SCHEDULES}.CreateSchedule", sent)["name"])
    caller.call(f"{SCHEDULES}.PauseSchedule", {"name": name})
    return name


def test_each_run_of_a_backfill_counts(caller: Caller, folder: str) -> None:
    name = scheduled_each_minute(caller, folder)
    four = {"name": name, "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-01T00:04:00Z"}
    two = {**four, "endTime": "2026-01-01T00:02:00Z", "requestId": "once"}
    made = caller.call(f"{SCHEDULES}.BackfillSchedule", two)
    # A repeat makes nothing, so it counts nothing.
    assert [caller.call(f"{SCHEDULES}.BackfillSchedule", two) for _ in range(3)] == [made] * 3
    refused = caller.refusal(f"{SCHEDULES}.BackfillSchedule", four)
    assert (refused.code, refused.reasons) == ("RESOURCE_EXHAUSTED", ["QUOTA_EXCEEDED"])
    parent = f"projects/{folder}/locations/x/integrations/-"
    listed = caller.call(f"{EXECUTIONS}.ListExecutions", {"parent": parent})
    assert len(listed["executions"]) == 2
    one = {**four, "endTime": "2026-01-01T00:01:00Z"}
    assert caller.code(f"{SCHEDULES}.BackfillSchedule", one) == "OK"
    assert caller.code(f"{SCHEDULES}.BackfillSchedule", one) == "RESOURCE_EXHAUSTED"
    empty = {**four, "startTime": "2026-01-01T00:00:01Z", "endTime": "2026-01-01T00:00:02Z"}
    assert caller.code(f"{SCHEDULES}.BackfillSchedule", empty) == "OK"


def test_each_integration_of_a_location_counts(
    server: Guarded, caller: Caller, folder: str
) -> None:
    location = f"projects/{folder}/locations/x"
    all_of_it = {"name": f"{location}/integrations/-", "triggerId": "api_trigger/both"}
    assert caller.code(f"{EXECUTIONS}.ScheduleIntegrations", all_of_it) == "OK"
    refused = caller.refusal(f"{EXECUTIONS}.ScheduleIntegrations", all_of_it)
    assert refused.reasons == ["QUOTA_EXCEEDED"]
    listed = caller.call(f"{EXECUTIONS}.ListExecutions", {"parent": f"{location}/integrations/-"})
    assert len(listed["executions"]) == 2
    batch = {"parent": location, "requests": [all_of_it]}
    assert caller.code(f"{SCHEDULES}.BatchSchedule", batch) == "RESOURCE_EXHAUSTED"


def test_who_may_not_fire_uses_nothing_up(server: Guarded, caller: Caller, folder: str) -> None:
    fired = {"triggerId": trigger(caller, folder)}
    stranger = server.caller()
    for _ in range(5):
        assert stranger.code(f"{FIRING}.FireTrigger", fired) == "PERMISSION_DENIED"
    assert caller.code(f"{FIRING}.FireTrigger", fired) == "OK"


def test_a_payload_has_its_size(caller: Caller, folder: str) -> None:
    fired = {"triggerId": trigger(caller, folder), "json": "x" * 2000}
    assert caller.code(f"{FIRING}.FireTrigger", fired) == "OK"
    refused = caller.refusal(f"{FIRING}.FireTrigger", {**fired, "json": "x" * 2100})
    assert (refused.code, refused.reasons) == ("RESOURCE_EXHAUSTED", ["QUOTA_EXCEEDED"])
    assert "2048 bytes" in refused.message


def test_bad_credentials_are_looked_at_so_often_only(directory: Path, folder: str) -> None:
    request = {"folderId": folder}
    with guarded(directory, CONFIG, http="off") as server:
        known = server.caller(viewer=f"folders/{folder}")
        assert known.code(f"{TRIGGERS}.List", request) == "OK"
        late = server.caller(viewer=f"folders/{folder}")
        codes = [
            Caller(server, "", f"Bearer guess-{number}").code(f"{TRIGGERS}.List", request)
            for number in range(4)
        ]
        assert codes == ["UNAUTHENTICATED"] * 3 + ["RESOURCE_EXHAUSTED"]
        # One that is right is not looked at either: else guessing would go on.
        refused = late.refusal(f"{TRIGGERS}.List", request)
        assert refused.reasons == ["TOO_MANY_BAD_CREDENTIALS"]
        assert 0 < delay(refused) <= 20
        # Those who proved themselves before go on working.
        assert known.code(f"{TRIGGERS}.List", request) == "OK"


@pytest.fixture(scope="module")
def open_server() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, serving(Path(made), CONFIG) as running:
        yield running


def test_without_access_control_an_address_has_its_limit(open_server: Tocsin, folder: str) -> None:
    path = f"/triggers/v1/triggers?folderId={folder}"
    statuses = [send(open_server.http_address, "GET", path).status for _ in range(201)]
    assert statuses == [200] * 200 + [429]


def test_settings_that_can_not_be_are_refused(directory: Path) -> None:
    from tocsin.settings import SettingsError, load_settings

    file = directory / "t.toml"
    file.write_text(json.dumps({}).replace("{}", "[limits]\ncalls_per_second = 0\n"))
    with pytest.raises(SettingsError, match=r"limits.calls_per_second"):
        load_settings(file)
