"""Pausing, resuming and deleting many triggers at once, over REST, on both stores."""

import json

import pytest

from stand.apis.steering import NEVER, Steering
from stand.apis.triggers import create
from stand.apis.wire import Json, Refused, send

OTHER = {"timer": {"cronExpression": NEVER, "invokeFunction": {"functionId": "f"}}}


def change(it: Steering, method: str, **selection: object) -> Json:
    asked = {"folderId": it.folder, "selection": selection}
    changes: Json = it.api.call(f"FolderService.{method}Triggers", asked)["changes"]
    return changes


def states(it: Steering) -> list[str]:
    listed = it.triggers.call("List", {"folderId": it.folder}).get("triggers", [])
    return [str(each["status"]) for each in listed]


def operations(it: Steering, trigger: str) -> list[str]:
    listed = it.triggers.call("ListOperations", {"triggerId": trigger})
    return [str(each["id"]) for each in listed["operations"]]


def refused(it: Steering, method: str, **selection: object) -> Refused:
    with pytest.raises(Refused) as caught:
        change(it, method, **selection)
    return caught.value


def test_triggers_are_paused_and_resumed_by_their_ids(here: Steering) -> None:
    first, second, third = (here.timer(NEVER) for _ in range(3))
    changes = change(here, "Pause", triggerIds=[third, first, third])
    assert changes["selected"] == {"count": "2"}
    assert changes["changed"] == "2"
    assert states(here) == ["PAUSED", "ACTIVE", "PAUSED"]
    # Each has an operation of its own, in the order in which they were named.
    assert [operations(here, each)[0] for each in (third, first)] == changes["operationIds"]
    assert len(operations(here, second)) == 1
    assert change(here, "Resume", triggerIds=[first])["changed"] == "1"
    assert states(here) == ["ACTIVE", "ACTIVE", "PAUSED"]


def test_a_trigger_that_is_not_there_keeps_none_from_being_changed(here: Steering) -> None:
    mine = here.timer(NEVER)
    elsewhere = create(here.triggers, f"{here.folder}x", rule=OTHER)["id"]
    changes = change(here, "Delete", triggerIds=["a1s00000000000000000", elsewhere, mine])
    assert changes["changed"] == "1"
    assert [each["triggerId"] for each in changes["failures"]] == [
        *("a1s00000000000000000", elsewhere)
    ]
    assert {each["error"]["code"] for each in changes["failures"]} == {5}
    assert states(here) == []
    assert here.triggers.call("Get", {"triggerId": elsewhere})["status"] == "ACTIVE"


def test_a_filter_is_counted_before_it_is_changed(here: Steering) -> None:
    for name in ("orders-a", "orders-b", "invoices"):
        here.timer(NEVER, name=name)
    orders = {"text": "orders"}
    assert change(here, "Delete", filter=orders, validateOnly=True) == {"selected": {"count": "2"}}
    error = refused(here, "Delete", filter=orders, expectedCount="3")
    assert (error.code, error.reasons) == ("FAILED_PRECONDITION", ["COUNT_DIFFERS"])
    assert len(states(here)) == 3
    changes = change(here, "Delete", filter=orders, expectedCount="2")
    assert (changes["changed"], changes.get("failures")) == ("2", None)
    assert len(states(here)) == 1


def test_a_filter_is_changed_in_steps(here: Steering) -> None:
    for _ in range(5):
        here.timer(NEVER)
    active = {"state": "STATE_ACTIVE"}
    first = change(here, "Pause", filter=active, limit=2, expectedCount="5")
    assert (first["changed"], states(here).count("PAUSED")) == ("2", 2)
    token = first["nextPageToken"]
    # The count was of the first call; now it would be another.
    second = change(here, "Pause", filter=active, limit=2, expectedCount="5", pageToken=token)
    last = change(here, "Pause", filter=active, limit=2, pageToken=second["nextPageToken"])
    assert (second["changed"], last["changed"]) == ("2", "1")
    assert "nextPageToken" not in last
    assert states(here) == ["PAUSED"] * 5


def test_an_empty_filter_means_all_of_the_folder_and_no_other(here: Steering) -> None:
    here.timer(NEVER)
    elsewhere = create(here.triggers, f"{here.folder}x", rule=OTHER)["id"]
    assert change(here, "Delete", filter={})["changed"] == "1"
    assert states(here) == []
    assert here.triggers.call("Get", {"triggerId": elsewhere})["id"] == elsewhere


def test_the_same_call_with_its_key_again_makes_no_second_operation(here: Steering) -> None:
    first, second = here.timer(NEVER), here.timer(NEVER)
    path = f"/tocsin/v1/folders/{here.folder}/triggers:pause"
    body = json.dumps({"selection": {"triggerIds": [first, second]}}).encode()
    key = {"Idempotency-Key": f"pause-{here.folder}"}
    address = here.server.http_address
    answers = [send(address, "POST", path, body, key).json["changes"] for _ in range(2)]
    assert answers[0]["operationIds"] == answers[1]["operationIds"]
    assert len(set(answers[0]["operationIds"])) == 2
    assert len(operations(here, first)) == 2


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({}, "selection"),
        ({"triggerIds": ["x"], "filter": {}}, "selection"),
        ({"triggerIds": ["x"], "pageToken": "t"}, "selection.page_token"),
        ({"triggerIds": ["x"] * 1001}, "selection.trigger_ids"),
        ({"filter": {}, "limit": 1001}, "selection.limit"),
        ({"filter": {"kinds": ["clock"]}}, "selection.filter.kinds"),
        ({"filter": {}, "pageToken": "t"}, "page_token"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(
    here: Steering, selection: Json, field: str
) -> None:
    here.timer(NEVER)
    error = refused(here, "Pause", **selection)
    assert (error.code, list(error.fields)) == ("INVALID_ARGUMENT", [field])
    assert states(here) == ["ACTIVE"]
