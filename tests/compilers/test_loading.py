"""Stored triggers become plans by the contract that they name."""

from dataclasses import replace

import pytest

from tocsin.compilers import loading
from tocsin.compilers.loading import COMPILERS, load_plan
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.plans.plan import Action, Function, Plan
from tocsin.sources.kinds.billing_budget import BillingBudgetSource
from tocsin.store.schema import FIRST_CONTRACT
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

V2 = "example.triggers.v2"
FIRST = Action(Function("f1"))
SECOND = Action(Function("f2"))


def budget_trigger() -> Trigger:
    trigger = Trigger(id="t1", folder_id="f")
    trigger.rule.billing_budget.billing_account_id = "a"
    trigger.rule.billing_budget.invoke_function.function_id = "f1"
    return trigger


def test_a_trigger_is_read_by_the_compiler_of_its_contract() -> None:
    trigger = budget_trigger()
    assert load_plan(CONTRACT, trigger.SerializeToString()) == compile_trigger(trigger)


def test_rows_that_name_no_contract_of_their_own_are_of_the_first_one() -> None:
    assert FIRST_CONTRACT == CONTRACT


def test_a_second_contract_is_one_more_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_v2(message: bytes) -> Plan:
        return Plan(
            trigger_id=message.decode(),
            folder_id="f",
            kind="billing_budget",
            source=BillingBudgetSource("a"),
            batching=None,
            actions=(FIRST, SECOND),
        )

    monkeypatch.setattr(loading, "COMPILERS", {**COMPILERS, V2: compile_v2})
    first = compile_trigger(budget_trigger())
    assert load_plan(V2, b"t1") == replace(first, actions=(FIRST, SECOND))
    assert load_plan(CONTRACT, budget_trigger().SerializeToString()) == first


def test_a_contract_that_this_version_does_not_know_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=rf"does not know its contract, {V2}"):
        load_plan(V2, b"")
