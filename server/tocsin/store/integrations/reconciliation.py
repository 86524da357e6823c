"""Reads published versions and armed schedules, in pages, for the reconciler."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, tuple_

from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_schedules, integration_versions
from tocsin.store.integrations.versions import IS_ACTIVE, VERSION, StoredVersion

VERSIONS_AT_ONCE = 50
ARMED_AT_ONCE = 500
_versions = integration_versions.c
_armed = integration_schedules.c
PUBLISHED = (
    select(*VERSION.columns)
    .where(
        IS_ACTIVE,
        tuple_(_versions.location, _versions.integration)
        > tuple_(bindparam("after_location"), bindparam("after_integration")),
    )
    .order_by(_versions.location, _versions.integration)
    .limit(VERSIONS_AT_ONCE)
)
LOCK = (
    select(*VERSION.columns).where(_versions.id == bindparam("by_id"), IS_ACTIVE).with_for_update()
)
ARMED = (
    select(_armed.version_id, _armed.trigger_id, _armed.next_at, _versions.state)
    .select_from(
        integration_schedules.outerjoin(
            integration_versions, integration_versions.c.id == _armed.version_id
        )
    )
    .where(
        tuple_(_armed.version_id, _armed.trigger_id)
        > tuple_(bindparam("after_version"), bindparam("after_trigger")),
    )
    .order_by(_armed.version_id, _armed.trigger_id)
    .limit(ARMED_AT_ONCE)
)
DISARM = delete(integration_schedules).where(
    _armed.version_id == bindparam("of_version"),
    _armed.trigger_id == bindparam("of_trigger"),
    _armed.next_at == bindparam("found_at"),
)


@dataclass(frozen=True, slots=True)
class ArmedSchedule:
    """An armed schedule of a version; `state` is the version's, None if it is not there."""

    version_id: str
    trigger_id: str
    next_us: int
    state: str | None

    @property
    def next_at(self) -> datetime:
        return from_micros(self.next_us)


def page_of_published(tx: Transaction, *, location: str, integration: str) -> list[StoredVersion]:
    """Returns a page of published versions after that of an integration."""
    return VERSION.all(tx, PUBLISHED, after_location=location, after_integration=integration)


def lock_published(tx: Transaction, version_id: str) -> StoredVersion | None:
    """Returns a version, and locks it; None if it is not published any more."""
    return VERSION.one(tx, LOCK, by_id=version_id)


def page_of_armed_schedules(
    tx: Transaction, *, version_id: str, trigger_id: str
) -> list[ArmedSchedule]:
    """Returns a page of armed schedules after that of a version and trigger."""
    rows = tx.all(ARMED, after_version=version_id, after_trigger=trigger_id)
    return [ArmedSchedule(*row) for row in rows]


def disarm_as_found(tx: Transaction, armed: ArmedSchedule) -> bool:
    """Disarms a schedule unless it has changed since it was read; returns whether it did."""
    return (
        tx.run(
            DISARM,
            of_version=armed.version_id,
            of_trigger=armed.trigger_id,
            found_at=armed.next_us,
        )
        > 0
    )
