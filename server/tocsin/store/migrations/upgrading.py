"""Creates the schema of a database or migrates it, unless nodes of this version must not use it."""

from datetime import datetime
from importlib.resources import as_file, files

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, inspect, select

from tocsin.store.driver.database import StoreError
from tocsin.store.driver.instants import instant_or_none
from tocsin.store.lifecycle.compatibility import KNOWN_LATER
from tocsin.store.lifecycle.schema import copies
from tocsin.store.schema import compatibility

log = structlog.get_logger(__name__)

HEAD = "head"
# An arbitrary number that other programs in the same database are unlikely to lock.
MIGRATION_LOCK = 0x746F6373696E


def upgrade(
    connection: Connection, safe_url: str, *, to: str = HEAD, copying: bool = False
) -> None:
    """Migrates the schema to this version, unless it is newer. The caller commits.

    A newer schema says which older nodes may still use it (`oldest_known` of its migrations), so
    that nodes of two versions run side by side during an upgrade.

    Args:
        connection: has begun a transaction, or begins one.
        safe_url: names the database in errors.
        to: the revision to migrate to.
        copying: whether a database that a move reads or fills is taken too.

    Raises:
        StoreError: the schema is too new for this version, or the database was moved.
    """
    with as_file(files("tocsin.store.migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = connection
        script = ScriptDirectory.from_config(config)
        known = {revision.revision for revision in script.walk_revisions()}
        head = script.get_revision(HEAD)
        current = MigrationContext.configure(connection).get_current_revision()
        if not copying:
            refuse_moved(connection, safe_url)
        if current is not None and current not in known:
            _work_on_newer(connection, safe_url, current, head.revision)
            return
        command.upgrade(config, to)
        if to in (HEAD, head.revision):
            tell_oldest_known(connection, head.module.oldest_known)


def head() -> str:
    """Returns the newest revision that this version knows."""
    with as_file(files("tocsin.store.migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        return str(ScriptDirectory.from_config(config).get_current_head())


def refuse_moved(connection: Connection, safe_url: str) -> None:
    """Raises StoreError if the database was moved away, or its move has not ended."""
    if not inspect(connection).has_table(copies.name):
        return
    rows = connection.execute(
        select(copies.c.id, copies.c.role, copies.c.peer, copies.c.ended_at)
    ).all()
    for id_, role, peer, ended_us in rows:
        problem = moved(id_, role, peer, instant_or_none(ended_us))
        if problem is not None:
            raise StoreError(f"{safe_url} {problem}")


def moved(copy_id: str, role: str, peer: str, ended_at: datetime | None) -> str | None:
    """Says why a database must not be served that takes part in a copy, or returns None."""
    if role == "source" and ended_at is not None:
        return (
            f"was moved to {peer} at {ended_at:%Y-%m-%d %H:%M:%S} UTC (move {copy_id}): give "
            "--database that one"
        )
    if role in ("source", "destination") and ended_at is None:
        direction = "to" if role == "source" else "from"
        return (
            f"can't be served, as its move {direction} {peer} has not ended (move {copy_id}): run "
            "the same `tocsin move` again to finish it, or with --abandon to give it up"
        )
    return None


def _work_on_newer(connection: Connection, safe_url: str, current: str, head: str) -> None:
    oldest = None
    # A schema without this table is too old to be unknown to this version.
    if inspect(connection).has_table(compatibility.name):
        oldest = connection.execute(select(compatibility.c.oldest_known)).scalar()
    if oldest is None or head < oldest:
        serves = "" if oldest is None else f" for nodes from {oldest} on"
        raise StoreError(
            f"{safe_url} was written by a newer Tocsin (its schema is {current}{serves}, this "
            f"version knows schemas up to {head}): upgrade tocsin, or give another --database"
        )
    log.warning("the store's schema is newer, upgrade this node soon", schema=current, known=head)


def tell_oldest_known(connection: Connection, oldest: str) -> None:
    """Writes which older nodes may use the store: from `oldest` on, or fewer for what is in it."""
    for since, applies in KNOWN_LATER:
        if since > oldest and connection.execute(applies).scalar():
            oldest = since
    if connection.execute(select(compatibility.c.oldest_known)).scalar() != oldest:
        connection.execute(delete(compatibility))
        connection.execute(insert(compatibility).values(oldest_known=oldest))
