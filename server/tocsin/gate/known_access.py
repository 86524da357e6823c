"""Reads roles and accounts from the store for the gate."""

from collections.abc import Sequence

from tocsin.access.permissions.bindings import Binding
from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.store.access.accounts import find_account
from tocsin.store.access.bindings import StoredBinding, bindings_of
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction


class KnownAccess:
    """Implements `Bindings` and `ServiceAccounts` with the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        def read(tx: Transaction) -> list[StoredBinding]:
            return bindings_of(tx, subjects)

        stored = await self._database.read(read)
        return [Binding(binding.subject, binding.role, binding.resource) for binding in stored]

    async def folder_of(self, service_account_id: str) -> str | None:
        account = await self._database.read(lambda tx: find_account(tx, service_account_id))
        return None if account is None or account.kind != SERVICE_ACCOUNT else account.folder_id
