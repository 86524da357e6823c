"""Events of `tocsin.v1` that are wrong are refused by their field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format

from tocsin.api.tocsin.events.message import incoming_of
from tocsin.wire.errors import ApiError
from tocsin_protos.tocsin.v1.event_service_pb2 import SourceEvent

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "field", "told"),
    [
        ({}, "events[0]", "must have one of"),
        (
            {"billing_budget": {"billing_account_id": "a", "threshold_type": "share"}},
            "events[0].billing_budget.threshold_type",
            "must be one of amount, percent",
        ),
        (
            {"object_storage": {"bucket_id": "b", "object_id": "k"}},
            "events[0].object_storage.change",
            "must be one of CREATE_OBJECT",
        ),
        (
            {"data_stream": {"stream": "s", "data": "hello"}},
            "events[0].data_stream.data",
            "is not JSON",
        ),
        (
            {"id": "x" * 257, "billing_budget": {"billing_account_id": "a"}},
            "events[0].id",
            "at most 256",
        ),
    ],
)
def test_an_event_that_is_wrong_is_refused_by_its_field(
    event: dict[str, Any], field: str, told: str
) -> None:
    message = json_format.ParseDict(event, SourceEvent())
    with pytest.raises(ApiError) as refused:
        incoming_of(message, "events[0]", NOW)
    [violation] = refused.value.violations
    assert violation.field == field
    assert told in violation.description
