"""Checks against the store that tokens and credentials are still valid."""

from datetime import datetime

from tocsin.access.principal import FEDERATED, SERVICE_ACCOUNT, USER_ACCOUNT, CredentialRefused
from tocsin.access.tokens.iam_tokens import IamToken
from tocsin.store.access.accounts import Account, find_account
from tocsin.store.access.authorised_keys import find_key
from tocsin.store.access.credentials import Credential, credential_of_digest, find_credential
from tocsin.store.access.sessions import StoredSession, session_of_digest
from tocsin.store.access.tokens import is_revoked
from tocsin.store.driver.transaction import Transaction

API_KEY = "apiKey"
OAUTH_TOKEN = "oauthToken"  # noqa: S105 (the name of a kind)

# Prefixes of a token's proof, which is the id of the key or credential that it was exchanged for.
BY_KEY = "key:"
BY_CREDENTIAL = "credential:"


def check_token(tx: Transaction, token: IamToken, now: datetime) -> datetime:
    """Checks that a token, and all tokens that it was made of, are valid; returns until when.

    Raises:
        CredentialRefused: one of the tokens was revoked, or the key or secret behind them was
            deleted or has expired.
    """
    for issued in token.lineage:
        check_issued(tx, issued.subject, issued.issued_at)
        if is_revoked(tx, issued.id):
            raise CredentialRefused("the token was revoked")
    until = check_proof(tx, token.proof, now)
    return token.expires_at if until is None else min(until, token.expires_at)


def check_session(tx: Transaction, digest: bytes, now: datetime) -> tuple[StoredSession, datetime]:
    """Returns the session whose cookie has a digest, and until when it is valid.

    Raises:
        CredentialRefused: it does not exist, has expired, or the credential that began it has.
    """
    session = session_of_digest(tx, digest)
    if session is None:
        raise CredentialRefused("its session does not exist, or has ended")
    if session.expires_at <= now:
        raise CredentialRefused("its session has expired")
    check_issued(tx, session.subject, session.created_at)
    until = check_proof(tx, session.proof, now)
    return session, session.expires_at if until is None else min(until, session.expires_at)


def check_issued(tx: Transaction, subject: str, issued_at: datetime) -> None:
    """Checks that what was issued to a subject at an instant was not revoked with all the rest.

    A federated user, who has a session and may make tokens with it, has no account.

    Raises:
        CredentialRefused: it was, or the account does not exist.
    """
    if subject.startswith(f"{FEDERATED}:"):
        return
    if issued_at < account_of(tx, subject).tokens_from:
        raise CredentialRefused("all tokens of its account were revoked")


def account_of(tx: Transaction, subject: str) -> Account:
    """Returns the account of a subject.

    Raises:
        CredentialRefused: the account does not exist.
    """
    kind, _, account_id = subject.partition(":")
    if kind in (SERVICE_ACCOUNT, USER_ACCOUNT):
        account = find_account(tx, account_id)
        if account is not None and account.kind == kind:
            return account
    raise CredentialRefused("its account does not exist")


def shown_credential(
    tx: Transaction, digest: bytes, kind: str, now: datetime
) -> tuple[Credential, Account]:
    """Returns the credential whose secret has a digest, and its account.

    Raises:
        CredentialRefused: the credential does not exist, or has expired.
    """
    credential = credential_of_digest(tx, digest)
    if credential is None or credential.kind != kind:
        raise CredentialRefused("it does not exist")
    if credential.expires_at is not None and credential.expires_at <= now:
        raise CredentialRefused("it has expired")
    account = find_account(tx, credential.account_id)
    if account is None:
        raise CredentialRefused("its account does not exist")
    return credential, account


def check_proof(tx: Transaction, proof: str, now: datetime) -> datetime | None:
    """Checks the key or secret behind a credential; returns when it expires, or None for never.

    Raises:
        CredentialRefused: the key or secret was deleted, or has expired.
    """
    if not proof:
        return None
    if proof.startswith(BY_KEY) and find_key(tx, proof.removeprefix(BY_KEY)) is not None:
        return None
    credential = None
    if proof.startswith(BY_CREDENTIAL):
        credential = find_credential(tx, proof.removeprefix(BY_CREDENTIAL))
    if credential is None:
        raise CredentialRefused("the key or secret behind it was deleted")
    if credential.expires_at is not None and credential.expires_at <= now:
        raise CredentialRefused("the key or secret behind it has expired")
    return credential.expires_at
