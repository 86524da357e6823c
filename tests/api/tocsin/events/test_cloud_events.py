"""CloudEvents in JSON: which events they become, and which of them are refused."""

import json
from typing import Any

import pytest

from tocsin.api.tocsin.events.cloud_events import STRUCTURED, cloud_events
from tocsin.wire.errors import ApiError

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "tocsin.v1.billing_budget",
    "source": "/billing",
    "id": "one",
    "data": {"billing_account_id": "a", "budget_id": "bud", "amount": 7},
}


def test_a_cloud_event_becomes_an_event_of_its_type() -> None:
    [found] = cloud_events(f"{STRUCTURED}; charset=utf-8", json.dumps(EVENT).encode(), {})
    assert found.path == "event"
    assert found.key == "/billing one"
    assert found.message.id == "one"
    assert found.message.billing_budget.amount == 7


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "com.example.other"}, "event.type"),
        ({"type": "billing_budget"}, "event.type"),
        ({"id": ""}, "event.id"),
        ({"specversion": "0.3"}, "event.specversion"),
        ({"data": {"no_such_field": 1}}, "event.data"),
        ({"data": {"budget_id": "b"}}, "event.billing_budget.billing_account_id"),
        ({"time": "yesterday"}, "event.data"),
        ({"source": "half a character: \ud800"}, "event"),
        ({"data": json.loads("[" * 101 + "]" * 101)}, "event"),
    ],
)
def test_a_cloud_event_that_is_wrong_is_refused_by_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ApiError) as refused:
        cloud_events(STRUCTURED, json.dumps(EVENT | changes).encode(), {})
    assert field in [each.field for each in refused.value.violations]
