"""Stores sessions of the page, without the secrets of their cookies."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tocsin.store.access.schema import sessions as table
from tocsin.store.access.tokens import revoke_token, tell_change
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction

MOST_OF_SUBJECT = 20


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session; `proof` names the stored credential that began it, and is empty without one."""

    id: str
    subject: str
    name: str
    proof: str
    origin: str
    created_at: datetime
    expires_at: datetime


RECORD = Record(StoredSession, table)
INSERT = insert(table)
BY_DIGEST = select(*RECORD.columns).where(table.c.digest == bindparam("digest"))
BY_ID = select(*RECORD.columns).where(table.c.id == bindparam("id"))
SURPLUS = (
    select(*RECORD.columns)
    .where(table.c.subject == bindparam("subject"))
    .order_by(table.c.created_at.desc(), table.c.id.desc())
    .offset(MOST_OF_SUBJECT)
)
DELETE = delete(table).where(table.c.id == bindparam("id"))


def begin_session(tx: Transaction, session: StoredSession, digest: bytes) -> None:
    """Adds a session, and ends the oldest ones of a subject that has too many."""
    tx.run(INSERT, **RECORD.values(session), digest=digest)
    for surplus in RECORD.all(tx, SURPLUS, subject=session.subject):
        _end(tx, surplus)


def session_of_digest(tx: Transaction, digest: bytes) -> StoredSession | None:
    return RECORD.one(tx, BY_DIGEST, digest=digest)


def end_session(tx: Transaction, session_id: str) -> None:
    """Ends a session and the tokens that were made with it, on all nodes; it may have ended."""
    session = RECORD.one(tx, BY_ID, id=session_id)
    if session is not None:
        _end(tx, session)


def _end(tx: Transaction, session: StoredSession) -> None:
    tx.run(DELETE, id=session.id)
    revoke_token(tx, session.id, expires_at=session.expires_at)
    tell_change(tx)
