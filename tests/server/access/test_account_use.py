"""A rule that is given a service account while somebody who may not use it is at work on it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format

from stand.calls import call
from store.work import opened
from tocsin.access.permissions.bindings import Binding
from tocsin.access.permissions.grants import Grants
from tocsin.access.permissions.needs import NEEDS
from tocsin.api.yandex.triggers.service import SERVICE, TriggerService
from tocsin.gate.authorising import AccountUse
from tocsin.gate.resources import Resources
from tocsin.schedule import ManualClock
from tocsin.wire import errors
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, new_key
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

METHOD = SERVICE.methods_by_name["Update"]


def timer(function: str, account: str = "") -> dict[str, Any]:
    invoked = {"functionId": function, "serviceAccountId": account}
    return {"timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": invoked}}


def run(directory: Path, work: Callable[[TriggerService, AccountUse], Awaitable[None]]) -> None:
    async def scenario() -> None:
        clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        async with opened(f"sqlite:///{directory}/t.db") as database:
            resources = Resources(database, groups={}, accounts=None)
            use = AccountUse(METHOD.input_type, NEEDS[METHOD.full_name], resources, database)
            await work(TriggerService(database, clock, Ids(clock), PageTokens(new_key())), use)

    asyncio.run(scenario())


def update(trigger_id: str, rule: dict[str, Any], mask: str) -> contract.UpdateTriggerRequest:
    told = {"triggerId": trigger_id, "rule": rule, "updateMask": mask}
    return json_format.ParseDict(told, contract.UpdateTriggerRequest())


def test_an_account_that_a_rule_is_given_meanwhile_is_not_used(tmp_path: Path) -> None:
    async def work(triggers: TriggerService, use: AccountUse) -> None:
        new = {"folderId": "b1g1", "name": "robots", "rule": timer("d4e0")}
        created = json_format.ParseDict(new, contract.CreateTriggerRequest())
        operation = Operation.FromString(await triggers.create(created, call()))
        trigger_id = Trigger.FromString(operation.response.value).id
        invoked = "rule.timer.invokeFunctionWithRetry"
        mine = update(trigger_id, timer("d4emine"), f"{invoked}.functionId")
        editor = Grants([Binding("serviceAccount:s", "functions.editor", "folders/b1g1")])
        usable = await use.check(editor, mine)
        theirs = update(trigger_id, timer("d4e0", "aje1"), f"{invoked}.serviceAccountId")
        await triggers.update(theirs, call())
        with pytest.raises(errors.ApiError) as raised:
            await triggers.update(mine, replace(call(), usable_accounts=usable))
        assert raised.value.code is grpc.StatusCode.ABORTED
        # Whoever tries again is told what they may not.
        with pytest.raises(errors.ApiError, match=r"iam\.serviceAccounts\.use"):
            await use.check(editor, mine)

    run(tmp_path, work)
