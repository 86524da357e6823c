"""Creates the first administrator in the database, for `tocsin access init`."""

import asyncio
from datetime import datetime
from pathlib import Path

from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.access.principal import USER_ACCOUNT
from tocsin.access.secrets import API_KEY_PREFIX, digest_of, new_secret
from tocsin.api.tocsin.access.accounts import ACCOUNT_PREFIX
from tocsin.cli.refusal import refusal
from tocsin.gate.proofs import API_KEY
from tocsin.logs import configure_logs
from tocsin.schedule import SystemClock
from tocsin.settings import SettingsError, load_settings
from tocsin.store.access.accounts import Account, insert_account
from tocsin.store.access.bindings import StoredBinding, add_binding
from tocsin.store.access.credentials import Credential, insert_credential
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.database import StoreError
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.wire.ids import Ids

ADMIN = "admin"


def first_administrator(config: Path | None, database: str | None, name: str) -> tuple[str, str]:
    """Creates a user account with the role `admin` on everything; returns its ID and an API key.

    Ends the program if the database is unusable, or has an account of that name.
    """
    given = {} if database is None else {"database": database}
    try:
        settings = load_settings(config, given)
        configure_logs(settings.log_format, settings.log_level)
        return asyncio.run(_create(settings.database, name))
    except (SettingsError, StoreError) as error:
        raise refusal(str(error)) from error
    except UniqueViolation as error:
        raise refusal(
            f"a user account named {name} already exists. If its API keys are lost, create "
            "another administrator with --name NAME."
        ) from error


async def _create(url: str, name: str) -> tuple[str, str]:
    store = open_database(url)
    try:
        clock = SystemClock()
        now, secret = await store.now() or clock.now(), new_secret(API_KEY_PREFIX)
        account, credential = _administrator(Ids(clock), name, now)

        def add(tx: Transaction) -> None:
            insert_account(tx, account)
            insert_credential(tx, credential, digest_of(secret))
            add_binding(tx, StoredBinding(EVERYTHING, account.subject, ADMIN))
            tell_change(tx)

        await store.write(add)
        return account.id, secret
    finally:
        await store.close()


def _administrator(ids: Ids, name: str, now: datetime) -> tuple[Account, Credential]:
    account = Account(ids.new(ACCOUNT_PREFIX), USER_ACCOUNT, "", name, now, now)
    credential = Credential(
        ids.new(ACCOUNT_PREFIX), API_KEY, account.id, "made by tocsin access init", now
    )
    return account, credential
