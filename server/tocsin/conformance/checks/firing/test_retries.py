"""What a failed call becomes: another one, after a pause, and no more than the rule says."""

import pytest

from tocsin.conformance.checks.firing.stage import INTERVAL_SECONDS, Stage
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.patience import pause, unix_seconds

pytest_plugins = ["tocsin.conformance.checks.firing.fixtures"]

SETTINGS = "proto yandex/cloud/serverless/triggers/v1/trigger.proto: RetrySettings"
CONTAINERS = "docs: serverless-containers/concepts/trigger: any answer but 2xx is an error"


def retry(
    name: str, sentence: str, level: Level = MUST, *, source: str = SETTINGS
) -> pytest.MarkDecorator:
    return clause(f"firing.retry.{name}", level, sentence, source=source)


def wait_until(stage: Stage, seconds: float) -> None:
    """Waits until so many seconds after the first minute."""
    pause(max(0.0, stage.first_minute + seconds - unix_seconds()))


@retry("repeats", "A call that failed MUST be repeated where the rule has retry settings.")
def test_a_failed_call_is_repeated(stage: Stage) -> None:
    assert stage.calls("fails-once", 2, after=INTERVAL_SECONDS)


@retry(
    "ends-with-success",
    "A call MUST NOT be repeated once it has succeeded, though attempts are left.",
)
def test_success_ends_the_attempts(stage: Stage) -> None:
    stage.calls("fails-once", 2, after=INTERVAL_SECONDS)
    wait_until(stage, 2 * INTERVAL_SECONDS + 5)
    assert len(stage.calls("fails-once")) == 2


@retry("success-is-not-repeated", "A call that succeeded MUST NOT be repeated.")
def test_success_is_not_repeated(stage: Stage) -> None:
    stage.calls("succeeds")
    wait_until(stage, INTERVAL_SECONDS + 5)
    assert len(stage.calls("succeeds")) == 1


@retry("as-often-as-needed", "A call that failed twice MUST be repeated twice.")
def test_a_call_is_repeated_as_often_as_needed(stage: Stage) -> None:
    assert stage.calls("fails-twice", 3, after=2 * INTERVAL_SECONDS)


@retry(
    "no-more-than-attempts",
    "A call MUST NOT be repeated more often than retry_attempts says.",
)
def test_attempts_are_bounded(stage: Stage) -> None:
    stage.calls("always-fails", 2, after=INTERVAL_SECONDS)
    wait_until(stage, 2 * INTERVAL_SECONDS + 5)
    assert len(stage.calls("always-fails")) == 2


@retry("none-without-settings", "A call that failed MUST NOT be repeated without retry settings.")
def test_without_settings_nothing_is_repeated(stage: Stage) -> None:
    stage.calls("fails-for-good")
    wait_until(stage, INTERVAL_SECONDS + 5)
    assert len(stage.calls("fails-for-good")) == 1


@retry("interval", "A call MUST NOT be repeated before the interval of the rule is over.")
def test_the_interval_is_kept(stage: Stage) -> None:
    first, second = stage.calls("fails-once", 2, after=INTERVAL_SECONDS)[:2]
    assert second.at - first.at > INTERVAL_SECONDS - 1


@retry(
    "interval-is-fixed",
    "The pause before a second repeat SHOULD be as long as before the first one.",
    SHOULD,
    source=SETTINGS + ".interval: a fixed interval",
)
def test_the_interval_is_fixed(stage: Stage) -> None:
    _, second, third = stage.calls("fails-twice", 3, after=2 * INTERVAL_SECONDS)[:3]
    assert INTERVAL_SECONDS - 1 < third.at - second.at < INTERVAL_SECONDS + 10


@retry(
    "same-body",
    "A repeated call MUST have the body of the first one, with its event id.",
    source="docs: serverless-integrations/tutorials/eventrouter-migration: a failed call is "
    "repeated with the same batch; handlers tell repeats by event_metadata.event_id",
)
def test_a_repeat_has_the_same_body(stage: Stage) -> None:
    first, second = stage.calls("fails-once", 2, after=INTERVAL_SECONDS)[:2]
    assert first.json == second.json


@retry("container.404", "A container that answers 404 MUST be called again.", source=CONTAINERS)
def test_404_of_a_container_is_a_failure(stage: Stage) -> None:
    assert stage.calls("container-404", 2, after=INTERVAL_SECONDS)


@retry("container.302", "A container that answers 302 MUST be called again.", source=CONTAINERS)
def test_302_of_a_container_is_a_failure(stage: Stage) -> None:
    assert stage.calls("container-302", 2, after=INTERVAL_SECONDS)


@retry("container.204", "A container that answers 204 MUST NOT be called again.", source=CONTAINERS)
def test_204_of_a_container_is_a_success(stage: Stage) -> None:
    stage.calls("container-204")
    wait_until(stage, INTERVAL_SECONDS + 5)
    assert len(stage.calls("container-204")) == 1


@retry(
    "function.429",
    "A function that answers 429 SHOULD be called again.",
    SHOULD,
    source="docs: functions/concepts/function-invoke: 429 says that no instance is free",
)
def test_429_of_a_function_is_a_failure(stage: Stage) -> None:
    assert stage.calls("function-429", 2, after=INTERVAL_SECONDS)


@retry(
    "function.error-header",
    "A function that answers with X-Function-Error MAY be called again; the page says that the "
    "header marks an error of the user's code.",
    MAY,
    source="docs: functions/concepts/function-invoke: X-Function-Error",
)
def test_an_error_header_is_a_failure(stage: Stage) -> None:
    assert stage.calls("function-error", 2, after=INTERVAL_SECONDS)
