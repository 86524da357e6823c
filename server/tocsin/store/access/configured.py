"""Makes the store's configured accounts, keys and roles match the settings."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from tocsin.store.access.accounts import Account, delete_account, find_account, insert_account
from tocsin.store.access.authorised_keys import (
    StoredAuthorisedKey,
    delete_key,
    find_key,
    insert_key,
)
from tocsin.store.access.bindings import RECORD, StoredBinding, add_binding, delete_binding
from tocsin.store.access.schema import accounts, bindings, keys
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.transaction import Transaction, UniqueViolation

CONFIGURED_ACCOUNTS = select(accounts.c.id).where(accounts.c.configured == 1)
CONFIGURED_KEYS = select(keys.c.id).where(keys.c.configured == 1)
CONFIGURED_BINDINGS = select(*RECORD.columns).where(bindings.c.configured == 1)
RENAME = (
    update(accounts)
    .where(accounts.c.id == bindparam("of_id"))
    .values(folder_id=bindparam("new_folder_id"), name=bindparam("new_name"))
)


class AlreadyThere(Exception):
    """Something in the settings exists, but was created by an API; the message names it."""


def keep_configured(
    tx: Transaction,
    wanted: Sequence[Account],
    wanted_keys: Sequence[StoredAuthorisedKey],
    wanted_bindings: Sequence[StoredBinding],
) -> None:
    """Adds, changes and deletes configured rows until the store has just these.

    Raises:
        AlreadyThere: an id or a name is taken by a row that is not from the settings.
    """
    _keep_keys(tx, wanted_keys)
    _keep_accounts(tx, wanted)
    _keep_bindings(tx, wanted_bindings)
    tell_change(tx)


def _keep_accounts(tx: Transaction, wanted: Sequence[Account]) -> None:
    ids = {account.id for account in wanted}
    for account_id in tx.column(CONFIGURED_ACCOUNTS):
        unwanted = None if account_id in ids else find_account(tx, account_id)
        if unwanted is not None:
            delete_account(tx, unwanted)
    for account in wanted:
        stored = find_account(tx, account.id)
        if stored is not None and not stored.configured:
            raise AlreadyThere(f"account {account.id}")
        try:
            if stored is None:
                insert_account(tx, account)
            elif (stored.folder_id, stored.name) != (account.folder_id, account.name):
                tx.run(
                    RENAME,
                    of_id=account.id,
                    new_folder_id=account.folder_id,
                    new_name=account.name,
                )
        except UniqueViolation:
            raise AlreadyThere(f"account {account.name} of folder {account.folder_id}") from None


def _keep_keys(tx: Transaction, wanted: Sequence[StoredAuthorisedKey]) -> None:
    by_id = {key.id: key for key in wanted}
    for key_id in tx.column(CONFIGURED_KEYS):
        if key_id not in by_id:
            delete_key(tx, key_id)
    for key in wanted:
        stored = find_key(tx, key.id)
        if stored is not None:
            if not stored.configured:
                raise AlreadyThere(f"key {key.id}")
            if (stored.account_id, stored.public_key) == (key.account_id, key.public_key):
                continue
            delete_key(tx, key.id)
        insert_key(tx, key)


def _keep_bindings(tx: Transaction, wanted: Sequence[StoredBinding]) -> None:
    wanted_keys = {binding.key for binding in wanted}
    for stored in RECORD.all(tx, CONFIGURED_BINDINGS):
        if stored.key not in wanted_keys:
            delete_binding(tx, stored)
    for binding in wanted:
        add_binding(tx, binding)
