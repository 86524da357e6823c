"""API keys and OAuth tokens, without their secrets."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tocsin.store.access.schema import credentials as table
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Row, Transaction

COLUMNS = (
    table.c.id,
    table.c.kind,
    table.c.account_id,
    table.c.description,
    table.c.created_at,
    table.c.expires_at,
)
INSERT = insert(table)
SELECT = select(*COLUMNS).where(table.c.id == bindparam("id"))
BY_DIGEST = select(*COLUMNS).where(table.c.digest == bindparam("digest"))
OF_ACCOUNT = (
    select(*COLUMNS)
    .where(table.c.account_id == bindparam("account_id"))
    .order_by(table.c.kind, table.c.id)
)
DELETE = delete(table).where(table.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret by which an account is known. `expires_at` None: it goes on."""

    id: str
    kind: str
    account_id: str
    description: str
    created_at: datetime
    expires_at: datetime | None = None


def insert_credential(tx: Transaction, credential: Credential, digest: bytes) -> None:
    expires_at = credential.expires_at
    tx.run(
        INSERT,
        id=credential.id,
        kind=credential.kind,
        account_id=credential.account_id,
        digest=digest,
        description=credential.description,
        created_at=to_micros(credential.created_at),
        expires_at=None if expires_at is None else to_micros(expires_at),
    )


def find_credential(tx: Transaction, credential_id: str) -> Credential | None:
    row = tx.one(SELECT, id=credential_id)
    return None if row is None else _credential(row)


def credential_of_digest(tx: Transaction, digest: bytes) -> Credential | None:
    row = tx.one(BY_DIGEST, digest=digest)
    return None if row is None else _credential(row)


def credentials_of(tx: Transaction, account_id: str) -> list[Credential]:
    return [_credential(row) for row in tx.all(OF_ACCOUNT, account_id=account_id)]


def delete_credential(tx: Transaction, credential_id: str) -> bool:
    return tx.run(DELETE, id=credential_id) > 0


def _credential(row: Row) -> Credential:
    credential_id, kind, account_id, description, created_at, expires_at = row
    return Credential(
        credential_id,
        kind,
        account_id,
        description,
        from_micros(created_at),
        None if expires_at is None else from_micros(expires_at),
    )
