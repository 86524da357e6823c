"""Accounts, keys and roles that come from the settings: the store is made to have just these."""

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
    """What the settings name was made otherwise; the message says what."""


def keep_configured(
    tx: Transaction,
    wanted: Sequence[Account],
    wanted_keys: Sequence[StoredAuthorisedKey],
    wanted_bindings: Sequence[StoredBinding],
) -> None:
    """Makes the store have just these of what comes from the settings.

    Raises:
        AlreadyThere: an id or a name is taken by one that does not come from them.
    """
    _keep_keys(tx, wanted_keys)
    _keep_accounts(tx, wanted)
    _keep_bindings(tx, wanted_bindings)
    tell_change(tx)


def _keep_accounts(tx: Transaction, wanted: Sequence[Account]) -> None:
    ids = {account.id for account in wanted}
    for account_id in tx.column(CONFIGURED_ACCOUNTS):
        gone = None if account_id in ids else find_account(tx, account_id)
        if gone is not None:
            delete_account(tx, gone)
    for account in wanted:
        there = find_account(tx, account.id)
        if there is not None and not there.configured:
            raise AlreadyThere(f"account {account.id}")
        try:
            if there is None:
                insert_account(tx, account)
            elif (there.folder_id, there.name) != (account.folder_id, account.name):
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
        there = find_key(tx, key.id)
        if there is not None:
            if not there.configured:
                raise AlreadyThere(f"key {key.id}")
            if (there.account_id, there.public_key) == (key.account_id, key.public_key):
                continue
            delete_key(tx, key.id)
        insert_key(tx, key)


def _keep_bindings(tx: Transaction, wanted: Sequence[StoredBinding]) -> None:
    places = {binding.place for binding in wanted}
    for there in RECORD.all(tx, CONFIGURED_BINDINGS):
        if there.place not in places:
            delete_binding(tx, there)
    for binding in wanted:
        add_binding(tx, binding)
