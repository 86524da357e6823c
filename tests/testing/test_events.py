"""The fixture `tocsin`: events, files, scheduled integrations, and the ports."""

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest

from tocsin.testing import Delivery, Tocsin, TocsinError

UPLOADS = {
    "object_storage": {
        "bucket_id": "photos",
        "prefix": "in/",
        "event_type": ["CREATE_OBJECT"],
        "batch_settings": {"size": 10, "cutoff": "5s"},
    }
}


def uploaded(key: str) -> dict[str, str]:
    return {"change": "CREATE", "bucket_id": "photos", "object_id": key}


def test_events_reach_the_function_as_their_batch_is_due(tocsin: Tocsin) -> None:
    seen: list[Any] = []
    tocsin.create_trigger(UPLOADS, function=seen.append)
    assert tocsin.publish(object_storage=uploaded("in/a.jpg")).accepted == 1
    assert tocsin.publish(object_storage=uploaded("out/a.jpg")).filtered == 1
    assert tocsin.publish(id="1", object_storage=uploaded("in/b.jpg")).accepted == 1
    assert tocsin.publish(id="1", object_storage=uploaded("in/b.jpg")).repeated == 1
    assert tocsin.deliveries == []
    tocsin.advance(seconds=5)
    objects = [{"bucket_id": "photos", "object_id": f"in/{name}.jpg"} for name in "ab"]
    assert tocsin.deliveries == [Delivery("2026-01-01T00:00:05Z", objects)]
    assert seen == [tocsin.deliveries[0].event]


def test_a_failed_batch_is_repeated(tocsin: Tocsin) -> None:
    def fails(event: Any) -> None:
        raise ValueError("broken")

    tocsin.create_trigger(UPLOADS, function=fails, retries=1)
    tocsin.publish(object_storage=uploaded("in/a.jpg"))
    tocsin.advance(minutes=1)
    assert [each.attempt for each in tocsin.deliveries if each.error] == [1, 2]


def test_what_an_event_carries_may_be_bytes(tocsin: Tocsin) -> None:
    rule = {"iot_message": {"registry_id": "r", "mqtt_topic": "temperature"}}
    tocsin.create_trigger(rule, function="thermostat")
    tocsin.publish(
        iot_message={"registry_id": "r", "mqtt_topic": "temperature", "payload": b"21.5"}
    )
    tocsin.advance(minutes=1)
    (delivery,) = tocsin.deliveries
    assert delivery.payload[0]["payload"] == "MjEuNQ=="


def test_a_file_says_what_is_created_and_python_what_it_calls(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    file = tmp_path / "nightly.yaml"
    file.write_text(
        "name: nightly\nfolderId: another\nrule:\n  timer:\n    cronExpression: 0 3 * * ? *\n"
        "    invokeFunction: {functionId: d4e00000000000000001}\n"
    )
    tocsin.function(lambda _: "done", id="d4e00000000000000001")
    tocsin.create_trigger(file)
    tocsin.advance(days=1)
    (delivery,) = tocsin.deliveries
    assert delivery == Delivery("2026-01-01T03:00Z", function="d4e00000000000000001")
    assert delivery.answer == "done"


def test_a_wrong_file_is_refused_by_its_line(tocsin: Tocsin, tmp_path: Path) -> None:
    file = tmp_path / "nightly.yaml"
    file.write_text("name: nightly\nrule:\n  timer:\n    cron: 0 3 * * ? *\n")
    with pytest.raises(TocsinError, match=r"nightly\.yaml:4: .*cron"):
        tocsin.create_trigger(file)
    with pytest.raises(TocsinError, match="No such file"):
        tocsin.create_trigger(tmp_path / "absent.yaml")


@pytest.mark.parametrize("rule", [{}, {"timer": {}, "mail": {}}], ids=["none", "two"])
def test_a_rule_that_is_not_of_one_kind_is_refused(tocsin: Tocsin, rule: Any) -> None:
    with pytest.raises(ValueError, match="a rule has one kind"):
        tocsin.create_trigger(rule, function="f")


def test_a_rule_with_an_unknown_field_is_refused(tocsin: Tocsin) -> None:
    with pytest.raises(TocsinError, match=r"INVALID_ARGUMENT: .*colour"):
        tocsin.create_trigger({"timer": {"colour": "red"}}, function="f")


def test_integrations_run_when_they_are_scheduled(tocsin: Tocsin) -> None:
    parameters = {"since": "monday", "rows": 5, "all": True, "tags": ["a"], "more": {"x": [1]}}
    tocsin.schedule("load", parameters, function=lambda _: {"loaded": 5})
    execution = tocsin.schedule("send", {"ratio": 0.5}, at="2026-01-02T09:00Z")
    assert len(tocsin.deliveries) == 1
    tocsin.advance(days=2)
    first, second = tocsin.deliveries
    assert first == Delivery("2026-01-01T00:00Z", parameters, function="load")
    assert first.answer == {"loaded": 5}
    assert second == Delivery("2026-01-02T09:00Z", {"ratio": 0.5}, function="send")
    assert second.event["executionId"] == execution


def test_any_client_may_use_the_ports(tocsin: Tocsin) -> None:
    tocsin.create_timer("0 9 * * ? *", name="nightly")
    before = tocsin.grpc
    with urlopen(f"http://{tocsin.rest}/triggers/v1/triggers?folderId={tocsin.folder}") as answer:
        assert [each["name"] for each in json.load(answer)["triggers"]] == ["nightly"]
    assert tocsin.grpc == before
    with grpc.insecure_channel(tocsin.grpc) as channel:
        grpc.channel_ready_future(channel).result(10)
    tocsin.advance(days=1)
    assert len(tocsin.deliveries) == 1


def test_any_method_can_be_called_by_its_name(tocsin: Tocsin) -> None:
    tocsin.create_timer("0 9 * * ? *")
    tocsin.advance(days=1)
    listed = tocsin.call("tocsin.v1.InvocationService/List", {"folder_id": tocsin.folder})
    assert [each["state"] for each in listed["invocations"]] == ["STATE_SUCCEEDED"]
    with pytest.raises(TocsinError, match=r"tocsin\.v1\.ClockService/Stop"):
        tocsin.call("tocsin.v1.ClockService/Stop")
