"""A trigger can be made paused, so that not even a timer of every minute fires before."""

import uuid

import pytest

from stand.apis.rules import LEAST
from stand.apis.steering import MINUTE, Steering, shown
from stand.apis.wire import Json, Refused

EVERY_MINUTE = "* * * * ? *"


def made_paused(it: Steering, **fields: object) -> Json:
    rule = {"timer": {"cronExpression": EVERY_MINUTE, "invokeFunction": {"functionId": it.folder}}}
    trigger = {"folderId": it.folder, "rule": rule, **fields}
    operation = it.api.call("TriggerSetupService.CreatePaused", {"trigger": trigger})
    assert operation["done"]
    assert operation["metadata"]["@type"].endswith("CreateTriggerMetadata")
    return dict(operation["response"])


def invocations_of(it: Steering, trigger_id: str) -> list[Json]:
    answer = it.api.call("InvocationService.List", {"triggerId": trigger_id})
    return list(answer.get("invocations", []))


def test_a_minute_timer_does_not_fire_before_it_is_resumed(it: Steering) -> None:
    hour = it.next_hour()
    trigger = made_paused(it, name="every-minute")
    assert trigger["status"] == "PAUSED"
    it.advance(5 * MINUTE)
    assert invocations_of(it, trigger["id"]) == []
    it.change("Resume", trigger["id"])
    it.advance(MINUTE)
    [fired] = invocations_of(it, trigger["id"])
    assert fired["scheduledAt"] == shown(hour + 6 * MINUTE)


def test_explain_says_that_it_was_paused_from_the_beginning(it: Steering) -> None:
    it.next_hour()
    trigger = made_paused(it)
    it.advance(2 * MINUTE)
    instant = shown(it.now())
    answer = it.api.call("FiringService.Explain", {"triggerId": trigger["id"], "instant": instant})
    assert answer["reason"] == "REASON_PAUSED"


def test_folders_count_it_as_paused(it: Steering) -> None:
    made_paused(it)
    answer = it.api.call("FolderService.ListFolders", {"prefix": it.folder})
    assert answer["folders"][0]["pausedTriggers"]["count"] == "1"


@pytest.mark.parametrize("kind", LEAST)
def test_every_kind_can_be_made_paused(it: Steering, kind: str) -> None:
    if kind == "messageQueue":
        rule = {kind: LEAST[kind] | {"queueId": f"{it.folder}-{uuid.uuid4().hex}"}}
    else:
        rule = {kind: LEAST[kind]}
    trigger = made_paused(it, rule=rule)
    assert trigger["status"] == "PAUSED"
    assert it.triggers.call("Get", {"triggerId": trigger["id"]})["status"] == "PAUSED"


def test_its_errors_are_those_of_create(it: Steering) -> None:
    made_paused(it, name="taken")
    with pytest.raises(Refused) as refused:
        made_paused(it, name="taken")
    assert refused.value.code == "ALREADY_EXISTS"
    with pytest.raises(Refused) as refused:
        made_paused(it, rule={"timer": {"cronExpression": "61 * * * ? *"}})
    assert list(refused.value.fields) == [
        "trigger.rule.timer.action",
        "trigger.rule.timer.cron_expression",
    ]
    with pytest.raises(Refused) as refused:
        it.api.call("TriggerSetupService.CreatePaused", {"trigger": {"name": "abc"}})
    assert list(refused.value.fields) == ["trigger.folder_id", "trigger.rule"]
