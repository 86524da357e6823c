"""A mail says of each kind of notice what a reader needs."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.targets.notice_mails import mail_of

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def written(kind: str, **data: Any) -> tuple[str, list[str]]:
    """The subject and the lines."""
    mail = mail_of(
        json.dumps({"type": kind, "data": data}).encode(),
        receiver="ops",
        sender="tocsin@example.com",
        recipients=["ops@example.com"],
        message_id="a1s1",
        now=NOW,
    )
    return str(mail["Subject"]), mail.get_content().splitlines()


def test_a_silence_says_when_the_tick_was_due() -> None:
    subject, lines = written(
        "trigger.silent",
        triggerId="a1s2",
        triggerName="nightly",
        text="The tick of 2026-03-01T12:10:00Z had not fired: it was found only then.",
        command="tocsin triggers explain a1s2 2026-03-01T12:10:00Z",
        tick="2026-03-01T12:10:00Z",
        overdueSeconds=1200,
    )
    assert subject == "Tocsin: nightly is silent"
    assert "Due:         2026-03-01 12:10:00 UTC" in lines
    assert "Late by:     1200 seconds" in lines
    assert "> The tick of 2026-03-01T12:10:00Z had not fired: it was found only then." in lines
    assert "    tocsin triggers explain a1s2 2026-03-01T12:10:00Z" in lines


def test_a_recovery_says_from_what() -> None:
    subject, lines = written(
        "trigger.recovered",
        triggerId="a1s2",
        triggerName="",
        text="Its latest delivery succeeded.",
        **{"from": "failure", "noticedAt": "2026-03-01T11:00:00Z"},
    )
    assert subject == "Tocsin: a1s2 recovered"
    assert "After:       failure" in lines
    assert "> Its latest delivery succeeded." in lines


@pytest.mark.parametrize(("count", "least"), [(3, False), (100, True)])
def test_failures_in_a_row_are_counted(count: int, least: bool) -> None:
    _, lines = written(
        "trigger.failed",
        triggerId="a1s2",
        lastError="",
        failuresInARow=count,
        failuresInARowAtLeast=least,
    )
    assert f"In a row:    {'at least ' if least else ''}{count}" in lines


def test_the_mail_names_its_zone_and_asks_for_no_answer() -> None:
    mail = mail_of(
        b'{"type": "trigger.failed", "data": {}}',
        receiver="ops",
        sender="tocsin@example.com",
        recipients=["ops@example.com"],
        message_id="a1s1",
        now=NOW,
    )
    assert mail["Date"] == "Sun, 01 Mar 2026 12:30:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
