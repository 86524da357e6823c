"""Issues and checks IAM tokens.

A token is a JWT signed by RS256 and written as `t1.PAYLOAD.SIGNATURE`, because Terraform and the
vendor's command line accept only text with the prefix `t1.` and exactly two dots. All tokens of a
key have the same header, so it is left out and put back before the check. The header has a type of
its own, so that no other JWT of this server can become a token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jwt.utils import base64url_encode

from tocsin.access.principal import CredentialRefused, ShownToken
from tocsin.access.tokens.jwts import verified
from tocsin.access.tokens.signing import ALGORITHM, LONGEST_LIFE, SigningKey, SigningKeys
from tocsin.schedule import Clock

PREFIX = "t1."
KIND = "t1+jwt"
# A token with the longest ids and names has less than half of this length.
LONGEST = 4096

# The audiences of tokens (`aud`).
CHECKED = "tocsin"
UNCHECKED = "tocsin-unchecked"
"""The audience of tokens issued without access control; a server with access control refuses it."""

# The node that issued a token may be ahead of this node's clock by this much.
LEEWAY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class IamToken:
    """Holds the claims of a token.

    `proof` is the id of the stored key or credential that the token was issued for, empty if none.
    `made_of` are the tokens that callers showed to get it, one of another; it ends with any of
    them.
    """

    subject: str
    id: str
    issued_at: datetime
    expires_at: datetime
    proof: str = ""
    made_of: tuple[ShownToken, ...] = ()

    @property
    def lineage(self) -> tuple[ShownToken, ...]:
        """This token and those that it was made of."""
        return (*self.made_of, ShownToken(self.id, self.subject, self.issued_at))


class IamTokens:
    """Writes and reads tokens; it does not know whether a token was revoked."""

    def __init__(
        self, keys: SigningKeys, clock: Clock, *, life: timedelta = LONGEST_LIFE, checked: bool
    ) -> None:
        """Sets up tokens; `checked` is whether callers must prove who they are to get one."""
        self._keys = keys
        self._clock = clock
        self._life = min(life, LONGEST_LIFE)
        self._audience = CHECKED if checked else UNCHECKED

    def planned(
        self,
        subject: str,
        token_id: str,
        *,
        issued_at: datetime,
        proof: str = "",
        until: datetime | None = None,
        made_of: tuple[ShownToken, ...] = (),
    ) -> IamToken:
        """Returns the claims of a token that is issued at an instant.

        It expires no later than `until`, when the credential does that it is issued for.
        """
        expires_at = issued_at + self._life
        if until is not None:
            expires_at = min(expires_at, until)
        return IamToken(subject, token_id, issued_at, expires_at, proof, made_of)

    def written(self, token: IamToken) -> str:
        """Signs a token; the same claims and the same key give the same text.

        Raises:
            LookupError: no signing key exists yet.
        """
        claims: dict[str, Any] = {
            "aud": self._audience,
            "sub": token.subject,
            "jti": token.id,
            "iat": token.issued_at.timestamp(),
            "exp": token.expires_at.timestamp(),
        }
        if token.proof:
            claims["prf"] = token.proof
        if token.made_of:
            claims["par"] = [
                [each.id, each.subject, each.issued_at.timestamp()] for each in token.made_of
            ]
        _, _, rest = self._keys.sign_as(KIND, claims).partition(".")
        return PREFIX + rest

    def read(self, text: str) -> IamToken:
        """Checks a token's signature and its time.

        Raises:
            CredentialRefused: this server did not sign it, or it was changed or has expired.
        """
        if len(text) > LONGEST:
            raise CredentialRefused("the token is too long")
        payload_and_signature = text.removeprefix(PREFIX)
        if payload_and_signature == text or payload_and_signature.count(".") != 1:
            raise CredentialRefused("the token does not have the form of an IAM token")
        for key in reversed(self._keys.keys):
            claims = _checked(key, payload_and_signature)
            if claims is not None:
                return self._token(claims)
        raise CredentialRefused("the token was not signed by this server, or too long ago")

    def _token(self, claims: Mapping[str, Any]) -> IamToken:
        if claims.get("aud") != self._audience:
            raise CredentialRefused(
                "the token was issued under other access control settings: get a new one"
            )
        token = IamToken(
            claims["sub"],
            claims["jti"],
            datetime.fromtimestamp(claims["iat"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
            claims.get("prf", ""),
            tuple(
                ShownToken(token_id, subject, datetime.fromtimestamp(issued_at, UTC))
                for token_id, subject, issued_at in claims.get("par", ())
            ),
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
