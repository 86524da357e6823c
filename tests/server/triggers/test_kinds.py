"""Each of the eleven kinds, with each action, lives its life over both wires."""

import re
from typing import Any

import pytest
from google.protobuf import json_format

from stand.apis.rules import KINDS, LEAST, RULES, Json
from stand.apis.triggers import TriggerApi, changed, create
from stand.apis.wire import Refused
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

EMAIL = re.compile(r"a1s[0-9a-v]{17}-[0-9a-f]{8}@serverless\.yandexcloud\.net")


def rule_message(rule: Json) -> Trigger.Rule:
    """Presence and all, so that REST's printed defaults are no difference, and messages are."""
    return json_format.ParseDict(rule, Trigger.Rule())


def without_email(rule: Json) -> Json:
    """The rule without what the server adds to a mail trigger."""
    if "mail" not in rule:
        return rule
    mail = dict(rule["mail"])
    assert EMAIL.fullmatch(mail.pop("email"))
    return {"mail": mail}


def test_the_table_of_rules_has_every_kind_with_every_action_of_the_contract() -> None:
    kinds: Any = Trigger.Rule.DESCRIPTOR.fields
    expected = {
        f"{kind.camelcase_name}-{action.camelcase_name}"
        for kind in kinds
        for action in kind.message_type.oneofs_by_name["action"].fields
    }
    assert set(RULES) == expected
    assert len(KINDS) == len(LEAST) == 11


@pytest.mark.parametrize("case", RULES)
def test_a_trigger_lives_its_life(api: TriggerApi, folder: str, case: str) -> None:
    rule = RULES[case]

    created = create(api, folder, name="my-trigger", labels={"team": "a"}, rule=rule)
    trigger_id = created["id"]
    assert rule_message(without_email(created["rule"])) == rule_message(rule)
    assert api.call("Get", {"triggerId": trigger_id}) == created
    assert api.call("List", {"folderId": folder})["triggers"] == [created]
    filtered = api.call("List", {"folderId": folder, "filter": 'name = "my-trigger"'})
    assert filtered["triggers"] == [created]

    update = {"triggerId": trigger_id, "updateMask": "description", "description": "new"}
    updated = changed(api, "Update", update)
    assert updated == created | {"description": "new"}

    assert changed(api, "Pause", {"triggerId": trigger_id}) == updated | {"status": "PAUSED"}
    assert api.call("Get", {"triggerId": trigger_id})["status"] == "PAUSED"
    assert changed(api, "Resume", {"triggerId": trigger_id}) == updated

    api.call("Delete", {"triggerId": trigger_id})
    with pytest.raises(Refused, match=f"Trigger {trigger_id} not found") as refused:
        api.call("Get", {"triggerId": trigger_id})
    assert refused.value.code == "NOT_FOUND"


@pytest.mark.parametrize("kind", LEAST)
def test_nothing_is_added_to_what_was_sent(api: TriggerApi, folder: str, kind: str) -> None:
    rule = {kind: LEAST[kind]}
    created = create(api, folder, rule=rule)
    assert rule_message(without_email(created["rule"])) == rule_message(rule)


@pytest.mark.parametrize("kind", ["cloudLogs", "logging", "dataStream"])
def test_a_cutoff_that_may_be_left_out_is_returned_all_the_same(
    api: TriggerApi, folder: str, kind: str
) -> None:
    created = create(api, folder, rule={kind: LEAST[kind] | {"batchSettings": {"size": "5"}}})
    assert created["rule"][kind]["batchSettings"] == {"size": "5", "cutoff": "1s"}


def test_the_address_of_a_mail_trigger_is_the_servers_and_stays(
    api: TriggerApi, folder: str
) -> None:
    rule = {"mail": LEAST["mail"] | {"email": "mine@example.com"}}
    created = create(api, folder, rule=rule)
    email = created["rule"]["mail"]["email"]
    assert email.startswith(f"{created['id']}-")
    assert EMAIL.fullmatch(email)

    updated = changed(api, "Update", {"triggerId": created["id"], "rule": rule})
    assert updated["rule"]["mail"]["email"] == email
