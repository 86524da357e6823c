"""The body of a timer's call."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin.plans.plan import Plan
from tocsin.schedule import Cron
from tocsin.sources.kinds.timer import TimerSource, tick_payload

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_it_is_written_as_json_with_an_indent_whatever_its_texts_are(
    cloud_id: str, payload: str
) -> None:
    source = TimerSource(Cron("* * ? * * *"), payload)
    plan = Plan("a1s1", "b1g1", "timer", source, None, ())
    tick = datetime(2026, 11, 21, 12, tzinfo=UTC)
    body = tick_payload(plan, source, event_id="e1", tick=tick, cloud_id=cloud_id)
    event = {
        "event_metadata": {
            "event_id": "e1",
            "event_type": "yandex.cloud.events.serverless.triggers.TimerMessage",
            "created_at": "2026-11-21T12:00:00Z",
            "cloud_id": cloud_id,
            "folder_id": "b1g1",
        },
        "details": {"trigger_id": "a1s1", "payload": payload},
    }
    assert body.decode() == json.dumps({"messages": [event]}, ensure_ascii=False, indent=2)
