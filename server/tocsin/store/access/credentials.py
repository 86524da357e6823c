"""Stores API keys and OAuth tokens, without their secrets."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tocsin.store.access.schema import credentials as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or OAuth token of an account; without `expires_at` it never expires."""

    id: str
    kind: str
    account_id: str
    description: str
    created_at: datetime
    expires_at: datetime | None = None


RECORD = Record(Credential, table)
INSERT = insert(table)
SELECT = select(*RECORD.columns).where(table.c.id == bindparam("id"))
BY_DIGEST = select(*RECORD.columns).where(table.c.digest == bindparam("digest"))
OF_ACCOUNT = (
    select(*RECORD.columns)
    .where(table.c.account_id == bindparam("account_id"))
    .order_by(table.c.kind, table.c.id)
)
DELETE = delete(table).where(table.c.id == bindparam("id"))


def insert_credential(tx: Transaction, credential: Credential, digest: bytes) -> None:
    tx.run(INSERT, **RECORD.values(credential), digest=digest)


def find_credential(tx: Transaction, credential_id: str) -> Credential | None:
    return RECORD.one(tx, SELECT, id=credential_id)


def credential_of_digest(tx: Transaction, digest: bytes) -> Credential | None:
    return RECORD.one(tx, BY_DIGEST, digest=digest)


def credentials_of(tx: Transaction, account_id: str) -> list[Credential]:
    return RECORD.all(tx, OF_ACCOUNT, account_id=account_id)


def delete_credential(tx: Transaction, credential_id: str) -> bool:
    return tx.run(DELETE, id=credential_id) > 0
