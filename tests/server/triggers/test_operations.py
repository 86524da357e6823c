"""Each change of a trigger answers an operation that is done, and that can be read again."""

from typing import Any

import pytest

from stand.apis.triggers import RestApi, TriggerApi, create, pages
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin
from stand.vendors.client import VendorClient

TYPES = "type.googleapis.com/yandex.cloud.serverless.triggers.v1"
EMPTY = "type.googleapis.com/google.protobuf.Empty"


def mutate(api: TriggerApi, trigger_id: str, method: str) -> Json:
    arguments: dict[str, Any] = {"triggerId": trigger_id}
    if method == "Update":
        arguments |= {"updateMask": "name", "name": "renamed"}
    return api.call(method, arguments)


def operations_of(api: TriggerApi, trigger_id: str, size: int) -> list[list[Json]]:
    request = {"triggerId": trigger_id, "pageSize": size}
    return list(pages(api, "ListOperations", "operations", request))


def test_creating_answers_the_trigger_and_its_id_in_the_metadata(
    api: TriggerApi, folder: str
) -> None:
    rule = {"mail": {"invokeFunction": {"functionId": "f"}}}
    operation = api.call("Create", {"folderId": folder, "rule": rule})

    trigger_id = operation["response"]["id"]
    assert operation["done"] is True
    assert operation["id"] != trigger_id
    assert operation["createdAt"] == operation["modifiedAt"] == operation["response"]["createdAt"]
    assert operation["metadata"] == {
        "@type": f"{TYPES}.CreateTriggerMetadata",
        "triggerId": trigger_id,
    }
    assert operation["response"]["@type"] == f"{TYPES}.Trigger"
    assert "error" not in operation


def test_an_operation_says_who_asked_even_if_nobody_had_to_say(
    api: TriggerApi, folder: str
) -> None:
    trigger_id = create(api, folder)["id"]
    assert mutate(api, trigger_id, "Pause")["createdBy"] == "anonymous"


@pytest.mark.parametrize("method", ["Update", "Pause", "Resume"])
def test_changing_answers_the_trigger_as_it_is_then(
    api: TriggerApi, folder: str, method: str
) -> None:
    trigger_id = create(api, folder)["id"]
    operation = mutate(api, trigger_id, method)

    assert operation["done"] is True
    assert operation["metadata"] == {
        "@type": f"{TYPES}.{method}TriggerMetadata",
        "triggerId": trigger_id,
    }
    now = api.call("Get", {"triggerId": trigger_id})
    assert operation["response"] == {"@type": f"{TYPES}.Trigger", **now}


def test_deleting_answers_an_empty_response(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    operation = api.call("Delete", {"triggerId": trigger_id})

    assert operation["done"] is True
    assert operation["metadata"] == {
        "@type": f"{TYPES}.DeleteTriggerMetadata",
        "triggerId": trigger_id,
    }
    assert operation["response"]["@type"] == EMPTY


@pytest.mark.parametrize("method", ["Update", "Delete", "Pause", "Resume", "ListOperations"])
def test_a_trigger_that_is_not_there_is_not_found(api: TriggerApi, method: str) -> None:
    with pytest.raises(Refused, match="Trigger a1s00000000000000000 not found") as refused:
        mutate(api, "a1s00000000000000000", method)
    assert refused.value.code == "NOT_FOUND"
    assert refused.value.reasons == ["TRIGGER_NOT_FOUND"]
    assert refused.value.http in (404, None)


def test_an_operation_can_be_read_again(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    for method in ("Update", "Pause", "Resume", "Delete"):
        operation = mutate(api, trigger_id, method)
        assert api.call("GetOperation", {"operationId": operation["id"]}) == operation


def test_cancelling_an_operation_that_is_done_changes_nothing(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    operation = mutate(api, trigger_id, "Pause")
    assert api.call("CancelOperation", {"operationId": operation["id"]}) == operation
    assert api.call("Get", {"triggerId": trigger_id})["status"] == "PAUSED"


def test_cancelling_by_get_is_served_as_it_is_annotated(rest_api: RestApi, folder: str) -> None:
    operation = mutate(rest_api, create(rest_api, folder)["id"], "Pause")
    reply = rest_api.send("GET", f"/operations/{operation['id']}:cancel")
    assert (reply.status, reply.json) == (200, operation)


@pytest.mark.parametrize("method", ["GetOperation", "CancelOperation"])
def test_an_operation_that_is_not_there_is_not_found(api: TriggerApi, method: str) -> None:
    with pytest.raises(Refused) as refused:
        api.call(method, {"operationId": "nowhere"})
    assert refused.value.code == "NOT_FOUND"
    assert refused.value.message == 'Operation "nowhere" not found.'


def test_operations_are_listed_newest_first_page_by_page(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    made = [mutate(api, trigger_id, method)["id"] for method in ("Pause", "Resume", "Update")]

    found = operations_of(api, trigger_id, 3)
    assert [len(page) for page in found] == [3, 1]
    ids = [operation["id"] for page in found for operation in page]
    assert ids[:3] == made[::-1]
    assert ids == sorted(ids, reverse=True)
    assert found[1][0]["metadata"]["@type"] == f"{TYPES}.CreateTriggerMetadata"


def test_operations_that_are_new_do_not_shift_the_pages(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    first = mutate(api, trigger_id, "Pause")
    reading = pages(api, "ListOperations", "operations", {"triggerId": trigger_id, "pageSize": 1})
    assert next(reading) == [first]
    mutate(api, trigger_id, "Resume")
    assert [operation["description"] for page in reading for operation in page] == [
        "Create trigger"
    ]


def test_operations_of_a_deleted_trigger_are_still_listed(api: TriggerApi, folder: str) -> None:
    trigger_id = create(api, folder)["id"]
    deleted = mutate(api, trigger_id, "Delete")
    assert operations_of(api, trigger_id, 10)[0][0] == deleted


def test_operations_of_one_trigger_do_not_show_anothers(api: TriggerApi, folder: str) -> None:
    trigger_id, other = create(api, folder)["id"], create(api, folder)["id"]
    mutate(api, other, "Pause")
    assert [len(page) for page in operations_of(api, trigger_id, 10)] == [1]


def test_a_page_token_of_another_triggers_operations_is_refused(
    api: TriggerApi, folder: str
) -> None:
    trigger_id, other = create(api, folder)["id"], create(api, folder)["id"]
    mutate(api, trigger_id, "Pause")
    page = api.call("ListOperations", {"triggerId": trigger_id, "pageSize": 1})
    request = {"triggerId": other, "pageSize": 1, "pageToken": page["nextPageToken"]}
    with pytest.raises(Refused) as refused:
        api.call("ListOperations", request)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["page_token"]


@pytest.mark.parametrize(
    ("argument", "value", "field"),
    [
        ("pageSize", 1001, "page_size"),
        ("pageSize", -1, "page_size"),
        ("pageToken", "x" * 101, "page_token"),
        ("pageToken", "garbage", "page_token"),
        ("filter", "x" * 1001, "filter"),
        ("filter", 'name = "x"', "filter"),
    ],
)
def test_arguments_of_listing_operations_are_checked(
    api: TriggerApi, folder: str, argument: str, value: object, field: str
) -> None:
    trigger_id = create(api, folder)["id"]
    with pytest.raises(Refused) as refused:
        api.call("ListOperations", {"triggerId": trigger_id, argument: value})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == [field]


def test_the_vendors_waiter_gets_the_trigger(
    vendor: VendorClient, server: Tocsin, api: TriggerApi, folder: str
) -> None:
    operation = mutate(api, create(api, folder, name="waited-for")["id"], "Pause")
    trigger = vendor.ask("wait_for_trigger", server.grpc_address, operation["id"])["response"]
    assert (trigger["name"], trigger["status"]) == ("waited-for", "PAUSED")
