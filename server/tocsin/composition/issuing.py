"""Builds the tokens for calls of targets, and the service with the keys to check them."""

from tocsin.access.doors import is_unspecified
from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.access.tokens.signer import TokenSigner
from tocsin.api.tocsin import open_id
from tocsin.composition.clocks import shared_clock_of
from tocsin.composition.grpc_server import Services
from tocsin.gate.settings import AccessSettings
from tocsin.outgoing.tokens import AccountTokens, TokenUnavailable
from tocsin.schedule import Clock
from tocsin.settings import Address
from tocsin.store.access.accounts import find_account
from tocsin.store.driver.database import Database, StoreUnavailable


def account_tokens(clock: Clock, database: Database, signer: TokenSigner) -> AccountTokens:
    """Builds the issuer of tokens for service accounts in the store."""

    async def is_account(account_id: str) -> bool:
        try:
            account = await database.read(lambda tx: find_account(tx, account_id))
        except StoreUnavailable as error:
            raise TokenUnavailable(f"the store can't be reached: {error}") from error
        return account is not None and account.kind == SERVICE_ACCOUNT

    return AccountTokens(signer, shared_clock_of(clock), is_account)


def key_services(signer: TokenSigner, tokens: AccountTokens) -> Services:
    """Builds the service that publishes the keys of the tokens."""
    return {open_id.SERVICE: open_id.OpenIdService(signer, lambda: tokens.issuer).methods()}


def issuer_of(
    access: AccessSettings, advertised: Address | None, *, tls: Address | None, http: Address | None
) -> str | None:
    """Returns the URL below which targets find the keys; None if it is unknown.

    Args:
        access: the settings, which may name the URL.
        advertised: the address that TLS clients are told to dial.
        tls: the address of REST over TLS.
        http: the address of REST without TLS.
    """
    if not access.enabled:
        return None
    if access.issuer is not None:
        return access.issuer
    if tls is not None and advertised is not None:
        tls = advertised
    for scheme, usual, address in (("https", 443, tls), ("http", 80, http)):
        if address is not None and not is_unspecified(address.host):
            return f"{scheme}://{str(address).removesuffix(f':{usual}')}"
    return None
