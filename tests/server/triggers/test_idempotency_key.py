"""The idempotency key: the same call again answers the first operation and runs nothing more."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stand.apis.triggers import TIMER, RestApi, TriggerApi, create
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

CHANGES: dict[str, Json] = {
    "Update": {"updateMask": "description", "description": "new"},
    "Pause": {},
    "Resume": {},
    "Delete": {},
}


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def request_for(folder: str, **fields: str) -> Json:
    return {"folderId": folder, "rule": TIMER, **fields}


def test_the_same_call_creates_one_trigger(api: TriggerApi, folder: str, key: str) -> None:
    first, second = (api.call("Create", request_for(folder, name="once"), key) for _ in range(2))
    assert first == second
    assert len(api.call("List", {"folderId": folder})["triggers"]) == 1


def test_another_key_or_none_is_another_call(api: TriggerApi, folder: str, key: str) -> None:
    for used in (key, f"{key}x", None, None, ""):
        api.call("Create", request_for(folder), used)
    assert len(api.call("List", {"folderId": folder})["triggers"]) == 5


@pytest.mark.parametrize("method", CHANGES)
def test_the_same_change_is_made_once(api: TriggerApi, folder: str, key: str, method: str) -> None:
    request = {"triggerId": create(api, folder)["id"], **CHANGES[method]}
    assert api.call(method, request, key) == api.call(method, request, key)
    if method != "Delete":
        operations = api.call("ListOperations", {"triggerId": request["triggerId"]})["operations"]
        assert len(operations) == 2


def test_both_wires_share_the_key(
    grpc_api: TriggerApi, rest_api: TriggerApi, folder: str, key: str
) -> None:
    request = request_for(folder, name="once")
    first = grpc_api.call("Create", request, key)
    assert rest_api.call("Create", request, key)["id"] == first["id"]


def test_another_body_under_the_same_key_is_refused(api: TriggerApi, folder: str, key: str) -> None:
    api.call("Create", request_for(folder, name="first"), key)
    with pytest.raises(Refused) as refused:
        api.call("Create", request_for(folder, name="second"), key)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["idempotency-key"]
    assert refused.value.reasons == ["KEY_REUSED"]
    assert len(api.call("List", {"folderId": folder})["triggers"]) == 1


def test_another_method_under_the_same_key_is_refused(
    api: TriggerApi, folder: str, key: str
) -> None:
    trigger_id = create(api, folder)["id"]
    api.call("Pause", {"triggerId": trigger_id}, key)
    with pytest.raises(Refused) as refused:
        api.call("Resume", {"triggerId": trigger_id}, key)
    assert list(refused.value.fields) == ["idempotency-key"]
    assert api.call("Get", {"triggerId": trigger_id})["status"] == "PAUSED"


def test_a_call_that_was_refused_may_be_made_again_under_its_key(
    api: TriggerApi, folder: str, key: str
) -> None:
    other = create(api, folder, name="taken")
    with pytest.raises(Refused, match="already exists"):
        api.call("Create", request_for(folder, name="taken"), key)
    api.call("Delete", {"triggerId": other["id"]})
    assert api.call("Create", request_for(folder, name="taken"), key)["done"] is True


def test_reads_take_no_notice_of_the_key(api: TriggerApi, folder: str, key: str) -> None:
    operation = api.call("Create", request_for(folder), key)
    trigger_id = operation["response"]["id"]
    assert api.call("Get", {"triggerId": trigger_id}, key)["id"] == trigger_id
    assert api.call("List", {"folderId": folder}, key)["triggers"]
    assert api.call("ListOperations", {"triggerId": trigger_id}, key)["operations"]
    assert api.call("GetOperation", {"operationId": operation["id"]}, key) == operation


def test_a_key_that_is_too_long_is_refused(api: TriggerApi, folder: str) -> None:
    with pytest.raises(Refused) as refused:
        api.call("Create", request_for(folder), "k" * 129)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["idempotency-key"]
    assert not api.call("List", {"folderId": folder}).get("triggers")


def test_twenty_at_once_over_grpc_create_one_trigger(
    server: Tocsin, grpc_api: TriggerApi, folder: str, key: str
) -> None:
    request = contract.CreateTriggerRequest(folder_id=folder, name="once")
    request.rule.mail.invoke_function.function_id = "f"
    with server.channel() as channel:
        create_one = TriggerServiceStub(channel).Create
        calls = [create_one.future(request, metadata=[("idempotency-key", key)]) for _ in range(20)]
        assert len({call.result().id for call in calls}) == 1
    assert len(grpc_api.call("List", {"folderId": folder})["triggers"]) == 1


def test_twenty_at_once_over_rest_create_one_trigger(
    rest_api: RestApi, folder: str, key: str
) -> None:
    def create_one(_: int) -> str:
        operation_id: str = rest_api.call("Create", request_for(folder, name="once"), key)["id"]
        return operation_id

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(create_one, range(20)))) == 1
    assert len(rest_api.call("List", {"folderId": folder})["triggers"]) == 1


def test_a_key_is_known_after_a_restart(directory: Path, folder: str, key: str) -> None:
    request = request_for(folder, name="once")
    with serving(directory) as server:
        first = RestApi(server.http_address).call("Create", request, key)
        server.kill()
    with serving(directory) as server:
        assert RestApi(server.http_address).call("Create", request, key) == first
        with pytest.raises(Refused, match="used before"):
            RestApi(server.http_address).call("Create", request_for(folder, name="other"), key)
