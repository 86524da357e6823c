"""Seeing and steering on PostgreSQL, whose clock can't be moved: what needs no tick to come."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stand.apis.steering import MINUTE, REGION, QueueService, Steering, shown
from stand.apis.tocsin import TocsinRest
from stand.apis.wire import Json, Refused
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, serving

NEVER = "0 0 1 1 ? 2099"


@pytest.fixture(scope="module")
def tocsin(
    target: RecordingTarget, queues: QueueService, postgres: PostgresServer
) -> Iterator[Tocsin]:
    config = f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        [dead_letters]
        endpoint = "{queues.url}"
        region = "{REGION}"
        access_key_id = "id"
        secret_access_key = "key"
        [console]
        trace_url = "https://traces.example.com/{{trace_id}}"
        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"
    """
    database = ("--database", postgres.new_database())
    with tempfile.TemporaryDirectory() as made, serving(Path(made), config, *database) as server:
        yield server


@pytest.fixture
def here(tocsin: Tocsin, target: RecordingTarget, queues: QueueService, folder: str) -> Steering:
    return Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, folder)


def until(here: Steering, trigger: str, state: str) -> Json:
    """Waits for the trigger's only invocation to come to a state."""
    here.target.wait_for(lambda request: request.path == f"/{here.folder}")
    return eventually(lambda: here.only(trigger), lambda found: found["state"] == f"STATE_{state}")


def eventually(look: Callable[[], Json], enough: Callable[[Json], bool]) -> Json:
    for _ in range(2000):
        if enough(found := look()):
            return found
    raise AssertionError(found)


def fire(here: Steering, trigger: str) -> None:
    here.api.call("FiringService.FireTrigger", {"triggerId": trigger, "requestId": here.folder})


def test_what_is_fired_by_hand_fails_is_shown_and_is_delivered_again(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER)
    for _ in range(2):
        fire(here, trigger)
    failed = until(here, trigger, "FAILED")
    assert failed["duration"].endswith("s")
    got = here.api.call("InvocationService.Get", {"invocationId": failed["id"]})
    assert got["traceUrl"] == f"https://traces.example.com/{failed['traceId']}"
    by_text = here.invocations(errorText="SO IT IS", folderId=here.folder, oldestFirst=True)
    assert failed["id"] in [each["id"] for each in by_text]
    assert here.invocations(triggerId=trigger, states=["STATE_FAILED"])[0]["id"] == failed["id"]
    assert here.invocations(triggerId=trigger, states=["STATE_SUCCEEDED", "STATE_PENDING"]) == []
    told = here.explain(trigger, datetime.fromisoformat(failed["scheduledAt"]))
    assert [each["reason"] for each in told["deliveries"]] == ["REASON_FAILED"]
    here.answer(200)
    here.api.call("InvocationService.Retry", {"invocationId": failed["id"]})
    done = until(here, trigger, "SUCCEEDED")
    assert done["attemptCount"] == 2
    with pytest.raises(Refused, match="already succeeded"):
        here.api.call("InvocationService.Cancel", {"invocationId": done["id"]})


def test_a_dead_letter_is_redriven(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER, queue=here.queues.create(here.folder))
    fire(here, trigger)
    letter = until(here, trigger, "DEAD_LETTERED")
    listed = here.api.call("DeadLetterService.List", {"triggerId": trigger})["deadLetters"]
    assert [each["id"] for each in listed] == [letter["id"]]
    here.answer(200)
    answer = here.api.call("DeadLetterService.Redrive", {"triggerId": trigger})
    assert answer == {"invocationIds": [letter["id"]]}
    until(here, trigger, "SUCCEEDED")


def test_what_waits_is_cancelled(here: Steering) -> None:
    execution = here.schedule(datetime.now(UTC) + timedelta(days=1))
    answer = here.api.call("InvocationService.Cancel", {"invocationId": execution})
    assert answer["invocation"]["state"] == "STATE_CANCELLED"


def test_a_pause_and_a_change_and_the_end_are_explained(here: Steering) -> None:
    trigger = here.timer("* * * * ? *")
    ahead = datetime.now(UTC) + 60 * MINUTE
    assert here.explain(trigger, ahead)["reason"] == "REASON_NOT_YET"
    here.change("Pause", trigger)
    assert here.explain(trigger, ahead)["reason"] == "REASON_PAUSED"
    here.change("Resume", trigger)
    asked = {"triggerIds": [trigger], "end": shown(ahead), "pageSize": 3}
    assert len(here.api.call("FiringService.Preview", asked)["firings"]) == 3
    here.delete(trigger)
    assert here.explain(trigger, ahead)["reason"] == "REASON_TRIGGER_DID_NOT_EXIST"


def test_a_job_retries_what_a_filter_finds(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER)
    fire(here, trigger)
    until(here, trigger, "FAILED")
    here.answer(200)
    selection = {"filter": {"triggerId": trigger, "states": ["STATE_FAILED"]}}
    asked = {"selection": selection | {"expectedCount": "1"}}
    job = here.api.call("InvocationService.RetryMany", asked)["changes"]["job"]
    until(here, trigger, "SUCCEEDED")
    done = eventually(
        lambda: here.api.call("JobService.Get", {"jobId": job["id"]})["job"],
        lambda found: found["state"] == "STATE_DONE",
    )
    assert (done["changed"], done["selected"]) == ("1", {"count": "1"})


def test_dead_letters_are_grouped_and_redriven_by_cause(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER, queue=here.queues.create(here.folder))
    fire(here, trigger)
    until(here, trigger, "DEAD_LETTERED")
    asked = {"folderId": here.folder}
    [cause] = here.api.call("DeadLetterService.ListCauses", asked)["causes"]
    assert (cause["letters"], cause["target"]) == ({"count": "1"}, f"function/{here.folder}")
    here.answer(200)
    redriven = {"selection": {"filter": asked}, "causeId": cause["causeId"]}
    here.api.call("DeadLetterService.RedriveMany", redriven)
    until(here, trigger, "SUCCEEDED")
