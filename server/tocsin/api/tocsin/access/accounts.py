"""Serves the methods of `tocsin.v1.AccessService` about accounts."""

import re

from tocsin.access.principal import SERVICE_ACCOUNT, USER_ACCOUNT
from tocsin.contract.validation import Violation
from tocsin.schedule import Clock
from tocsin.store.access.accounts import (
    Account,
    delete_account,
    find_account,
    insert_account,
    lock_account,
    page_of_accounts,
    revoke_tokens_of,
)
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Checked, Served
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

ACCOUNT_PREFIX = "aje"
NAME = re.compile(r"([a-z][a-z0-9-]{1,61}[a-z0-9])?")
LONGEST_FOLDER_ID = 50

KINDS = {
    contract.Account.KIND_SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    contract.Account.KIND_USER_ACCOUNT: USER_ACCOUNT,
}
KINDS_SHOWN = {kind: number for number, kind in KINDS.items()}


class Accounts:
    """Serves the methods of `AccessService` about accounts."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, pages: PageTokens) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._pages = pages

    def methods(self) -> dict[str, Served]:
        return {
            "CreateAccount": Checked(self.create, _violations),
            "GetAccount": self.get,
            "ListAccounts": self.list,
            "DeleteAccount": self.delete,
            "RevokeTokens": self.revoke_tokens,
        }

    async def create(
        self, request: contract.CreateAccountRequest
    ) -> contract.CreateAccountResponse:
        """Creates a service or user account."""
        now = self._clock.now()
        account = Account(
            self._ids.new(ACCOUNT_PREFIX),
            KINDS[request.kind],
            request.folder_id,
            request.name,
            created_at=now,
            tokens_from=now,
        )
        try:
            await self._database.write(lambda tx: insert_account(tx, account))
        except UniqueViolation:
            raise errors.account_name_taken(request.name, request.folder_id) from None
        return contract.CreateAccountResponse(account=message_of(account))

    async def get(self, request: contract.GetAccountRequest) -> contract.GetAccountResponse:
        """Returns an account."""
        account = await self._database.read(lambda tx: find_account(tx, request.account_id))
        if account is None:
            raise errors.account_not_found(request.account_id)
        return contract.GetAccountResponse(account=message_of(account))

    async def list(
        self, request: contract.ListAccountsRequest, call: Call
    ) -> contract.ListAccountsResponse:
        """Lists the accounts of a folder, or of all folders."""
        tokens = self._pages.of(call, request, request.folder_id, str(request.kind))
        size, after = page_size(request.page_size), tokens.position(request.page_token)
        accounts = await self._database.read(
            lambda tx: page_of_accounts(
                tx,
                folder_id=request.folder_id or None,
                kind=KINDS.get(request.kind),
                after=after or "",
                limit=size + 1,
            )
        )
        page = accounts[:size]
        token = tokens.token(page[-1].id) if len(accounts) > size else ""
        return contract.ListAccountsResponse(
            accounts=[message_of(account) for account in page], next_page_token=token
        )

    async def delete(
        self, request: contract.DeleteAccountRequest
    ) -> contract.DeleteAccountResponse:
        """Deletes an account with its keys, credentials and roles; its tokens become invalid."""

        def delete(tx: Transaction) -> None:
            delete_account(tx, changeable(tx, request.account_id))
            tell_change(tx)

        await self._database.write(delete)
        return contract.DeleteAccountResponse()

    async def revoke_tokens(
        self, request: contract.RevokeTokensRequest
    ) -> contract.RevokeTokensResponse:
        """Revokes all tokens that an account has been given until now."""
        now = self._clock.now()

        def revoke(tx: Transaction) -> None:
            account = existing(tx, request.account_id)
            revoke_tokens_of(tx, account.id, now=now)
            tell_change(tx)

        await self._database.write(revoke)
        return contract.RevokeTokensResponse()


def existing(tx: Transaction, account_id: str) -> Account:
    """Returns an account, locked against deletion until the commit.

    Raises:
        ApiError: the account does not exist.
    """
    account = lock_account(tx, account_id)
    if account is None:
        raise errors.account_not_found(account_id)
    return account


def changeable(tx: Transaction, account_id: str) -> Account:
    """Returns an account to change, locked until the commit.

    Raises:
        ApiError: the account does not exist, or the settings define it.
    """
    account = existing(tx, account_id)
    if account.configured:
        raise errors.configured(f"Account {account.id}")
    return account


def message_of(account: Account) -> contract.Account:
    return contract.Account(
        id=account.id,
        kind=KINDS_SHOWN[account.kind],
        folder_id=account.folder_id,
        name=account.name,
        created_at=to_timestamp(account.created_at),
        configured=account.configured,
    )


def _violations(request: contract.CreateAccountRequest) -> list[Violation]:
    violations = []
    if len(request.folder_id) > LONGEST_FOLDER_ID:
        violations.append(Violation("folder_id", f"Length must be <={LONGEST_FOLDER_ID}"))
    if NAME.fullmatch(request.name) is None:
        violations.append(
            Violation(
                "name",
                "must have 3 to 63 lower case letters, digits and hyphens, begin with a letter "
                "and not end with a hyphen",
            )
        )
    return violations
