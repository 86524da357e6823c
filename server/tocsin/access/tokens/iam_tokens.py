"""IAM tokens: what this server gives to those who proved who they are.

A token is a JWT that is signed by RS256, written as `t1.PAYLOAD.SIGNATURE`: Terraform and the
vendor's command line take only what begins with `t1.` and has exactly two dots for an IAM token.
The header that is left out is the same for all tokens of a key, and is put back before the check.
Its type is its own, so that no other JWT that this server signs can be turned into a token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jwt.utils import base64url_encode

from tocsin.access.principal import CredentialRefused
from tocsin.access.tokens.jwts import verified
from tocsin.access.tokens.signing import ALGORITHM, LONGEST_LIFE, SigningKey, SigningKeys
from tocsin.schedule import Clock

PREFIX = "t1."
KIND = "t1+jwt"
# Of the longest ids and names in it, a token has less than half of that.
LONGEST = 4096

# What tokens are for, in their `aud`.
CHECKED = "tocsin"
UNCHECKED = "tocsin-unchecked"
"""Of tokens that are given while nobody is asked who he is. They prove nothing to a server that
asks."""

# What a token may be ahead of this node's clock, which made it or another's.
LEEWAY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class IamToken:
    """What a token says: whose it is, its id, when it was given and until when it holds.

    `proof` is the id of the key or credential that it was given for; empty: none of ours.
    """

    subject: str
    id: str
    issued_at: datetime
    expires_at: datetime
    proof: str = ""


class IamTokens:
    """Writes and reads tokens. Whether one was revoked is for others to look up."""

    def __init__(
        self, keys: SigningKeys, clock: Clock, *, life: timedelta = LONGEST_LIFE, checked: bool
    ) -> None:
        """`checked` tells whether those who are given tokens have proved who they are."""
        self._keys = keys
        self._clock = clock
        self._life = min(life, LONGEST_LIFE)
        self._audience = CHECKED if checked else UNCHECKED

    def planned(
        self, subject: str, token_id: str, *, issued_at: datetime, proof: str = ""
    ) -> IamToken:
        """Returns what a token that is given at an instant says."""
        return IamToken(subject, token_id, issued_at, issued_at + self._life, proof)

    def written(self, token: IamToken) -> str:
        """Signs a token. The same one, signed with the same key, is the same text.

        Raises:
            LookupError: there is no key yet.
        """
        claims = {
            "aud": self._audience,
            "sub": token.subject,
            "jti": token.id,
            "iat": token.issued_at.timestamp(),
            "exp": token.expires_at.timestamp(),
        }
        if token.proof:
            claims["prf"] = token.proof
        _, _, rest = self._keys.sign_as(KIND, claims).partition(".")
        return PREFIX + rest

    def read(self, text: str) -> IamToken:
        """Checks a token's signature and its time.

        Raises:
            CredentialRefused: it is none of ours, was changed, or has expired.
        """
        if len(text) > LONGEST:
            raise CredentialRefused("the token is too long")
        payload_and_signature = text.removeprefix(PREFIX)
        if payload_and_signature == text or payload_and_signature.count(".") != 1:
            raise CredentialRefused("it does not look like an IAM token")
        for key in reversed(self._keys.keys):
            claims = _checked(key, payload_and_signature)
            if claims is not None:
                return self._still_good(claims)
        raise CredentialRefused("the token was not signed by this server, or too long ago")

    def _still_good(self, claims: Mapping[str, Any]) -> IamToken:
        if claims.get("aud") != self._audience:
            raise CredentialRefused("the token was given while nobody was asked who he is")
        token = IamToken(
            claims["sub"],
            claims["jti"],
            datetime.fromtimestamp(claims["iat"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
            claims.get("prf", ""),
        )
        now = self._clock.now()
        if token.expires_at <= now:
            raise CredentialRefused(f"the token has expired at {token.expires_at}")
        if token.issued_at > now + LEEWAY:
            raise CredentialRefused("the token is from the future")
        return token


def _checked(key: SigningKey, payload_and_signature: str) -> Mapping[str, Any] | None:
    header = json.dumps({"alg": ALGORITHM, "kid": key.id, "typ": KIND}, separators=(",", ":"))
    text = f"{base64url_encode(header.encode()).decode()}.{payload_and_signature}"
    try:
        return verified(text, key.public, ALGORITHM)
    except CredentialRefused:
        return None
