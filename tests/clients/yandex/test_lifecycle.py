"""What users of the vendor's SDKs do with triggers, each by its own SDK, over TLS."""

import pytest

from clients.yandex.sdk import SDKS, Json, Sdk, new_folder
from clients.yandex.servers import Served

Seen = dict[str, Json]


@pytest.fixture(scope="module", params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return SDKS[request.param]()


@pytest.fixture(scope="module")
def seen(sdk: Sdk, open_server: Served) -> Seen:
    """All that the SDK's program saw of the eight methods, each waited for as the SDK waits."""
    return sdk.play("lifecycle", open_server.tls, new_folder(), open_server.ca)


@pytest.fixture(scope="module")
def refusals(sdk: Sdk, open_server: Served) -> Seen:
    return sdk.play("refusals", open_server.tls, new_folder(), open_server.ca)


def test_a_trigger_is_created_and_its_operation_tells_of_it(seen: Seen) -> None:
    trigger = seen["create"]["trigger"]
    assert trigger["id"] == seen["create"]["metadata"]
    assert trigger["name"] == "nightly"
    assert trigger["description"] == "made"
    assert trigger["labels"] == {"team": "night"}
    assert trigger["status"] == "ACTIVE"
    assert trigger["cron"] == "0 3 * * ? *"
    assert trigger["function"] == "d4efunction"


def test_a_question_mark_is_taken_in_either_day_field(seen: Seen) -> None:
    assert seen["create"]["trigger"]["cron"] == "0 3 * * ? *"
    assert seen["create another"]["trigger"]["cron"] == "0 * ? * * *"


def test_it_is_read_as_it_was_created(seen: Seen) -> None:
    assert seen["get"]["trigger"] == seen["create"]["trigger"]


def test_it_is_found_by_its_name(seen: Seen) -> None:
    assert seen["list by name"]["ids"] == [seen["create"]["metadata"]]


def test_pages_lead_through_all_of_a_folder(seen: Seen) -> None:
    assert sorted(seen["list by pages"]["names"]) == ["hourly", "nightly"]


def test_an_update_changes_what_its_mask_names_and_nothing_else(seen: Seen) -> None:
    assert seen["update"]["metadata"] == seen["create"]["metadata"]
    assert seen["update"]["trigger"] == {**seen["create"]["trigger"], "description": "changed"}


def test_it_is_paused_and_resumed(seen: Seen) -> None:
    assert seen["pause"]["trigger"] == {**seen["update"]["trigger"], "status": "PAUSED"}
    assert seen["resume"]["trigger"] == seen["update"]["trigger"]
    assert seen["pause"]["metadata"] == seen["resume"]["metadata"] == seen["create"]["metadata"]


def test_each_operation_of_a_trigger_carries_its_methods_own_metadata(seen: Seen) -> None:
    of_method = "yandex.cloud.serverless.triggers.v1.{}TriggerMetadata".format
    expected = [of_method(method) for method in ("Resume", "Pause", "Update", "Create")]
    assert seen["list operations"]["metadata"] == expected


def test_a_call_repeated_with_its_idempotency_key_is_one_operation(seen: Seen) -> None:
    first, second = seen["create twice"]["operations"]
    assert first
    assert first == second


def test_it_is_deleted(seen: Seen) -> None:
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        ("taken name", "ALREADY_EXISTS", "taken already exists"),
        ("no folder", "INVALID_ARGUMENT", "folder_id"),
        ("no rule", "INVALID_ARGUMENT", "rule"),
        ("bad cron", "INVALID_ARGUMENT", "rule.timer.cron_expression"),
        ("unknown path", "INVALID_ARGUMENT", "nothing_of_that_name"),
        ("get what is not there", "NOT_FOUND", "a1s00000000000000non not found"),
        ("update what is not there", "NOT_FOUND", "a1s00000000000000non not found"),
        ("delete what is not there", "NOT_FOUND", "a1s00000000000000non not found"),
        ("pause what is not there", "NOT_FOUND", "a1s00000000000000non not found"),
        ("resume what is not there", "NOT_FOUND", "a1s00000000000000non not found"),
    ],
)
def test_a_refusal_is_the_clients_own_error_with_code_and_words(
    refusals: Seen, step: str, code: str, told: str
) -> None:
    assert refusals["taken for the first time"]["code"] == "OK"
    assert refusals[step]["code"] == code
    assert told in refusals[step]["message"]


def test_a_refusal_has_a_request_id_for_the_one_who_looks_into_the_log(
    open_server: Served, folder: str
) -> None:
    refused = SDKS["python"]().play("refusals", open_server.tls, folder, open_server.ca)
    request_id = refused["bad cron"]["request_id"]
    assert request_id
    assert request_id != refused["no rule"]["request_id"]
