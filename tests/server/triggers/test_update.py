"""UpdateTrigger: what a mask changes, what no mask resets, what can't be changed."""

from typing import Any

import grpc
import pytest

from stand.apis.rules import LEAST, RULES
from stand.apis.triggers import CRON, RestApi, TriggerApi, changed, create
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

FULL_RULE: Json = {
    "timer": {
        "cronExpression": CRON,
        "payload": "old",
        "invokeFunctionWithRetry": {"functionId": "old"},
    }
}
NEW_RULE: Json = {
    "timer": {
        "cronExpression": "0 0 1 2 ? 2099",
        "payload": "new",
        "invokeFunctionWithRetry": {"functionId": "new"},
    }
}


def full_trigger(api: TriggerApi, folder: str) -> Json:
    labels = {"team": "a", "stage": "b"}
    return create(api, folder, name="old-name", description="old", labels=labels, rule=FULL_RULE)


def update(api: TriggerApi, trigger: Json, **arguments: Any) -> Json:
    return changed(api, "Update", {"triggerId": trigger["id"], **arguments})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "new-name"},
        {"description": "new"},
        {"labels": {"stage": "c"}},
        {"rule": NEW_RULE},
        {"name": "new-name", "labels": {}},
    ],
    ids=lambda change: ",".join(change),
)
def test_a_mask_changes_what_it_names_and_nothing_else(
    api: TriggerApi, folder: str, change: Json
) -> None:
    before = full_trigger(api, folder)
    sent = {"name": "not-meant", "description": "not meant", "labels": {"not": "meant"}}
    after = update(api, before, **{**sent, **change}, updateMask=",".join(change))
    assert {name: after.get(name) or {} for name in change} == comparable(api, change)
    same = set(before) - set(change)
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert api.call("Get", {"triggerId": before["id"]}) == after


def comparable(api: TriggerApi, change: Json) -> Json:
    """The change as it is returned: REST prints the defaults of what is there."""
    if "rule" not in change or type(api).__name__ == "GrpcApi":
        return change
    timer = change["rule"]["timer"]
    action = {**timer["invokeFunctionWithRetry"], "functionTag": "", "serviceAccountId": ""}
    return {**change, "rule": {"timer": {**timer, "invokeFunctionWithRetry": action}}}


def test_what_a_mask_names_and_the_request_leaves_out_is_reset(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, updateMask="name,description,labels")
    for name in ("name", "description", "labels"):
        assert not after.get(name)
    assert after["rule"] == before["rule"]


def test_without_a_mask_everything_is_written_and_the_rest_is_reset(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, name="new-name", rule=FULL_RULE)
    assert after["name"] == "new-name"
    assert after["rule"] == before["rule"]
    for name in ("description", "labels"):
        assert not after.get(name)


def test_without_a_mask_the_rule_must_be_there(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(api, before, name="new-name")
    assert refused.value.code == "INVALID_ARGUMENT"
    assert refused.value.fields == {"rule": "Field is required"}
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_a_mask_may_name_a_part_of_the_rule(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, rule=NEW_RULE, updateMask="rule.timer.payload")
    expected = {**before["rule"]["timer"], "payload": "new"}
    assert after["rule"]["timer"] == expected


def test_a_part_of_the_rule_that_the_request_leaves_out_is_reset(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, updateMask="rule.timer.payload")
    assert not after["rule"]["timer"].get("payload")
    assert after["rule"]["timer"]["cronExpression"] == CRON


def test_a_part_of_what_the_rule_does_not_have_has_nothing_to_reset(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    part = "rule.timer.invokeFunctionWithRetry.retrySettings.interval"
    assert update(api, before, updateMask=part) == before


def test_a_part_that_the_rule_must_have_cannot_be_reset(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(api, before, updateMask="rule.timer.cronExpression")
    assert refused.value.fields == {"rule.timer.cron_expression": "Field is required"}
    assert api.call("Get", {"triggerId": before["id"]}) == before


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("noSuch", "no_such"),
        ("name.first", "name.first"),
        ("labels.team", "labels.team"),
        ("rule.timer.noSuch", "rule.timer.no_such"),
        ("labels.team.x", "labels.team.x"),
        ("rule.mail.email.x", "rule.mail.email.x"),
        ("folderId", "folder_id"),
        ("triggerId", "trigger_id"),
        ("*", "*"),
    ],
)
def test_a_path_that_cannot_be_updated_is_refused_by_name(
    api: TriggerApi, folder: str, path: str, name: str
) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(api, before, name="new-name", updateMask=f"name,{path}")
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["update_mask"]
    assert repr(name) in refused.value.fields["update_mask"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_a_part_of_the_rule_needs_no_other_part_beside_it(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    rule = {"timer": {"payload": "new"}}
    after = update(api, before, rule=rule, updateMask="rule.timer.payload")
    assert after == {**before, "rule": {"timer": {**before["rule"]["timer"], "payload": "new"}}}


@pytest.mark.parametrize("kind", LEAST)
def test_what_was_read_can_be_sent_back_with_any_mask(
    api: TriggerApi, folder: str, kind: str
) -> None:
    for rule in [rule for name, rule in RULES.items() if name.startswith(f"{kind}-")]:
        before = create(api, folder, labels={"a": "b"}, rule=rule)
        parts = [f"rule.{part}" for part in leaves(before["rule"])]
        for mask in ("*", "rule", ",".join(parts), f"id,createdAt,status,labels,{parts[0]}"):
            after = update(api, before, **writable(before), updateMask=mask)
            assert after == before, mask


def writable(trigger: Json) -> Json:
    return {name: trigger[name] for name in ("labels", "rule")}


def leaves(value: Json) -> list[str]:
    """The paths of what an object holds, down to what is no object."""
    found = []
    for name, inner in value.items():
        found += (
            [f"{name}.{below}" for below in leaves(inner)] if isinstance(inner, dict) else [name]
        )
    return found


def test_a_star_writes_everything_as_no_mask_does(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, name="new-name", rule=FULL_RULE, updateMask="*")
    assert (after["name"], after["rule"]) == ("new-name", before["rule"])
    assert not after.get("description")
    with pytest.raises(Refused) as refused:
        update(api, after, name="new-name", updateMask="*")
    assert refused.value.fields == {"rule": "Field is required"}


RETRIED: Json = {
    "timer": {
        "cronExpression": CRON,
        "invokeFunctionWithRetry": {
            "functionId": "f",
            "retrySettings": {"retryAttempts": "3", "interval": "15s"},
            "deadLetterQueue": {"queueId": "q", "serviceAccountId": "a"},
        },
    }
}


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("rule.timer.invokeFunction.functionId", {"invokeFunction": {"functionId": "g"}}),
        ("rule.timer.invokeFunction.functionTag", {}),
        ("rule.timer.startWorkflow.workflowId", {"startWorkflow": {"workflowId": "w"}}),
    ],
)
def test_a_part_of_another_action_is_refused_and_retries_and_dead_letters_stay(
    api: TriggerApi, folder: str, path: str, sent: Json
) -> None:
    before = create(api, folder, rule=RETRIED)
    with pytest.raises(Refused) as refused:
        update(api, before, rule={"timer": {"cronExpression": CRON, **sent}}, updateMask=path)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["update_mask"]
    assert "rule.timer.invoke_function_with_retry" in refused.value.fields["update_mask"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_a_part_of_another_kind_of_rule_is_refused(api: TriggerApi, folder: str) -> None:
    before = create(api, folder, rule={"mail": LEAST["mail"]})
    with pytest.raises(Refused) as refused:
        update(api, before, rule=FULL_RULE, updateMask="rule.timer.payload")
    assert "the trigger has rule.mail" in refused.value.fields["update_mask"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_the_address_of_a_mail_trigger_stays_whatever_is_sent(api: TriggerApi, folder: str) -> None:
    before = create(api, folder, rule={"mail": LEAST["mail"]})
    forged = {"mail": {**LEAST["mail"], "email": "mine@example.com"}}
    for mask in ("rule", "rule.mail", "rule.mail.email", "*", ""):
        after = update(api, before, rule=forged, updateMask=mask)
        assert after["rule"]["mail"]["email"] == before["rule"]["mail"]["email"]


def test_a_part_that_makes_the_rule_wrong_is_refused_with_its_field(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(
            api,
            before,
            rule={"timer": {"cronExpression": "61 * * * ? *"}},
            updateMask="rule.timer.cronExpression",
        )
    assert list(refused.value.fields) == ["rule.timer.cron_expression"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


@pytest.mark.parametrize("kind", [kind for kind in LEAST if kind != "timer"])
@pytest.mark.parametrize("mask", ["rule", ""])
def test_the_kind_of_a_trigger_cannot_be_changed(
    api: TriggerApi, folder: str, kind: str, mask: str
) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(api, before, rule={kind: LEAST[kind]}, updateMask=mask)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert "from timer to " in refused.value.fields["rule"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


@pytest.mark.parametrize(
    "action", ["invokeContainerWithRetry", "startWorkflow", "gatewayWebsocketBroadcast"]
)
def test_what_a_trigger_calls_cannot_become_of_another_type(
    api: TriggerApi, folder: str, action: str
) -> None:
    before = full_trigger(api, folder)
    with pytest.raises(Refused) as refused:
        update(api, before, rule=RULES[f"timer-{action}"], updateMask="rule")
    assert refused.value.code == "INVALID_ARGUMENT"
    assert "it is a function" in refused.value.fields["rule.timer"]


def test_a_function_may_be_called_by_the_other_action_for_functions(
    api: TriggerApi, folder: str
) -> None:
    before = full_trigger(api, folder)
    after = update(api, before, rule=RULES["timer-invokeFunction"], updateMask="rule")
    assert "invokeFunction" in after["rule"]["timer"]


def test_a_bad_rule_leaves_the_trigger_as_it_was(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    rule = {"timer": {**NEW_RULE["timer"], "cronExpression": "61 * * * ? *"}}
    with pytest.raises(Refused) as refused:
        update(api, before, name="new-name", rule=rule)
    assert list(refused.value.fields) == ["rule.timer.cron_expression"]
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_a_name_that_another_trigger_has_is_refused(api: TriggerApi, folder: str) -> None:
    create(api, folder, name="taken")
    before = full_trigger(api, folder)
    with pytest.raises(Refused, match="taken already exists") as refused:
        update(api, before, name="taken", updateMask="name")
    assert refused.value.code == "ALREADY_EXISTS"
    assert api.call("Get", {"triggerId": before["id"]}) == before


def test_a_trigger_may_keep_its_name(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    assert update(api, before, name="old-name", updateMask="name") == before


def test_a_paused_trigger_stays_paused(api: TriggerApi, folder: str) -> None:
    before = full_trigger(api, folder)
    changed(api, "Pause", {"triggerId": before["id"]})
    assert update(api, before, rule=NEW_RULE)["status"] == "PAUSED"


def test_over_grpc_a_mask_is_in_the_contracts_case(
    server: Tocsin, rest_api: RestApi, folder: str
) -> None:
    before = full_trigger(rest_api, folder)
    request = contract.UpdateTriggerRequest(trigger_id=before["id"])
    request.rule.timer.payload = "new"
    request.rule.timer.cron_expression = "0 0 1 2 ? 2099"
    with server.channel() as channel:
        stub = TriggerServiceStub(channel)
        request.update_mask.paths[:] = ["rule.timer.cronExpression"]
        with pytest.raises(grpc.RpcError, match=r"expected 'rule\.timer\.cron_expression'"):
            stub.Update(request)
        request.update_mask.paths[:] = ["rule.timer.cron_expression"]
        stub.Update(request)
    after = rest_api.call("Get", {"triggerId": before["id"]})["rule"]["timer"]
    assert after == {**before["rule"]["timer"], "cronExpression": "0 0 1 2 ? 2099"}
