"""Stores which older nodes may use the store."""

from sqlalchemy import Select, bindparam, exists, literal, or_, select, update

from tocsin.store.driver.transaction import Transaction
from tocsin.store.lifecycle.schema import KNOWN_SINCE, copies, holds
from tocsin.store.schema import (
    LARGE_VALUES_KNOWN_SINCE,
    access_schema,
    compatibility,
    large_values,
    shared_keys,
)

SEALED: tuple[tuple[str, Select[tuple[bool]]], ...] = tuple(
    (
        access_schema.SEALED_KEYS_KNOWN_SINCE,
        select(exists(literal(1)).select_from(table).where(table.c.sealed_by.is_not(None))),
    )
    for table in (access_schema.signing_keys, shared_keys)
)

# What older nodes would do harm to, and the first schema whose nodes know it.
KNOWN_LATER: tuple[tuple[str, Select[tuple[bool]]], ...] = (
    (LARGE_VALUES_KNOWN_SINCE, select(exists().select_from(large_values))),
    (KNOWN_SINCE, select(exists().select_from(holds))),
    (
        KNOWN_SINCE,
        select(
            exists(literal(1))
            .select_from(copies)
            .where(or_(copies.c.role == "source", copies.c.ended_at.is_(None)))
        ),
    ),
    *SEALED,
)
KEEP_OUT = (
    update(compatibility)
    .where(compatibility.c.oldest_known < bindparam("since"))
    .values(oldest_known=bindparam("since"))
)


def keep_older_nodes_out(tx: Transaction, since: str = KNOWN_SINCE) -> None:
    """Makes nodes refuse the store whose schema is older than `since`."""
    tx.run(KEEP_OUT, since=since)
