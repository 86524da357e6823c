"""Instants, as people give them and as they are shown to people: UTC, as cron expressions are."""

from datetime import UTC, datetime

from tocsin.cli.refusal import USAGE, refusal


def read_instant(text: str) -> datetime:
    """Reads an ISO 8601 time, UTC unless it says. Ends the program if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(
            f"{text!r} is no ISO 8601 time, such as 2026-01-31T09:00Z", status=USAGE
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def iso(instant: datetime) -> str:
    """Returns an instant as the APIs' JSON has it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def for_people(instant: datetime) -> str:
    """Returns an instant to the second, or to the millisecond where it is finer."""
    shown = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{shown}.{instant.microsecond // 1000:03}" if instant.microsecond else shown
