"""`tocsin.v1.FolderService`: folders and rows of triggers, over REST, on both stores."""

import uuid
from collections.abc import Callable

import pytest

from stand.apis.steering import NEVER, Steering
from stand.apis.tocsin import pages
from stand.apis.triggers import create
from stand.apis.wire import Json, Refused

QUEUE = {
    "messageQueue": {
        "queueId": "yrn:yc:ymq:ru-central1:b1g1:orders",
        "serviceAccountId": "a",
        "batchSettings": {"size": "10", "cutoff": "10s"},
        "invokeFunction": {"functionId": "f"},
    }
}
OBJECTS = {
    "objectStorage": {
        "eventType": ["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT"],
        "bucketId": "photos",
        "batchSettings": {"size": "1", "cutoff": "1s"},
        "invokeFunction": {"functionId": "f"},
    }
}


def rows(it: Steering, **asked: object) -> list[Json]:
    """Returns all rows of the folder's table, page by page."""
    asked = {"folderId": it.folder, **asked}
    return [
        row
        for page in pages(it.api, "FolderService.ListTriggers", "triggers", asked)
        for row in page
    ]


def names(it: Steering, **asked: object) -> list[str]:
    return [row.get("name", "") for row in rows(it, **asked)]


def eventually(look: Callable[[], Json], enough: Callable[[Json], bool]) -> Json:
    for _ in range(2000):
        if enough(found := look()):
            return found
    raise AssertionError(found)


def refusal(it: Steering, **asked: object) -> Refused:
    with pytest.raises(Refused) as caught:
        it.api.call("FolderService.ListTriggers", {"folderId": it.folder, **asked})
    return caught.value


def folders(it: Steering, **asked: object) -> list[Json]:
    return [
        each
        for page in pages(it.api, "FolderService.ListFolders", "folders", asked)
        for each in page
    ]


def test_a_row_says_what_a_timer_is_and_when_it_fires_next(here: Steering) -> None:
    labels = {"team": "billing"}
    trigger = here.timer("0 9 ? * MON-FRI *", name="nightly", description="Sends", labels=labels)
    [row] = rows(here)
    assert row.pop("createdAt")
    assert row.pop("nextFire").endswith("T09:00:00Z")
    assert row == {
        "id": trigger,
        "name": "nightly",
        "kind": "timer",
        "state": "STATE_ACTIVE",
        "description": "Sends",
        "labels": labels,
        "cronExpression": "0 9 ? * MON-FRI *",
        "timeZone": "UTC",
        "targets": [f"function/{here.folder}"],
    }


def test_a_paused_timer_has_no_next_fire(here: Steering) -> None:
    trigger = here.timer("* * * * ? *")
    here.change("Pause", trigger)
    [row] = rows(here)
    assert row["state"] == "STATE_PAUSED"
    assert "nextFire" not in row


def test_a_row_shows_the_latest_invocation_with_its_error(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER)
    here.api.call("FiringService.FireTrigger", {"triggerId": trigger})

    def last() -> Json:
        shown: Json = rows(here)[0].get("last", {})
        return shown

    failed = eventually(last, lambda found: found.get("state") == "STATE_FAILED")
    assert "500" in failed["lastError"]
    assert failed["attemptCount"] == 1
    assert {"scheduledAt", "startedAt", "finishedAt"} <= failed.keys()
    here.answer(200)
    again = here.api.call("FiringService.FireTrigger", {"triggerId": trigger})
    done = eventually(last, lambda found: found.get("state") == "STATE_SUCCEEDED")
    assert done["id"] == again["invocations"][0]["id"]
    assert "lastError" not in done


def test_words_are_found_in_any_text_whatever_their_case(here: Steering) -> None:
    first = here.timer(NEVER, name="orders-nightly", description="Заказы за день")
    here.timer(NEVER, name="invoices", labels={"team": "orders", "tier": "gold"})
    here.timer(NEVER, name="reports")
    assert names(here, filter={"text": "ORDERS"}) == ["orders-nightly", "invoices"]
    assert names(here, filter={"text": "заказЫ"}) == ["orders-nightly"]
    assert names(here, filter={"text": "gold orders"}) == ["invoices"]
    assert names(here, filter={"text": first.upper()}) == ["orders-nightly"]
    # What only the rule says is no text of the trigger.
    assert names(here, filter={"text": "2099"}) == []


def test_kinds_and_states_narrow(here: Steering) -> None:
    here.timer(NEVER, name="tick")
    here.change("Pause", here.timer(NEVER, name="paused"))
    create(here.triggers, here.folder, name="objects", rule=OBJECTS)
    assert names(here, filter={"kinds": ["timer"]}) == ["tick", "paused"]
    assert names(here, filter={"kinds": ["timer", "object_storage"]}) == [
        *("tick", "paused", "objects")
    ]
    assert names(here, filter={"state": "STATE_PAUSED"}) == ["paused"]
    assert names(here, filter={"state": "STATE_ACTIVE", "kinds": ["object_storage"]}) == ["objects"]


def test_the_state_of_the_latest_invocation_narrows(here: Steering) -> None:
    here.answer(500)
    trigger = here.timer(NEVER, name="failing")
    here.timer(NEVER, name="never-fired")
    here.api.call("FiringService.FireTrigger", {"triggerId": trigger})
    failed = {"filter": {"lastStates": ["STATE_FAILED"]}}
    found = eventually(lambda: {"names": names(here, **failed)}, lambda found: bool(found["names"]))
    assert found == {"names": ["failing"]}
    here.answer(200)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_orders_hold_over_pages(here: Steering, size: int) -> None:
    for name, cron in (("b", "0 2 1 1 ? 2098"), ("", NEVER), ("a", "0 1 1 1 ? 2098"), ("", NEVER)):
        here.timer(cron, **({"name": f"{name}-timer"} if name else {}))
    here.change("Pause", here.timer(NEVER, name="c-paused"))

    def listed(order: str) -> list[str]:
        return names(here, orderBy=order, pageSize=size)

    assert listed("id") == listed("") == ["b-timer", "", "a-timer", "", "c-paused"]
    assert listed("id desc") == ["c-paused", "", "a-timer", "", "b-timer"]
    assert listed("name") == ["a-timer", "b-timer", "c-paused", "", ""]
    assert listed("name desc") == ["c-paused", "b-timer", "a-timer", "", ""]
    assert listed("next_fire") == ["a-timer", "b-timer", "", "", "c-paused"]
    assert listed("next_fire desc") == ["", "", "b-timer", "a-timer", "c-paused"]


def test_other_folders_timers_do_not_come_into_an_order_by_tick(here: Steering) -> None:
    mine = here.timer(NEVER)
    create(
        here.triggers,
        f"{here.folder}x",
        rule={"timer": {"cronExpression": NEVER, "invokeFunction": {"functionId": "f"}}},
    )
    assert [row["id"] for row in rows(here, orderBy="next_fire", pageSize=1)] == [mine]


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"orderBy": "labels"}, "order_by", "next_fire"),
        ({"orderBy": "name down"}, "order_by", "desc"),
        ({"filter": {"kinds": ["tmier"]}}, "filter.kinds", "message_queue"),
        ({"filter": {"text": "x" * 257}}, "filter.text", "256"),
        ({"pageSize": 1001}, "page_size", "1000"),
    ],
)
def test_what_is_wrong_is_named(here: Steering, asked: Json, field: str, said: str) -> None:
    error = refusal(here, **asked)
    assert (error.code, list(error.fields)) == ("INVALID_ARGUMENT", [field])
    assert said in error.message


def test_folders_are_found_with_their_counts(here: Steering) -> None:
    for _ in range(2):
        here.timer(NEVER)
    here.change("Pause", here.timer(NEVER))
    other = f"{here.folder}x"
    create(here.triggers, other, rule=OBJECTS)
    assert folders(here, prefix=here.folder, pageSize=1) == [
        {
            "id": here.folder,
            "triggers": {"count": "3"},
            "activeTriggers": {"count": "2"},
            "pausedTriggers": {"count": "1"},
        },
        {
            "id": other,
            "triggers": {"count": "1"},
            "activeTriggers": {"count": "1"},
            "pausedTriggers": {},
        },
    ]
    assert {here.folder, other} <= {each["id"] for each in folders(here)}


def test_more_folders_than_are_stepped_over_at_once_are_all_found(here: Steering) -> None:
    prefix = f"b2g{uuid.uuid4().hex[:10]}"
    made = [f"{prefix}{number:03}" for number in range(70)]
    for each in made:
        create(here.triggers, each, rule=OBJECTS)
    assert [each["id"] for each in folders(here, prefix=prefix)] == made
    assert [each["id"] for each in folders(here, prefix=prefix, pageSize=33)] == made


def test_a_folder_whose_last_trigger_is_deleted_is_gone(here: Steering) -> None:
    here.delete(here.timer(NEVER))
    assert folders(here, prefix=here.folder) == []
    assert rows(here) == []
