"""Stores revoked tokens, used JWTs, and a number that grows when rights are taken away."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from tocsin.store.access.schema import generation, revoked_tokens, used_assertions
from tocsin.store.driver.bells import Bell
from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.store.driver.transaction import Contended, Transaction, UniqueViolation

REVOKE = insert(revoked_tokens)
REVOKED = select(revoked_tokens.c.id).where(revoked_tokens.c.id == bindparam("id"))
USE = insert(used_assertions)
USED = select(used_assertions.c.used_at).where(used_assertions.c.digest == bindparam("digest"))
GENERATION = select(generation.c.number).where(generation.c.id == 1)
NEXT_GENERATION = (
    update(generation).where(generation.c.id == 1).values(number=generation.c.number + 1)
)


def revoke_token(tx: Transaction, token_id: str, *, expires_at: datetime) -> None:
    """Revokes a token until it would have expired; to revoke it again changes nothing."""
    try:
        tx.run(REVOKE, id=token_id, expires_at=to_micros(expires_at))
    except UniqueViolation:
        return


def is_revoked(tx: Transaction, token_id: str) -> bool:
    return tx.one(REVOKED, id=token_id) is not None


def use_assertion(
    tx: Transaction, digest: bytes, *, now: datetime, expires_at: datetime
) -> datetime:
    """Records that a JWT was used; returns when it was first used, which may be now.

    Raises:
        Contended: another node has just recorded it.
    """
    used_at = tx.value(USED, digest=digest)
    if used_at is not None:
        return from_micros(used_at)
    try:
        tx.run(USE, digest=digest, used_at=to_micros(now), expires_at=to_micros(expires_at))
    except UniqueViolation:
        raise Contended from None
    return from_micros(to_micros(now))


def access_generation(tx: Transaction) -> int:
    """Returns a number that grows with each `tell_change`."""
    return int(tx.value(GENERATION) or 0)


def tell_change(tx: Transaction) -> None:
    """Makes all nodes load accounts, credentials and roles again."""
    tx.run(NEXT_GENERATION)
    tx.ring(Bell.ACCESS)
