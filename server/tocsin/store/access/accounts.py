"""Stores accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update

from tocsin.store.access.schema import accounts as table
from tocsin.store.access.schema import bindings, credentials, keys
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Account:
    """An account.

    `kind` is `serviceAccount` or `userAccount`, as in subjects. Tokens issued before `tokens_from`
    are revoked.
    """

    id: str
    kind: str
    folder_id: str
    name: str
    created_at: datetime
    tokens_from: datetime
    configured: bool = False

    @property
    def subject(self) -> str:
        return f"{self.kind}:{self.id}"


RECORD = Record(Account, table)
INSERT = insert(table)
SELECT = select(*RECORD.columns).where(table.c.id == bindparam("id"))
LOCK = SELECT.with_for_update()
PAGE = (
    select(*RECORD.columns)
    .where(
        table.c.id > bindparam("after"),
        or_(bindparam("any_folder") == 1, table.c.folder_id == bindparam("folder_id")),
        or_(bindparam("any_kind") == 1, table.c.kind == bindparam("kind")),
    )
    .order_by(table.c.id)
    .limit(bindparam("limit"))
)
ANY = select(table.c.id).limit(1)
REVOKE_TOKENS = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(tokens_from=bindparam("given_from"))
)
DELETE = delete(table).where(table.c.id == bindparam("id"))
DELETE_KEYS = delete(keys).where(keys.c.account_id == bindparam("id"))
DELETE_CREDENTIALS = delete(credentials).where(credentials.c.account_id == bindparam("id"))
DELETE_BINDINGS = delete(bindings).where(bindings.c.subject == bindparam("subject"))


def insert_account(tx: Transaction, account: Account) -> None:
    """Adds an account.

    Raises:
        UniqueViolation: its id is taken, or its folder has an account of this kind and name.
    """
    tx.run(INSERT, **RECORD.values(account))


def find_account(tx: Transaction, account_id: str) -> Account | None:
    return RECORD.one(tx, SELECT, id=account_id)


def lock_account(tx: Transaction, account_id: str) -> Account | None:
    """Finds an account and locks it: until the commit no other transaction can delete it."""
    return RECORD.one(tx, LOCK, id=account_id)


def has_accounts(tx: Transaction) -> bool:
    return tx.value(ANY) is not None


def page_of_accounts(
    tx: Transaction, *, folder_id: str | None, kind: str | None, after: str, limit: int
) -> list[Account]:
    """Returns accounts, sorted by id; None means all folders, or both kinds."""
    return RECORD.all(
        tx,
        PAGE,
        any_folder=int(folder_id is None),
        folder_id=folder_id or "",
        any_kind=int(kind is None),
        kind=kind or "",
        after=after,
        limit=limit,
    )


def revoke_tokens_of(tx: Transaction, account_id: str, *, now: datetime) -> None:
    tx.run(REVOKE_TOKENS, of_id=account_id, given_from=to_micros(now))


def delete_account(tx: Transaction, account: Account) -> None:
    """Deletes an account with its keys, credentials and roles."""
    tx.run(DELETE_BINDINGS, subject=account.subject)
    tx.run(DELETE_CREDENTIALS, id=account.id)
    tx.run(DELETE_KEYS, id=account.id)
    tx.run(DELETE, id=account.id)
