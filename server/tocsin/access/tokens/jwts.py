"""What is checked of every JWT that others sign (RFC 7519, RFC 8725): bounds first, then the rest.

Nothing of a token is believed before its signature is checked, but which key that needs.
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

# PyJWT would ask the machine's clock for the time; what it leaves out here is checked below.
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
    """Its signature is right, but it is for others, or not for now. Its owner may be told so."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a JWT claims of itself, before anything is checked."""

    algorithm: str
    key_id: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From when until when a JWT holds, by its own words."""

    issued_at: datetime | None
    expires_at: datetime


def unverified(text: str, algorithms: Collection[str]) -> Unverified:
    """Reads which key a JWT says that it was signed with, and by whom.

    Raises:
        CredentialRefused: it is too long, is no JWT, or of an algorithm that is not taken.
    """
    if len(text) > LONGEST:
        raise CredentialRefused("the JWT is too long")
    try:
        whole = jwt.decode_complete(text, options=_NOTHING)
    except (jwt.InvalidTokenError, RecursionError) as error:
        # What the error says may quote the token.
        raise CredentialRefused(f"it is no JWT ({type(error).__name__})") from None
    header, claims = whole["header"], whole["payload"]
    algorithm = header.get("alg")
    if algorithm not in algorithms:
        raise CredentialRefused("its algorithm is not one that is taken")
    return Unverified(algorithm, _text(header, "kid"), _text(claims, "iss"))


def verified(text: str, key: PublicKeyTypes, algorithm: str) -> Mapping[str, Any]:
    """Checks the signature and returns the claims. Neither times nor names are checked yet.

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
    """Checks that a JWT is meant for us: its `aud` is a string or a list (RFC 7519, 4.1.3).

    Raises:
        NotForNow: it is meant for others.
    """
    found = claims.get("aud")
    named: Sequence[Any] = found if isinstance(found, list) else [found]
    if not any(isinstance(each, str) and each in allowed for each in named):
        raise NotForNow("it is meant for another audience")


def check_times(
    claims: Mapping[str, Any], now: datetime, *, leeway: timedelta, longest: timedelta | None
) -> Lifetime:
    """Checks `exp`, `iat` and `nbf`.

    Args:
        claims: those of the JWT.
        now: the instant.
        leeway: how far its maker's clock may be off.
        longest: the longest life that is allowed; then `iat` is required. None: any.

    Raises:
        NotForNow: it is not valid now, or does not say from when until when it is.
    """
    expires_at = _instant(claims, "exp")
    issued_at, not_before = _instant(claims, "iat"), _instant(claims, "nbf")
    if expires_at is None:
        raise NotForNow("it does not say when it expires")
    if expires_at + leeway <= now:
        raise NotForNow("it has expired")
    if not_before is not None and not_before > now + leeway:
        raise NotForNow("it is not valid yet")
    if issued_at is not None and issued_at > now + leeway:
        raise NotForNow("it was issued in the future")
    if longest is not None and (issued_at is None or expires_at - issued_at > longest):
        raise NotForNow(f"it must say when it was issued, and hold for {longest} at most")
    return Lifetime(issued_at, expires_at)


def _instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    found = claims.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise NotForNow(f"its {name} is no number")
    try:
        return datetime.fromtimestamp(found, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise NotForNow(f"its {name} is no instant") from error


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name, "")
    if not isinstance(found, str):
        raise CredentialRefused(f"its {name} is no text")
    # It is asked for in the store, where NUL and half a surrogate pair are no text either.
    if not found.isprintable():
        raise CredentialRefused(f"its {name} can't be printed")
    return found
