"""What a v1 trigger means to the engine."""

from datetime import timedelta

import pytest
from google.protobuf import json_format

from tocsin.compilers.triggers_v1 import compile_trigger, load_plan
from tocsin.plans.errors import PlanError
from tocsin.plans.plan import (
    Action,
    Container,
    DeadLetter,
    Function,
    Integration,
    MisfirePolicy,
    Retry,
    WebsocketBroadcast,
    Workflow,
    action_from_json,
    action_to_json,
)
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

FUNCTION = {"function_id": "d4e1", "function_tag": "prod", "service_account_id": "aje1"}


def trigger(rule: dict[str, object]) -> Trigger:
    return json_format.ParseDict({"id": "a1s1", "folder_id": "b1g1", "rule": rule}, Trigger())


def timer(**rule: object) -> Trigger:
    return trigger({"timer": {"cron_expression": "0 9 ? * 2-6", **rule}})


def test_a_timer_has_its_cron_and_its_payload() -> None:
    plan = compile_trigger(timer(payload="hello", invoke_function=FUNCTION))
    assert (plan.trigger_id, plan.folder_id, plan.kind) == ("a1s1", "b1g1", "timer")
    assert plan.source == TimerSource(Cron("0 9 ? * 2-6"), "hello")
    assert plan.batching is None


@pytest.mark.parametrize("policy", MisfirePolicy)
def test_a_label_says_what_becomes_of_missed_ticks(policy: MisfirePolicy) -> None:
    labelled = timer(invoke_function=FUNCTION)
    labelled.labels["tocsin/misfire"] = policy.value
    source = compile_trigger(labelled).source
    assert isinstance(source, TimerSource)
    assert source.misfire is policy


def test_a_label_that_says_no_policy_is_refused() -> None:
    labelled = timer(invoke_function=FUNCTION)
    labelled.labels["tocsin/misfire"] = "sometimes"
    with pytest.raises(PlanError, match="fire_once, skip, fire_all") as raised:
        compile_trigger(labelled)
    assert raised.value.field == "labels[tocsin/misfire]"


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ({"invoke_function": FUNCTION}, Function("d4e1", "prod", "aje1")),
        ({"invoke_function_with_retry": FUNCTION}, Function("d4e1", "prod", "aje1")),
        (
            {"invoke_container_with_retry": {"container_id": "bba1", "path": "/run"}},
            Container("bba1", "/run"),
        ),
        ({"start_workflow": {"workflow_id": "dfq1"}}, Workflow("dfq1")),
        (
            {
                "gateway_websocket_broadcast": {
                    "gateway_id": "d5d1",
                    "path": "/chat",
                    "service_account_id": "aje1",
                }
            },
            WebsocketBroadcast("d5d1", "/chat", "aje1"),
        ),
    ],
)
def test_each_action_has_its_target(action: dict[str, object], target: object) -> None:
    plan = compile_trigger(timer(**action))
    assert plan.actions == (Action(target),)


def test_retries_and_the_dead_letter_queue_are_the_actions() -> None:
    invoke = {
        **FUNCTION,
        "retry_settings": {"retry_attempts": 3, "interval": "15s"},
        "dead_letter_queue": {"queue_id": "yrn:yc:ymq:q", "service_account_id": "aje2"},
    }
    (action,) = compile_trigger(timer(invoke_function_with_retry=invoke)).actions
    assert action.retry == Retry(3, timedelta(seconds=15))
    assert action.dead_letter == DeadLetter("yrn:yc:ymq:q", "aje2")


def test_a_paused_trigger_is_not_active() -> None:
    paused = timer(invoke_function=FUNCTION)
    assert compile_trigger(paused).active
    paused.status = Trigger.PAUSED
    assert not compile_trigger(paused).active


def test_a_wrong_cron_expression_names_its_field() -> None:
    with pytest.raises(PlanError) as refused:
        compile_trigger(timer(cron_expression="61 * ? * *", invoke_function=FUNCTION))
    assert refused.value.field == "rule.timer.cron_expression"
    assert "0-59" in refused.value.reason


def test_bytes_that_are_no_trigger_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="not a trigger"):
        load_plan(b"\xff\xff")


@pytest.mark.parametrize(
    "action",
    [
        Action(Function("d4e1", "prod", "aje1"), Retry(5, timedelta(seconds=60))),
        Action(Container("bba1", "/x"), dead_letter=DeadLetter("q", "aje1")),
        Action(Workflow("dfq1")),
        Action(WebsocketBroadcast("d5d1", "/chat", "aje1")),
        Action(Integration("nightly")),
    ],
)
def test_an_action_travels_as_json(action: Action) -> None:
    assert action_from_json(action_to_json(action)) == action
