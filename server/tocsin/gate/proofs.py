"""What the store says of those who show a proof: whether it still is one."""

from datetime import datetime

from tocsin.access.principal import SERVICE_ACCOUNT, USER_ACCOUNT, CredentialRefused
from tocsin.access.tokens.iam_tokens import IamToken
from tocsin.store.access.accounts import Account, find_account
from tocsin.store.access.authorised_keys import find_key
from tocsin.store.access.credentials import Credential, credential_of_digest, find_credential
from tocsin.store.access.tokens import is_revoked
from tocsin.store.driver.transaction import Transaction

API_KEY = "apiKey"
OAUTH_TOKEN = "oauthToken"  # noqa: S105 (the name of a kind)

# By what a token names the proof that it was given for.
BY_KEY = "key:"
BY_CREDENTIAL = "credential:"


def check_token(tx: Transaction, token: IamToken) -> None:
    """Checks that a token was not taken back, and that its account and its proof are still there.

    Raises:
        CredentialRefused: it was, or they are not.
    """
    account = account_of(tx, token.subject)
    if token.issued_at < account.tokens_from:
        raise CredentialRefused("all tokens of the account were revoked")
    if is_revoked(tx, token.id):
        raise CredentialRefused("the token was revoked")
    if not _is_there(tx, token.proof):
        raise CredentialRefused("what the token was given for was deleted")


def account_of(tx: Transaction, subject: str) -> Account:
    """Returns the account of a subject.

    Raises:
        CredentialRefused: there is none.
    """
    kind, _, account_id = subject.partition(":")
    if kind in (SERVICE_ACCOUNT, USER_ACCOUNT):
        account = find_account(tx, account_id)
        if account is not None and account.kind == kind:
            return account
    raise CredentialRefused("there is no such account")


def shown_credential(
    tx: Transaction, digest: bytes, kind: str, now: datetime
) -> tuple[Credential, Account]:
    """Returns whose secret has a digest.

    Raises:
        CredentialRefused: nobody's, or it has expired.
    """
    credential = credential_of_digest(tx, digest)
    if credential is None or credential.kind != kind:
        raise CredentialRefused("there is no such secret")
    if credential.expires_at is not None and credential.expires_at <= now:
        raise CredentialRefused("it has expired")
    account = find_account(tx, credential.account_id)
    if account is None:
        raise CredentialRefused("there is no such account")
    return credential, account


def check_unexpired(tx: Transaction, proof: str, now: datetime) -> None:
    """Checks that what a token was given for may still give one.

    Raises:
        CredentialRefused: it has expired, or is not there.
    """
    if not _is_there(tx, proof):
        raise CredentialRefused("what the token was given for was deleted")
    found = find_credential(tx, proof.removeprefix(BY_CREDENTIAL))
    if found is not None and found.expires_at is not None and found.expires_at <= now:
        raise CredentialRefused("what the token was given for has expired")


def _is_there(tx: Transaction, proof: str) -> bool:
    if proof.startswith(BY_KEY):
        return find_key(tx, proof.removeprefix(BY_KEY)) is not None
    if proof.startswith(BY_CREDENTIAL):
        return find_credential(tx, proof.removeprefix(BY_CREDENTIAL)) is not None
    return not proof
