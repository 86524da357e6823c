"""Tokens of others: JWTs of OpenID Connect issuers that the settings name.

An issuer's keys are fetched when the first of its tokens comes, and again when they are old or when
a token names one that is not among them: so a key that is new is known at once, and one that the
issuer took back is forgotten after a while.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tocsin.access.exposure import is_loopback
from tocsin.access.principal import FEDERATED, CredentialRefused, Principal
from tocsin.access.tokens.jwts import check_audience, check_times, unverified, verified
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# All that signs with one key and is checked with another: no key that checks can forge.
ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA"}
SMALLEST_RSA_BITS = 2048
MOST_KEYS = 100

LEEWAY = timedelta(seconds=30)
LONGEST_SUBJECT = 255
# By RFC 9068 and what is usual; a token of another type, such as a logout token, is for others.
TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})

FRESH_SECONDS = 600.0
# While the issuer can't be reached its keys are believed for so long.
USABLE_SECONDS = 3600.0
# Whoever makes up key ids must not make us ask the issuer all the time.
ASKED_AGAIN_AFTER_SECONDS = 5.0


class FetchFailed(Exception):
    """A document can't be had; the message says why."""


Fetch = Callable[[str], Awaitable[bytes]]
"""Gets a document by URL. It bounds its size and the time; raises FetchFailed."""


class IssuerRules(Protocol):
    """The settings of an issuer: what its tokens must say, and where its keys are.

    Without `jwks_uri` the issuer is asked for it by OpenID Connect Discovery.
    """

    @property
    def issuer(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def jwks_uri(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key that an issuer signs with; `algorithm` empty: it does not say by which."""

    id: str
    algorithm: str
    key: Any


class Issuers:
    """Checks tokens of the issuers that the settings name; a user's subject has that name."""

    def __init__(
        self, rules: Mapping[str, IssuerRules], clock: Clock, fetch: Fetch, *, pace: Clock
    ) -> None:
        self._clock = clock
        self._issuers = {
            each.issuer: Issuer(name, each, fetch, pace) for name, each in rules.items()
        }

    async def authenticate(self, text: str) -> tuple[Principal, datetime]:
        """Returns whom a token proves, and until when.

        Raises:
            CredentialRefused: it proves nobody.
        """
        claimed = unverified(text, ALGORITHMS)
        issuer = self._issuers.get(claimed.issuer)
        if issuer is None:
            raise CredentialRefused("its issuer is none that the settings name")
        key = await issuer.key(claimed.key_id, claimed.algorithm)
        claims = verified(text, key.key, claimed.algorithm)
        if claims.get("iss") != issuer.rules.issuer:
            raise CredentialRefused("its issuer is another one")
        _check_type(text)
        check_audience(claims, (issuer.rules.audience,))
        life = check_times(claims, self._clock.now(), leeway=LEEWAY, longest=None)
        subject = f"{FEDERATED}:{issuer.name}:{_subject(claims)}"
        return Principal(subject, _scopes(claims)), life.expires_at + LEEWAY


class Issuer:
    """The keys of one issuer."""

    def __init__(self, name: str, rules: IssuerRules, fetch: Fetch, pace: Clock) -> None:
        self.name = name
        self.rules = rules
        self._fetch = fetch
        self._pace = pace
        self._keys: tuple[IssuerKey, ...] = ()
        self._fetched_at = self._asked_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._asking: asyncio.Task[None] | None = None

    async def key(self, key_id: str, algorithm: str) -> IssuerKey:
        """Returns the key that a token names.

        Raises:
            CredentialRefused: there is none, or it is for something else.
        """
        found = self._known(key_id, algorithm)
        if found is None:
            await self._ask_again()
            found = self._known(key_id, algorithm)
        elif self._age() > FRESH_SECONDS and self._asking is None:
            # No call need wait for that.
            self._asking = asyncio.create_task(self._ask_again())
            self._asking.add_done_callback(self._asked)
        if found is None:
            raise CredentialRefused(f"issuer {self.name} has no such key")
        return found

    def _known(self, key_id: str, algorithm: str) -> IssuerKey | None:
        if self._age() > USABLE_SECONDS:
            return None
        fitting = [
            key for key in self._keys if key.algorithm in ("", algorithm) and key_id in ("", key.id)
        ]
        # A token that names no key leaves no choice only where there is just one.
        return fitting[0] if len(fitting) == 1 or (fitting and key_id) else None

    def _asked(self, _: asyncio.Task[None]) -> None:
        self._asking = None

    def _age(self) -> float:
        return self._pace.monotonic() - self._fetched_at

    async def _ask_again(self) -> None:
        asked_before = self._asked_at
        async with self._one_at_a_time:
            if self._asked_at != asked_before:
                return  # another one did while this one waited
            now = self._pace.monotonic()
            if now - self._asked_at < ASKED_AGAIN_AFTER_SECONDS:
                return
            self._asked_at = now
            try:
                self._keys = read_keys(await self._fetch(await self._jwks_uri()))
            except FetchFailed as error:
                log.warning(
                    "the keys of an issuer can't be had", issuer=self.name, error=str(error)
                )
                return
            self._fetched_at = now
            log.info("the keys of an issuer were read", issuer=self.name, keys=len(self._keys))

    async def _jwks_uri(self) -> str:
        """Returns where its keys are (OpenID Connect Discovery 1.0, section 4)."""
        if self.rules.jwks_uri is not None:
            return self.rules.jwks_uri
        url = self.rules.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        document = _object(await self._fetch(url))
        if document.get("issuer") != self.rules.issuer:
            raise FetchFailed("its configuration is that of another issuer")
        found = document.get("jwks_uri")
        if not isinstance(found, str) or not is_safe(found):
            raise FetchFailed("its configuration has no jwks_uri that is https")
        return found


def is_safe(url: str) -> bool:
    """Whether nobody on the way can change what is fetched: https, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def read_keys(document: bytes) -> tuple[IssuerKey, ...]:
    """Reads a JWK set; what can't check signatures is left out (RFC 7517, section 5).

    Raises:
        FetchFailed: it is none.
    """
    listed = _object(document).get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise FetchFailed(f"its key set has no list of keys, or one of more than {MOST_KEYS}")
    return tuple(key for each in listed if (key := _key(each)) is not None)


def _key(jwk: Any) -> IssuerKey | None:
    if not isinstance(jwk, dict) or jwk.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if jwk.get("use", "sig") != "sig":
        return None
    algorithm, key_id = jwk.get("alg", ""), jwk.get("kid", "")
    if not isinstance(key_id, str) or (algorithm and algorithm not in ALGORITHMS):
        return None
    try:
        # Without what else it has: a private half has no business there, and is not needed.
        public = {name: value for name, value in jwk.items() if name != "d"}
        key = jwt.PyJWK(public).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA_BITS:
        return None
    return IssuerKey(key_id, algorithm, key)


def _object(document: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise FetchFailed("it answers something else than JSON") from error
    if not isinstance(found, dict):
        raise FetchFailed("it answers something else than a JSON object")
    return found


def _check_type(text: str) -> None:
    kind = jwt.get_unverified_header(text).get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise CredentialRefused("it is a token of another type")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise CredentialRefused("it has no subject, or a very long one")
    if not subject.isprintable():
        raise CredentialRefused("its subject can't be printed")
    return subject


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Returns what a token is limited to (RFC 8693, section 4.2): `scope`, or `scp` as a list."""
    found = claims.get("scope", claims.get("scp", ""))
    if isinstance(found, list):
        return frozenset(each for each in found if isinstance(each, str))
    return frozenset(found.split()) if isinstance(found, str) else frozenset()
