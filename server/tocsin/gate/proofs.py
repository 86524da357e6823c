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


def check_token(tx: Transaction, token: IamToken, now: datetime) -> datetime:
    """Checks that a token, and all that it was made of, is still valid; returns until when.

    Raises:
        CredentialRefused: the token or one that it was made of was revoked, or its key or secret
            was deleted or has expired.
    """
    for each in token.lineage:
        account = account_of(tx, each.subject)
        if each.issued_at < account.tokens_from:
            raise CredentialRefused("all tokens of the account were revoked")
        if is_revoked(tx, each.id):
            raise CredentialRefused("the token was revoked")
    until = check_proof(tx, token.proof, now)
    return token.expires_at if until is None else min(until, token.expires_at)


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


def check_proof(tx: Transaction, proof: str, now: datetime) -> datetime | None:
    """Checks the key or secret behind a credential; returns when it expires, None for never.

    Raises:
        CredentialRefused: it was deleted, or has expired.
    """
    if not proof:
        return None
    if proof.startswith(BY_KEY) and find_key(tx, proof.removeprefix(BY_KEY)) is not None:
        return None
    found = None
    if proof.startswith(BY_CREDENTIAL):
        found = find_credential(tx, proof.removeprefix(BY_CREDENTIAL))
    if found is None:
        raise CredentialRefused("what the token was given for was deleted")
    if found.expires_at is not None and found.expires_at <= now:
        raise CredentialRefused("what the token was given for has expired")
    return found.expires_at
