"""What a function or a container receives when a timer ticks, field for field."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.conformance.checks.firing.stage import PAYLOAD, Stage
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

PAGE = "docs: functions/concepts/trigger/timer, 'Timer message format'"
INVOKE = "docs: functions/concepts/function-invoke"
TRIGGERS = "docs: functions/concepts/trigger"
CONTAINERS = "docs: serverless-containers/concepts/invoke"

EVENT_TYPE = "yandex.cloud.events.serverless.triggers.TimerMessage"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def body_clause(
    name: str, sentence: str, level: Level = MUST, *, source: str = PAGE
) -> pytest.MarkDecorator:
    return clause(f"firing.timer.{name}", level, sentence, source=source)


@body_clause("body.json", "A timer's call MUST have a JSON object as its body.")
def test_the_body_is_an_object(stage: Stage) -> None:
    assert isinstance(stage.first("plain").json, dict)


@body_clause("body.utf-8", "The body of a call MUST be UTF-8.", source="RFC 8259 section 8.1")
def test_the_body_is_utf_8(stage: Stage) -> None:
    body = stage.first("plain").body
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AssertionError(f"the body is not UTF-8: {error}") from None


@body_clause(
    "body.messages", "`messages` of a timer's call MUST be a list with one element, its event."
)
def test_there_is_one_message(stage: Stage) -> None:
    assert stage.event("plain")


@body_clause(
    "body.members", "An event MUST have the members event_metadata and details, in snake_case."
)
def test_an_event_has_its_members(stage: Stage) -> None:
    assert {"event_metadata", "details"} <= stage.event("plain").keys()


@body_clause("body.event-id", "`event_metadata.event_id` MUST be a text that is not empty.")
def test_an_event_has_an_id(stage: Stage) -> None:
    found = stage.metadata("plain").get("event_id")
    assert isinstance(found, str)
    assert found


@body_clause("body.event-type", f"`event_metadata.event_type` MUST be {EVENT_TYPE}.")
def test_an_event_has_its_type(stage: Stage) -> None:
    assert stage.metadata("plain").get("event_type") == EVENT_TYPE


def created_at(metadata: dict[str, Any]) -> datetime:
    found = metadata.get("created_at")
    assert isinstance(found, str), f"created_at must be a text, but is {found!r}"
    assert INSTANT.fullmatch(found), f"created_at must be RFC 3339, but is {found!r}"
    return datetime.fromisoformat(found).astimezone(UTC)


@body_clause("body.created-at", "`event_metadata.created_at` MUST be a time by RFC 3339.")
def test_an_event_has_its_time(stage: Stage) -> None:
    assert created_at(stage.metadata("plain"))


@body_clause(
    "body.created-at-is-recent",
    "`event_metadata.created_at` MUST be within a minute of the tick.",
)
def test_the_time_is_that_of_the_tick(stage: Stage) -> None:
    told = created_at(stage.metadata("once")).timestamp()
    assert abs(told - stage.first_minute) < 60


@body_clause(
    "body.created-at-is-the-tick",
    "`event_metadata.created_at` SHOULD be the instant of the tick, whole seconds of a minute.",
    SHOULD,
    source=PAGE + ": its example has a whole minute",
)
def test_the_time_is_the_minute(stage: Stage) -> None:
    assert created_at(stage.metadata("once")).timestamp() == stage.first_minute


@body_clause("body.cloud-id", "`event_metadata.cloud_id` MUST be a text.")
def test_an_event_has_a_cloud(stage: Stage) -> None:
    assert isinstance(stage.metadata("plain").get("cloud_id"), str)


@body_clause("body.folder-id", "`event_metadata.folder_id` MUST be the folder of the trigger.")
def test_an_event_has_its_folder(stage: Stage) -> None:
    assert stage.metadata("plain").get("folder_id") == stage.peer.folder


@body_clause("body.trigger-id", "`details.trigger_id` MUST be the id of the trigger.")
def test_an_event_has_its_trigger(stage: Stage) -> None:
    assert stage.details("plain").get("trigger_id") == stage.parts["plain"].trigger_id


@body_clause(
    "body.payload", "`details.payload` MUST be the payload of the timer, character for character."
)
def test_an_event_has_its_payload(stage: Stage) -> None:
    assert stage.details("plain").get("payload") == PAYLOAD


@body_clause(
    "body.payload-is-a-text",
    "`details.payload` MUST be a text, also where the payload is JSON.",
)
def test_a_payload_is_a_text(stage: Stage) -> None:
    assert isinstance(stage.details("plain").get("payload"), str)


@body_clause(
    "body.no-payload",
    "`details.payload` of a timer without a payload MAY be empty or left out; known answers are "
    "an empty text (newer pages) and no member (older samples).",
    MAY,
    source=PAGE + "; yandex-cloud/function-ts-types",
)
def test_without_a_payload(stage: Stage) -> None:
    assert stage.details("without-payload").get("payload", "") == ""


@body_clause(
    "body.nothing-else",
    "An event of a timer MAY have further members; none are documented.",
    MAY,
)
def test_an_event_has_no_other_members(stage: Stage) -> None:
    assert stage.metadata("plain").keys() <= {
        *("event_id", "event_type", "created_at", "cloud_id", "folder_id", "tracing_context"),
    }
    assert stage.details("plain").keys() <= {"trigger_id", "payload"}


@body_clause(
    "http.post",
    "A function SHOULD be called with POST.",
    SHOULD,
    source=INVOKE + ": the data of a call is the body of a POST",
)
def test_a_function_is_posted_to(stage: Stage) -> None:
    assert stage.first("plain").method == "POST"


@body_clause(
    "http.integration-raw",
    "A function MUST be called with the parameter integration=raw.",
    source=TRIGGERS + ": 'the integration=raw parameter is set for all calls by triggers'",
)
def test_a_function_is_called_raw(stage: Stage) -> None:
    assert stage.first("plain").parameters.get("integration") == ["raw"]


@body_clause(
    "http.tag",
    "A function with a tag SHOULD be called with the parameter tag.",
    SHOULD,
    source=INVOKE + ": 'tag' names the version of the function",
)
def test_a_function_is_called_by_its_tag(stage: Stage) -> None:
    assert stage.first("tagged").parameters.get("tag") == ["blue"]


@body_clause(
    "http.container-path",
    "A container MUST be called at the path of the rule.",
    source="proto yandex/cloud/serverless/triggers/v1/trigger.proto: InvokeContainerWithRetry.path",
)
def test_a_container_is_called_at_its_path(stage: Stage) -> None:
    assert stage.first("container").path.endswith("/hooks/tick")


@body_clause(
    "http.container-post",
    "A container MUST be called with POST.",
    source=CONTAINERS + ": triggers send POST",
)
def test_a_container_is_posted_to(stage: Stage) -> None:
    assert stage.first("container").method == "POST"


@body_clause(
    "http.container-body",
    "A container MUST receive the same body as a function.",
    source="docs: serverless-containers/concepts/trigger/timer, 'Timer message format'",
)
def test_a_container_receives_the_event(stage: Stage) -> None:
    assert stage.metadata("container").get("event_type") == EVENT_TYPE
    assert stage.details("container").get("payload") == PAYLOAD
    assert stage.details("container").get("trigger_id") == stage.parts["container"].trigger_id


@body_clause(
    "http.content-type",
    "A call SHOULD say that its body is application/json.",
    SHOULD,
    source="RFC 9110 section 8.3: a sender that knows the type SHOULD say it; RFC 8259",
)
def test_a_call_says_its_type(stage: Stage) -> None:
    kind = (stage.first("plain").header("content-type") or "").partition(";")[0]
    assert kind.strip().lower() == "application/json"


@body_clause(
    "http.old-action",
    "A timer with the deprecated action invoke_function MUST fire too.",
    source="proto yandex/cloud/serverless/triggers/v1/trigger.proto: Timer.invoke_function",
)
def test_the_old_action_fires(stage: Stage) -> None:
    assert stage.details("old-action").get("trigger_id") == stage.parts["old-action"].trigger_id
