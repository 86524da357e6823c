"""The service accounts of a plan are all that the contract lets a rule name."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tocsin.compilers.triggers_v1 import compile_trigger
from tocsin.contract.fields import texts_named
from tocsin.plans.accounts import accounts_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

named_in = texts_named(Trigger.DESCRIPTOR, "service_account_id")
RULE = Trigger.DESCRIPTOR.fields_by_name["rule"].message_type


def actions() -> list[tuple[str, str]]:
    return [
        (kind.name, action.name)
        for kind in RULE.oneofs_by_name["rule"].fields
        for action in kind.message_type.oneofs_by_name["action"].fields
    ]


def fill(message: Any, path: str = "") -> None:
    """Gives each service account that a message can name an id of its own."""
    descriptor: Descriptor = message.DESCRIPTOR
    for field in descriptor.fields:
        if field.is_repeated or field.containing_oneof is not None:
            continue
        if field.name == "service_account_id":
            setattr(message, field.name, f"{path}{field.name}")
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), f"{path}{field.name}.")


@pytest.mark.parametrize(("kind", "action"), actions())
def test_no_account_of_a_rule_is_missed(kind: str, action: str) -> None:
    trigger = Trigger()
    rule = getattr(trigger.rule, kind)
    rule.SetInParent()
    fill(rule)
    getattr(rule, action).SetInParent()
    fill(getattr(rule, action), "action.")
    if kind == "timer":
        rule.cron_expression = "* * * * ? *"
    named = named_in(trigger)
    assert len(named) == len(set(named)) > 0
    assert accounts_of(compile_trigger(trigger)) == set(named)
