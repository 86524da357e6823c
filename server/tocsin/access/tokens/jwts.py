"""Checks JWTs that others sign (RFC 7519, RFC 8725).

Before the signature is checked, nothing in a token counts but the key that it names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from jwt.types import Options

from tocsin.access.principal import CredentialRefused

LONGEST = 8000

# PyJWT would read the machine's clock; this module checks the claims that PyJWT skips here.
_ONLY_SIGNATURE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_NOTHING: Options = {**_ONLY_SIGNATURE, "verify_signature": False}


class NotForNow(CredentialRefused):
    """A JWT has a valid signature but is for others or not valid now; its owner may be told so."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """Holds what a JWT claims about its signature, before anything is checked."""

    algorithm: str
    key_id: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Holds the instants between which a JWT claims to be valid."""

    issued_at: datetime | None
    expires_at: datetime


def unverified(text: str, algorithms: Collection[str]) -> Unverified:
    """Reads which key and which issuer a JWT claims.

    Raises:
        CredentialRefused: the text is too long or not a JWT, or its algorithm is not allowed.
    """
    if len(text) > LONGEST:
        raise CredentialRefused("the JWT is too long")
    try:
        whole = jwt.decode_complete(text, options=_NOTHING)
    except (jwt.InvalidTokenError, RecursionError) as error:
        # The error's text may quote the token.
        raise CredentialRefused(f"it is not a JWT ({type(error).__name__})") from None
    header, claims = whole["header"], whole["payload"]
    algorithm = header.get("alg")
    if algorithm not in algorithms:
        raise CredentialRefused(f"its algorithm must be one of {', '.join(sorted(algorithms))}")
    return Unverified(algorithm, _text(header, "kid"), _text(claims, "iss"))


def verified(text: str, key: PublicKeyTypes, algorithm: str) -> Mapping[str, Any]:
    """Checks the signature and returns the claims, whose times and names are not checked yet.

    Raises:
        CredentialRefused: the key did not sign it.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            key,  # type: ignore[arg-type]
            algorithms=[algorithm],
            options=_ONLY_SIGNATURE,
        )
    except (
        jwt.InvalidTokenError,
        jwt.InvalidKeyError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise CredentialRefused(f"its signature is wrong: {error}") from error
    return claims


def check_audience(claims: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Checks that a JWT is meant for us; `aud` is a string or a list (RFC 7519, 4.1.3).

    Raises:
        NotForNow: the JWT is meant for others.
    """
    claim = claims.get("aud")
    audiences: Sequence[Any] = claim if isinstance(claim, list) else [claim]
    if not any(isinstance(audience, str) and audience in allowed for audience in audiences):
        raise NotForNow("it is meant for another audience")


LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


def check_times(
    claims: Mapping[str, Any], now: datetime, *, leeway: timedelta, longest: timedelta | None
) -> Lifetime:
    """Checks `exp`, `iat` and `nbf`.

    Args:
        claims: the claims of the JWT.
        now: the present instant.
        leeway: how far the clock of its maker may be off.
        longest: the longest life that is allowed, which makes `iat` required; None means any.

    Raises:
        NotForNow: the JWT is not valid now, lives too long, or lacks a time.
    """
    expires_at = _instant(claims, "exp")
    issued_at, not_before = _instant(claims, "iat"), _instant(claims, "nbf")
    if expires_at is None:
        raise NotForNow("it must say when it expires (exp)")
    # Callers add the leeway, and a JWT that never expires may name the last instant there is.
    expires_at = min(expires_at, LAST_INSTANT - leeway)
    if expires_at + leeway <= now:
        raise NotForNow("it has expired")
    if not_before is not None and not_before > now + leeway:
        raise NotForNow("it is not valid yet")
    if issued_at is not None and issued_at > now + leeway:
        raise NotForNow("it was issued in the future")
    if longest is not None and (issued_at is None or expires_at - issued_at > longest):
        raise NotForNow(f"it must say when it was issued (iat), and be valid for {longest} at most")
    return Lifetime(issued_at, expires_at)


def _instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    claim = claims.get(name)
    if claim is None:
        return None
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise NotForNow(f"its {name} must be a number")
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise NotForNow(f"its {name} is out of range") from error


def _text(values: Mapping[str, Any], name: str) -> str:
    text = values.get(name, "")
    if not isinstance(text, str):
        raise CredentialRefused(f"its {name} must be a string")
    # The store is searched for it, and stores no NUL and no half of a surrogate pair.
    if not text.isprintable():
        raise CredentialRefused(f"its {name} has characters that can't be printed")
    return text
