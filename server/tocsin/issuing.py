"""Builds what gives tokens to the calls of targets, and what targets check them by."""

from ipaddress import ip_address

from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.access.tokens import TokenSigner
from tocsin.configured import real_clock
from tocsin.outgoing.tokens import AccountTokens, TokenUnavailable
from tocsin.schedule import Clock
from tocsin.settings import Address, Settings
from tocsin.store.accounts import find_account
from tocsin.store.database import Database, StoreUnavailable


def account_tokens(clock: Clock, database: Database, signer: TokenSigner) -> AccountTokens:
    """Builds what makes tokens for service accounts that are in the store."""

    async def is_account(account_id: str) -> bool:
        try:
            found = await database.read(lambda tx: find_account(tx, account_id))
        except StoreUnavailable as error:
            raise TokenUnavailable(f"the store can't be reached: {error}") from error
        return found is not None and found.kind == SERVICE_ACCOUNT

    return AccountTokens(signer, real_clock(clock), is_account)


def issuer_of(settings: Settings, *, tls: Address | None, http: Address | None) -> str | None:
    """Returns the URL under which targets find the keys, or None where that can't be told.

    Args:
        settings: may name it.
        tls: where REST is served over TLS.
        http: where it is served without.
    """
    if not settings.access.enabled:
        return None
    if settings.access.issuer is not None:
        return settings.access.issuer
    for scheme, usual, address in (("https", 443, tls), ("http", 80, http)):
        if address is not None and not _is_unspecified(address.host):
            return f"{scheme}://{str(address).removesuffix(f':{usual}')}"
    return None


def _is_unspecified(host: str) -> bool:
    """Tells whether a host is that of a listener on all addresses, at which nobody can call."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
