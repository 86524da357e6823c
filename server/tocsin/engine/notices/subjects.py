"""Finds what notices are about, and who is told of it: triggers, integrations and schedules."""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.compilers.summaries import summary_of
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schedules.rows import integration_of_schedule
from tocsin.store.triggers.listing import PlacedTrigger, placed_triggers
from tocsin.targets.receivers import NotifySettings, Receiver

# The parts of `projects/*/locations/*` and of `projects/*/locations/*/integrations/*`.
LOCATION_PARTS, NAME_PARTS = 4, 6
TRIGGER, EXECUTION, SCHEDULE = "trigger", "execution", "schedule"


@dataclass(frozen=True, slots=True)
class Subject:
    """What notices are about: its key among all causes, its names, and its receivers.

    The key is a trigger's id, or the full name of an integration or a schedule; behind an
    integration's name it may have one of its triggers, whose own schedule it then is. `kind` begins
    the types of the notices, `parent` is that of the notices in lists.
    """

    kind: str
    key: str
    parent: str
    names: Mapping[str, str]
    receivers: Mapping[str, Receiver]


def is_path(key: str) -> bool:
    """Returns whether a key is a full name, and not the id of a trigger."""
    return "/" in key


def subjects_of(tx: Transaction, keys: list[str], settings: NotifySettings) -> dict[str, Subject]:
    """Returns those of the subjects that exist, by their keys."""
    placed = placed_triggers(tx, [key for key in keys if not is_path(key)])
    found = {key: of_trigger(one, settings) for key, one in placed.items()}
    for key in filter(is_path, keys):
        if (subject := _of_path(tx, key, settings)) is not None:
            found[key] = subject
    return found


def of_trigger(placed: PlacedTrigger, settings: NotifySettings) -> Subject:
    """Returns a trigger with its receivers; one that can't be read has those of its folder."""
    trigger = placed.trigger
    try:
        labels: Mapping[str, str] = summary_of(trigger.contract, trigger.message).labels
    except ValueError:
        labels = {}
    names = {
        "triggerId": trigger.id,
        "triggerName": trigger.name,
        "folderId": placed.folder_id,
    }
    receivers = settings.of_trigger(placed.folder_id, labels)
    return Subject(
        TRIGGER,
        trigger.id,
        f"folders/{placed.folder_id}",
        names,
        dict(sorted(receivers.items())),
    )


def of_integration(key: str, settings: NotifySettings) -> Subject:
    """Returns an integration with its receivers, as what its executions are about."""
    location, integration, _ = _parts(key)
    return _subject(EXECUTION, key, location, integration, {"integration": integration}, settings)


def _of_path(tx: Transaction, key: str, settings: NotifySettings) -> Subject | None:
    location, name, trigger = _parts(key)
    if "/schedules/" in name:
        integration = integration_of_schedule(tx, name)
        if integration is None:
            return None
        names = {"schedule": name, "integration": integration}
        return _subject(SCHEDULE, key, location, integration, names, settings)
    if trigger:
        names = {"integration": name, "integrationTrigger": trigger}
        return _subject(SCHEDULE, key, location, name, names, settings)
    return of_integration(key, settings)


def _subject(
    kind: str,
    key: str,
    location: str,
    integration: str,
    names: Mapping[str, str],
    settings: NotifySettings,
) -> Subject:
    receivers = settings.of_integration(location, integration)
    return Subject(
        kind, key, location, {**names, "location": location}, dict(sorted(receivers.items()))
    )


def _parts(key: str) -> tuple[str, str, str]:
    """Returns the location of a full name, the name, and what stands behind it."""
    parts = key.split("/")
    return (
        "/".join(parts[:LOCATION_PARTS]),
        "/".join(parts[:NAME_PARTS]),
        "/".join(parts[NAME_PARTS:]),
    )
