"""Fields are read by their paths, which the descriptors have to know."""

import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from tocsin.contract import ContractError
from tocsin.contract.fields import count_at, texts_at, texts_named
from tocsin_protos.tocsin.v1 import firing_service_pb2
from tocsin_protos.yandex.cloud.logging.v1 import log_ingestion_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

PREVIEW = firing_service_pb2.PreviewRequest
WRITE = log_ingestion_service_pb2.WriteRequest
EXPORT = logs_service_pb2.ExportLogsServiceRequest
UPDATE = trigger_service_pb2.UpdateTriggerRequest


def test_a_field_a_list_and_a_field_within_are_read() -> None:
    request = PREVIEW(folder_id="f", trigger_ids=["a", "b"])
    assert texts_at(PREVIEW.DESCRIPTOR, "folder_id")(request) == ["f"]
    assert texts_at(PREVIEW.DESCRIPTOR, "trigger_ids")(request) == ["a", "b"]
    assert texts_at(PREVIEW.DESCRIPTOR, "folder_id")(PREVIEW()) == []
    within = texts_at(WRITE.DESCRIPTOR, "destination.folder_id")
    assert within(WRITE(destination={"folder_id": "f"})) == ["f"]
    assert within(WRITE()) == []


def test_a_path_that_there_is_not_is_a_contracts_error() -> None:
    for path in ("folder", "folder_id.more", "page_size"):
        with pytest.raises(ContractError, match=path):
            texts_at(PREVIEW.DESCRIPTOR, path)
    with pytest.raises(ContractError, match="folder_id"):
        count_at(PREVIEW.DESCRIPTOR, "folder_id")


def test_the_elements_of_lists_in_lists_are_counted() -> None:
    records = [{}, {}, {}]
    request = EXPORT(
        resource_logs=[
            {"scope_logs": [{"log_records": records}, {"log_records": records[:1]}]},
            {"scope_logs": [{"log_records": records[:2]}]},
            {},
        ]
    )
    path = "resource_logs.scope_logs.log_records"
    assert count_at(EXPORT.DESCRIPTOR, path)(request) == 6


def test_all_fields_of_a_name_are_found_wherever_they_are() -> None:
    find = texts_named(UPDATE.DESCRIPTOR, "service_account_id")
    dead_letter = {"queue_id": "q", "service_account_id": "second"}
    function = {"service_account_id": "first", "dead_letter_queue": dead_letter}
    request = UPDATE(rule={"timer": {"invoke_function_with_retry": function}})
    assert find(request) == ["first", "second"]
    queue = {"service_account_id": "reader", "invoke_container": {"service_account_id": "caller"}}
    assert sorted(find(UPDATE(rule={"message_queue": queue}))) == ["caller", "reader"]
    assert find(UPDATE()) == []
