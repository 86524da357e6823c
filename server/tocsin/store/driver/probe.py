"""Probes whether the store can be written, by a write."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import remembered_requests as table

SCOPE = "tocsin/probe"

INSERT = insert(table)
WRITE = INSERT.on_conflict_do_update(
    index_elements=[table.c.scope, table.c.key],
    set_={"expires_at": INSERT.excluded.expires_at},
)


def write_probe(tx: Transaction, *, node: str, now: datetime) -> None:
    """Writes a row of the node; the sweep of expired request keys deletes it."""
    tx.run(WRITE, scope=SCOPE, key=node, fingerprint=b"", answer=b"", expires_at=to_micros(now))
