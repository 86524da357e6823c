"""Rules that could never fire as they are written, and queues that would feed two triggers."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand.apis.rules import LEAST
from stand.apis.triggers import CRON, RestApi, TriggerApi, changed, create
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

UNSPECIFIED = "_EVENT_TYPE_UNSPECIFIED"
NEGATIVE = "Value must be at least 0s, but was -1s"


def least(kind: str, **fields: Any) -> Json:
    return {"rule": {kind: {**LEAST[kind], **fields}}}


NO_CONTROL = "must not hold control characters"
BAD_FOLDERS = ("b1g\n", "\x1b[31m", "b1g\x7f", "\x9bm")


@pytest.mark.parametrize("bad", BAD_FOLDERS)
def test_the_name_of_a_folder_holds_no_control_characters(api: TriggerApi, bad: str) -> None:
    with pytest.raises(Refused) as refused:
        create(api, bad)
    assert refused.value.fields == {"folder_id": NO_CONTROL}


BAD: dict[str, tuple[Json, dict[str, str]]] = {
    "time that runs forward, to wait for a batch": (
        least("messageQueue", batchSettings={"cutoff": "-1s"}),
        {"rule.message_queue.batch_settings.cutoff": NEGATIVE},
    ),
    "time that runs forward, to hide a message": (
        least("messageQueue", visibilityTimeout="-0.000000001s"),
        {"rule.message_queue.visibility_timeout": "at least 0s, but was -0.000000001s"},
    ),
    "time that runs forward, for devices": (
        least("iotMessage", batchSettings={"cutoff": "-1s"}),
        {"rule.iot_message.batch_settings.cutoff": NEGATIVE},
    ),
    "time that runs forward, for brokers": (
        least("iotBrokerMessage", batchSettings={"cutoff": "-1s"}),
        {"rule.iot_broker_message.batch_settings.cutoff": NEGATIVE},
    ),
    "time that runs forward, for mail": (
        least("mail", batchSettings={"cutoff": "-1s"}),
        {"rule.mail.batch_settings.cutoff": NEGATIVE},
    ),
    "a type of each event of objects": (
        least(
            "objectStorage",
            eventType=["OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT", f"OBJECT_STORAGE{UNSPECIFIED}"],
        ),
        {"rule.object_storage.event_type[1]": "not OBJECT_STORAGE_EVENT_TYPE_UNSPECIFIED"},
    ),
    "a type of each event of images": (
        least("containerRegistry", eventType=[f"CONTAINER_REGISTRY{UNSPECIFIED}"]),
        {"rule.container_registry.event_type[0]": "not CONTAINER_REGISTRY_EVENT_TYPE_UNSPECIFIED"},
    ),
    "a log group": (
        least("cloudLogs", logGroupId=[]),
        {"rule.cloud_logs.log_group_id": "Field is required"},
    ),
    "log groups with names": (
        least("cloudLogs", logGroupId=["g", ""]),
        {"rule.cloud_logs.log_group_id[1]": "must not be empty"},
    ),
    "a topic that feeds triggers": (
        least("iotMessage", mqttTopic="$monitoring/are0/json"),
        {"rule.iot_message.mqtt_topic": "topics below $monitoring can't feed a trigger"},
    ),
    "a topic of a broker that feeds triggers": (
        least("iotBrokerMessage", mqttTopic="$monitoring/#"),
        {"rule.iot_broker_message.mqtt_topic": "topics below $monitoring"},
    ),
    "a device's own id in a topic": (
        least("iotMessage", mqttTopic="$registries/+/events"),
        {"rule.iot_message.mqtt_topic": "`+` can't stand for the id that follows $registries"},
    ),
    "a misfire policy that exists": (
        {"labels": {"tocsin/misfire": "later"}, **least("timer")},
        {"labels[tocsin/misfire]": "must be one of fire_once, skip, fire_all, but was 'later'"},
    ),
    "a misfire policy that exists, without ticks too": (
        {"labels": {"tocsin/misfire": ""}, **least("mail")},
        {"labels[tocsin/misfire]": "must be one of"},
    ),
}


def test_a_trigger_that_its_clients_could_not_read_is_refused(
    grpc_api: TriggerApi, folder: str
) -> None:
    with pytest.raises(Refused) as refused:
        create(grpc_api, folder, **least("objectStorage", prefix="x" * 3 * 2**20))
    assert "a trigger must have at most 3145728 bytes, not 31457" in refused.value.fields["rule"]
    # Two that are just small enough are on two pages.
    for _ in range(2):
        create(grpc_api, folder, **least("objectStorage", prefix="x" * (3 * 2**20 - 500)))
    first = grpc_api.call("List", {"folderId": folder})
    assert len(first["triggers"]) == 1
    assert first["nextPageToken"]


@pytest.mark.parametrize("needed", BAD)
def test_a_trigger_needs(api: TriggerApi, folder: str, needed: str) -> None:
    sent, blamed = BAD[needed]
    with pytest.raises(Refused) as refused:
        api.call("Create", {"folderId": folder, **sent})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == list(blamed)
    for field, description in blamed.items():
        assert description in refused.value.fields[field]
    assert not api.call("List", {"folderId": folder}).get("triggers")


@pytest.mark.parametrize("needed", BAD)
def test_an_update_needs_the_same(api: TriggerApi, folder: str, needed: str) -> None:
    sent, blamed = BAD[needed]
    [kind] = sent["rule"]
    before = create(api, folder, rule={kind: LEAST[kind]})
    for mask in ("*", ",".join(sent)):
        with pytest.raises(Refused) as refused:
            api.call("Update", {"triggerId": before["id"], "updateMask": mask, **sent})
        assert list(refused.value.fields) == list(blamed)
    assert api.call("Get", {"triggerId": before["id"]}) == before


NEVER = [
    ("0 0 30 2 ? *", "the timer never fires: no date fits '0 0 30 2 ? *'"),
    ("0 0 31 4,6,9,11 ? *", "the timer never fires: no date fits '0 0 31 4,6,9,11 ? *'"),
    ("0 12 29 2 ? 2021-2023", "the timer never fires: no date fits '0 12 29 2 ? 2021-2023'"),
    (
        "0 0 1 1 ? 2020",
        "the timer never fires again: the last date of '0 0 1 1 ? 2020' was 2020-01-01T00:00:00Z",
    ),
]


@pytest.mark.parametrize(("cron", "said"), NEVER)
def test_a_timer_that_never_fires_is_taken_and_its_intake_says_so(
    api: TriggerApi, server: Tocsin, folder: str, cron: str, said: str
) -> None:
    tocsin = RestApi(server.http_address)
    rule = {"timer": {**LEAST["timer"], "cronExpression": cron}}
    trigger = create(api, folder, rule=rule)
    assert warnings(tocsin, trigger) == [said]
    rule["timer"]["cronExpression"] = CRON
    changed(api, "Update", {"triggerId": trigger["id"], "rule": rule, "updateMask": "rule"})
    assert warnings(tocsin, trigger) == []


def warnings(tocsin: RestApi, trigger: Json) -> list[str]:
    answer = tocsin.send("GET", f"/tocsin/v1/triggers/{trigger['id']}/intake")
    found: list[str] = answer.json["warnings"]
    return found


def test_a_timer_that_never_fires_has_one_line_in_the_log(tmp_path: Path) -> None:
    with serving(tmp_path, "", "--log-format", "json") as server:
        api = RestApi(server.http_address)
        for cron in (CRON, NEVER[0][0]):
            rule = {"timer": {**LEAST["timer"], "cronExpression": cron}}
            trigger = create(api, "b1g0", rule=rule)
        changed(api, "Update", {"triggerId": trigger["id"], "name": "abc", "updateMask": "name"})
    lines = [line for line in server.log.read_text().splitlines() if "never fires" in line]
    assert [json.loads(line)["trigger_id"] for line in lines] == [trigger["id"]]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tocsin]:
    config = """
        [sources.message_queue]
        endpoint = "http://127.0.0.1:1"
        urls = { other = "http://127.0.0.1:2/000000000000/in" }
        folders = ["*"]
        folders_of = { bound = ["b1g7"] }
    """
    with serving(tmp_path_factory.mktemp("strict"), config) as server:
        yield server


def queue(queue_id: str) -> Json:
    return least("messageQueue", queueId=queue_id)["rule"]


def refused_queue(api: RestApi, method: str, request: Json) -> Refused:
    with pytest.raises(Refused) as refused:
        api.call(method, request)
    assert refused.value.code == "FAILED_PRECONDITION"
    return refused.value


def test_a_queue_feeds_one_trigger_whatever_its_folder(strict: Tocsin) -> None:
    api = RestApi(strict.http_address)
    first = create(api, "b1g1", rule=queue("in-one"))
    error = refused_queue(api, "Create", {"folderId": "b1g2", "rule": queue("in-one")})
    assert "Queue in-one feeds a trigger already" in error.message
    assert first["id"] not in json.dumps(error.details) + error.message
    assert not api.call("List", {"folderId": "b1g2"}).get("triggers")
    # The paused one keeps its queue; the deleted one leaves it.
    api.call("Pause", {"triggerId": first["id"]})
    refused_queue(api, "Create", {"folderId": "b1g2", "rule": queue("in-one")})
    api.call("Delete", {"triggerId": first["id"]})
    create(api, "b1g2", rule=queue("in-one"))


def test_several_ids_of_one_queue_are_one_queue(strict: Tocsin) -> None:
    api = RestApi(strict.http_address)
    create(api, "b1g3", rule=queue("yrn:yc:ymq:ru-central1:b1g3:in"))
    refused_queue(api, "Create", {"folderId": "b1g3", "rule": queue("in")})
    # The settings say that this one is elsewhere, though its name is the same.
    create(api, "b1g3", rule=queue("other"))


def test_a_rule_that_may_not_read_a_queue_keeps_it_from_nobody(strict: Tocsin) -> None:
    api = RestApi(strict.http_address)
    create(api, "b1g8", rule=queue("bound"))
    trigger = create(api, "b1g7", rule=queue("bound"))
    assert warnings(api, trigger) == []
    create(api, "b1g8", rule=queue("x:bound"))
    refused_queue(api, "Create", {"folderId": "b1g7", "rule": queue("bound")})


def test_a_change_of_queue_is_refused_where_another_trigger_has_the_queue(strict: Tocsin) -> None:
    api = RestApi(strict.http_address)
    create(api, "b1g4", rule=queue("taken"))
    mine = create(api, "b1g4", rule=queue("mine"))
    change = {"triggerId": mine["id"], "rule": queue("taken")}
    for mask in ("rule", "rule.messageQueue.queueId", ""):
        refused_queue(api, "Update", {**change, "updateMask": mask})
    assert api.call("Get", {"triggerId": mine["id"]}) == mine
    changed(api, "Update", {"triggerId": mine["id"], "rule": queue("mine"), "updateMask": "rule"})
    changed(api, "Update", {"triggerId": mine["id"], "rule": queue("new"), "updateMask": "rule"})
    create(api, "b1g4", rule=queue("mine"))


def test_a_pair_that_is_stored_runs_on_with_a_warning(tmp_path: Path) -> None:
    shared = "[sources.message_queue]\nshared = true\n"
    with serving(tmp_path, shared) as server:
        api = RestApi(server.http_address)
        pair = [create(api, "b1g5", name=name, rule=queue("both")) for name in ("one", "two")]
        assert warnings(api, pair[0]) == []
    with serving(tmp_path) as server:
        api = RestApi(server.http_address)
        said = "another trigger reads queue both, too: each message goes to one of them"
        assert warnings(api, pair[0]) == [said]
        intakes = api.send("GET", "/tocsin/v1/intakes?folderId=b1g5").json["intakes"]
        assert [each["warnings"] for each in intakes] == [[said], [said]]
        # What does not change the queue may be changed.
        renamed = {"triggerId": pair[0]["id"], "name": "renamed", "rule": queue("both")}
        changed(api, "Update", renamed)
        refused_queue(api, "Create", {"folderId": "b1g5", "rule": queue("both")})
        api.call("Delete", {"triggerId": pair[1]["id"]})
        assert warnings(api, pair[0]) == []


def test_a_rule_that_an_older_version_took_can_be_renamed(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        api = RestApi(server.http_address)
        trigger = create(api, "b1g6", rule={"cloudLogs": LEAST["cloudLogs"]})
    with sqlite3.connect(tmp_path / "tocsin.db") as database:
        [(stored,)] = database.execute("SELECT message FROM triggers").fetchall()
        older = Trigger.FromString(stored)
        older.rule.cloud_logs.ClearField("log_group_id")
        database.execute("UPDATE triggers SET message = ?", (older.SerializeToString(),))
    with serving(tmp_path) as server:
        api = RestApi(server.http_address)
        renamed = {"triggerId": trigger["id"], "name": "renamed", "updateMask": "name"}
        assert changed(api, "Update", renamed)["name"] == "renamed"
        with pytest.raises(Refused, match="log_group_id"):
            api.call("Update", {**renamed, "updateMask": "rule.cloudLogs.batchSettings.size"})
