"""ListTriggers: filters, pages, and tokens that survive what happens between them."""

from itertools import chain

import pytest

from stand.apis.triggers import CRON, TriggerApi, create, names, pages
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

# The grammar as a whole is in tests/api/yandex/triggers/test_filters.py.
FILTERS = {
    "": ["alpha", "beta", "gamma", ""],
    'name = "alpha"': ["alpha"],
    'name != "alpha"': ["beta", "gamma", ""],
    'name IN ("alpha", "gamma")': ["alpha", "gamma"],
    'name NOT IN ("alpha", "beta")': ["gamma", ""],
    'name = "alpha" AND name = "beta"': [],
    'name IN ("alpha", "beta") AND name != "alpha"': ["beta"],
}


@pytest.mark.parametrize(("text", "expected"), FILTERS.items())
def test_a_filter_finds(api: TriggerApi, folder: str, text: str, expected: list[str]) -> None:
    for name in ("alpha", "beta", "gamma", ""):
        create(api, folder, name=name)
    found = api.call("List", {"folderId": folder, "filter": text}).get("triggers", [])
    assert names(found) == expected


@pytest.mark.parametrize("text", ['id = "alpha"', 'name = "ab"'])
def test_a_filter_that_cannot_be_read_is_refused(api: TriggerApi, folder: str, text: str) -> None:
    create(api, folder, name="alpha")
    with pytest.raises(Refused) as refused:
        api.call("List", {"folderId": folder, "filter": text})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["filter"]
    assert 'name = "my-trigger"' in refused.value.fields["filter"]


def test_a_folder_lists_its_own_triggers_oldest_first(api: TriggerApi, folder: str) -> None:
    made = [create(api, folder) for _ in range(3)]
    create(api, f"{folder}x")
    assert api.call("List", {"folderId": folder})["triggers"] == made


def test_a_folder_without_triggers_lists_none(api: TriggerApi, folder: str) -> None:
    page = api.call("List", {"folderId": folder})
    assert not page.get("triggers")
    assert not page.get("nextPageToken")


@pytest.mark.parametrize(("size", "lengths"), [(1, [1, 1, 1, 1]), (2, [2, 2]), (3, [3, 1])])
def test_pages_hold_what_was_asked_and_the_last_has_no_token(
    api: TriggerApi, folder: str, size: int, lengths: list[int]
) -> None:
    for name in ("one", "two", "three", "four"):
        create(api, folder, name=name)
    found = list(pages(api, "List", "triggers", {"folderId": folder, "pageSize": size}))
    assert [len(page) for page in found] == lengths
    assert names(chain.from_iterable(found)) == ["one", "two", "three", "four"]


def test_pages_of_a_filtered_list(api: TriggerApi, folder: str) -> None:
    for name in ("one", "two", "three", "four", "five"):
        create(api, folder, name=name)
    for text in ('name != "two"', 'name IN ("one", "three", "four", "five")'):
        request = {"folderId": folder, "filter": text, "pageSize": 2}
        found = list(pages(api, "List", "triggers", request))
        assert [names(page) for page in found] == [["one", "three"], ["four", "five"]]


def test_pages_survive_inserts_and_deletes(api: TriggerApi, folder: str) -> None:
    made = {name: create(api, folder, name=name)["id"] for name in ("one", "two", "three", "four")}
    reading = pages(api, "List", "triggers", {"folderId": folder, "pageSize": 2})
    assert names(next(reading)) == ["one", "two"]

    # Gone are one that was read, the last one read, where the token points, and one that was not.
    for name in ("one", "two", "three"):
        api.call("Delete", {"triggerId": made[name]})
    create(api, folder, name="five")
    assert names(chain.from_iterable(reading)) == ["four", "five"]


def test_the_size_may_change_from_page_to_page(api: TriggerApi, folder: str) -> None:
    for name in ("one", "two", "three"):
        create(api, folder, name=name)
    first = api.call("List", {"folderId": folder, "pageSize": 1})
    token = first["nextPageToken"]
    rest = api.call("List", {"folderId": folder, "pageSize": 10, "pageToken": token})
    assert names(rest["triggers"]) == ["two", "three"]


@pytest.mark.parametrize("other", [{"folderId": "elsewhere"}, {"filter": 'name != "two"'}])
def test_a_token_of_a_list_with_other_arguments_is_refused(
    api: TriggerApi, folder: str, other: Json
) -> None:
    for name in ("one", "two"):
        create(api, folder, name=name)
    request = {"folderId": folder, "pageSize": 1}
    token = api.call("List", request)["nextPageToken"]
    with pytest.raises(Refused) as refused:
        api.call("List", {**request, **other, "pageToken": token})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["page_token"]


@pytest.mark.parametrize("token", ["garbage", "!", "AAAA", "я", "x" * 5000, "AAAAAAAAAAA%"])
def test_a_token_that_is_not_ours_is_refused(api: TriggerApi, folder: str, token: str) -> None:
    with pytest.raises(Refused) as refused:
        api.call("List", {"folderId": folder, "pageToken": token})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["page_token"]


@pytest.mark.parametrize("size", [-1, 1001, 2**63 - 1, -(2**63)])
def test_a_page_size_out_of_range_is_refused(api: TriggerApi, folder: str, size: int) -> None:
    with pytest.raises(Refused) as refused:
        api.call("List", {"folderId": folder, "pageSize": size})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["page_size"]


@pytest.fixture(scope="module")
def folder_of_101(server: Tocsin) -> str:
    with server.channel() as channel:
        create_one = TriggerServiceStub(channel).Create
        request = contract.CreateTriggerRequest(folder_id="b1g-with-101-triggers")
        request.rule.timer.cron_expression = CRON
        request.rule.timer.invoke_function.function_id = "f"
        for call in [create_one.future(request) for _ in range(101)]:
            call.result()
    return request.folder_id


@pytest.mark.parametrize(("size", "lengths"), [(0, [100, 1]), (101, [101]), (1000, [101])])
def test_pages_are_of_100_unless_asked_otherwise(
    api: TriggerApi, folder_of_101: str, size: int, lengths: list[int]
) -> None:
    found = list(pages(api, "List", "triggers", {"folderId": folder_of_101, "pageSize": size}))
    assert [len(page) for page in found] == lengths


@pytest.fixture(scope="module")
def folder_of_5_megabytes(server: Tocsin) -> str:
    with server.channel() as channel:
        create_one = TriggerServiceStub(channel).Create
        request = contract.CreateTriggerRequest(folder_id="b1g-with-5-megabytes")
        request.rule.timer.cron_expression = CRON
        request.rule.timer.payload = "\U0001f514" * 4096
        request.rule.timer.invoke_function.function_id = "f"
        for call in [create_one.future(request) for _ in range(320)]:
            call.result()
    return request.folder_id


def test_a_page_is_never_larger_than_a_client_takes(
    api: TriggerApi, folder_of_5_megabytes: str
) -> None:
    request = {"folderId": folder_of_5_megabytes, "pageSize": 1000}
    found = list(pages(api, "List", "triggers", request))
    assert len(found) > 1
    assert all(found)
    assert sum(len(page) for page in found) == 320
