"""What the store knows of roles and accounts, as the gate asks for it."""

from collections.abc import Sequence

from tocsin.access.permissions.bindings import Binding
from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.store.access.accounts import find_account
from tocsin.store.access.bindings import StoredBinding, bindings_of
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction


class KnownAccess:
    """Implements `Bindings` and `ServiceAccounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        def read(tx: Transaction) -> list[StoredBinding]:
            return bindings_of(tx, subjects)

        found = await self._database.read(read)
        return [Binding(each.subject, each.role, each.resource) for each in found]

    async def folder_of(self, service_account_id: str) -> str | None:
        found = await self._database.read(lambda tx: find_account(tx, service_account_id))
        return None if found is None or found.kind != SERVICE_ACCOUNT else found.folder_id
