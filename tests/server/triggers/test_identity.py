"""Names, ids and states of triggers."""

import re

import pytest

from stand.apis.triggers import TIMER, TriggerApi, changed, create
from stand.apis.wire import Refused


def test_ids_have_20_characters_begin_with_the_prefix_and_sort_by_age(
    api: TriggerApi, folder: str
) -> None:
    operations = [api.call("Create", {"folderId": folder, "rule": TIMER}) for _ in range(20)]
    ids = [made["response"]["id"] for made in operations]
    everything = ids + [made["id"] for made in operations]
    assert all(re.fullmatch(r"a1s[0-9a-v]{17}", each) for each in everything)
    assert len(set(everything)) == 40
    assert ids == sorted(ids)


def test_a_name_is_taken_once_in_a_folder(api: TriggerApi, folder: str) -> None:
    create(api, folder, name="taken")
    with pytest.raises(Refused) as refused:
        create(api, folder, name="taken")
    assert refused.value.code == "ALREADY_EXISTS"
    assert refused.value.message == f"Trigger with name taken already exists in folder {folder}"
    assert refused.value.reasons == ["TRIGGER_NAME_TAKEN"]
    assert refused.value.http in (409, None)
    assert len(api.call("List", {"folderId": folder})["triggers"]) == 1


def test_another_folder_may_have_the_same_name(api: TriggerApi, folder: str) -> None:
    create(api, folder, name="shared")
    assert create(api, f"{folder}x", name="shared")["name"] == "shared"


def test_any_number_of_triggers_have_no_name(api: TriggerApi, folder: str) -> None:
    for _ in range(3):
        create(api, folder)
    assert len(api.call("List", {"folderId": folder})["triggers"]) == 3


def test_a_name_is_free_again_after_a_delete(api: TriggerApi, folder: str) -> None:
    before = create(api, folder, name="reused")
    api.call("Delete", {"triggerId": before["id"]})
    assert create(api, folder, name="reused")["id"] != before["id"]


def test_a_name_is_free_again_after_a_rename(api: TriggerApi, folder: str) -> None:
    before = create(api, folder, name="reused")
    update = {"triggerId": before["id"], "updateMask": "name", "name": "other"}
    changed(api, "Update", update)
    create(api, folder, name="reused")


def test_a_new_trigger_is_active(api: TriggerApi, folder: str) -> None:
    assert create(api, folder)["status"] == "ACTIVE"


@pytest.mark.parametrize(("method", "status"), [("Pause", "PAUSED"), ("Resume", "ACTIVE")])
def test_pausing_and_resuming_twice_is_the_same_as_once(
    api: TriggerApi, folder: str, method: str, status: str
) -> None:
    trigger_id = create(api, folder)["id"]
    changed(api, "Pause", {"triggerId": trigger_id})
    once = changed(api, method, {"triggerId": trigger_id})
    twice = changed(api, method, {"triggerId": trigger_id})
    assert once == twice
    assert twice["status"] == status


@pytest.mark.parametrize("name", ["", "abc", "a-b", "a--9", "a" * 63])
def test_a_name_may_be(api: TriggerApi, folder: str, name: str) -> None:
    assert create(api, folder, name=name).get("name", "") == name


@pytest.mark.parametrize(
    "name", ["ab", "a-", "abc-", "Abc", "9ab", "a_b", "abc\n", "a" * 64, "абв"]
)
def test_a_name_may_not_be(api: TriggerApi, folder: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        create(api, folder, name=name)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["name"]
