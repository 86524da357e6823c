"""CloudEvents in JSON: which events they become, and which of them are refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.api.tocsin.events.cloud_events import STRUCTURED, Unreadable, contents_of, read_all
from tocsin.sources.incoming import Incoming
from tocsin.sources.kinds.billing_budget import BudgetEvent
from tocsin.wire.errors import ApiError

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "tocsin.v1.billing_budget",
    "source": "/billing",
    "id": "one",
    "data": {"billing_account_id": "a", "budget_id": "bud", "amount": 7},
}


def read(content_type: str, event: dict[str, Any]) -> list[Incoming | Unreadable]:
    contents = contents_of(content_type, json.dumps(event).encode(), {})
    return read_all(contents, datetime.now(UTC))


def test_a_cloud_event_becomes_an_event_of_its_type() -> None:
    [found] = read(f"{STRUCTURED}; charset=utf-8", EVENT | {"time": "2026-11-21T10:00:00Z"})
    assert isinstance(found, Incoming)
    assert (found.key, found.id) == ("/billing one", "one")
    assert isinstance(found.event, BudgetEvent)
    assert found.event.amount == 7


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "com.example.other"}, "event.type"),
        ({"type": "billing_budget"}, "event.type"),
        ({"id": ""}, "event.id"),
        ({"specversion": "0.3"}, "event.specversion"),
        ({"data": {"no_such_field": 1}}, "event.billing_budget"),
        ({"data": {"budget_id": "b"}}, "event.billing_budget.billing_account_id"),
        ({"time": "yesterday"}, "event.time"),
        ({"time": 1795859509}, "event.time"),
        ({"time": "0000-01-01T00:00:00Z"}, "event.time"),
        ({"source": "half a character: \ud800"}, "event"),
        ({"data": json.loads("[" * 101 + "]" * 101)}, "event"),
    ],
)
def test_a_cloud_event_that_is_wrong_is_refused_by_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ApiError) as refused:
        read(STRUCTURED, EVENT | changes)
    assert field in [each.field for each in refused.value.violations]
