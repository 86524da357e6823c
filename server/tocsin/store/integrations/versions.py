"""Stores versions of integrations as their contract sent them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from tocsin.store.driver.bells import Bell
from tocsin.store.driver.fixed_list import FixedList
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction
from tocsin.store.integrations.schema import integration_versions as table


class VersionState(StrEnum):
    """Names the states of `IntegrationState` that are stored."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    SNAPSHOT = "SNAPSHOT"


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """What lists show of a version without reading its message."""

    id: str
    location: str
    integration: str
    snapshot_number: int
    state: VersionState
    creator: str
    modifier: str
    created_at: datetime
    updated_at: datetime
    description: str
    user_label: str


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version and the message in which its contract sent it."""

    summary: VersionSummary
    message: bytes
    published_with: bytes | None = None


@dataclass(frozen=True, slots=True)
class ActiveVersion:
    """Names a published version; a change of either field means that it must be read again."""

    id: str
    updated_at: datetime


SUMMARY = Record(VersionSummary, table)
VERSION = Record(
    StoredVersion,
    summary=SUMMARY,
    message=table.c.message,
    published_with=table.c.published_with,
)
ACTIVE = Record(ActiveVersion, table)
IN_LOCATION = table.c.location == bindparam("in_location")
OF_INTEGRATION = table.c.integration == bindparam("of_integration")
BY_ID = table.c.id == bindparam("by_id")
IS_ACTIVE = table.c.state == literal_column("'ACTIVE'")

INSERT = insert(table).values(
    **SUMMARY.bound, message=bindparam("message"), published_with=bindparam("published_with")
)
FIND = select(*VERSION.columns).where(IN_LOCATION, OF_INTEGRATION, BY_ID)
LOCK = FIND.with_for_update()
PUBLISHED = select(*VERSION.columns).where(IN_LOCATION, OF_INTEGRATION, IS_ACTIVE)
LOCK_ACTIVE = PUBLISHED.with_for_update()
# The latest first, as they are numbered.
OF_ONE = (
    select(*SUMMARY.columns)
    .where(IN_LOCATION, OF_INTEGRATION)
    .order_by(table.c.snapshot_number.desc())
)
OF_ALL = (
    select(*SUMMARY.columns)
    .where(IN_LOCATION)
    .order_by(table.c.created_at.desc(), table.c.id.desc())
)
IDS = FixedList("id", 50)
MESSAGES = select(*VERSION.columns).where(table.c.id.in_(IDS.parameters))
ACTIVE_OF = select(*ACTIVE.columns).where(IN_LOCATION, IS_ACTIVE)
LATEST_NUMBER = select(func.max(table.c.snapshot_number)).where(IN_LOCATION, OF_INTEGRATION)
COUNT_OF_LOCATION = select(func.count()).select_from(
    select(table.c.id).where(IN_LOCATION).limit(bindparam("limit")).subquery()
)
COUNT_OF_INTEGRATION = select(func.count()).where(IN_LOCATION, OF_INTEGRATION)
CHANGE = (
    update(table)
    .where(BY_ID)
    .values(
        state=bindparam("new_state"),
        modifier=bindparam("new_modifier"),
        updated_at=bindparam("new_updated_at"),
        published_with=bindparam("new_published_with"),
    )
)
REWRITE = (
    update(table)
    .where(BY_ID)
    .values(
        message=bindparam("new_message"),
        description=bindparam("new_description"),
        user_label=bindparam("new_user_label"),
        modifier=bindparam("new_modifier"),
        updated_at=bindparam("new_updated_at"),
    )
)
DELETE = delete(table).where(IN_LOCATION, OF_INTEGRATION).returning(table.c.id)
# The oldest deleted version makes room for a new one.
_others = table.alias()
OLDEST_ARCHIVED = (
    select(func.min(_others.c.snapshot_number))
    .where(
        _others.c.location == bindparam("in_location"),
        _others.c.integration == bindparam("of_integration"),
        _others.c.state == literal_column("'ARCHIVED'"),
    )
    .scalar_subquery()
)
DROP_OLDEST_ARCHIVED = (
    delete(table)
    .where(IN_LOCATION, OF_INTEGRATION, table.c.snapshot_number == OLDEST_ARCHIVED)
    .returning(table.c.id)
)


def insert_version(tx: Transaction, version: StoredVersion) -> None:
    """Adds a version.

    Raises:
        UniqueViolation: another version of the integration has the number.
    """
    tx.run(
        INSERT,
        **SUMMARY.values(version.summary),
        message=version.message,
        published_with=version.published_with,
    )


def find_version(
    tx: Transaction, location: str, integration: str, version_id: str, *, lock: bool = False
) -> StoredVersion | None:
    return VERSION.one(
        tx,
        LOCK if lock else FIND,
        in_location=location,
        of_integration=integration,
        by_id=version_id,
    )


def find_active(tx: Transaction, location: str, integration: str) -> StoredVersion | None:
    """Returns the published version of an integration, and locks it."""
    return VERSION.one(tx, LOCK_ACTIVE, in_location=location, of_integration=integration)


def published_version(tx: Transaction, location: str, integration: str) -> StoredVersion | None:
    """Returns the published version of an integration, without a lock."""
    return VERSION.one(tx, PUBLISHED, in_location=location, of_integration=integration)


def summaries(tx: Transaction, location: str, integration: str | None) -> list[VersionSummary]:
    """Returns what lists show of the versions of an integration, or of all of a location."""
    if integration is None:
        return SUMMARY.all(tx, OF_ALL, in_location=location)
    return SUMMARY.all(tx, OF_ONE, in_location=location, of_integration=integration)


def versions_by_id(tx: Transaction, ids: list[str]) -> dict[str, StoredVersion]:
    """Returns whole versions by their ids; those that are not there are left out."""
    found = [version for part in IDS.slices(ids) for version in VERSION.all(tx, MESSAGES, **part)]
    return {version.summary.id: version for version in found}


def active_versions(tx: Transaction, location: str) -> list[ActiveVersion]:
    return ACTIVE.all(tx, ACTIVE_OF, in_location=location)


def next_number(tx: Transaction, location: str, integration: str) -> int:
    """Returns the number of the integration's next version."""
    latest = tx.value(LATEST_NUMBER, in_location=location, of_integration=integration)
    return 1 + (latest or 0)


def count_versions(tx: Transaction, location: str, integration: str) -> int:
    count: int = tx.value(COUNT_OF_INTEGRATION, in_location=location, of_integration=integration)
    return count


def count_in_location(tx: Transaction, location: str, limit: int) -> int:
    """Counts the versions of a location, up to a limit."""
    count: int = tx.value(COUNT_OF_LOCATION, in_location=location, limit=limit)
    return count


def drop_oldest_archived(tx: Transaction, location: str, integration: str) -> bool:
    """Removes the oldest deleted version of an integration; returns whether there was one."""
    dropped = tx.column(DROP_OLDEST_ARCHIVED, in_location=location, of_integration=integration)
    return bool(dropped)


def set_state(
    tx: Transaction,
    version_id: str,
    state: VersionState,
    *,
    modifier: str,
    now: datetime,
    published_with: bytes | None,
) -> None:
    """Changes the state of a version, and wakes the nodes that run integrations."""
    tx.run(
        CHANGE,
        by_id=version_id,
        new_state=state.value,
        new_modifier=modifier,
        new_updated_at=to_micros(now),
        new_published_with=published_with,
    )
    tx.ring(Bell.INTEGRATIONS)


def rewrite(
    tx: Transaction,
    version_id: str,
    message: bytes,
    *,
    description: str,
    user_label: str,
    modifier: str,
    now: datetime,
) -> None:
    """Replaces the message of a draft."""
    tx.run(
        REWRITE,
        by_id=version_id,
        new_message=message,
        new_description=description,
        new_user_label=user_label,
        new_modifier=modifier,
        new_updated_at=to_micros(now),
    )


def delete_versions(tx: Transaction, location: str, integration: str) -> list[str]:
    """Removes an integration with all of its versions; returns their ids."""
    ids: list[str] = tx.column(DELETE, in_location=location, of_integration=integration)
    return ids
